"""The table of tuned hyper-parameters: the values that the rounds were trained with, and what choosing them took."""

from __future__ import annotations

import statistics
from collections import Counter
from collections.abc import Sequence
from typing import Any

from al_bench.analysis.arms import Arm
from al_bench.analysis.study import Study
from al_bench.analysis.tables.table import Table, Value
from al_bench.records import TUNE, TuningRecord
from al_bench.storage.runs import Run

MOST_SHOWN = 3
"""Values of a choice that a row shows, the commonest first."""


def tuning_table(study: Study) -> Table | None:
    """One row an arm and key: the values in the first and in the last rounds of its runs; None where none was tuned."""
    rows: list[tuple[str, ...]] = []
    records: list[dict[str, Value]] = []
    for arm in (*study.arms, *study.references):
        runs = [tuned for run in arm.runs if (tuned := tuning_of(run))]
        if not runs:
            continue
        title = arm.label if arm.reference else study.title(arm.name)
        rounds = [record for tuned in runs for record in tuned if record.trials or record.note]
        trials = statistics.median(sum(record.trials for record in tuned) for tuned in runs)
        seconds = statistics.median(seconds_of_trials(run) for run in arm.runs)
        changed = sum(record.chosen > 0 for record in rounds)
        for number, key in enumerate(runs[0][0].values):
            ends = [[tuned[end].values.get(key) for tuned in runs] for end in (0, -1)]
            cost = (f"{trials:g}", f"{seconds:.1f}", f"{changed} of {len(rounds)}") if number == 0 else ("", "", "")
            rows.append((title if number == 0 else "", key, *map(spread_of, ends), *cost))
            records.append(
                {
                    "arm": arm.name,
                    "key": key,
                    "first": spread_of(ends[0]),
                    "last": spread_of(ends[1]),
                    "trials": float(trials),
                    "seconds": float(seconds),
                    "changed": changed,
                    "tuned": len(rounds),
                }
            )
    if not rows:
        return None
    columns = ("arm", "key", "first round", "last round", "trials", "trials s", "changed")
    note = (
        "Values that the runs were trained with, chosen by cross-validation on their labelled points: the median over "
        "runs and [lowest, highest], or how often each was chosen. trials: configurations trained in a run, and the "
        "seconds they took, medians over runs. changed: times that another configuration than the default was better "
        "in cross-validation, of all times that it was asked."
    )
    if notes := sorted({record.note for run in _runs(study) for record in tuning_of(run) if record.note}):
        note += f" Not tuned where {'; '.join(notes[:MOST_SHOWN])}."
    title = f"Tuned hyper-parameters on {study.dataset}"
    return Table("tuning", title, columns, tuple(rows), note, tuple(records), "llllrrr", breakable=True)


def _runs(study: Study) -> list[Run]:
    return [run for arm in (*study.arms, *study.references) for run in arm.runs]


def tuning_of(run: Run) -> list[TuningRecord]:
    """What the rounds of a run say of their hyper-parameters; empty where none was tuned."""
    return [record.tuning for record in run.rounds if record.tuning is not None]


def seconds_of_trials(run: Run) -> float:
    """Seconds that the trials of a run took."""
    return sum(record.seconds.get(TUNE, 0.0) for record in run.rounds)


def has_trials(arms: Sequence[Arm]) -> bool:
    """Whether a run of some arms was tuned."""
    return any(tuning_of(run) for arm in arms for run in arm.runs)


def spread_of(values: Sequence[Any]) -> str:
    """Values of one key as a text: the median and the ends of numbers, or the commonest of others with their counts."""
    if all(isinstance(value, (int, float)) and not isinstance(value, bool) for value in values):
        low, high, middle = min(values), max(values), statistics.median(values)
        return f"{middle:.4g}" if low == high else f"{middle:.4g} [{low:.4g}, {high:.4g}]"
    counts = Counter("null" if value is None else str(value) for value in values).most_common()
    if len(counts) == 1:
        return counts[0][0]
    shown = ", ".join(f"{text} ({count})" for text, count in counts[:MOST_SHOWN])
    return shown + (f", {len(counts) - MOST_SHOWN} more" if len(counts) > MOST_SHOWN else "")
