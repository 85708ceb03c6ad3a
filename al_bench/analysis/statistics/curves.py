"""Statistics of learning curves over seeds: functions of arrays that read no file and draw nothing.

Letters: S seeds, T label counts. Accuracy (or another metric) is NaN where a seed has no evaluation at that count.
Nothing is interpolated between label counts: a model was trained at those and at no other.

**Seeds of different lengths** (`schedule.stop_at_accuracy`, a run still going). Averaging whoever is left
is biased: where runs stop at a target, those left are the slow ones, and the curve sags. So `ends` says
what is done, and every figure uses the default unless told otherwise:

- `common` (default): only label counts at which every seed was evaluated, so each point is over the same
  seeds. The curve ends with the shortest run.
- `pad`: a seed that has ended keeps its last accuracy. For runs stopped on success a lower bound.
- `available`: every label count, over the seeds that are there; n changes along the curve.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np

from al_bench.analysis.statistics import Counts, Floats
from al_bench.errors import InputError

ENDS = ("common", "pad", "available")
RULES = ("first", "sustained", "median_curve", "mean_curve")

# Half a test row in five million: 0.95 reached by way of a mean or a 32-bit float is not missed.
_TOLERANCE = 1e-7


class Series(Protocol):
    """Anything with labelled-set sizes and the values of a metric there, such as a Run."""

    @property
    def labels(self) -> Sequence[int]: ...

    @property
    def values(self) -> Sequence[float]: ...


@dataclass(frozen=True)
class Curves:
    """The curves of one arm on one grid: labels [T] strictly increasing; accuracies (or another metric) [S,T]."""

    labels: Counts
    values: Floats


@dataclass(frozen=True)
class Summary:
    """One arm's statistics over seeds, each [T]; `n` counts the seeds behind a point."""

    labels: Counts
    n: Counts
    median: Floats
    q25: Floats
    q75: Floats
    mean: Floats
    sem: Floats


def stack(runs: Sequence[Series], ends: str = "common") -> Curves:
    """Put the runs of one arm on one grid of label counts, as `ends` says (see the module).

    Args:
        runs: S runs with at least one evaluation each.
        ends: `common`, `pad` or `available`.

    Returns:
        Curves with T >= 1; NaN only under `available`.

    Raises:
        InputError: `ends` is unknown, there is nothing to stack, or the seeds share no label count.
    """
    if ends not in ENDS:
        raise InputError(f"ends is {ends!r}; allowed are {', '.join(ENDS)}")
    if not runs or any(len(run.labels) == 0 for run in runs):
        raise InputError("a curve needs at least one evaluated round of every run")
    grid = sorted({count for run in runs for count in run.labels})
    column = {count: number for number, count in enumerate(grid)}
    accuracy = np.full((len(runs), len(grid)), np.nan)  # [S,T]
    for row, run in enumerate(runs):
        accuracy[row, [column[count] for count in run.labels]] = run.values
        if ends == "pad":
            accuracy[row, column[run.labels[-1]] :] = run.values[-1]
    labels = np.array(grid, dtype=np.int64)
    if ends != "available":
        shared = ~np.isnan(accuracy).any(axis=0)  # [T]
        if not shared.any():
            raise InputError("the seeds share no label count; ends=available shows each where it is")
        labels, accuracy = labels[shared], accuracy[:, shared]
    return Curves(labels, accuracy)


def summarise(curves: Curves) -> Summary:
    """Median and quartiles, mean and standard error over seeds, at every label count.

    Quartiles interpolate linearly between order statistics (NumPy's default, Hyndman & Fan 1996, type 7).
    The standard error is sqrt(Σ(a − ā)² / (n − 1)) / sqrt(n): the n − 1 of a sample, not of a population,
    since the seeds stand for all seeds. It is NaN for n = 1, where the spread is unknown, not zero; the
    quartiles of one seed are that seed.
    """
    values = curves.values  # [S,T]
    n = (~np.isnan(values)).sum(axis=0)  # [T]
    quantiles = np.quantile if (n == len(values)).all() else np.nanquantile  # the latter goes column by column
    q25, median, q75 = quantiles(values, [0.25, 0.5, 0.75], axis=0)  # [T] each
    mean = np.nanmean(values, axis=0)  # [T]
    squares = np.nansum((values - mean) ** 2, axis=0)  # [T]
    variance = np.where(n > 1, squares / np.maximum(n - 1, 1), np.nan)  # [T]
    return Summary(curves.labels, n.astype(np.int64), median, q25, q75, mean, np.sqrt(variance / n))


def labels_to_target(
    labels: Sequence[int] | Counts,
    accuracy: Sequence[float] | Floats,
    target: float,
    rule: str = "first",
    sign: int = 1,
) -> float:
    """How many labels (initial set included) it took to reach an accuracy; inf where it was not reached.

    The count is the size of the labelled set of the model that reached the target. (BatchBALD's Table 1
    prints that size less one acquisition batch; Gal et al. 2017 leave open which of the rules they used.)

    Args:
        labels: Label counts [T].
        accuracy: [T] under `first` and `sustained`, one run; [S,T] under the curve rules. NaN: not evaluated.
        target: In the unit of `accuracy`; reached means at least that, or at most where `sign` is −1.
        rule: `first`: the first count at or above the target, optimistic on a noisy curve. `sustained`: the
            first from which no later evaluation falls below. `median_curve`, `mean_curve`: the first at
            which the median (mean) over the seeds is at or above.
        sign: 1; or −1 for a metric of which lower is better.

    Raises:
        InputError: An unknown rule.
        ValueError: Shapes that do not belong together.
    """
    if rule not in RULES:
        raise InputError(f"rule is {rule!r}; allowed are {', '.join(RULES)}")
    counts = np.asarray(labels, dtype=np.int64)  # [T]
    values = np.asarray(accuracy, dtype=np.float64)  # [T] or [S,T]
    if rule in ("median_curve", "mean_curve"):
        if values.ndim != 2:
            raise ValueError(f"{rule} needs accuracy [S,T], not shape {values.shape}")
        summary = summarise(Curves(counts, values))
        values = summary.median if rule == "median_curve" else summary.mean
    if values.shape != counts.shape:
        raise ValueError(f"labels {counts.shape} and accuracy {values.shape} differ in shape")
    evaluated = ~np.isnan(values)
    counts, above = counts[evaluated], sign * values[evaluated] >= sign * target - _TOLERANCE
    if rule == "sustained":
        above = np.logical_and.accumulate(above[::-1])[::-1]
    return float(counts[np.argmax(above)]) if above.any() else math.inf


def quantile(values: Sequence[float], q: float) -> float:
    """The q-quantile of values that may be inf (linear, type 7): inf where an infinite one has weight."""
    ordered = sorted(values)
    position = (len(ordered) - 1) * q
    low, weight = math.floor(position), position - math.floor(position)
    if weight == 0:
        return ordered[low]
    if math.isinf(ordered[low + 1]):
        return math.inf
    return ordered[low] + weight * (ordered[low + 1] - ordered[low])
