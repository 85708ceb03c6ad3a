"""Runs with a successor: a second learner trained on the same labels, apart from everything else of the run."""

from __future__ import annotations

import zlib

import numpy as np
import pytest
import torch
from sklearn.ensemble import RandomForestClassifier

from al_bench.config.compose import compose, register
from al_bench.experiment.setup import set_up
from al_bench.metrics.measure import measure
from al_bench.rng import Streams
from al_bench.storage.runs import read_run
from tests.conftest import TINY, record

FOREST = "successor=random_forest"
register()


def without_successor(rounds):
    return [{key: value for key, value in entry.items() if key != "successor"} for entry in rounds]


def test_a_successor_changes_nothing_else_of_a_run(run):
    assert run(*TINY, "arm=alone").status == 0
    assert run(*TINY, FOREST, "arm=judged").status == 0
    assert without_successor(record("judged").stable) == record("alone").stable
    assert all("successor" not in entry for entry in record("alone").rounds)
    assert "successor" not in record("alone").header
    assert all(entry["successor"]["metrics"]["accuracy"] > 0.25 for entry in record("judged").rounds)
    assert all(entry["seconds"]["successor"] > 0 for entry in record("judged").rounds)


def test_its_quality_is_that_of_a_forest_trained_on_the_same_labels_from_a_stream_of_its_own(run):
    """The twin is scikit-learn's forest, trained here on the labels on record."""
    assert run(*TINY, FOREST, "arm=a").status == 0
    experiment = set_up(compose([*TINY, FOREST]).build(), "bald")
    data, rounds = experiment.dataset, record("a").rounds
    inputs, tested = (data.prepare(part).flatten(1).numpy() for part in (data.inputs, data.test_inputs))
    labelled = list(record("a").header["initial"])
    for entry in rounds:
        stream = np.random.SeedSequence(
            Streams(0).integer("successor"), spawn_key=(zlib.crc32(b"estimator"), entry["round"])
        )
        seed = int(stream.generate_state(1, np.uint64)[0] >> np.uint64(1)) % 2**32
        targets = data.hidden_labels[labelled].numpy()
        forest = RandomForestClassifier(100, random_state=seed).fit(inputs[labelled], targets)
        smoothed = (1 - data.classes * 1e-6) * forest.predict_proba(tested) + 1e-6
        quality = measure(torch.from_numpy(np.log(smoothed)), data.test_labels)
        for name, value in entry["successor"]["metrics"].items():
            ties = 1e-3 if name in ("auroc", "average_precision") else 1e-9  # broken by the last bit of a logarithm
            assert value == pytest.approx(quality.values[name], abs=ties), name
        labelled += entry["acquired"] or []


@pytest.mark.parametrize("words", [(FOREST,), ("successor=mlp",)], ids=str)
def test_an_interrupted_run_with_a_successor_equals_an_unbroken_one(run, words):
    words = (*TINY, *words, "arm=a")
    assert run(*words).status == 0
    whole, file = record("a").stable, record("a").folder / "rounds.jsonl"
    lines = file.read_bytes().splitlines(keepends=True)
    for kept in (1, 2):
        file.write_bytes(b"".join(lines[:kept]))
        (record("a").folder / "status.json").write_text('{"status": "running"}\n')
        assert run(*words).status == 0
        assert record("a").stable == whole


def test_strategies_share_the_successor_of_round_0_and_the_training_seed_drives_it(run):
    for name, words in {
        "random": ("strategy=random",),
        "margin": ("strategy=margin",),
        "other selection": ("strategy=random", "seeds.selection=5"),
        "other training": ("strategy=random", "seeds.training=5"),
    }.items():
        assert run(*TINY, *words, FOREST, f"arm={name}").status == 0
    first = {name: record(name).rounds[0]["successor"] for name in ("random", "margin", "other selection")}
    assert first["random"] == first["margin"] == first["other selection"]
    assert record("other training").rounds[0]["successor"] != first["random"]


@pytest.mark.parametrize("model", ["linear", "logistic_regression", "hist_gradient_boosting", "mlp"])
def test_a_successor_of_every_kind_that_reads_features(run, model):
    assert run("debug=smoke", "model=random_forest", f"successor={model}", "arm=a").status == 0
    judged = [entry["successor"] for entry in record("a").rounds]
    assert all(0 < entry["metrics"]["accuracy"] <= 1 and len(entry["fit"]) >= 1 for entry in judged)
    made_of = record("a").header["successor"]
    assert made_of["choices"]["model"] == model
    assert made_of["keys"].keys() == {"model", "posterior", "training"}


def test_only_evaluated_rounds_have_a_successor_and_a_cold_start_has_none_before_it_has_labels(run):
    assert run(*TINY, "model=mlp", FOREST, "initial.size=0", "strategy=random", "arm=cold").status == 0
    assert ["successor" in entry for entry in record("cold").rounds] == [False, True, True]
    assert run(*TINY, FOREST, "evaluation.every=2", "schedule.rounds=4", "arm=every").status == 0
    evaluated = [entry["accuracy"] is not None for entry in record("every").rounds]
    assert ["successor" in entry for entry in record("every").rounds] == evaluated == [True, False, True, True]


def test_a_metric_of_the_users_own_is_computed_of_the_successor_too(run, tmp_path, monkeypatch):
    (tmp_path / "halves.py").write_text(
        "from al_bench.metrics import Metric\n"
        "def share(log_probs, labels):\n    return (log_probs.max(1).values.exp() > 0.5).double().mean()\n"
        'SURE = Metric("sure", share, "Sure")\nTAKEN = Metric("successor_sure", share, "Sure")\n'
    )
    monkeypatch.syspath_prepend(str(tmp_path))
    assert run(*TINY, FOREST, "evaluation.metrics=[halves:SURE]", "arm=a").status == 0
    assert 0 < record("a").rounds[-1]["successor"]["metrics"]["sure"] <= 1
    refused = run(*TINY, FOREST, "evaluation.metrics=[halves:TAKEN]", "arm=b")
    assert refused.status == 2
    assert "names that begin with successor_" in refused.err


def test_the_curve_and_the_run_name_its_metrics(run):
    assert run(*TINY, FOREST, "arm=a").status == 0
    head, *lines = (record("a").folder / "curve.csv").read_text().splitlines()
    column = head.split(",").index("successor_accuracy")
    accuracies = [entry["successor"]["metrics"]["accuracy"] for entry in record("a").rounds]
    assert [float(line.split(",")[column]) for line in lines] == accuracies
    rounds = read_run(record("a").folder).rounds
    assert [entry.metric("successor_accuracy") for entry in rounds] == accuracies
    assert rounds[0].metric("successor_nothing") is None


def test_the_key_is_part_of_the_identity_and_of_the_arm(run):
    assert run(*TINY, FOREST).status == 0
    assert record("bald,posterior.draws=4,steps=8,successor=random_forest").status == "complete"
    assert run(*TINY, FOREST, "arm=a").status == 0
    assert record("a").header["identity"]["successor"] == "random_forest"
    other = run(*TINY, "successor=linear", "arm=a")
    assert other.status == 2
    assert "successor (here linear, there random_forest)" in other.err


REFUSED = {
    "unknown": (("successor=foo",), "successor is 'foo'; it must be null or a model: batchbald_cnn"),
    "no text": (("successor=[mlp,linear]",), "successor is ['mlp', 'linear']; it must be"),
    "images": (("successor=resnet18",), "successor=resnet18: model=resnet takes images"),
    "without a class": (("successor=sklearn",), "successor=sklearn: model.target is not set"),
    "texts": (("successor=transformer",), "successor=transformer: model=transformer reads texts"),
}


@pytest.mark.parametrize(("words", "line"), REFUSED.values(), ids=REFUSED)
def test_a_successor_that_does_not_fit_is_refused_in_one_line_before_anything_runs(run, words, line):
    done = run(*TINY, *words)
    assert done.status == 2
    assert len(done.err.strip().splitlines()) == 1
    assert line in done.err
    assert not record().folder.exists()


def test_an_option_of_the_users_own_folder_may_be_the_successor(run, tmp_path):
    own = tmp_path / "own" / "model"
    own.mkdir(parents=True)
    (own / "stump.yaml").write_text(
        "# A forest of ten stumps.\ndefaults:\n  - /schema/model/random_forest@_here_\n  - _self_\n"
        "n_estimators: 10\nmax_depth: 1\nimplies:\n  posterior: trees\n"
    )
    assert run(*TINY, "successor=stump", "--config-dir", str(own.parent), "arm=a").status == 0
    keys = record("a").header["successor"]["keys"]["model"]
    assert (keys["n_estimators"], keys["max_depth"]) == (10, 1)
