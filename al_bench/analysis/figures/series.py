"""The numbers behind the figures, read from a arm's rounds onto its grid of label counts.

Letters: S seeds, T label counts of the arm, C classes.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from al_bench.analysis.arms import Arm
from al_bench.analysis.statistics import Floats as Floats
from al_bench.errors import InputError
from al_bench.metrics import METRICS, Metric
from al_bench.records import RoundRecord
from al_bench.storage.runs import Run

X_AXES = ("labels", "seconds", "seconds+evaluate")
STAGES = ("train", "evaluate", "score", "select")


@dataclass(frozen=True)
class Line:
    """One arm as drawn, each [T]: the label counts, where they lie on the x axis, the centre and its band."""

    labels: NDArray[np.int64]
    x: Floats
    centre: Floats
    low: Floats
    high: Floats


def metric_called(name: str) -> Metric:
    """The metric of that name.

    Raises:
        InputError: There is none.
    """
    if name not in METRICS:
        raise InputError(f"quantity is {name!r}; allowed are {', '.join(METRICS)}")
    return METRICS[name]


def values_of(arm: Arm, metric: str) -> Floats:
    """A round's metric, as it was recorded, at `arm.curves.labels`, [S,T].

    A seed that has ended holds its last value where `arm.curves` holds its accuracy; NaN elsewhere.

    Raises:
        InputError: An unknown metric, or one that no round of the arm recorded.
    """
    metric_called(metric)
    if metric == "accuracy":
        return arm.curves.accuracy
    values = np.stack(
        [_on_grid(run, [_finite_or_nan(entry.get(metric)) for entry in run.rounds], arm) for run in arm.runs]
    )
    values[np.isnan(arm.curves.accuracy)] = np.nan
    if np.isnan(values).all():
        raise InputError(f"no run of {arm.name} on {arm.dataset} recorded {metric}; plot another --quantity")
    return values


def seconds_of(arm: Arm, evaluate: bool = False) -> Floats:
    """Seconds spent until the model at each of `arm.curves.labels` was trained, [S,T].

    For round r: Σ over rounds before r of train + score + select, plus the training of round r; with
    `evaluate` also the evaluations up to and including r's.

    Raises:
        InputError: A round recorded no seconds.
    """
    rows = []
    for run in arm.runs:
        spent, so_far = [], 0.0
        for entry in run.rounds:
            seconds = stage_seconds_of(run, entry)
            before = seconds["train"] + (seconds["evaluate"] if evaluate else 0.0)
            spent.append(so_far + before)
            so_far += before + seconds["score"] + seconds["select"]
        rows.append(_on_grid(run, spent, arm))
    return np.stack(rows)


def stage_seconds_of(run: Run, entry: RoundRecord) -> dict[str, float]:
    """The seconds of one round by stage, 0 for a stage that did not run.

    Raises:
        InputError: The round has no seconds of training.
    """
    seconds = {stage: float(entry.seconds.get(stage, 0.0)) for stage in STAGES}
    if "train" not in entry.seconds or not all(map(math.isfinite, seconds.values())):
        raise InputError(f"{run.folder}: round {entry.round} has no usable seconds; plot against labels instead")
    return seconds


def class_counts_of(run: Run) -> dict[int, NDArray[np.int64]]:
    """The labelled set's class counts [C] by its size, for the rounds that recorded them."""
    by_size = {}
    for entry in run.rounds:
        counts = entry.get("class_counts")
        if isinstance(counts, list) and counts and all(isinstance(count, int) for count in counts):
            by_size[int(entry["labelled"])] = np.array(counts, dtype=np.int64)
    return by_size


def _on_grid(run: Run, values: Sequence[float], arm: Arm) -> Floats:
    """`values` of the run's rounds at the arm's label counts, the last one held once the run has ended, [T]."""
    by_labels = {int(entry["labelled"]): value for entry, value in zip(run.rounds, values, strict=True)}
    row, last = [], run.labels[-1]
    for count in arm.curves.labels.tolist():
        row.append(by_labels.get(min(count, last), math.nan))
    return np.array(row, dtype=np.float64)


def _finite_or_nan(value: object) -> float:
    """`value` as a finite float, NaN where it is none."""
    if isinstance(value, (int, float)) and not isinstance(value, bool) and math.isfinite(value):
        return float(value)
    return math.nan
