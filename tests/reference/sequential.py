"""Literal twins of the limits of looks: by quadrature for t, by enumeration for the sign test."""

from __future__ import annotations

import itertools

import numpy as np
from numpy.typing import NDArray
from scipy import special

Floats = NDArray[np.float64]


def _mean_cosine(k: int, value: Floats) -> Floats:
    """P(R ≤ value) of R = Σ x / √(k Σ x²), x standard normal, [k]: (1 + R) / 2 is Beta((k−1)/2, (k−1)/2)."""
    share = np.clip((1 + value) / 2, 0, 1)
    return special.betainc((k - 1) / 2, (k - 1) / 2, share)


def passing(looks: tuple[int, ...], limits: tuple[float, ...], cells: int = 240, points: int = 80) -> list[float]:
    """P(|t| has passed a limit by each look) of normal differences of mean 0, by quadrature.

    With S and Q the sum and the sum of squares of n differences, R = S / √(n Q) is t / √(t² + n − 1). R is independent
    of Q, so that R after further k differences depends on the past through R alone:
    R' = (√(n B) R + √(k (1 − B)) ρ) / √(n + k), B = Q / (Q + q) ~ Beta(n/2, k/2), ρ the R of the new ones.
    """
    edge = limits[0] / np.sqrt(limits[0] ** 2 + looks[0] - 1)
    edges = np.linspace(-edge, edge, cells + 1)
    mass = np.diff(_mean_cosine(looks[0], edges))
    passed = [1 - mass.sum()]
    quantiles = (np.arange(points) + 0.5) / points
    for before, n, limit in zip(looks, looks[1:], limits[1:], strict=False):
        k, centres = n - before, (edges[1:] + edges[:-1]) / 2
        share = special.betaincinv(before / 2, k / 2, quantiles)  # [points]
        edge = limit / np.sqrt(limit**2 + n - 1)
        edges = np.linspace(-edge, edge, cells + 1)
        below = np.zeros(cells + 1)
        for weight in share:
            old = np.sqrt(before * weight) * centres[:, None]
            needed = (np.sqrt(n) * edges - old) / np.sqrt(k * (1 - weight))
            below += mass @ _mean_cosine(k, needed) / points
        mass = np.diff(below)
        passed.append(float(1 - mass.sum()))
    return passed


def passing_signs(looks: tuple[int, ...], limits: tuple[int, ...]) -> list[float]:
    """P(the number of seeds ahead has reached a limit by each look) with P(ahead) = 1/2, over every outcome."""
    passed = np.zeros(len(looks))
    for outcome in itertools.product((0, 1), repeat=looks[-1]):
        reached = [sum(outcome[:n]) >= limit for n, limit in zip(looks, limits, strict=True)]
        if any(reached):
            passed[reached.index(True) :] += 1
    return list(passed / 2 ** looks[-1])
