"""`model=linear`: the minimum of the written objective, whatever the number of classes, weights, scale or storage."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch
from scipy.optimize import minimize
from scipy.sparse import csr_matrix
from sklearn.linear_model import LogisticRegression

from al_bench.data.dataset import Dataset
from al_bench.errors import InputError
from al_bench.evidence import Product
from al_bench.learners.bootstrap import Bootstrap
from al_bench.learners.linear import Linear, Scaling
from al_bench.learners.linear_network import FLOOR
from al_bench.learners.mixture import Mixture
from al_bench.learners.softmax_regression import TOLERANCE, solve
from al_bench.learners.training import Training
from al_bench.rng import Streams
from tests.conftest import record

NONE = torch.empty(0, dtype=torch.int64)


def points(classes: int, size: int = 60, features: int = 4, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    generator = np.random.default_rng(seed)
    labels = np.arange(size) % classes
    return generator.normal(size=(size, features)) + 1.5 * np.eye(classes, features)[labels], labels


def dataset(classes: int = 4, scale: float = 1.0) -> Dataset:
    inputs, labels = points(classes)
    x, y = scale * torch.tensor(inputs, dtype=torch.float32), torch.tensor(labels)
    return Dataset("t", x, y, x[:9], y[:9], tuple("abcdefgh"[:classes]))


def objective(flat: np.ndarray, x: np.ndarray, y: np.ndarray, classes: int, C: float, w: np.ndarray) -> float:
    """C Σ_i w_i · (−log softmax(W x_i + b)[y_i]) + ½ ‖W‖², as it is written."""
    parameters = flat.reshape(classes, -1)
    weight, bias = parameters[:, :-1], parameters[:, -1]
    total = 0.0
    for row, label, share in zip(x, y, w, strict=True):
        logits = weight @ row + bias
        total += share * (np.log(np.exp(logits).sum()) - logits[label])
    return C * total + (weight**2).sum() / 2


@pytest.mark.parametrize("classes", [2, 3, 5])
@pytest.mark.parametrize("weighted", [False, True], ids=["equal points", "weighted points"])
def test_no_other_weights_have_a_lower_objective(classes, weighted):
    x, y = points(classes, 30)
    w = np.linspace(0.5, 2, 30) if weighted else np.ones(30)
    found = solve(x, y, classes, 3.0, w if weighted else None)
    literal = minimize(
        objective,
        np.zeros(classes * 5),
        (x, y, classes, 3.0, w),
        method="BFGS",
        options={"gtol": 1e-5, "maxiter": 2000},
    )
    mine = np.concatenate([found.weight, found.bias[:, None]], 1).ravel()
    assert objective(mine, x, y, classes, 3.0, w) <= literal.fun + 1e-9
    np.testing.assert_allclose(found.weight, literal.x.reshape(classes, -1)[:, :-1], atol=2e-3)
    assert found.converged
    assert found.gradient <= TOLERANCE
    assert found.loss == pytest.approx(
        (objective(mine, x, y, classes, 3.0, w) - (found.weight**2).sum() / 2) / 3 / w.sum()
    )


def test_sparse_rows_give_the_weights_of_dense_ones():
    x, y = points(3)
    x[np.abs(x) < 0.5] = 0
    dense, sparse = solve(x, y, 3, 10.0), solve(csr_matrix(x), y, 3, 10.0)
    np.testing.assert_allclose(dense.weight, sparse.weight, atol=1e-5)


@pytest.mark.parametrize("seed", range(3))
def test_predictions_are_those_of_scikit_learn_on_scaled_inputs(seed):
    data = dataset()
    labelled = torch.randperm(60, generator=torch.Generator().manual_seed(seed))[:30]
    learner = Linear(C=5.0).learner(data, Mixture(), Training())
    (fit,) = learner.fit(labelled, NONE, Streams(seed), 0)
    x = data.inputs.double().numpy() / np.sqrt((data.inputs.double().numpy() ** 2).sum(1).mean())
    literal = LogisticRegression(C=5.0, tol=1e-8, max_iter=10_000).fit(x[labelled], data.hidden_labels[labelled])
    np.testing.assert_allclose(learner.predict(data.inputs).exp().detach().numpy(), literal.predict_proba(x), atol=1e-4)
    assert fit.stopped
    assert fit.accuracy == pytest.approx(literal.score(x[labelled], data.hidden_labels[labelled]))


@pytest.mark.parametrize(("scaling", "equal"), [(Scaling.norm, True), (Scaling.standard, True), (Scaling.none, False)])
def test_the_unit_of_the_features_does_not_matter_where_they_are_scaled(scaling, equal):
    probabilities = []
    for scale in (1.0, 50.0):
        data = dataset(scale=scale)
        learner = Linear(scaling=scaling, C=2.0).learner(data, Mixture(), Training())
        learner.fit(torch.arange(20), NONE, Streams(0), 0)
        probabilities.append(learner.predict(data.inputs).exp())
    assert torch.allclose(*probabilities, atol=1e-4) == equal


@pytest.mark.parametrize("present", [(0, 2), (3,)], ids=["two classes", "one class"])
def test_a_class_without_labels_has_the_least_probability(present):
    data = dataset()
    learner = Linear().learner(data, Bootstrap(members=3), Training())
    labelled = torch.cat([(data.hidden_labels == label).nonzero()[:5, 0] for label in present])
    learner.fit(labelled, NONE, Streams(0), 0)
    draws = learner.sampler(Streams(0), "masks", 0)(data.inputs).exp()
    assert draws.shape == (60, 3, 4)
    absent = [label for label in range(4) if label not in present]
    torch.testing.assert_close(draws.sum(-1), torch.ones(60, 3))
    torch.testing.assert_close(draws[..., absent], torch.full((60, 3, len(absent)), FLOOR), rtol=1e-3, atol=0)


def test_members_are_the_solutions_of_their_bootstraps_and_the_seed_alone_decides():
    data, labelled = dataset(), torch.arange(24)
    made = [Linear().learner(data, Bootstrap(members=2), Training()) for _ in range(2)]
    for learner in made:
        learner.fit(labelled, NONE, Streams(4), 2)
    first, second = (learner.sampler(Streams(4), "masks", 2)(data.inputs) for learner in made)
    assert torch.equal(first, second)
    rows = Bootstrap().training_rows(data.hidden_labels[labelled], Streams(4).torch("bootstrap", 2, 1))
    single = Linear().learner(data, Mixture(), Training())
    single.fit(labelled[rows], NONE, Streams(9), 0)
    torch.testing.assert_close(first[:, 1], single.predict(data.inputs))


def test_an_untrained_learner_finds_every_class_equally_likely():
    data = dataset()
    learner = Linear().learner(data, Mixture(), Training())
    learner.fit(torch.arange(20), NONE, Streams(0), 0)
    learner.reset(Streams(0), 0)
    torch.testing.assert_close(learner.predict(data.inputs).exp(), torch.full((60, 4), 0.25))


def test_an_ensemble_of_equal_solutions_is_refused():
    with pytest.raises(InputError, match="would be equal; choose posterior=bootstrap"):
        Linear().learner(dataset(), Mixture(members=3), Training())
    with pytest.raises(InputError, match=r"model\.C"):
        Linear(C=0)


@pytest.mark.parametrize("strategy", ["bald", "badge", "batchbald", "typiclust"])
def test_it_runs_from_its_name_alone_and_its_first_round_is_shared(run, strategy, tmp_path):
    words = ["debug=smoke", "model=linear", f"strategy={strategy}", f"cache={tmp_path}/cache"]
    for arm in ("one", "two"):
        done = run(*words, f"arm={arm}")
        assert done.status == 0, done.err
    assert record("one").stable == record("two").stable
    assert [record(arm).header["first_round"]["loaded"] for arm in ("one", "two")] == [False, True]
    assert record("one").header["functions"] == 5
    assert record("one").rounds[-1]["accuracy"] > 0.6


@pytest.mark.parametrize("scaling", list(Scaling), ids=[scaling.value for scaling in Scaling])
@pytest.mark.parametrize("members", [1, 3], ids=["one member", "three members"])
@pytest.mark.parametrize("offset", [0.0, 100.0], ids=["centred", "far from 0"])
def test_rows_at_indices_get_what_each_network_gives_each_row(scaling, members, offset):
    data = dataset()
    data = replace(data, inputs=data.inputs + offset, test_inputs=data.test_inputs + offset)
    posterior = Bootstrap(members=members) if members > 1 else Mixture()
    learner = Linear(scaling=scaling, C=0.5).learner(data, posterior, Training())
    learner.fit(torch.arange(24), NONE, Streams(3), 0)
    sampler = learner.sampler(Streams(3), "masks", 0)
    wanted = frozenset({Product.point_log_probs, Product.features})
    for indices in (torch.arange(60), torch.tensor([3, 4, 6, 7, 9]), torch.tensor([50, 2, 31])):
        literal = torch.stack(
            [torch.stack([net(data.inputs[i : i + 1])[0] for net in learner.networks]) for i in indices]
        )
        given = torch.cat([draws for _, draws in learner.chunks(sampler, data.inputs, indices)])
        torch.testing.assert_close(given, literal, atol=2e-4 if offset else 1e-5, rtol=1e-4)
        for source in ("penultimate", "input"):
            products = learner.products_at(learner.point_products(wanted, source), indices)
            mean = literal.exp().mean(1).log()
            torch.testing.assert_close(
                products[Product.point_log_probs], mean, atol=2e-4 if offset else 1e-5, rtol=1e-4
            )
            x = data.inputs[indices]
            rows = (x - learner.networks[0].shift) * learner.networks[0].scale if source == "penultimate" else x
            torch.testing.assert_close(products[Product.features], rows)
            torch.testing.assert_close(learner.frozen_features(indices, source), rows)
