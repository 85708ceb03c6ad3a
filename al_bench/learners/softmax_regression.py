"""Multinomial logistic regression with an L2 penalty, to convergence: scikit-learn's solver, one convention for any C.

Letters: L points, C classes, D features.
"""

from __future__ import annotations

import warnings
from dataclasses import dataclass

import numpy as np
from scipy.sparse import csr_matrix

TOLERANCE = 1e-6
"""Largest entry of the gradient, divided by the sum of the weights of the points, at which a solution counts."""
LONGEST = 20_000
"""Most iterations of the solver."""


@dataclass(frozen=True)
class Solution:
    """The minimiser.

    Args:
        weight: W [C, D].
        bias: b [C].
        steps: Iterations of the solver.
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


def solve(
    inputs: np.ndarray | csr_matrix, labels: np.ndarray, classes: int, C: float, weights: np.ndarray | None = None
) -> Solution:
    """argmin over W, b of C Σ_i w_i · (−log softmax(W x_i + b)[y_i]) + ½ ‖W‖².

    scikit-learn's own solution for two classes has one row of W; here both have one, W₁ = −W₀, as for more of them.

    Args:
        inputs: [L, D] float64.
        labels: [L] from 0 to C − 1, each class at least once.
        classes: C; 1 gives a constant.
        C: Inverse strength of the penalty.
        weights: [L] of the points; None: 1 each.
    """
    from sklearn.exceptions import ConvergenceWarning
    from sklearn.linear_model import LogisticRegression

    weights = np.ones(len(labels)) if weights is None else weights
    if classes == 1:
        return Solution(np.zeros((1, inputs.shape[1])), np.zeros(1), 0, 0.0, 1.0, 0.0)
    strength = 2 * C if classes == 2 else C
    solver = LogisticRegression(C=strength, tol=TOLERANCE / 10, max_iter=LONGEST)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)  # the gradient below says what there is to say
        solver.fit(inputs, labels, sample_weight=weights)
    weight, bias = solver.coef_, solver.intercept_
    if classes == 2:
        weight, bias = np.concatenate([-weight, weight]) / 2, np.concatenate([-bias, bias]) / 2
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
    return Solution(weight, bias, int(solver.n_iter_.max()), float(loss), float(accuracy), float(gradient))
