"""Forecasts of learning curves: how accurate after more labels, how many labels to an accuracy, each with an interval.

Letters: L_k, A_k, k = 1 … K, label counts and accuracies seen; S seeds behind a value; n items of an audit.

The centre Â(L) is the mean of three fitted families (`al_bench.analysis.statistics.learning_curves`). The interval is
Â(L) + [q_low, q_high] · u(L), where u is a scale of the error and q_low, q_high are quantiles of (A − Â) / u over the
archive of committed runs (`al_bench.analysis.forecast_calibration`):

    u(L)² = s² + d(L)² + ((Â(L) − Â(L_K)) / 2)²,   s² = 0.005² + 0.02² / S + Â(L_K) (1 − Â(L_K)) / n

with d the families' standard deviation; the last term of s counts under an audit alone. Nothing is said beyond twice
the labels seen, nor with fewer than three label counts.

Source: intervals from quantiles of scaled errors: split conformal prediction (Papadopoulos et al. 2002; Lei et al.
2018). Their theorem needs curves that are exchangeable with those of the archive, which nobody knows of new data: so
the coverage was measured with each data set left out (results/forecast.csv).
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from al_bench.analysis.forecast_calibration import Calibration
from al_bench.analysis.statistics import Floats
from al_bench.analysis.statistics.learning_curves import FittedCurves, fit_families

FEWEST = 3
"""Label counts seen, below which nothing is fitted."""
FARTHEST = 2.0
"""How far a forecast goes, over the labels seen."""
STEPS = 201
"""Places between the labels seen and the farthest, at which a crossing is looked for."""
WIGGLE, SEED_SPREAD = 0.005, 0.02
"""Standard deviations of one accuracy: what is always there, and over seeds."""


@dataclass(frozen=True)
class Seen:
    """What is known of a curve.

    Args:
        labels: Label counts, increasing, above 0, [K].
        values: The accuracy at each, a fraction: the mean over seeds, or what an audit says, [K].
        seeds: S.
        items: n, items of the audit behind the last value; None where a test part judged.
    """

    labels: Floats
    values: Floats
    seeds: int = 1
    items: int | None = None

    @property
    def last(self) -> float:
        """L_K."""
        return float(self.labels[-1])

    @property
    def noise(self) -> float:
        """s, the standard deviation of one value."""
        variance = WIGGLE**2 + SEED_SPREAD**2 / self.seeds
        if self.items is not None:
            share = float(np.clip(self.values[-1], 0.5 / self.items, 1 - 0.5 / self.items))
            variance += share * (1 - share) / self.items
        return math.sqrt(variance)


@dataclass(frozen=True)
class Forecast:
    """A curve carried on.

    Args:
        seen: What it was fitted to.
        fitted: The families.
    """

    seen: Seen
    fitted: FittedCurves

    @classmethod
    def of(cls, seen: Seen) -> Forecast:
        """Fit the families to what is known.

        Raises:
            ValueError: there are fewer than `FEWEST` label counts.
        """
        if len(seen.labels) < FEWEST:
            raise ValueError(f"{len(seen.labels)} label counts are too few for a forecast; {FEWEST} are needed")
        return cls(seen, fit_families(seen.labels, seen.values, seen.noise))

    @property
    def farthest(self) -> float:
        """The most labels that anything is said of."""
        return FARTHEST * self.seen.last

    def centre(self, labels: Floats) -> Floats:
        """Â at label counts, [B]."""
        return self.fitted.mean(labels)

    def scale(self, labels: Floats) -> Floats:
        """u at label counts, [B]."""
        gain = (self.centre(labels) - self.fitted.mean(np.array([self.seen.last]))) / 2
        return np.sqrt(self.seen.noise**2 + self.fitted.spread(labels) ** 2 + gain**2)

    def band(self, labels: Floats, calibration: Calibration) -> tuple[Floats, Floats]:
        """The ends of the interval at label counts, each within [0, 1] and never falling with more labels, [B] each."""
        counts = np.asarray(labels, dtype=np.float64)
        low, high = calibration.quantiles(self.seen.seeds, self.seen.items is not None)
        centre, scale = self.centre(counts), self.scale(counts)
        lower, upper = (np.clip(centre + q * scale, 0.0, 1.0) for q in (low, high))
        return np.maximum.accumulate(lower), np.maximum.accumulate(upper)

    def at(self, labels: float, calibration: Calibration) -> tuple[float, float, float]:
        """The forecast accuracy at one label count, with the ends of its interval.

        Raises:
            ValueError: it is more than `farthest`.
        """
        if labels > self.farthest + 1e-9:
            raise ValueError(f"{labels} labels are beyond the farthest forecast, {self.farthest}")
        grid = np.append(self.grid()[self.grid() < labels], labels)
        lower, upper = self.band(grid, calibration)
        return float(self.centre(np.array([labels]))[0]), float(lower[-1]), float(upper[-1])

    def grid(self) -> Floats:
        """Label counts from the last one seen to the farthest."""
        return np.linspace(self.seen.last, self.farthest, STEPS)

    def crossing(self, target: float, calibration: Calibration) -> Crossing:
        """The labels at which an accuracy is reached, where the centre, the upper and the lower end reach it."""
        grid = self.grid()
        lower, upper = self.band(grid, calibration)

        def first(values: Floats) -> float:
            reached = np.flatnonzero(values >= target - 1e-9)
            return float(grid[reached[0]]) if len(reached) else math.inf

        return Crossing(first(np.maximum.accumulate(self.centre(grid))), first(upper), first(lower))


@dataclass(frozen=True)
class Crossing:
    """The labels to an accuracy; inf: more than the farthest.

    Args:
        labels: Where the centre reaches it.
        low, high: Where the upper and where the lower end of the interval does.
    """

    labels: float
    low: float
    high: float


def lead(gap: float, paired: Floats) -> float:
    """A lead over the second, in standard errors of the paired difference over seeds: g / √(sd² / S + 0.002²).

    Args:
        gap: g, how far the first is ahead by its forecast, a fraction.
        paired: Differences of the two under the same seeds at the last label count seen, [S], S at least 2.
    """
    return gap / math.sqrt(float(np.var(paired, ddof=1)) / len(paired) + 0.002**2)
