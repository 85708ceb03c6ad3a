"""Logistic regression by Newton's method: the point that scikit-learn's solver comes to, and the literal gradient 0."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.sparse import csr_matrix
from sklearn.linear_model import LogisticRegression

from al_bench.learners import softmax_regression
from al_bench.learners.newton import TOLERANCE, minimise
from al_bench.learners.softmax_regression import solve


def points(size: int, features: int, classes: int, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    """Blobs whose directions have unequal spread, of mean square 1, and a few labels that contradict each other."""
    generator = np.random.default_rng(seed)
    spread = 1 / np.sqrt(1 + np.arange(features))
    labels = np.arange(size) % classes
    rows = (generator.normal(size=(classes, features))[labels] / 2 + generator.normal(size=(size, features))) * spread
    rows[-2:] = rows[:2]
    return rows / np.sqrt((rows**2).sum(1).mean()), labels


def probabilities(rows: np.ndarray, weight: np.ndarray, bias: np.ndarray) -> np.ndarray:
    """Softmax as it is written, row by row."""
    given = []
    for row in rows:
        powers = np.exp(weight @ row + bias - (weight @ row + bias).max())
        given.append(powers / powers.sum())
    return np.array(given)


SHAPES = [(30, 64, 3), (90, 12, 5), (60, 60, 2), (200, 100, 10), (41, 300, 4)]


@pytest.mark.parametrize(
    "shape", SHAPES, ids=["{} points of {} features, {} classes".format(*shape) for shape in SHAPES]
)
@pytest.mark.parametrize("C", [0.1, 1.0, 100.0])
@pytest.mark.parametrize("weighted", [False, True], ids=["equal points", "weighted points"])
def test_the_solution_is_that_of_scikit_learn(shape, C, weighted):
    size, features, classes = shape
    rows, labels = points(*shape)
    weights = np.random.default_rng(1).uniform(0.2, 4, size) if weighted else np.ones(size)
    strength = 2 * C if classes == 2 else C
    solver = LogisticRegression(C=strength, tol=1e-12, max_iter=100_000, solver="newton-cg")
    theirs = solver.fit(rows, labels, sample_weight=weights)
    ours = minimise(rows, labels, classes, C, weights)
    others = np.random.default_rng(2).normal(size=(50, features)) / np.sqrt(features)
    seen = np.concatenate([rows, others])
    np.testing.assert_allclose(probabilities(seen, ours.weight, ours.bias), theirs.predict_proba(seen), atol=1e-6)


@pytest.mark.parametrize("shape", [(30, 64, 3), (90, 12, 5), (60, 61, 2)], ids=["wide", "tall", "two classes"])
@pytest.mark.parametrize("C", [1.0, 1e4])
def test_the_literal_gradient_is_zero(shape, C):
    rows, labels = points(*shape)
    weights = np.linspace(0.5, 2, shape[0])
    found = minimise(rows, labels, shape[2], C, weights)
    given = probabilities(rows, found.weight, found.bias)
    for c in range(shape[2]):
        slope = found.weight[c].copy()
        level = 0.0
        for row, label, weight, p in zip(rows, labels, weights, given[:, c], strict=True):
            slope += C * weight * (p - (label == c)) * row
            level += C * weight * (p - (label == c))
        assert np.abs([*slope, level]).max() <= 2 * TOLERANCE * C * weights.sum()
    assert abs(found.bias.sum()) < 1e-9
    np.testing.assert_allclose(found.weight.sum(0), 0, atol=1e-6 * np.abs(found.weight).max())


@pytest.mark.parametrize("size", [40, 90], ids=["fewer points than features", "more"])
def test_a_point_of_weight_two_counts_as_two_points(size):
    rows, labels = points(size, 60, 4)
    twice = np.arange(size) % 3 == 0
    weighted = minimise(rows, labels, 4, 10.0, 1.0 + twice)
    repeated = np.concatenate([np.arange(size), np.flatnonzero(twice)])
    written = minimise(rows[repeated], labels[repeated], 4, 10.0, np.ones(len(repeated)))
    np.testing.assert_allclose(weighted.weight, written.weight, atol=1e-6)
    np.testing.assert_allclose(weighted.bias, written.bias, atol=1e-6)


@pytest.mark.parametrize("scale", [1e-6, 1.0, 1e3], ids=["tiny features", "usual ones", "large ones"])
@pytest.mark.parametrize("C", [1e-4, 1e8], ids=["strong penalty", "weak penalty"])
def test_every_scale_and_strength_reaches_the_tolerance(scale, C):
    rows, labels = points(80, 40, 4)
    assert solve(scale * rows, labels, 4, C).converged


def test_sparse_columns_without_an_entry_have_weight_zero():
    rows, labels = points(50, 30, 3)
    rows[np.abs(rows) < 0.1] = 0
    rows[:, [2, 17, 29]] = 0
    dense, sparse = solve(rows, labels, 3, 10.0), solve(csr_matrix(rows), labels, 3, 10.0)
    np.testing.assert_allclose(sparse.weight, dense.weight, atol=1e-6)
    assert not sparse.weight[:, [2, 17, 29]].any()
    assert sparse.gradient <= 2 * TOLERANCE


def test_matrices_that_are_too_large_are_left_to_the_first_order_method(monkeypatch):
    rows, labels = points(60, 20, 3)
    second = solve(rows, labels, 3, 10.0)
    monkeypatch.setattr(softmax_regression, "MOST_RANK", 10)
    first = solve(rows, labels, 3, 10.0)
    assert first.steps > second.steps
    assert first.converged
    np.testing.assert_allclose(first.weight, second.weight, atol=1e-3)
