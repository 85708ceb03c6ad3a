"""Variance components of a crossed study: how much of the spread over seeds each kind of seed explains.

The model is the random-effects analysis of variance with main effects, for factors such as the seed of the initial set
and that of the training, every combination of them equally often:

    y = μ + Σ_f A_f + E,  A_f ~ N(0, σ_f²),  E ~ N(0, σ_E²),  all independent.

It assumes effects that are normal, independent and add up: what the factors do together is in the rest.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.stats import chi2, f

from al_bench.analysis.statistics import Floats

LEVEL = 0.05
"""One less the confidence of the intervals."""


@dataclass(frozen=True)
class Component:
    """One variance.

    Args:
        variance: Its estimate, σ̂² = (MS_f − MS_E) · n_f / N; of the rest MS_E. A negative estimate is 0.
        low, high: Its 95 % interval, cut at 0; NaN where there is none.
        levels: n_f, how many seeds of that kind; of the rest its degrees of freedom.
    """

    variance: float
    low: float
    high: float
    levels: int


def is_balanced(factors: Mapping[str, NDArray[np.int64]]) -> bool:
    """Whether every combination of the factors' levels occurs equally often.

    Args:
        factors: Name to the level of each of N runs.
    """
    rows = list(zip(*(levels.tolist() for levels in factors.values()), strict=True))
    cells = math.prod(len(np.unique(levels)) for levels in factors.values())
    counts = {row: rows.count(row) for row in set(rows)}
    return len(counts) == cells and len(set(counts.values())) == 1


def components(values: Floats, factors: Mapping[str, NDArray[np.int64]]) -> dict[str, Component]:
    """The variance of every factor, and of the rest under the name "rest".

    MS_f = (N / n_f) Σ_i (ȳ_i − ȳ)² / (n_f − 1) over the n_f means of a factor's levels, and
    MS_E = (Σ (y − ȳ)² − Σ_f (n_f − 1) MS_f) / (N − 1 − Σ_f (n_f − 1)). The interval of σ_f² is the modified
    large-sample interval for a difference of mean squares, that of σ_E² the exact one by the χ² distribution.

    Args:
        values: [N] of the runs.
        factors: Name to the level of each run, [N]; balanced, each with two levels at least.

    Returns:
        Name to component, in the order of the factors, the rest last; empty where no degree of freedom is left.

    Source: Searle, Casella and McCulloch 1992 (Variance components), chapter 4; the interval Ting, Burdick, Graybill,
        Jeyaratnam and Lu 1990 (Confidence intervals on linear combinations of variance components that are unrestricted
        in sign).
    """
    count, mean = len(values), values.mean()
    squares = {}
    for name, levels in factors.items():
        which, place = np.unique(levels, return_inverse=True)
        means = np.bincount(place, values) / np.bincount(place)
        squares[name] = (len(which), count / len(which) * float(((means - mean) ** 2).sum()))
    rest = count - 1 - sum(number - 1 for number, _ in squares.values())
    if rest < 1:
        return {}
    left = max(float(((values - mean) ** 2).sum()) - sum(square for _, square in squares.values()), 0.0)
    error = left / rest
    found = {}
    for name, (number, square) in squares.items():
        effect, scale = square / (number - 1), number / count
        low, high = difference_interval(effect, number - 1, error, rest)
        found[name] = Component(max(effect - error, 0.0) * scale, max(low, 0.0) * scale, max(high, 0.0) * scale, number)
    ends = left / chi2.ppf([1 - LEVEL / 2, LEVEL / 2], rest)
    found["rest"] = Component(error, float(ends[0]), float(ends[1]), rest)
    return found


def difference_interval(first: float, first_df: int, second: float, second_df: int) -> tuple[float, float]:
    """The interval of θ_1 − θ_2 from two independent mean squares S_i ~ θ_i χ²(n_i) / n_i, at 1 − LEVEL.

    S_1 − S_2 − √(G_1² S_1² + H_2² S_2² + G_12 S_1 S_2) and S_1 − S_2 + √(H_1² S_1² + G_2² S_2² + H_12 S_1 S_2), with
    G_i = 1 − 1/F_{α; n_i, ∞}, H_i = 1/F_{1−α; n_i, ∞} − 1, G_12 = ((F − 1)² − G_1² F² − H_2²) / F for
    F = F_{α; n_1, n_2}, and H_12 = ((1 − F)² − H_1² F² − G_2²) / F for F = F_{1−α; n_1, n_2}; α is half of LEVEL, F_{α}
    the upper α point.

    Args:
        first, second: S_1 and S_2.
        first_df, second_df: n_1 and n_2.
    """
    alpha = LEVEL / 2

    def upper(df: int) -> float:
        return float(chi2.ppf(1 - alpha, df)) / df

    def lower(df: int) -> float:
        return float(chi2.ppf(alpha, df)) / df

    g1, g2 = 1 - 1 / upper(first_df), 1 - 1 / upper(second_df)
    h1, h2 = 1 / lower(first_df) - 1, 1 / lower(second_df) - 1
    high_f, low_f = float(f.ppf(1 - alpha, first_df, second_df)), float(f.ppf(alpha, first_df, second_df))
    g12 = ((high_f - 1) ** 2 - g1**2 * high_f**2 - h2**2) / high_f
    h12 = ((1 - low_f) ** 2 - h1**2 * low_f**2 - g2**2) / low_f
    down = g1**2 * first**2 + h2**2 * second**2 + g12 * first * second
    up = h1**2 * first**2 + g2**2 * second**2 + h12 * first * second
    return first - second - math.sqrt(max(down, 0.0)), first - second + math.sqrt(max(up, 0.0))
