"""Runs whose learner is tuned: on the labelled points alone, apart from everything else of the run."""

from __future__ import annotations

import json
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from al_bench.config.compose import compose, register
from al_bench.experiment.meter import Meter
from al_bench.experiment.setup import set_up
from al_bench.experiment.tuning import tuner
from al_bench.experiment.tuning.cross_validation import CrossValidation, stratified_folds
from al_bench.experiment.tuning.keys import configured_value, search_space, with_values
from al_bench.experiment.tuning.search import search
from al_bench.experiment.tuning.tuner import Tuner
from al_bench.learners.search_space import Choice, Range
from al_bench.learners.tuning import Search
from al_bench.storage.runs import read_run
from tests.conftest import TINY, record

LINEAR = ("debug=smoke", "model=linear", "posterior=deterministic", "strategy=margin", "initial.size=12")
FEW = ("tuning.trials=4", "tuning.folds=3")
START = (*LINEAR, "tuning=start", *FEW)
EVERY = (*LINEAR, "tuning=every_round", *FEW)
register()


def tunings(arm="a"):
    return [entry["tuning"] for entry in record(arm).rounds]


def experiment_of(*words):
    return set_up(compose(list(words)).build(), "margin")


# What is tuned, when, and what is recorded


def test_start_tunes_once_and_every_round_anew_and_both_agree_on_round_0(run):
    assert run(*START, "arm=start").status == 0
    assert run(*EVERY, "arm=every").status == 0
    start, every = tunings("start"), tunings("every")
    assert start[0] == every[0]
    assert [entry["trials"] for entry in start] == [start[0]["trials"], 0, 0]
    assert all(entry["values"] == start[0]["values"] for entry in start)
    assert [entry["labels"] for entry in every] == [12, 16, 20]
    assert all(entry["folds"] == 3 and 2 <= entry["trials"] <= 4 for entry in every)
    assert [record("start").rounds[place]["seconds"].get("tune", 0) > 0 for place in range(3)] == [True, False, False]
    assert all(entry["seconds"]["tune"] > 0 for entry in record("every").rounds)


def test_a_round_is_trained_with_the_values_on_record(run):
    """The twin is the round's learner, built and trained here with these values."""
    assert run(*EVERY, "tuning.space={model.C: [0.01, 0.1]}", "arm=a").status == 0
    header, rounds = record("a").header, record("a").rounds
    labelled = list(header["initial"])
    for entry in rounds:
        words = [f"{key}={value}" for key, value in entry["tuning"]["values"].items()]
        plain = experiment_of(*LINEAR, *words)
        fit = plain.learner.fit(
            torch.tensor(labelled), torch.empty(0, dtype=torch.int64), plain.streams, entry["round"]
        )
        assert entry["fit"][0]["loss"] == fit[0].loss
        labelled += entry["acquired"] or []


def test_another_configuration_is_chosen_only_where_it_is_better(run):
    worse = "tuning.space={model.C: [0.0001, 0.0002]}"
    assert run(*EVERY, worse, "arm=a").status == 0
    assert run(*LINEAR, "arm=never").status == 0
    for entry in tunings():
        assert entry["chosen"] == 0
        assert entry["values"] == {"model.C": 100.0}
        assert entry["loss"] == entry["configured_loss"]
        assert 2 <= entry["trials"] <= 3  # the configured one, and each of the two at most once
    assert [entry["acquired"] for entry in record("a").rounds] == [e["acquired"] for e in record("never").rounds]
    assert [entry["nll"] for entry in record("a").rounds] == [entry["nll"] for entry in record("never").rounds]


def test_the_values_chosen_have_the_lowest_loss_of_those_tried():
    asked = []

    def loss(values):
        asked.append(values)
        return 5.0 if values is None else abs(np.log10(values["C"]))

    found = search({"C": Range(0.001, 1000.0, log=True)}, {"C": 100.0}, loss, 30, Search.tpe, 3)
    assert asked[0] is None
    assert found.trained == len(asked) == 30
    assert found.configured_loss == 5.0
    assert found.loss == min(abs(np.log10(values["C"])) for values in asked[1:]) < 0.5
    assert asked[found.trial] == found.values


@pytest.mark.parametrize("by", Search, ids=str)
def test_a_search_is_a_function_of_its_seed(by):
    space = {"C": Range(0.001, 1000.0, log=True), "n": Range(1, 90, whole=True), "kind": Choice((None, "a", [1, 2]))}
    configured = {"C": 100.0, "n": 5, "kind": None}

    def tried(seed):
        seen = []
        search(space, configured, lambda values: seen.append(values) or float(len(seen)), 15, by, seed)
        return seen

    assert tried(1) == tried(1)
    assert tried(1) != tried(2)


def test_a_configuration_that_cannot_be_trained_is_never_chosen():
    space = {"n": Choice((1, 2))}
    found = search(space, {"n": 1}, lambda values: np.inf if values else 2.0, 6, Search.tpe, 0)
    assert (found.trial, found.values, found.trained) == (0, {"n": 1}, 2)
    found = search(space, {"n": 1}, lambda values: 3.0 if values else np.inf, 6, Search.random, 0)
    assert (found.values, found.loss) == ({"n": 2}, 3.0)
    assert found.configured_loss == np.inf


# Cross-validation


@pytest.mark.parametrize("seed", range(20))
def test_folds_are_stratified_and_never_hold_out_the_only_point_of_a_class(seed):
    generator = np.random.default_rng(seed)
    labels = generator.integers(0, 6, generator.integers(4, 40))
    folds = stratified_folds(labels, 5, np.random.default_rng(seed))
    counts = np.bincount(labels)
    held = np.concatenate(folds) if folds else np.empty(0, int)
    assert len(set(held)) == len(held) == counts[counts > 1].sum()
    assert len(folds) == min(5, len(held))
    if folds:
        sizes = list(map(len, folds))
        assert max(sizes) - min(sizes) <= 1
    for label in np.flatnonzero(counts > 1):
        within = [int((labels[fold] == label).sum()) for fold in folds]
        assert max(within) - min(within) <= 1
        assert max(within) < counts[label]


def test_the_loss_is_that_of_a_learner_trained_without_the_fold():
    """The twin trains a learner of its own for each fold."""
    experiment = experiment_of(*START)
    judged = CrossValidation.of_round(experiment, experiment.start)
    nll, wrong = [], []
    for fold in judged.folds:
        learner = experiment_of(*LINEAR, "model.C=3").learner
        kept = np.setdiff1d(np.arange(12), fold)
        learner.fit(torch.tensor(judged.labelled[kept]), torch.empty(0, dtype=torch.int64), judged.streams, 0)
        data = experiment.dataset
        rows = torch.tensor(judged.labelled[fold])
        log_probs = learner.predict(data.prepare(data.inputs[rows])).double()
        nll += (-log_probs[torch.arange(len(fold)), data.hidden_labels[rows]]).tolist()
        wrong += (log_probs.argmax(1) != data.hidden_labels[rows]).double().tolist()
    changed = with_values(experiment.config, {"model.C": 3})
    assert judged.loss(changed) == pytest.approx(np.mean(nll), rel=1e-6)
    by_accuracy = experiment_of(*START, "tuning.metric=accuracy")
    judged = CrossValidation.of_round(by_accuracy, by_accuracy.start)
    assert judged.loss(with_values(by_accuracy.config, {"model.C": 3})) == pytest.approx(np.mean(wrong))


@pytest.mark.parametrize("model", ["model=linear", "model=mlp", "model=random_forest"])
def test_nothing_but_the_labelled_points_is_read(model):
    """Labels elsewhere that are no classes, and inputs elsewhere that are not finite, change no trial."""
    words = ("debug=smoke", model, "tuning=start", *FEW, "validation=20", "initial.size=12", "strategy=random")
    if model == "model=linear":
        words += ("model.scaling=none",)  # else its learner scales by all inputs, as in a run
    experiment = experiment_of(*words)
    whole = tuner.tune(experiment, experiment.start)
    data, labelled = experiment.dataset, experiment.start.labelled
    others = np.setdiff1d(np.arange(data.size), labelled)
    inputs, labels = data.inputs.clone(), data.hidden_labels.clone()
    inputs[others] = torch.nan
    labels[others] = 10**6
    blind = replace(
        data,
        inputs=inputs,
        hidden_labels=labels,
        test_inputs=torch.full_like(data.test_inputs, torch.nan),
        test_labels=torch.full_like(data.test_labels, 10**6),
    )
    other = replace(experiment, dataset=blind, learner=replace(experiment.learner, dataset=blind))
    assert tuner.tune(other, experiment.start) == whole
    assert whole.trials == 4


def test_trials_leave_the_learner_and_the_streams_of_the_run_alone(run):
    """With a space that holds the configured value alone, a tuned run is the untuned one, whatever its network."""
    words = (*TINY, "initial.size=12")
    assert run(*words, "arm=never").status == 0
    assert run(*words, "tuning=every_round", *FEW, "tuning.space={training.steps: [8]}", "arm=tuned").status == 0
    untuned = record("never").stable
    tuned = [{key: value for key, value in entry.items() if key != "tuning"} for entry in record("tuned").stable]
    assert tuned == untuned
    assert all(entry["trials"] == 1 for entry in tunings("tuned"))


def test_strategies_share_round_0_and_the_training_seed_drives_the_trials(run):
    for name, words in {
        "random": ("strategy=random",),
        "margin": ("strategy=margin",),
        "other selection": ("strategy=random", "seeds.selection=5"),
        "other training": ("strategy=random", "seeds.training=5"),
    }.items():
        assert run(*START, *words, f"arm={name}").status == 0
    first = {name: tunings(name)[0] for name in ("random", "margin", "other selection", "other training")}
    assert first["random"] == first["margin"] == first["other selection"]
    assert first["random"] != first["other training"]


# Points that cannot be cut


def test_labels_that_cannot_be_cut_are_trained_on_as_configured_and_it_is_said(run):
    words = (*EVERY, "initial.size=4", "initial.kind=balanced", "arm=a")
    done = run(*words)
    assert done.status == 0
    assert "round 0 trains as configured: no two of the 4 labelled points are of one class" in done.err
    first, second, _ = tunings()
    assert first["note"] == "no two of the 4 labelled points are of one class"
    assert (first["trials"], first["chosen"], first["values"]) == (0, 0, {"model.C": 100.0})
    assert second["trials"] > 0
    assert "not tuned, trained as configured" in (record("a").folder / "run.log").read_text()


def test_a_cold_start_tunes_from_its_second_round_on(run):
    assert run("debug=smoke", "tuning=every_round", *FEW, "initial.size=0", "schedule.batch=9", "arm=a").status == 0
    first, second, _ = tunings()
    assert (first["trials"], first["labels"]) == (0, 0)
    assert first["note"] == "the 0 labelled points are of 0 classes"
    assert second["trials"] == 4


def test_fewer_points_than_folds_and_points_alone_in_their_class_are_said(run):
    done = run(*EVERY, "tuning.folds=9", "initial.size=5", "initial.kind=balanced", "arm=a")
    assert done.status == 0
    assert "round 0 has 2 folds; 3 of its 5 labelled points are the only ones of their class" in done.err
    assert (tunings()[0]["folds"], tunings()[0]["held_out"]) == (2, 2)


# Going on


@pytest.mark.parametrize("words", [START, EVERY], ids=["start", "every_round"])
def test_an_interrupted_run_equals_an_unbroken_one(run, words):
    assert run(*words, "arm=a").status == 0
    whole, file = record("a").stable, record("a").folder / "rounds.jsonl"
    lines = file.read_bytes().splitlines(keepends=True)
    for kept in (0, 1, 2):
        file.write_bytes(b"".join(lines[:kept]))
        (record("a").folder / "status.json").write_text('{"status": "running"}\n')
        assert run(*words, "arm=a").status == 0
        assert record("a").stable == whole


@pytest.mark.parametrize("words", [START, EVERY], ids=["start", "every_round"])
def test_a_run_that_is_stopped_in_the_middle_of_tuning_goes_on_to_the_same(run, words, monkeypatch):
    assert run(*words, "arm=whole").status == 0
    loss, left = CrossValidation.loss, []

    def stopping(self, config):
        if not left:
            raise KeyboardInterrupt
        left.pop()
        return loss(self, config)

    monkeypatch.setattr(CrossValidation, "loss", stopping)
    for trials in (1, 5):  # in round 0, and in round 1 where that is tuned, too
        left[:] = range(trials)
        run(*words, "arm=broken")
    monkeypatch.setattr(CrossValidation, "loss", loss)
    assert run(*words, "arm=broken").status == 0
    assert record("broken").stable == record("whole").stable


def test_a_resumed_start_reads_its_values_back_and_tries_nothing(run, monkeypatch):
    assert run(*START, "arm=a").status == 0
    file = record("a").folder / "rounds.jsonl"
    file.write_bytes(file.read_bytes().splitlines(keepends=True)[0])
    (record("a").folder / "status.json").write_text('{"status": "running"}\n')
    monkeypatch.setattr(CrossValidation, "loss", lambda self, config: pytest.fail("a trial"))
    assert run(*START, "arm=a").status == 0
    assert tunings()[2]["values"] == tunings()[0]["values"]


def test_a_longer_run_goes_on_from_a_shorter_one(run):
    assert run(*EVERY, "arm=a", "schedule.rounds=5").status == 0
    assert run(*EVERY, "arm=b", "schedule.rounds=3").status == 0
    assert run(*EVERY, "arm=b", "schedule.rounds=5").status == 0
    assert record("a").stable == record("b").stable


def test_round_0_of_the_cache_is_that_of_the_values_tuned(run, tmp_path):
    words = (*START, f"cache={tmp_path / 'cache'}")
    assert run(*LINEAR, f"cache={tmp_path / 'cache'}", "arm=never").status == 0
    assert run(*words, "arm=first").status == 0
    assert run(*words, "arm=second", "strategy=random").status == 0
    assert run(*START, "arm=alone").status == 0
    entries = {name: record(name).header["first_round"] for name in ("never", "first", "second")}
    assert [entry["loaded"] for entry in entries.values()] == [False, False, True]
    assert entries["never"]["key"] != entries["first"]["key"]
    assert record("first").stable == record("alone").stable


# Identity, names and old records


def test_never_leaves_the_record_as_it_was(run):
    assert run(*LINEAR, "arm=a").status == 0
    assert all("tuning" not in entry for entry in record("a").rounds)
    assert not any(key.startswith("tuning") for key in record("a").header["identity"])
    assert record("a").header["choices"]["tuning"] == "never"


def test_a_record_of_before_the_group_is_one_of_never(run):
    assert run(*LINEAR, "arm=a").status == 0
    path = record("a").folder / "header.json"
    header = json.loads(path.read_text())
    del header["choices"]["tuning"]
    path.write_text(json.dumps(header))
    assert run(*LINEAR, "arm=a").status == 0
    refused = run(*START, "arm=a")
    assert refused.status == 2
    assert "tuning (here start, there never)" in refused.err
    assert read_run(record("a").folder).rounds[0].tuning is None


@pytest.mark.parametrize(
    ("words", "key"),
    [
        (("tuning=every_round", *FEW), "tuning (here every_round, there start)"),
        (("tuning=start", "tuning.trials=4", "tuning.folds=4"), "tuning.folds (here 4, there 3)"),
        (("tuning=start", *FEW, "tuning.space={model.C: [1]}"), "tuning.space.model.C (here [1], there absent)"),
    ],
    ids=["when", "folds", "space"],
)
def test_what_is_tuned_and_how_belongs_to_the_identity(run, words, key):
    assert run(*START, "arm=a").status == 0
    refused = run(*LINEAR, *words, "arm=a")
    assert refused.status == 2
    assert key in refused.err


def test_the_arm_is_named_by_its_tuning(run):
    assert run("debug=smoke", "tuning=start", "tuning.trials=2", "model=linear", "strategy=random").status == 0
    assert record("random,model=linear,trials=2,tuning=start").status == "complete"


def test_the_space_of_a_record_is_the_one_that_was_taken(run):
    assert run(*START, "arm=a").status == 0
    keys = {key: value for key, value in record("a").header["identity"].items() if key.startswith("tuning.")}
    assert keys == {
        "tuning.trials": 4,
        "tuning.folds": 3,
        "tuning.metric": "nll",
        "tuning.search": "tpe",
        "tuning.space.model.C.low": 0.01,
        "tuning.space.model.C.high": 10000.0,
        "tuning.space.model.C.log": True,
    }


# Default spaces

SPACES = {
    ("model=linear",): ["model.C"],
    ("model=logistic_regression",): ["model.C"],
    ("model=mlp",): ["training.lr", "training.weight_decay", "training.steps", "model.dropout_dense"],
    ("model=mlp", "model.hidden=[]", "posterior=deterministic"): [
        *("training.lr", "training.weight_decay", "training.steps")
    ],
    ("model=resnet18", "training=sgd_cosine"): ["training.lr", "training.weight_decay", "training.epochs"],
    ("model=resnet_small", "training=until_fitted"): ["training.lr", "training.weight_decay", "model.dropout_dense"],
    ("model=mlp", "posterior=ensemble", "posterior.vary={training.lr: [0.1, 0.01]}"): [
        *("training.weight_decay", "training.steps", "model.dropout_dense")
    ],
    ("model=random_forest",): ["model.max_depth", "model.min_samples_leaf", "model.max_features"],
    ("model=hist_gradient_boosting",): [
        *("model.learning_rate", "model.max_iter", "model.max_leaf_nodes", "model.min_samples_leaf"),
        "model.l2_regularization",
    ],
    ("model=minilm",): ["training.lr", "training.weight_decay", "training.epochs", "model.dropout_dense"],
    ("model=timm", "model.name=x"): [
        *("training.lr", "training.weight_decay", "training.epochs", "model.dropout_dense")
    ],
}


@pytest.mark.parametrize(("words", "keys"), SPACES.items(), ids=[words[0] for words in SPACES])
def test_each_kind_of_learner_has_a_default_space_of_keys_that_it_uses(words, keys):
    typed = [word if not word.startswith("posterior.vary") else f"+{word}" for word in words]
    config = compose(["tuning=start", *typed]).build()
    assert list(config.tuning.space) == keys
    assert config.tuning.spaces == {}
    assert list(search_space(config)) == keys


def test_every_configured_value_of_a_preset_can_be_told():
    for words, keys in SPACES.items():
        typed = [word if not word.startswith("posterior.vary") else f"+{word}" for word in words]
        config = compose(["tuning=start", *typed]).build()
        for key in keys:
            assert with_values(config, {key: configured_value(config, key)}) == config


def test_parameters_of_a_class_of_scikit_learn_can_be_tuned(run):
    words = ("debug=smoke", "model=sklearn", "model.target=sklearn.tree.DecisionTreeClassifier", "initial.size=12")
    space = "tuning.space={model.params.max_depth: [null, 1, 2], model.params.min_samples_leaf: {low: 1, high: 4}}"
    assert run(*words, "model.params={criterion: entropy}", "tuning=start", *FEW, space, "arm=a").status == 0
    assert set(tunings()[0]["values"]) == {"model.params.max_depth", "model.params.min_samples_leaf"}
    config = compose([*words, "tuning=start", space, "model.params={criterion: entropy}"]).build()
    changed = with_values(config, {"model.params.max_depth": 1, "model.params.min_samples_leaf": 2})
    assert changed.model.parameters() == {"criterion": "entropy", "max_depth": 1, "min_samples_leaf": 2}
    assert configured_value(config, "model.params.min_samples_leaf") == 1


# Refusals

REFUSED = {
    ("model=linear", "tuning=start", "tuning.space={model.D: [1]}"): (
        "tuning.space has the key 'model.D', which model=linear does not have; of model it may be model.C, "
        "model.scaling"
    ),
    ("model=linear", "tuning=start", "tuning.space={training.lr: [1]}"): (
        "tuning.space has the key 'training.lr', which model=linear does not have; of training it may be "
        "training.class_weights"
    ),
    ("model=mlp", "tuning=start", "tuning.space={strategy.x: [1]}"): "model.KEY or training.KEY",
    ("model=mlp", "tuning=start", "tuning.space={lr: [1]}"): "model.KEY or training.KEY",
    ("model=mlp", "tuning=start", "tuning.space={training.stop: [steps]}"): "which says what a training is",
    ("model=mlp", "tuning=start", "tuning.space={training.momentum: [0.1]}"): "which has no effect",
    ("model=mlp", "tuning=start", "tuning.space={training.lr: [-1]}"): (
        "tuning.space.training.lr: training.lr is -1.0; it must be above 0"
    ),
    ("model=mlp", "tuning=start", "tuning.space={training.lr: [fast]}"): "tuning.space.training.lr: ",
    ("model=mlp", "tuning=start", "tuning.space={model.dropout_dense: [0, 0.5]}"): "no masks to draw",
    ("model=mlp", "tuning=start", "tuning.space={}"): "tuning.space names no key",
    ("model=mlp", "tuning=start", "tuning.space=5"): "tuning.space is 5; it must be keys with values",
    ("model=mlp", "tuning=start", "tuning.trials=1"): "tuning.trials is 1",
    ("model=mlp", "tuning=start", "tuning.fold=3"): "did you mean tuning.folds",
    ("model=mlp", "tuning=never", "tuning.trials=3"): "there is no key 'tuning.trials'",
    ("model=mlp", "tuning=sometimes"): "tuning is 'sometimes'; choose one of every_round, never, start",
    (
        "model=mlp",
        "tuning=start",
        "initial.size=0",
    ): "tuning=start tunes on the initial labelled set, and there is none",
    ("model=mlp", "tuning=start", "training.warm_start=true"): "set training.warm_start=false, or tuning=never",
    ("model=mlp", "tuning=start", "training.stop=early", "training.epochs=3", "validation=20"): (
        "training.stop is early, which reads the validation set"
    ),
    ("model=sklearn", "model.target=sklearn.tree.DecisionTreeClassifier", "tuning=start"): (
        "tuning.space names no key, and model=sklearn has no default one"
    ),
    (
        *("model=sklearn", "model.target=sklearn.tree.DecisionTreeClassifier", "tuning=start"),
        "tuning.space={model.params.depth: [1]}",
    ): "which sklearn.tree.DecisionTreeClassifier does not have; it has model.params.ccp_alpha",
}


@pytest.mark.parametrize(("words", "message"), REFUSED.items(), ids=[" ".join(words) for words in REFUSED])
def test_what_cannot_be_tuned_is_one_line_and_trains_nothing(run, words, message):
    refused = run("debug=smoke", *words, "arm=a")
    assert refused.status == 2
    assert message in refused.err
    assert refused.err.splitlines()[-1].startswith("al-bench run: ")
    assert len(refused.err.splitlines()) == 1 + ("implies" in refused.err)
    assert not record("a").folder.exists()


def test_without_optuna_nothing_of_a_run_or_of_a_sweep_is_trained(run, monkeypatch):
    monkeypatch.setitem(sys.modules, "optuna", None)
    monkeypatch.setattr("al_bench.learners.tuning.importlib.util.find_spec", lambda name: None)
    for words in (("tuning=start",), ("-m", "tuning=never,every_round")):
        refused = run("debug=smoke", *words)
        assert refused.status == 2
        assert "pip install 'al-bench[tuning]'" in refused.err
        assert not (record().folder.parents[2]).exists()


# Beside other parts


def test_the_health_and_the_stop_set_of_a_round_are_those_of_its_own_learner(run):
    """A space of one value that is not the default: all but `tuning` is as if it had been configured."""
    words = (*LINEAR, "model=random_forest", "posterior=deterministic")
    space = "tuning.space={model.min_samples_leaf: [3]}"
    one = [*words, "tuning=every_round", "tuning.trials=2", "tuning.metric=accuracy", space]
    assert run(*one, "arm=tuned").status == 0
    for entry, told in zip(record("tuned").rounds, tunings("tuned"), strict=True):
        if told["chosen"]:
            fitted = experiment_of(*words, "model.min_samples_leaf=3")
            assert fitted.config.model.min_samples_leaf == 3
        assert entry["stop_set"]["points"] == 500


def test_the_tuner_gives_the_same_learner_while_the_values_stay(monkeypatch):
    experiment = experiment_of(*EVERY, "tuning.space={model.C: [0.0001]}")
    given = Tuner(experiment)
    meter = Meter()
    meter.start_round()
    first, told = given.for_round(experiment.start, meter)
    assert told is not None
    assert told.chosen == 0
    assert first is experiment


def test_an_estimate_counts_the_trials_of_the_rounds_that_tune():
    from al_bench.experiment.estimate.calibrate import Calibration
    from al_bench.experiment.estimate.curve import Cost
    from al_bench.experiment.estimate.run_cost import round_cost
    from al_bench.experiment.estimate.tuning_cost import longest_training, tuning_cost

    calibration = Calibration()
    for size, seconds in ((4, 1.0), (20, 5.0)):
        calibration.training.expected.add(size, Cost(seconds, seconds))
        calibration.training.most.add(size, Cost(seconds, seconds))
    never, start, every = (experiment_of(*words) for words in (LINEAR, START, EVERY))
    plain = round_cost(never, calibration, 1)[0].wall
    assert tuning_cost(never, calibration, 0, 12) == (Cost(), Cost())
    low, high = tuning_cost(start, calibration, 0, 12)
    assert low.wall == high.wall == pytest.approx(4 * 3 * 2.0)  # trials, folds, a training on 8 of 12 points
    assert tuning_cost(start, calibration, 1, 16) == (Cost(), Cost())
    assert round_cost(every, calibration, 1)[0].wall == pytest.approx(plain + 4 * 3 * 2.5)
    longer = experiment_of("debug=smoke", "tuning=start", "initial.size=12")
    assert longest_training(longer) == 3.0
    assert tuning_cost(longer, calibration, 0, 12)[1].wall == pytest.approx(
        3 * tuning_cost(longer, calibration, 0, 12)[0].wall
    )


def test_rounds_to_come_of_a_run_that_tunes_once_take_no_trials():
    from al_bench.experiment.estimate.recorded import seconds_ahead
    from al_bench.records import RoundRecord

    def rounds(*tunes):
        return [
            RoundRecord(
                round=place,
                labelled=10 + 10 * place,
                accuracy=0.5,
                acquired=[1],
                seconds={"train": 1.0} | ({"tune": seconds} if seconds else {}),
            )
            for place, seconds in enumerate(tunes)
        ]

    assert seconds_ahead(rounds(60.0), [20, 30], (), tuned_once=True) == (2.0, 2.0)
    assert seconds_ahead(rounds(60.0, 0, 0), [10, 20, 30], tuned_once=True) == pytest.approx((63.0, 63.0))
    assert seconds_ahead(rounds(60.0, 60.0, 60.0), [40]) == pytest.approx((61.0, 61.0))


def test_compare_shows_what_was_chosen_and_counts_the_trials_as_training(run):
    from al_bench.analysis.studies import studies
    from al_bench.analysis.tables.accuracy import compare_tables

    for seed in (0, 1):
        for strategy in ("random", "margin"):
            assert run(*START, f"strategy={strategy}", f"seed={seed}", "study=t").status == 0
            assert run(*LINEAR, f"strategy={strategy}", f"seed={seed}", "study=t").status == 0
    (study,) = studies([Path("results/runs/t")])
    arms = {arm.name for arm in study.arms if "tuning=start" in arm.name}
    (margin,) = (name for name in arms if name.startswith("margin"))
    assert study.baseline_of(margin) == margin.replace("margin", "random")
    tables = {table.key: table for table in compare_tables(study)}
    rows = {row["arm"]: row for row in tables["tuning"].records}
    assert set(rows) == arms
    assert all(row["key"] == "model.C" and row["tuned"] == 2 and row["seconds"] > 0 for row in rows.values())
    trained = {row["arm"]: row["seconds_train"] for row in tables["cost"].records}
    assert all(trained[name] > rows[name]["seconds"] for name in arms)
    assert "The trials of tuning count as training." in tables["cost"].note
