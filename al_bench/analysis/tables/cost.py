"""What an arm cost: seconds and peak memory of training, scoring and selecting, as the rounds recorded them."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from al_bench.analysis.arms import Arm
from al_bench.analysis.study import Study
from al_bench.analysis.tables.table import Table, Value
from al_bench.analysis.tables.tuning import has_trials
from al_bench.records import TUNE
from al_bench.storage.runs import Run

PHASES = ("train", "score", "select")


@dataclass(frozen=True)
class Cost:
    """One arm's cost, medians over its seeds (a busy machine slows some).

    Args:
        seconds: A run's seconds by phase: train, score, select; and evaluate and metrics, which belong to the
            benchmark and not to the strategy. NaN where no round recorded them.
        memory: The highest peak of a run by phase, bytes; NaN where none was recorded.
        gained: How much better the metric got from the first to the last evaluation, in its unit.
        labels: Labels acquired between them.
    """

    seconds: dict[str, float]
    memory: dict[str, float]
    gained: float
    labels: float

    @property
    def total(self) -> float:
        """Seconds of training, scoring and selecting."""
        return sum(self.seconds[phase] for phase in PHASES)

    @property
    def per_label(self) -> float:
        """What was gained per label acquired."""
        return self.gained / self.labels if self.labels else math.nan

    @property
    def per_second(self) -> float:
        """What was gained per second of `total`."""
        return self.gained / self.total if self.total else math.nan


def cost(arm: Arm) -> Cost:
    """The cost of one arm."""
    phases = (*PHASES, "evaluate", "metrics")
    return Cost(
        {phase: _median([_total(run, phase) for run in arm.runs]) for phase in phases},
        {phase: _median([_peak(run, phase) for run in arm.runs]) for phase in phases},
        _median([arm.metric.sign * (run.values[-1] - run.values[0]) for run in arm.runs]),
        _median([float(run.labels[-1] - run.labels[0]) for run in arm.runs]),
    )


def _total(run: Run, phase: str) -> float:
    """A run's seconds in a phase, those of trials in training; 0 of one that it lacks, where others were recorded."""
    recorded = [record.seconds for record in run.rounds if record.seconds]
    stages = ("train", TUNE) if phase == "train" else (phase,)
    return sum(seconds.get(stage, 0.0) for seconds in recorded for stage in stages) if recorded else math.nan


def _peak(run: Run, phase: str) -> float:
    peaks = [record.peak_memory_bytes[phase] for record in run.rounds if phase in record.peak_memory_bytes]
    return float(max(peaks, default=math.nan))


def _median(values: list[float]) -> float:
    known = [value for value in values if not math.isnan(value)]
    return float(np.median(known)) if known else math.nan


def cost_table(study: Study) -> Table:
    """Seconds and peak memory by phase, what was gained per label beside what was gained per second."""
    scale, name = study.metric.scale, study.metric.name.replace(":", "_")
    rows: list[tuple[str, ...]] = []
    records: list[dict[str, Value]] = []
    for arm in study.arms:
        spent = cost(arm)
        rows.append(
            (
                study.marked_title(arm.name),
                *(_seconds(spent.seconds[phase]) for phase in PHASES),
                _seconds(spent.total),
                _rate(100 * scale * spent.per_label),
                _rate(60 * scale * spent.per_second),
                *(_mebibytes(spent.memory[phase]) for phase in PHASES),
            )
        )
        records.append(
            {
                **study.record_keys(arm.name),
                **{f"seconds_{phase}": value for phase, value in spent.seconds.items()},
                **{f"peak_bytes_{phase}": value for phase, value in spent.memory.items()},
                f"{name}_per_{study.budget.noun.removesuffix('s')}": spent.per_label,
                f"{name}_per_second": spent.per_second,
            }
        )
    unit = study.metric.difference_unit or study.metric.noun
    gained = f"{unit} gained{study.in_metric if unit != study.metric.noun else ''}"
    note = (
        "seconds of a whole run, medians over seeds, without the evaluation on the test set; "
        f"{gained} from the first round to the last, and {study.budget.noun} are those acquired between the two; "
        "peak memory of the process in MiB (on a GPU: of the device)."
    )
    if has_trials(study.arms):
        note += " The trials of tuning count as training."
    heads = (
        "arm", "train s", "score s", "select s", "sum s", f"{unit} / 100 {study.budget.noun}", f"{unit} / minute",
        "train MiB", "score MiB", "select MiB",
    )  # fmt: skip
    return Table("cost", f"Cost of a run on {study.dataset}", heads, tuple(rows), note, tuple(records))


def _seconds(value: float) -> str:
    return "-" if math.isnan(value) else f"{value:.1f}" if value < 100 else f"{value:.0f}"


def _rate(value: float) -> str:
    return "-" if math.isnan(value) else f"{value:.3g}".replace("-", "−")


def _mebibytes(value: float) -> str:
    return "-" if math.isnan(value) else f"{value / 2**20:.0f}"
