"""Literal twins of an audit's formulas, from their definitions."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from itertools import permutations

import numpy as np
from scipy.optimize import brentq
from scipy.stats import beta


def at_least(right: int, items: int, share: float) -> float:
    """The probability of so many right or more, of items that are each right with probability `share`."""
    return math.fsum(math.comb(items, k) * share**k * (1 - share) ** (items - k) for k in range(right, items + 1))


def clopper_pearson(right: int, items: int, level: float = 0.95) -> tuple[float, float]:
    """The shares under which neither as many right nor as few has a probability below half of 1 − level."""
    tail = (1 - level) / 2
    low = 0.0 if right == 0 else brentq(lambda p: at_least(right, items, p) - tail, 0, 1, xtol=1e-14)
    high = 1.0 if right == items else brentq(lambda p: 1 - at_least(right + 1, items, p) - tail, 0, 1, xtol=1e-14)
    return low, high


def lure(q: Sequence[float], losses: Sequence[float], size: int) -> float:
    """R_LURE of Farquhar, Gal and Rainforth 2021, term by term."""
    drawn = len(q)
    total = 0.0
    for m in range(1, drawn + 1):
        weight = 1.0
        if m < size:
            weight += (size - drawn) / (size - m) * (1 / ((size - m + 1) * q[m - 1]) - 1)
        total += weight * losses[m - 1]
    return total / drawn


def proposal(expected_loss: Sequence[float], floor: float) -> list[float]:
    """The probabilities with which the next item is drawn, of those left."""
    total, items = math.fsum(expected_loss), len(expected_loss)
    return [(1 - floor) * loss / total + floor / items if total > 0 else 1 / items for loss in expected_loss]


def every_draw(
    size: int, drawn: int, q: Callable[[tuple[int, ...], list[int]], Sequence[float]]
) -> list[tuple[tuple[int, ...], list[float], float]]:
    """Every sequence of draws without replacement, its probabilities by step, and its probability.

    Args:
        size: Items.
        drawn: Draws.
        q: Rows drawn so far, and those left, to the probabilities of these.
    """
    out = []
    for rows in permutations(range(size), drawn):
        steps = []
        for step, row in enumerate(rows):
            left = [other for other in range(size) if other not in rows[:step]]
            steps.append(q(rows[:step], left)[left.index(row)])
        out.append((rows, steps, math.prod(steps)))
    return out


def worth(y: float, variance: float, drawn: int, reserve: float) -> float:
    """The uniform draws n that have the variance of so many weighted ones: n = y (1 − y) / (V + V_N)."""
    if variance <= 0:
        variance = y * (1 - y) / drawn
    return y * (1 - y) / (variance + max(0.0, y * (1 - y) - drawn * variance) / reserve)


def kish(v: Sequence[float]) -> float:
    """The effective number of weighted draws: (Σ v)² / Σ v²."""
    return math.fsum(v) ** 2 / math.fsum(weight**2 for weight in v)


def lure_interval(v: Sequence[float], wrong: Sequence[bool], size: int, unseen: float) -> tuple[float, float, float]:
    """The accuracy by LURE and the ends of its interval, of weights that are not all alike."""
    drawn = len(v)
    faults = [weight for weight, is_wrong in zip(v, wrong, strict=True) if is_wrong]
    ends = []
    for extra in ([], [unseen]):
        y = math.fsum([*faults, *extra]) / drawn
        variance = math.fsum(weight**2 for weight in [*faults, *extra]) / drawn**2 - y**2 / drawn
        ends.append((y, variance))
    (y, variance), (above, its_variance) = ends
    low = 0.0
    if 0 < y < 1:
        n = worth(y, variance, drawn, size)
        low = beta.ppf(0.025, n * y, n - n * y + 1)
    elif y >= 1:
        low = beta.ppf(0.025, drawn, 1)
    high = 1.0
    if above >= 1 and not all(wrong):
        high = beta.ppf(0.975, kish(v), 1)
    elif not all(wrong):
        n = worth(above, its_variance, drawn, size)
        high = beta.ppf(0.975, n * above, n - n * above + 1)
    return 1 - min(1.0, y), 1 - high, 1 - low


def ratio_interval(
    v: Sequence[float], wrong: Sequence[bool], reserve: float, unseen: float
) -> tuple[float, float, float]:
    """The accuracy on a part of the draws and the ends of its interval, of weights that are not all alike."""
    total = math.fsum(v)

    def most(flags: Sequence[bool]) -> float:
        """The upper end of the share of a flag."""
        y = (math.fsum(weight for weight, flag in zip(v, flags, strict=True) if flag) + unseen) / total
        if all(flags):
            return 1.0
        if y >= 1:
            return float(beta.ppf(0.975, kish(v), 1))
        variance = math.fsum((weight / total) ** 2 * (flag - y) ** 2 for weight, flag in zip(v, flags, strict=True))
        variance += (unseen / total) ** 2 * (
            1 - 2 * y
        )  # the item that is added, in place of as much of one that is not
        n = worth(y, variance, len(v), reserve)
        return float(beta.ppf(0.975, n * y, n - n * y + 1))

    right = [not flag for flag in wrong]
    value = math.fsum(weight for weight, flag in zip(v, right, strict=True) if flag) / total
    return value, 1 - most(wrong), most(right)


def melded(counts: Sequence[tuple[int, int]], level: float = 0.95, steps: int = 4_000) -> tuple[float, float]:
    """The ends of a mean of shares (right, items), by convolving the distributions of their ends on a grid."""
    ends = []
    for add, tail in ((0, (1 - level) / 2), (1, (1 + level) / 2)):
        mass = np.ones(1)
        for right, items in counts:
            grid = np.linspace(0, 1, steps + 1)
            a, b = right + add, items - right + 1 - add
            cdf = np.asarray(grid >= 1 if b == 0 else grid >= 0 if a == 0 else beta.cdf(grid, a, b), dtype=float)
            mass = np.convolve(mass, np.diff(cdf, prepend=0.0))
        ends.append(int(np.searchsorted(np.cumsum(mass), tail)) / (steps * len(counts)))
    return ends[0], ends[1]
