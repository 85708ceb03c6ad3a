"""Literal twin of MaxHerding and UHerding: every kernel value of every pair, one pick after another, in float64."""

from __future__ import annotations

import math

import numpy as np

Rows = list[list[float]]


def unit(row: list[float]) -> list[float]:
    """A row divided by its Euclidean norm; zeros stay zeros."""
    largest = max(map(abs, row), default=0.0)
    if largest == 0:
        return [0.0] * len(row)
    scaled = [value / largest for value in row]  # so that no square overflows
    norm = math.sqrt(math.fsum(value * value for value in scaled))
    return [value / norm for value in scaled]


def kernel(x: list[float], y: list[float], radius: float) -> float:
    """exp(−‖x − y‖² / σ²), on unit vectors."""
    return math.exp(-((math.dist(x, y) / radius) ** 2))


def select_herding(
    features: Rows, labelled: Rows, weights: list[float], batch: int, radius: float, keys: list[float]
) -> tuple[list[int], list[float]]:
    """Greedy maximisation of C(S) = Σ_m u_m max_{s ∈ L ∪ S} k(x_m, s) (Bae et al. 2024, 2025), gain by gain.

    The pick is argmax_n C(S ∪ {n}) − C(S) over the rows not picked; of gains equal to 1e-9 the lowest key.
    """
    rows, known = [unit(row) for row in features], [unit(row) for row in labelled]
    covered = [max((kernel(x, y, radius) for y in known), default=0.0) for x in rows]
    picked: list[int] = []
    gains: list[float] = []
    for _ in range(batch):
        left = [n for n in range(len(rows)) if n not in picked]
        gain = {
            n: math.fsum(
                u * max(kernel(x, rows[n], radius) - c, 0.0) for u, x, c in zip(weights, rows, covered, strict=True)
            )
            for n in left
        }
        best = max(gain.values())
        equal = [n for n in left if gain[n] >= best * (1 - 1e-9) - 1e-12 * sum(weights)]
        row = min(equal, key=lambda n: keys[n])
        picked.append(row)
        gains.append(gain[row])
        covered = [max(c, kernel(x, rows[row], radius)) for x, c in zip(rows, covered, strict=True)]
    return picked, gains


def least_distance(labelled: Rows) -> float | None:
    """min_{i ≠ j} ‖x_i − x_j‖ of unit vectors, over pairs that differ; None where there is no such pair."""
    known = [unit(row) for row in labelled]
    apart = [math.dist(x, y) for i, x in enumerate(known) for y in known[:i]]
    return min((distance for distance in apart if distance > 1e-6), default=None)


def calibrated_temperature(log_probs: np.ndarray, labels: np.ndarray, temperatures: list[float], bins: int) -> float:
    """The temperature of least expected calibration error, the lowest of equal ones (Guo et al. 2017, eq. 3)."""
    errors = []
    for temperature in temperatures:
        powers = np.exp(log_probs.astype(np.float64) / temperature)
        probs = powers / powers.sum(1, keepdims=True)
        error = 0.0
        for number in range(bins):
            low, high = number / bins, (number + 1) / bins
            inside = [n for n in range(len(probs)) if low < probs[n].max() <= high or (high == 1 < probs[n].max())]
            right = sum(float(probs[n].argmax() == labels[n]) for n in inside)
            error += abs(right - sum(probs[n].max() for n in inside)) / len(probs)
        errors.append(error)
    best = min(errors)
    return next(t for t, error in zip(temperatures, errors, strict=True) if error <= best + 1e-12)
