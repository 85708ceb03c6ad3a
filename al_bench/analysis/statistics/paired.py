"""Differences of two arms under the same seeds: Student's t, Holm's correction, seeds for a given power.

There is no Wilcoxon test here: with 5 pairs its smallest two-sided p is 2/2^5 = 0.0625, so that it could never find
anything. Nor a percentile bootstrap: over 5 seeds its 95 % interval covers 87 %.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy import special

from al_bench.analysis.statistics import Floats

FEWEST = 3
"""Fewer seeds than this are always too few to tell."""

FEWEST_FOR_SELECTED = 5
"""With fewer seeds than this a claim is printed without its interval: of the intervals of weak gains that are printed
because they are significant, too many miss even after correction (results/planted_savings.csv)."""

SPREAD_CONFIDENCE = 0.8
"""The confidence of the interval of the spread behind a range of seeds."""

LEVEL = 0.05
POWER = 0.8
MOST_SEEDS = 100_000
_NO_SPREAD = 1e-12


@dataclass(frozen=True)
class Estimate:
    """A mean over n seeds with its 95 % interval.

    Args:
        n: Seeds behind it.
        mean: NaN for n = 0.
        low, high: Its interval; NaN for n < 2.
        sd: Standard deviation over seeds (ddof 1); NaN for n < 2.
        p: Two-sided p-value of a mean of 0; NaN for n < 2.
    """

    n: int
    mean: float
    low: float
    high: float
    sd: float
    p: float

    def interval(self, level: float) -> tuple[float, float]:
        """Student's interval at another confidence, 1 − level; `low` and `high` are that of LEVEL."""
        if self.n < 2:
            return math.nan, math.nan
        quantiles = special.stdtrit(self.n - 1, [1 - level / 2, 1 - LEVEL / 2])
        half = (self.high - self.low) / 2 * float(quantiles[0] / quantiles[1])
        return self.mean - half, self.mean + half


def estimate(differences: Floats) -> Estimate:
    """Mean of paired differences with Student's interval: mean ± t(0.975, n−1) · sd/√n.

    NaN differences are left out. Differences without any spread have an interval without width, and p is 0, or 1
    where they are all 0 (two arms that did the same).

    Args:
        differences: One per seed, in any unit, [S].
    """
    return estimates(np.asarray(differences, dtype=np.float64)[:, None])[0]


def estimates(differences: Floats, resolution: float = 0.0) -> list[Estimate]:
    """`estimate` of every column of [S, B].

    Args:
        resolution: The step between possible accuracies, 1 / the test points. Each is then off by a uniform error of
            variance resolution²/12, and a difference of two by resolution²/6, which is added to the variance behind
            interval and p: with 30 test points three seeds differ by exactly the same often enough. `sd` stays what was
            seen.
    """
    if len(differences) == 0:
        return [Estimate(0, *[math.nan] * 5)] * differences.shape[1]
    there = ~np.isnan(differences)  # [S,B]
    n = there.sum(axis=0)  # [B]
    with np.errstate(invalid="ignore", divide="ignore"):
        mean = np.where(there, differences, 0).sum(axis=0) / n
        sd = np.sqrt(np.where(there, (differences - mean) ** 2, 0).sum(axis=0) / (n - 1))
        sd = np.where(n > 1, sd, np.nan)
        sd = np.where(sd <= _NO_SPREAD * np.abs(mean), 0.0, sd)
        unsure = np.sqrt(sd**2 + resolution**2 / 6)
        t = np.where((unsure == 0) & (mean == 0), 0.0, np.sqrt(n) * mean / unsure)
        freedom = np.maximum(n - 1, 1)
        half = special.stdtrit(freedom, 1 - LEVEL / 2) * unsure / np.sqrt(n)
        p = np.where(n > 1, 2 * special.stdtr(freedom, -np.abs(t)), np.nan)
    columns = (mean, mean - half, mean + half, sd, p)
    return [
        Estimate(int(n[number]), *(float(column[number]) for column in columns))
        for number in range(differences.shape[1])
    ]


def holm(p_values: Sequence[float]) -> list[float]:
    """Holm's step-down adjusted p-values: the k-th smallest of m is max over j <= k of min(1, (m − j + 1) p_j).

    Rejecting what is adjusted to at most 0.05 keeps the chance of any false rejection at 5 %, whatever the
    dependence. NaN (no test was possible) counts in m and stays NaN.

    Source: Holm 1979 (A simple sequentially rejective multiple test procedure).
    """
    m = len(p_values)
    order = sorted(range(m), key=lambda number: (math.isnan(p_values[number]), p_values[number]))
    adjusted, largest = [math.nan] * m, 0.0
    for step, number in enumerate(order):
        if math.isnan(p_values[number]):
            break
        largest = max(largest, min(1.0, (m - step) * p_values[number]))
        adjusted[number] = largest
    return adjusted


def selected_level(claimed: int, tests: int) -> float:
    """The level of an interval that is shown because its test was significant: 0.05 · R / m.

    An interval that is printed only where its test is significant covers less often than it says. At this level at most
    5 % of the intervals printed miss on average over studies, where a study without one counts as none missed; and an
    interval whose test Holm's correction calls significant at 5 % does not cover 0.

    Args:
        claimed: R, the tests of the family that are significant, at least 1.
        tests: m, all tests of the family.

    Source: Benjamini & Yekutieli 2005 (False discovery rate-adjusted multiple confidence intervals for selected
    parameters), sec. 3; where R is 1 it is Bonferroni's simultaneous interval.
    """
    return LEVEL * (max(claimed, 1) / max(claimed, tests, 1))


def power(n: int, difference: float, sd: float, level: float = LEVEL) -> float:
    """The chance that a two-sided paired t-test of n seeds finds a true difference: noncentral t.

    Power = 1 − F(t*; n−1, δ) + F(−t*; n−1, δ) with δ = √n · difference/sd and t* = t(1 − level/2, n−1).

    Args:
        n: Seeds, at least 2.
        difference: The true mean difference; sd: the spread of the differences, in the same unit, above 0.
        level: The level of the test.
    """
    shift = math.sqrt(n) * abs(difference) / sd
    if shift > 30:  # beyond where the noncentral distribution can be evaluated, and certain
        return 1.0
    critical = float(special.stdtrit(n - 1, 1 - level / 2))
    above = 1 - float(special.nctdtr(n - 1, shift, critical))
    below = float(special.nctdtr(n - 1, shift, -critical))
    return above + (0.0 if math.isnan(below) else below)


def seeds_needed(difference: float, sd: float, level: float = LEVEL) -> int:
    """The fewest seeds, at least 3, with which a paired t-test finds `difference` with 80 % power.

    The spread is taken for the truth; from few seeds it is a guess itself: see `seeds_range`.

    Args:
        difference, sd, level: As for `power`; the spread may be 0.

    Returns:
        At most MOST_SEEDS, which stands for that many or more.
    """
    if sd == 0 or power(FEWEST, difference, sd, level) >= POWER:
        return FEWEST
    low, high = FEWEST, 2 * FEWEST
    while power(high, difference, sd, level) < POWER:
        if high >= MOST_SEEDS:
            return MOST_SEEDS
        low, high = high, 2 * high
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (low, middle) if power(middle, difference, sd, level) >= POWER else (middle, high)
    return min(high, MOST_SEEDS)


def spread_interval(sd: float, n: int) -> tuple[float, float]:
    """The 80 % interval of the true standard deviation behind one seen over n seeds.

    sd · √((n − 1) / χ²(0.9; n − 1)) to sd · √((n − 1) / χ²(0.1; n − 1)), where differences are normally distributed.

    Raises:
        ValueError: Fewer than 2 seeds.
    """
    if n < 2:
        raise ValueError(f"no spread is known from {n} seeds")
    tail = (1 - SPREAD_CONFIDENCE) / 2
    high, low = (2 * float(special.gammaincinv((n - 1) / 2, share)) for share in (1 - tail, tail))  # χ² quantiles
    return sd * math.sqrt((n - 1) / high), sd * math.sqrt((n - 1) / low)


def seeds_range(difference: float, sd: float, n: int, level: float = LEVEL) -> tuple[int, int]:
    """`seeds_needed` at both ends of `spread_interval`.

    With the larger number the true power is 80 % or more in 9 of 10 studies, where differences are normally
    distributed.

    Args:
        difference, level: As for `seeds_needed`.
        sd: The spread seen.
        n: Over how many seeds it was seen, at least 2.
    """
    low, high = (seeds_needed(difference, spread, level) for spread in spread_interval(sd, n))
    return low, high
