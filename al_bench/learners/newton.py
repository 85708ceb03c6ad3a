"""A truncated Newton method for multinomial logistic regression with an L2 penalty, from 0, in float64.

The objective, divided by the sum of the points' weights, is strictly convex where biases sum to 0:

    f(W, b) = Σ_i v_i · (−log softmax(W x_i + b)[y_i]) + λ/2 ‖W‖²,   v_i = w_i / Σ w,   λ = 1 / (C Σ w).

Where there are fewer points than features, W lies in the span of the points: with the QR decomposition Xᵀ = Q R the
problem for W Q and the points Rᵀ [L, L] is the same one. Each direction is that of conjugate gradients on the Hessian,
preconditioned by what the Hessian would be if all classes had the same curvature: one Cholesky factor for all of them,
exact at the start, where p = 1 / C. Directions are computed in float32; objective, gradient and iterates are float64,
so the rounding of a direction costs iterations and no accuracy.

Letters: L points, C classes, D features, r = min(L, D), n = r + 1.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from scipy.linalg import get_blas_funcs, get_lapack_funcs, lapack

TOLERANCE = 1e-10
"""Largest entry of the gradient of f at which the iteration ends: predictions are then exact to about 10⁻⁷."""
SHRINK = 0.1
"""A direction is accurate enough once its residual is this share of the gradient."""
MOST_STEPS, MOST_PRODUCTS = 60, 200
"""Newton steps in all, and products with the Hessian for one of them."""
STALE = 0.1
"""The share of curvature that may have moved before the preconditioner is factored anew."""
SUFFICIENT = 1e-4
"""The share of the linear decrease that a step must give (Armijo)."""


@dataclass(frozen=True, eq=False)
class Minimum:
    """W [C, D] and b [C], Σ b = 0, and the Newton steps taken."""

    weight: np.ndarray
    bias: np.ndarray
    steps: int


def minimise(points: np.ndarray, labels: np.ndarray, classes: int, C: float, weights: np.ndarray) -> Minimum:
    """argmin of f, or how far the iteration got: who calls it looks at the gradient.

    Args:
        points: [L, D] float64.
        labels: [L] from 0 to C − 1.
        classes: C, at least 2.
        C: Inverse strength of the penalty.
        weights: w [L], positive.

    Source:
        Nash and Nocedal 1991, A numerical study of the limited memory BFGS method and the truncated-Newton method;
        Böhning 1992, Multinomial logistic regression algorithm (the curvature at p = 1 / C).
    """
    size, features = points.shape
    reflectors = None
    if size < features:
        work = int(lapack.dgeqrf_lwork(features, size)[0])
        factored, scales, _, _ = lapack.dgeqrf(points.T, lwork=work)
        points, reflectors = np.triu(factored[:size]).T, (factored, scales)
    problem = _Problem(points, labels, classes, C, weights)
    steps = problem.run()
    weight, bias = problem.parameters[:, :-1], problem.parameters[:, -1]
    if reflectors is not None:
        padded = np.zeros((features, classes), order="F")
        padded[:size] = weight.T
        weight = lapack.dormqr("L", "N", *reflectors, padded, lwork=64 * classes)[0].T
    return Minimum(np.ascontiguousarray(weight), bias - bias.mean(), steps)


class _Problem:
    """An iterate, with all that depends on it: parameters [C, n], logits and probabilities [C, L], gradient [C, n]."""

    def __init__(self, points: np.ndarray, labels: np.ndarray, classes: int, C: float, weights: np.ndarray) -> None:
        size, rank = points.shape
        self.points = np.ones((size, rank + 1))  # the last column is that of the bias
        self.points[:, :rank] = points
        self.labels, self.rows, self.share = labels, np.arange(size), weights / weights.sum()
        self.penalty = np.full(rank + 1, 1 / (C * weights.sum()))
        self.penalty[-1] = 0
        self.parameters, self.logits = np.zeros((classes, rank + 1)), np.zeros((classes, size))
        self.probabilities, self.objective = self._evaluate(self.parameters, self.logits)
        self.gradient = self._gradient()
        self._precision: Any = np.float32
        self._curvature = self._factor = None

    def run(self) -> int:
        """Newton steps until the gradient is small, or nothing becomes better; their number."""
        for step in range(MOST_STEPS):
            if np.abs(self.gradient).max() <= TOLERANCE:
                return step
            if not self._step():
                if self._precision is np.float64:
                    return step
                self._precision, self._curvature = np.float64, None
        return MOST_STEPS

    def _evaluate(self, parameters: np.ndarray, logits: np.ndarray) -> tuple[np.ndarray, float]:
        """Probabilities [C, L] and the objective."""
        highest = logits.max(0)
        probabilities = np.exp(logits - highest)
        totals = probabilities.sum(0)
        probabilities /= totals
        losses = np.log(totals) + highest - logits[self.labels, self.rows]
        return probabilities, float(self.share @ losses + (self.penalty * parameters**2).sum() / 2)

    def _gradient(self) -> np.ndarray:
        errors = self.probabilities.copy()
        errors[self.labels, self.rows] -= 1
        errors *= self.share
        return errors @ self.points + self.penalty * self.parameters

    def _step(self) -> bool:
        """Go along a direction as far as the objective falls; False where it does not."""
        direction = self._direction()
        if direction is None:
            return False
        slope, moved, length = float(np.vdot(self.gradient, direction)), direction @ self.points.T, 1.0
        if not slope < 0:
            return False
        rounding = 1e-13 * abs(self.objective)
        while length > 1e-6:
            parameters, logits = self.parameters + length * direction, self.logits + length * moved
            probabilities, objective = self._evaluate(parameters, logits)
            if objective <= self.objective + SUFFICIENT * length * slope + rounding:
                before = np.abs(self.gradient).max()
                self.parameters, self.logits = parameters, logits
                self.probabilities, self.objective = probabilities, objective
                self.gradient = self._gradient()
                return bool(-SUFFICIENT * length * slope > rounding or np.abs(self.gradient).max() < before)
            length /= 2
        return False

    def _direction(self) -> np.ndarray | None:
        """[C, n] float64: conjugate gradients on H d = −g; None where the numbers do not allow it."""
        kind = self._precision
        if not self._precondition():
            return None
        points, penalty = self._points, self.penalty.astype(kind)
        probabilities = self.probabilities.astype(kind)
        weighted = probabilities * self.share.astype(kind)
        unit = float(np.abs(self.gradient).max())
        residual = (self.gradient / -unit).astype(kind)
        target = max(SHRINK, 0.3 * TOLERANCE / unit)
        direction = np.zeros_like(residual)
        scaled = self._solve(residual)
        search, product = scaled, float(np.vdot(residual, scaled))
        for _ in range(MOST_PRODUCTS):
            change = search @ points.T
            change -= (probabilities * change).sum(0)
            change *= weighted
            curved = change @ points
            curved += penalty * search
            step = kind(product / float(np.vdot(search, curved)))
            direction += step * search
            residual = residual - step * curved
            if max(residual.max(), -residual.min()) <= target:
                break
            scaled = self._solve(residual)
            former, product = product, float(np.vdot(residual, scaled))
            search = scaled + kind(product / former) * search
        if not np.isfinite(direction).all():
            return None
        newton_step = direction.astype(np.float64) * unit
        return newton_step - newton_step.mean(0)  # a change of all classes alike changes no prediction

    def _precondition(self) -> bool:
        """Factor Σ_i h_i x_i x_iᵀ + λ I, h_i the mean curvature of the classes, if that moved; False where it fails."""
        classes = len(self.probabilities)
        curvature = self.share * (self.probabilities * (1 - self.probabilities)).sum(0) / (classes - 1)
        if self._curvature is not None and np.abs(curvature - self._curvature).sum() <= STALE * curvature.sum():
            return True
        if self._curvature is None:
            with np.errstate(over="ignore"):
                self._points = self.points.astype(self._precision)
        self._curvature = curvature
        roots = self._points * np.sqrt(curvature).astype(self._precision)[:, None]
        if not np.isfinite(roots).all():
            return False
        rank_k = get_blas_funcs("syrk", (roots,))
        matrix = rank_k(1.0, roots.T, lower=1)
        diagonal = np.arange(len(matrix))
        matrix[diagonal, diagonal] += self.penalty.astype(self._precision)
        matrix[-1, -1] *= 1 + 1e-6  # the bias has no penalty
        factorise, self._back = get_lapack_funcs(("potrf", "potrs"), (matrix,))
        self._factor, info = factorise(matrix, lower=1, overwrite_a=1, clean=0)
        return bool(info == 0)

    def _solve(self, residual: np.ndarray) -> np.ndarray:
        """[C, n] the preconditioner's inverse times the residual."""
        return np.asarray(self._back(self._factor, residual.T, lower=1)[0].T)
