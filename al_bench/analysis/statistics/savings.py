"""Labels saved: how many fewer labels an arm needs than its baseline to reach an accuracy.

**Where a seed crosses.** The first crossing of a noisy curve is optimistic and falls on the grid of evaluations. So a
seed's curve is first made monotone (isotonic least squares), then its crossing is interpolated between the two
evaluations around it. First and sustained crossings, as the papers report them, are in the module `curves` beside it.

**How sure.** Per seed ln(L_arm / L_baseline), then Student's t over seeds, then back: 1 − exp(·). Its coverage of a
planted saving is in results/planted_savings.csv (scripts/planted_savings.py).

**Not reached.** A seed whose curve ends below the target needed more labels than it had. Dropping such censored seeds,
or treating the last label count as the crossing, biases the estimate. So where any seed is censored there is no
interval, but a bound on the median.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy.optimize import isotonic_regression

from al_bench.analysis.statistics import Counts, Floats
from al_bench.analysis.statistics.paired import Estimate, estimate


@dataclass(frozen=True)
class Saved:
    """Labels saved by an arm at one target: 1 − L_arm / L_baseline, a fraction; negative where it needs more.

    Args:
        target: The accuracy to reach, a fraction.
        n: Seeds that both arms have.
        saved: Over seeds: 1 − the geometric mean of L_arm / L_baseline. NaN where a seed is censored.
        low, high: Its 95 % interval; NaN where a seed is censored, or for n < 2.
        p: Two-sided p-value of no saving; NaN as above.
        censored: Seeds for which the baseline alone, the arm alone, and both did not reach the target.
        at_least, at_most: Bounds on the median over seeds, where a seed is censored; -inf and 1 where there is none.
        ratio: ln(L_arm / L_baseline) over seeds, whose mean and interval stand behind the others; None where a seed is
            censored.
    """

    target: float
    n: int
    saved: float
    low: float
    high: float
    p: float
    censored: tuple[int, int, int]
    at_least: float
    at_most: float
    ratio: Estimate | None = None

    @property
    def exact(self) -> bool:
        """Whether every seed of both arms reached the target."""
        return self.n > 0 and not any(self.censored)

    def interval(self, level: float) -> tuple[float, float]:
        """The saving's interval at another confidence, 1 − level; NaN where a seed is censored, or for n < 2."""
        if self.ratio is None:
            return math.nan, math.nan
        low, high = self.ratio.interval(level)
        return 1 - math.exp(high), 1 - math.exp(low)


def crossings(labels: Counts, accuracy: Floats, targets: Sequence[float]) -> Floats:
    """Where the monotone fit of every seed's curve crosses each target: labels, interpolated.

    The fit is the non-decreasing sequence nearest in squares to the seed's accuracies. A target that is reached at the
    first evaluation is crossed there: the protocol needs no fewer. One label is the least there is.

    Args:
        labels: Label counts, increasing, [B].
        accuracy: Or another number of which higher is better; NaN where not evaluated, [S, B].
        targets: In its unit, X of them.

    Returns:
        [S, X]; inf where the fit ends below the target, NaN for a seed without any evaluation.

    Source: the fit is the pool-adjacent-violators algorithm (Ayer et al. 1955), SciPy's.
    """
    crossed = np.full((len(accuracy), len(targets)), np.nan)
    for seed, row in enumerate(accuracy):
        there = ~np.isnan(row)
        if there.any():
            fit = isotonic_regression(row[there]).x
            crossed[seed] = [_crossing(labels[there], fit, target) for target in targets]
    return crossed


def max_fitted(accuracy: Floats) -> Floats:
    """The end of the monotone fit of every seed's curve, [S]: every target up to there is crossed.

    Args:
        accuracy: As for `crossings`; at least one evaluation per seed.
    """
    return np.array([isotonic_regression(row[~np.isnan(row)]).x[-1] for row in accuracy])


def _crossing(counts: Counts, fit: Floats, target: float) -> float:
    reached = target - 1e-9  # a mean of equal fractions may fall short in its last bit
    if fit[-1] < reached:
        return math.inf
    above = int(np.searchsorted(fit, reached, side="left"))
    if above == 0:
        return max(float(counts[0]), 1.0)
    low, high = fit[above - 1], fit[above]
    share = min((target - low) / (high - low), 1.0)
    return max(float(counts[above - 1] + share * (counts[above] - counts[above - 1])), 1.0)


def saved(target: float, arm: Floats, baseline: Floats, arm_ends: Floats, baseline_ends: Floats) -> Saved:
    """Labels saved at one target, paired by seed.

    Args:
        target: The accuracy to reach, a fraction.
        arm, baseline: Labels at which either crossed it under each of P shared seeds, inf where it did not, [P].
        arm_ends, baseline_ends: The last label count of either's curve, [P].
    """
    n = len(arm)
    lost, short = np.isinf(arm), np.isinf(baseline)
    counts = (int((short & ~lost).sum()), int((lost & ~short).sum()), int((lost & short).sum()))
    if n and not any(counts):
        ratio = estimate(np.log(arm / baseline))
        return Saved(target, n, *_back(ratio), ratio.p, counts, -math.inf, 1.0, ratio)
    nan = math.nan
    # A censored arm needed more than its end (saved < ...), a censored baseline likewise (saved > ...).
    least = np.where(lost, -np.inf, 1 - arm / np.where(short, baseline_ends, baseline))
    most = np.where(short, 1.0, 1 - np.where(lost, arm_ends, arm) / np.where(short, 1.0, baseline))
    at_least = _lower_median(least) if n else -math.inf
    at_most = _upper_median(most) if n else 1.0
    return Saved(target, n, nan, nan, nan, nan, counts, at_least, at_most)


def _back(ratio: Estimate) -> tuple[float, float, float]:
    """From ln(L_arm / L_baseline) to the saving with its interval; the ends swap."""
    return 1 - math.exp(ratio.mean), 1 - math.exp(ratio.high), 1 - math.exp(ratio.low)


def _lower_median(values: Floats) -> float:
    """The median; of an even number of values the lower of the middle two, so that -inf needs no mean."""
    return float(np.sort(values)[(len(values) - 1) // 2])


def _upper_median(values: Floats) -> float:
    return float(np.sort(values)[len(values) // 2])
