"""A learner that trains no network: the guide's logistic regression in runs, and the protocol's defaults."""

from __future__ import annotations

import math

import pytest
import torch

from al_bench.data.dataset import Dataset
from al_bench.errors import InputError
from al_bench.evidence import Product
from al_bench.experiment.gather import Gatherer
from al_bench.learners.learner import Learner
from al_bench.learners.mixture import Mixture
from al_bench.learners.training import Training
from al_bench.pool import PoolState
from al_bench.rng import Streams
from al_bench.strategies.uncertainty import Bald, Margin
from tests.conftest import TINY, record
from tests.learners.own.logreg import LogReg

LOGREG = ("model=logreg", "posterior.draws=0")
DIGITS = ("--config-dir", "conf", "model=logreg", "schedule.rounds=2", "study=s")


def dataset(size: int = 30) -> Dataset:
    generator = torch.Generator().manual_seed(0)
    labels = torch.arange(size) % 3
    inputs = 2 * torch.eye(3, 4)[labels] + torch.randn(size, 4, generator=generator)
    return Dataset("t", inputs, labels, inputs[:9], labels[:9], ("a", "b", "c"), mean=inputs.mean(0), std=inputs.std(0))


@pytest.fixture
def own(run, add_component):
    """Runs with the guide's example in the current folder."""
    add_component("model", "logreg", "logreg.LogReg", C=1.0)
    return run


# Runs


@pytest.mark.parametrize("strategy", ["random", "entropy", "margin"])
def test_it_runs_on_digits_under(own, strategy):
    done = own(*DIGITS, f"strategy={strategy}", "model.C=0.5", "arm=a")
    assert done.status == 0, done.err
    found = record("a", study="s", dataset="digits")
    first, second = found.rounds
    assert found.header["functions"] == 1
    assert found.header["identity"]["model.C"] == 0.5
    assert first["accuracy"] > 0.6, "ten classes, two labelled points of each"
    assert second["labelled"] == 30
    assert first["fit"] == []
    assert first["health"]["near_duplicates"] is None, "it has no penultimate layer"
    assert own(*DIGITS, f"strategy={strategy}", "model.C=0.5", "arm=a").out.count("already complete") == 1


def test_an_installed_package_offers_it_as_a_model(run, install_package):
    install_package("logreg", "al_bench.learners", "logistic = logreg:LogReg")
    done = run(*TINY, "posterior.draws=0", "model=logistic", "model.C=2.0", "strategy=margin", "arm=a")
    assert done.status == 0, done.err
    assert record("a").header["identity"]["model.C"] == 2.0


def test_its_picks_are_those_of_the_estimator_itself(own):
    from sklearn.linear_model import LogisticRegression

    from al_bench.data.digits import Digits

    assert own(*DIGITS, "strategy=margin", "arm=a").status == 0
    found, data = record("a", study="s", dataset="digits"), Digits().load()
    labelled = found.header["initial"]
    features = data.prepare(data.inputs).flatten(1).numpy()
    literal = LogisticRegression(max_iter=1000).fit(features[labelled], data.hidden_labels[labelled].numpy())
    pool = [index for index in range(data.size) if index not in labelled]
    ordered = torch.from_numpy(literal.predict_proba(features[pool])).sort(1).values
    margins = ordered[:, -1] - ordered[:, -2]
    expected = [pool[row] for row in margins.argsort()[:10].tolist()]
    assert found.rounds[0]["acquired"] == expected
    tested = data.prepare(data.test_inputs).flatten(1).numpy()
    assert found.rounds[0]["accuracy"] == literal.score(tested, data.test_labels.numpy())


def test_a_strategy_in_feature_space_reads_the_inputs(own):
    done = own("--config-dir", "conf", *TINY, *LOGREG, "strategy=coreset_greedy", "strategy.features=input")
    assert done.status == 0, done.err


def test_a_resumed_run_equals_an_unbroken_one(own):
    words = ("--config-dir", "conf", *TINY, *LOGREG, "strategy=entropy", "arm=a")
    assert own(*words).status == 0
    found = record("a")
    whole, file = found.stable, found.folder / "rounds.jsonl"
    file.write_bytes(b"".join(file.read_bytes().splitlines(keepends=True)[:2]))
    (found.folder / "status.json").write_text('{"status": "running"}\n')
    assert own(*words).status == 0
    assert found.stable == whole


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["strategy=learning_loss"], "strategy learning_loss needs predicted_loss, which LogReg does not provide"),
        (["strategy=bald"], "strategy bald needs at least 2 distinct posterior draws and there is 1"),
        (["strategy=badge"], "strategy.features is 'penultimate', and LogReg is no network and has no layers"),
        (["strategy=random", "initial.size=0"], "round 0 has 0 labelled points, and LogReg needs at least 1"),
        (
            ["strategy=random", "training.warm_start=true"],
            "training.warm_start is true, and LogReg has no state",
        ),
    ],
    ids=["a product", "draws", "features", "a cold start", "a warm start"],
)
def test_what_it_cannot_do_is_one_line_before_any_training(own, words, message):
    done = own("--config-dir", "conf", *TINY, "model=logreg", *words, "arm=a")
    assert done.status == 2
    (line,) = done.err.splitlines()
    assert line.startswith(f"al-bench run: {message}")
    assert not record("a").folder.exists()


def test_a_model_that_gives_no_learner_is_one_line(run, add_component):
    source = (
        "from dataclasses import dataclass\n\n\n@dataclass\nclass Odd:\n"
        "    def learner(self, dataset, posterior, training):\n        return dataset\n"
    )
    add_component("model", "odd", "odd.Odd", source)
    done = run("--config-dir", "conf", *TINY, "model=odd")
    assert done.status == 2
    (line,) = done.err.splitlines()
    assert line.startswith("al-bench run: model: odd.Odd")
    assert line.endswith(
        "learner() returns a Dataset; it must return a Learner, which derives from al_bench.learners.learner.Learner"
    )


# The protocol


def learner_of(cls: type[Learner]) -> Learner:
    made = cls()
    made.learner(dataset(), Mixture(), Training()).fit(torch.arange(15), torch.arange(0), Streams(0), 0)
    return made


def test_its_single_function_is_its_prediction():
    learner = learner_of(LogReg)
    state = PoolState.start(range(30), range(15))
    evidence = Gatherer(learner, Margin(), state, Streams(0)).all(torch.tensor(state.unlabelled))
    inputs = learner.dataset.prepare(learner.dataset.inputs[15:])
    torch.testing.assert_close(evidence.mean_log_probs, learner.predict(inputs), atol=1e-6, rtol=0)
    products = learner.point_products(frozenset({Product.point_log_probs, Product.features}), "input")(inputs)
    assert torch.equal(products[Product.point_log_probs], learner.predict(inputs))
    assert torch.equal(products[Product.features], inputs)


class Bagging(LogReg):
    """Logistic regressions on bootstrap samples: each is one of K functions."""

    functions = 6

    def fit(self, labelled, validation, streams, round_):
        generator = streams.numpy("bootstrap", round_)
        self.estimators = []
        for _ in range(self.functions):
            sample = torch.from_numpy(generator.choice(labelled.numpy(), len(labelled)))
            super().fit(sample, validation, streams, round_)
            self.estimators.append(self.estimator)
        return []

    def sampler(self, streams, stream, round_, draws=None):
        def sample(inputs):
            log_probs = []
            for estimator in self.estimators:
                self.estimator = estimator
                log_probs.append(self.predict(inputs))
            return torch.stack(log_probs, 1)

        return sample


def test_a_learner_with_draws_of_its_own_serves_strategies_that_read_them():
    learner = learner_of(Bagging)
    state = PoolState.start(range(30), range(15))
    evidence = Gatherer(learner, Bald(), state, Streams(0)).all(torch.tensor(state.unlabelled))
    assert evidence.mc_log_probs.shape == (15, 6, 3)
    scores = Bald().score(evidence)
    assert 0 < float(scores.max()) < math.log(6)


@pytest.mark.parametrize(
    ("result", "fault"),
    [
        (lambda given: given[:, 0], r"a tensor \[15\]"),
        (lambda given: given[:, :2], r"a tensor \[15, 2\]"),
        (lambda given: given.exp(), "values whose exponentials do not sum to 1"),
        (lambda given: given.numpy(), "a ndarray"),
    ],
    ids=["one dimension", "too few classes", "probabilities", "an array"],
)
def test_a_prediction_that_is_no_log_probabilities_is_refused(result, fault):
    class Faulty(LogReg):
        def predict(self, inputs):
            return result(super().predict(inputs))

    learner = learner_of(Faulty)
    sampler = learner.sampler(Streams(0), "masks", 0)
    with pytest.raises(InputError, match=rf"^model: Faulty.predict gives {fault}.*log-probabilities \[15, 3\]"):
        list(learner.chunks(sampler, learner.dataset.inputs, torch.arange(15)))
