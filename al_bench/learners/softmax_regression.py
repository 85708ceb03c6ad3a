"""Multinomial logistic regression with an L2 penalty, to convergence, with one convention for any number of classes.

Letters: L points, C classes, D features.
"""

from __future__ import annotations

import warnings
from dataclasses import dataclass, replace

import numpy as np
from scipy.sparse import csr_matrix

from al_bench.learners.matrices import Matrix
from al_bench.learners.newton import minimise

TOLERANCE = 1e-6
"""Largest entry of the gradient, divided by the sum of the weights of the points, at which a solution counts."""
LONGEST = 20_000
"""Most iterations of L-BFGS."""
MOST_ENTRIES, MOST_RANK = 20_000_000, 2_500
"""Of a matrix that the second-order method takes: numbers, and the smaller of rows and columns."""


@dataclass(frozen=True)
class Solution:
    """The minimiser.

    Args:
        weight: W [C, D].
        bias: b [C].
        steps: Newton steps, or iterations of L-BFGS.
        loss: Mean cross-entropy, each point by its weight, nats.
        accuracy: On the points, each by its weight.
        gradient: Largest entry of the gradient in absolute value, divided by the sum of the weights.
    """

    weight: np.ndarray
    bias: np.ndarray
    steps: int
    loss: float
    accuracy: float
    gradient: float

    @property
    def converged(self) -> bool:
        """Whether the gradient is as small as it should be."""
        return self.gradient <= TOLERANCE


def solve(inputs: Matrix, labels: np.ndarray, classes: int, C: float, weights: np.ndarray | None = None) -> Solution:
    """argmin over W, b of C Σ_i w_i · (−log softmax(W x_i + b)[y_i]) + ½ ‖W‖², Σ b = 0.

    By Newton's method (`newton.minimise`); by scikit-learn's L-BFGS where its matrices would be too large, or where it
    does not reach the tolerance.

    Args:
        inputs: [L, D] float64.
        labels: [L] from 0 to C − 1, each class at least once.
        classes: C; 1 gives a constant.
        C: Inverse strength of the penalty.
        weights: [L] of the points, positive; None: 1 each.
    """
    weights = np.ones(len(labels)) if weights is None else weights
    if classes == 1:
        return Solution(np.zeros((1, inputs.shape[1])), np.zeros(1), 0, 0.0, 1.0, 0.0)
    columns = None
    narrow = inputs
    if isinstance(inputs, csr_matrix):  # a column without an entry has weight 0
        columns = np.unique(inputs.indices)
        narrow = inputs[:, columns]
    solution = None
    if np.prod(narrow.shape, dtype=float) <= MOST_ENTRIES and min(narrow.shape) <= MOST_RANK:
        dense = narrow.toarray() if isinstance(narrow, csr_matrix) else narrow
        minimum = minimise(dense, labels, classes, C, weights)
        solution = _described(narrow, labels, C, weights, minimum.weight, minimum.bias, minimum.steps)
    if solution is None or not solution.converged:
        solution = _described(narrow, labels, C, weights, *_first_order(narrow, labels, classes, C, weights))
    if columns is None:
        return solution
    weight = np.zeros((classes, inputs.shape[1]))
    weight[:, columns] = solution.weight
    return replace(solution, weight=weight)


def _first_order(
    inputs: Matrix, labels: np.ndarray, classes: int, C: float, weights: np.ndarray
) -> tuple[np.ndarray, np.ndarray, int]:
    """W, b and the iterations of scikit-learn's L-BFGS.

    Its own solution for two classes has one row of W; here both have one, W₁ = −W₀, as for more of them.
    """
    from sklearn.exceptions import ConvergenceWarning
    from sklearn.linear_model import LogisticRegression

    strength = 2 * C if classes == 2 else C
    solver = LogisticRegression(C=strength, tol=TOLERANCE / 10, max_iter=LONGEST)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)  # the gradient says what there is to say
        solver.fit(inputs, labels, sample_weight=weights)
    weight, bias = solver.coef_, solver.intercept_
    if classes == 2:
        weight, bias = np.concatenate([-weight, weight]) / 2, np.concatenate([-bias, bias]) / 2
    return weight, bias, int(solver.n_iter_.max())


def _described(
    inputs: Matrix,
    labels: np.ndarray,
    C: float,
    weights: np.ndarray,
    weight: np.ndarray,
    bias: np.ndarray,
    steps: int,
) -> Solution:
    """A solution with its loss, accuracy and gradient."""
    logits = inputs @ weight.T + bias
    logits -= logits.max(1, keepdims=True)
    log_probs = logits - np.log(np.exp(logits).sum(1, keepdims=True))
    rows, total = np.arange(len(labels)), weights.sum()
    errors = np.exp(log_probs)
    errors[rows, labels] -= 1
    errors *= C * weights[:, None]
    gradient = max(np.abs((inputs.T @ errors).T + weight).max(), np.abs(errors.sum(0)).max()) / (C * total)
    loss = -(weights * log_probs[rows, labels]).sum() / total
    accuracy = (weights * (log_probs.argmax(1) == labels)).sum() / total
    return Solution(weight, bias, steps, float(loss), float(accuracy), float(gradient))
