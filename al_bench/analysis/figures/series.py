"""The numbers behind the figures, read from an arm's rounds onto its grid of label counts.

Letters: S seeds, T label counts of the arm, C classes.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from al_bench.analysis.arms import Arm
from al_bench.analysis.measured import metric_named
from al_bench.analysis.statistics import Floats as Floats
from al_bench.analysis.study import Study
from al_bench.errors import InputError
from al_bench.metrics import Metric
from al_bench.records import TUNE, RoundRecord
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


def metric_called(name: str | None, studies: Sequence[Study]) -> Metric:
    """The metric of that name, of al-bench's and of those that the runs describe as their own; None: the studies'.

    Raises:
        InputError: There is none.
    """
    if name is None or name == studies[0].metric.name:
        return studies[0].metric
    return metric_named(name, [run for study in studies for arm in study.arms for run in arm.runs])


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
        for record in run.rounds:
            seconds = stage_seconds_of(run, record)
            before = seconds["train"] + (seconds["evaluate"] if evaluate else 0.0)
            spent.append(so_far + before)
            so_far += before + seconds["score"] + seconds["select"]
        rows.append(arm.on_grid(run, spent))
    return np.array(rows, dtype=np.float64)


def stage_seconds_of(run: Run, record: RoundRecord) -> dict[str, float]:
    """The seconds of one round by stage, 0 for a stage that did not run.

    Those of the metrics count as evaluation, those of the trials of tuning as training.

    Raises:
        InputError: The round has no seconds of training.
    """
    if "train" not in record.seconds:
        raise InputError(f"{run.folder}: round {record.round} has no usable seconds; plot against labels instead")
    seconds = {stage: record.seconds.get(stage, 0.0) for stage in STAGES}
    trained = seconds["train"] + record.seconds.get(TUNE, 0.0)
    return seconds | {"train": trained, "evaluate": seconds["evaluate"] + record.seconds.get("metrics", 0.0)}


def class_counts_of(run: Run) -> dict[int, NDArray[np.int64]]:
    """The labelled set's class counts [C] by its size, for the rounds that recorded them."""
    return {record.labelled: np.array(record.class_counts) for record in run.rounds if record.class_counts}
