"""scikit-learn's classifiers as learners: equal to a plain loop, all classes, trees as draws, refusals in words."""

from __future__ import annotations

import zlib

import numpy as np
import pytest
import torch
from sklearn.ensemble import ExtraTreesClassifier, HistGradientBoostingClassifier, RandomForestClassifier
from sklearn.linear_model import LogisticRegression
from sklearn.naive_bayes import GaussianNB

from al_bench.config.compose import compose, register
from al_bench.data.dataset import Dataset
from al_bench.errors import InputError
from al_bench.learners.bootstrap import Bootstrap, stratified_bootstrap
from al_bench.learners.estimator_learner import FLOOR
from al_bench.learners.estimators import HistGradientBoosting, RandomForest, Sklearn
from al_bench.learners.estimators import LogisticRegression as LogisticRegressionModel
from al_bench.learners.mixture import Mixture
from al_bench.learners.training import Training
from al_bench.learners.trees import Trees
from al_bench.rng import Streams
from tests.conftest import record

NONE = torch.empty(0, dtype=torch.int64)
SMALL = ("initial.size=12", "schedule.rounds=3", "arm=a", "study=s")


def dataset(classes: int = 4, size: int = 80) -> Dataset:
    generator = torch.Generator().manual_seed(0)
    labels = torch.arange(size) % classes
    inputs = 2 * torch.eye(classes, 5)[labels] + torch.randn(size, 5, generator=generator)
    names = tuple("abcdefgh"[:classes])
    return Dataset("t", inputs, labels, inputs[:9], labels[:9], names, mean=inputs.mean(0), std=inputs.std(0))


def random_state(seed: int, round_: int) -> int:
    """What the stream `estimator` of a round gives the first member, written out."""
    sequence = np.random.SeedSequence(seed, spawn_key=(zlib.crc32(b"estimator"), round_))
    return int(sequence.generate_state(1, np.uint64)[0] >> np.uint64(1)) % 2**32


PLAIN = {
    "logistic_regression": lambda seed: LogisticRegression(C=1.0, max_iter=1000),
    "random_forest": lambda seed: RandomForestClassifier(100, random_state=seed),
    "hist_gradient_boosting": lambda seed: HistGradientBoostingClassifier(
        random_state=seed, min_samples_leaf=5, early_stopping=False
    ),
    "sklearn": lambda seed: ExtraTreesClassifier(30, random_state=seed),
    "naive_bayes": lambda seed: GaussianNB(var_smoothing=1e-3),
}
WORDS = {
    "sklearn": (
        "model=sklearn",
        "model.target=sklearn.ensemble.ExtraTreesClassifier",
        "model.params={n_estimators: 30}",
    ),
    "naive_bayes": (
        "model=sklearn",
        "model.target=sklearn.naive_bayes.GaussianNB",
        "model.params={var_smoothing: 1e-3}",
    ),
}


@pytest.mark.parametrize("name", [*PLAIN, "random_forest by its trees"])
def test_the_curve_is_that_of_a_plain_loop_with_the_same_picks(run, name):
    name, _, by_trees = name.partition(" ")
    words = WORDS.get(name, (f"model={name}",))
    words += ("strategy=bald",) if by_trees else ("strategy=margin", "posterior=deterministic")
    done = run("dataset=digits", *words, *SMALL, "initial.kind=random")
    assert done.status == 0, done.err
    found = record("a", study="s", dataset="digits")
    register()
    data = compose(["dataset=digits"]).build().dataset.load()
    pool, test = (data.prepare(part).flatten(1).numpy() for part in (data.inputs, data.test_inputs))
    labelled = list(found.header["initial"])
    for entry in found.rounds:
        estimator = PLAIN[name](random_state(0, entry["round"]))
        estimator.fit(pool[labelled], data.hidden_labels[torch.tensor(labelled)].numpy())
        predicted = estimator.predict(test)
        assert entry["accuracy"] == pytest.approx(float((predicted == data.test_labels.numpy()).mean()), abs=1e-12)
        labelled += entry["acquired"] or []


def test_the_trees_of_a_forest_are_its_draws_and_their_mean_is_the_forest():
    data = dataset()
    learner = RandomForest(n_estimators=7, max_depth=2).learner(data, Trees(), Training())
    labelled = torch.arange(0, 30)
    learner.fit(labelled, NONE, Streams(3), 1)
    assert (learner.functions, learner.members) == (7, 1)
    inputs = data.prepare(data.inputs)
    draws = learner.sampler(Streams(3), "masks", 1)(inputs)
    forest = RandomForestClassifier(7, max_depth=2, random_state=random_state(3, 1))
    forest.fit(data.prepare(data.inputs[labelled]).numpy(), data.hidden_labels[labelled].numpy())
    literal = np.stack([tree.predict_proba(inputs.numpy()) for tree in forest.estimators_], 1)
    np.testing.assert_allclose(draws.exp().numpy(), (1 - 4 * FLOOR) * literal + FLOOR, rtol=1e-5)
    mean = (1 - 4 * FLOOR) * forest.predict_proba(inputs.numpy()) + FLOOR
    np.testing.assert_allclose(draws.exp().mean(1).numpy(), mean, rtol=1e-5)
    np.testing.assert_allclose(learner.predict(inputs).exp().numpy(), mean, rtol=1e-9)
    assert learner.sampler(Streams(3), "test_masks", 1, 3)(inputs).shape == (80, 3, 4)
    assert learner.sampler(Streams(3), "test_masks", 1, 0)(inputs).shape == (80, 1, 4)


@pytest.mark.parametrize("labels", [(0, 2), (3,), (1, 2, 3)], ids=["two of four", "one of four", "three of four"])
@pytest.mark.parametrize(
    ("model", "posterior"),
    [
        (RandomForest(n_estimators=5), Trees()),
        (LogisticRegressionModel(), Bootstrap()),
        (HistGradientBoosting(), Mixture()),
    ],
    ids=["forest", "bootstraps", "boosting"],
)
def test_a_class_without_labels_has_the_least_probability(model, posterior, labels):
    data = dataset()
    learner = model.learner(data, posterior, Training())
    chosen = torch.cat([(data.hidden_labels == label).nonzero()[:6, 0] for label in labels])
    learner.fit(chosen, NONE, Streams(0), 0)
    inputs = data.prepare(data.inputs)
    draws = learner.sampler(Streams(0), "masks", 0)(inputs)
    assert draws.shape == (80, learner.functions, 4)
    absent = [label for label in range(4) if label not in labels]
    torch.testing.assert_close(draws.exp().sum(-1), torch.ones_like(draws[..., 0]), atol=1e-6, rtol=0)
    torch.testing.assert_close(draws[..., absent], torch.full_like(draws[..., absent], float(np.log(FLOOR))))
    if len(labels) == 1:
        assert draws[..., labels[0]].exp().min() > 1 - 1e-5


@pytest.mark.slow
@pytest.mark.parametrize(
    ("name", "params"),
    [
        ("xgboost.XGBClassifier", "n_estimators: 5"),
        ("lightgbm.LGBMClassifier", "n_estimators: 5, min_child_samples: 1"),
    ],
    ids=["XGBoost", "LightGBM"],
)
def test_boosting_of_other_packages_runs_from_its_class(run, name, params):
    pytest.importorskip(name.partition(".")[0])
    words = [f"model.target={name}", f"model.params={{{params}}}", "initial.kind=random"]
    done = run("debug=smoke", "model=sklearn", *words, "arm=a")
    assert done.status == 0, done.err
    assert [line for line in done.err.splitlines() if "[LightGBM]" in line] == []
    assert record("a").rounds[-1]["accuracy"] > 0.3


def test_members_differ_in_their_bootstraps_and_a_resumed_run_is_the_same(run):
    words = ["model=logistic_regression", "debug=smoke", "strategy=bald"]
    assert run(*words, "arm=whole").status == 0
    whole = record("whole")
    assert whole.header["choices"]["posterior"] == "bootstrap"
    assert whole.header["functions"] == 5
    assert max(whole.rounds[0]["scores"]) > 0
    for rounds in ("2", "3"):
        assert run(*words, "arm=parts", f"schedule.rounds={rounds}").status == 0
    assert record("parts").stable[2]["accuracy"] == whole.stable[2]["accuracy"]
    assert [entry["acquired"] for entry in record("parts").rounds[:2]] == [r["acquired"] for r in whole.rounds[:2]]


def test_a_bootstrap_has_as_many_points_of_each_class():
    labels = torch.tensor([0, 0, 0, 0, 1, 1, 2])
    rows = stratified_bootstrap(labels, torch.Generator().manual_seed(1))
    assert torch.equal(labels[rows].bincount(), labels.bincount())
    assert not torch.equal(rows, torch.arange(7))
    assert torch.equal(rows, stratified_bootstrap(labels, torch.Generator().manual_seed(1)))


def test_balanced_weights_are_those_of_scikit_learn():
    data = dataset()
    rows = torch.cat([torch.arange(0, 80, 4)[:12], torch.arange(1, 80, 4)[:3]])
    learner = LogisticRegressionModel().learner(data, Mixture(), Training(class_weights="balanced"))
    learner.fit(rows, NONE, Streams(0), 0)
    inputs = data.prepare(data.inputs).numpy()
    literal = LogisticRegression(C=1.0, max_iter=1000, class_weight="balanced")
    literal.fit(inputs[rows], data.hidden_labels[rows].numpy())
    found = learner.predict(torch.from_numpy(inputs)).exp()[:, :2].numpy()
    np.testing.assert_allclose(found, (1 - 4 * FLOOR) * literal.predict_proba(inputs) + FLOOR, atol=1e-6)


REFUSED = {
    "an ensemble of equal members": (
        ("model=hist_gradient_boosting", "posterior=ensemble"),
        "posterior.members is 5, and members of model=hist_gradient_boosting that see the same labels would be equal; "
        "choose posterior=bootstrap",
    ),
    "trees of a regression": (
        ("model=logistic_regression", "posterior=trees"),
        "posterior=trees is for forests, and model=logistic_regression is none; choose posterior=bootstrap",
    ),
    "trees of a network": (("posterior=trees",), "posterior=trees is for forests; choose model=random_forest"),
    "BALD without draws": (
        ("model=random_forest", "posterior=deterministic", "strategy=bald"),
        "strategy bald needs at least 2 distinct posterior draws and there is 1: set posterior=trees or "
        "posterior=bootstrap",
    ),
    "features of a layer": (
        ("model=random_forest", "strategy=badge"),
        "strategy=badge reads the features of a layer (penultimate), and model=random_forest has no layers: set "
        "strategy.features=input",
    ),
    "a loss that nothing predicts": (
        ("model=random_forest", "strategy=learning_loss"),
        "strategy learning_loss needs predicted_loss, which EstimatorLearner does not provide",
    ),
    "no target": (("model=sklearn",), "model.target is not set; name a class"),
    "a module that there is not": (
        ("model=sklearn", "model.target=nowhere.Classifier"),
        "model.target is 'nowhere.Classifier', which cannot be loaded: No module named 'nowhere'",
    ),
    "a function": (
        ("model=sklearn", "model.target=os.path.join"),
        "model.target is 'os.path.join', which is a function",
    ),
    "a regressor": (
        ("model=sklearn", "model.target=sklearn.linear_model.Ridge"),
        "model.target is 'sklearn.linear_model.Ridge', which has no predict_proba; name the class of a classifier",
    ),
    "a classifier without probabilities": (
        ("model=sklearn", "model.target=sklearn.svm.SVC"),
        "model.target is 'sklearn.svm.SVC', which gives no probabilities with these model.params",
    ),
    "a parameter that there is not": (
        ("model=sklearn", "model.target=sklearn.naive_bayes.GaussianNB", "model.params={smooth: 1}"),
        "model.params: sklearn.naive_bayes.GaussianNB refuses them: ",
    ),
    "parameters without names": (
        ("model=sklearn", "model.target=sklearn.naive_bayes.GaussianNB", "model.params=[1]"),
        "model.params is [1]; it must be keys with values",
    ),
    "a value that the classifier refuses": (
        ("model=sklearn", "model.target=sklearn.neighbors.KNeighborsClassifier", "model.params={n_neighbors: -3}"),
        "model=sklearn cannot be trained on 6 labelled points of 4 classes: The 'n_neighbors' parameter",
    ),
    "more neighbours than points": (
        ("model=sklearn", "model.target=sklearn.neighbors.KNeighborsClassifier", "model.params={n_neighbors: 99}"),
        "model=sklearn cannot be trained on 6 labelled points of 4 classes: Expected n_neighbors <= n_samples_fit",
    ),
    "weights where none are taken": (
        ("model=sklearn", "model.target=sklearn.neighbors.KNeighborsClassifier", "training.class_weights=balanced"),
        "training.class_weights is set, and KNeighborsClassifier takes no weights; choose another model",
    ),
    "keys of networks": (
        ("model=random_forest", "training.lr=0.1"),
        "training.lr is for networks, and model=random_forest uses training.class_weights; leave training.lr out",
    ),
    "an option of networks": (
        ("model=linear", "training=sgd_cosine"),
        "training is for networks, and model=linear uses training.class_weights; leave training out",
    ),
    "members that vary in keys": (
        ("model=linear", "+posterior.vary={model.C: [1, 2]}"),
        "posterior.vary is for networks, and model=linear has none; choose posterior=bootstrap",
    ),
    "an estimator as a member of networks": (
        ("posterior=ensemble", "+posterior.vary={model: [mlp, linear]}"),
        "posterior.vary.model names 'linear', which is no network; members are networks",
    ),
}


@pytest.mark.parametrize("case", REFUSED)
def test_what_has_no_meaning_is_refused_in_one_line(run, case):
    words, message = REFUSED[case]
    done = run("debug=smoke", *words)
    lines = [line for line in done.err.splitlines() if " implies " not in line]
    assert (done.status, len(lines)) == (2, 1), done.err
    assert lines[0].startswith(f"al-bench run: {message}")


def test_a_parameter_given_replaces_the_runs_own():
    model = Sklearn("sklearn.ensemble.RandomForestClassifier", {"random_state": 7, "n_jobs": 1})
    assert model.new(3, 2).get_params()["random_state"] == 7
    assert Sklearn("sklearn.ensemble.RandomForestClassifier").new(3, 2).get_params()["n_jobs"] == 2
    with pytest.raises(InputError, match="is not set"):
        Sklearn("").estimator_class()
