"""The table of variance components: what the seeds of a crossed study add to the spread."""

from __future__ import annotations

import math
from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from al_bench.analysis.arms import Arm
from al_bench.analysis.comparability import seeds_of_run
from al_bench.analysis.statistics import Floats
from al_bench.analysis.statistics.area import area, shared_range
from al_bench.analysis.statistics.components import Component, components, is_balanced
from al_bench.analysis.study import Study
from al_bench.analysis.tables.table import Table, Value
from al_bench.rng import PURPOSES
from al_bench.storage.runs import Run

Levels = Mapping[str, NDArray[np.int64]]


def has_own_seeds(study: Study) -> bool:
    """Whether any run of the study had a seed of its own for its initial set, its training or its picking."""
    runs = (run for arm in study.arms for run in arm.runs)
    return any(value is not None for run in runs for value in own_seeds(run).values())


def own_seeds(run: Run) -> dict[str, object]:
    """The recorded keys `seeds.*` of a run."""
    return {key: value for key, value in (run.header.identity or {}).items() if key.startswith("seeds.")}


def factors_of(runs: list[Run]) -> dict[str, NDArray[np.int64]]:
    """The kinds of seeds that vary over runs and are not another in each of them: purpose to the seed of each run."""
    seeds = np.array([seeds_of_run(run)[1:] for run in runs], dtype=np.int64).reshape(len(runs), len(PURPOSES))
    varied = {purpose: seeds[:, column] for column, purpose in enumerate(PURPOSES)}
    return {name: levels for name, levels in varied.items() if 2 <= len(np.unique(levels)) < len(runs)}


def variance_table(study: Study) -> Table | None:
    """The standard deviations of AUBC by kind of seed, of every arm and of its difference to the baseline.

    None where no run had seeds of its own, or where the arms share no range.
    """
    if not has_own_seeds(study):
        return None
    counts = study.shared_counts([arm.name for arm in study.arms])
    labels = study.labels[counts]
    span = shared_range(labels, [rows[:, counts] for rows in study.values.values()])
    if span is None:
        return None
    rows: list[tuple[str, ...]] = []
    records: list[dict[str, Value]] = []
    left_out = []
    for arm in study.arms:
        values = area(labels, study.values[arm.name][:, counts], *span)
        cases = [("curve", list(arm.runs), values)]
        if (other := study.baseline_of(arm.name)) is not None:
            cases.append(("difference", *_differences(study, arm, study.arm(other), labels, counts, span)))
        for what, runs, measured in cases:
            factors = factors_of(runs)
            found = components(measured, factors) if factors and is_balanced(factors) else {}
            if not found:
                left_out.append(study.title(arm.name))
                continue
            cells = [_cell(study, found.get(name)) for name in (*PURPOSES, "rest")]
            rows.append((study.marked_title(arm.name), what, str(len(runs)), *cells))
            records += [
                {
                    **study.record_keys(arm.name),
                    "of": what,
                    "component": name,
                    "variance": part.variance,
                    "low": part.low,
                    "high": part.high,
                    "levels": part.levels,
                    "runs": len(runs),
                }
                for name, part in found.items()
            ]
    unit = f", {study.metric.difference_unit}" if study.metric.difference_unit else ""
    note = (
        "standard deviation of AUBC over the seeds of each kind, with its 95 % interval; rest: the seed itself and "
        "what the kinds do together. Difference: to what the arm is compared with, under the same seeds. A "
        "random-effects analysis of variance: it assumes effects that are normal, independent and add up. -: that "
        "kind does not vary by itself."
    )
    if left_out:
        names = ", ".join(dict.fromkeys(left_out))
        note += f" Not every combination equally often, or too few runs: {names}."
    heads = ("arm", "of", "runs", *PURPOSES, "rest")
    title = f"Where the spread comes from{study.in_metric} on {study.dataset}{unit}"
    return Table("variance", title, heads, tuple(rows), note, tuple(records), "llrrrrr")


def _differences(
    study: Study, arm: Arm, other: Arm, labels: NDArray[np.int64], counts: NDArray[np.bool_], span: tuple[float, float]
) -> tuple[list[Run], Floats]:
    """The runs of an arm that have a partner, and how much their AUBC is above the partner's."""
    seeds, ours, theirs = study.pairs(arm.name, other.name)
    runs = [run for run in arm.runs if run.seed in seeds]
    return runs, area(labels, ours[:, counts], *span) - area(labels, theirs[:, counts], *span)


def _cell(study: Study, part: Component | None) -> str:
    if part is None:
        return "-"
    middle, low, high = (study.metric.number(math.sqrt(value), 2) for value in (part.variance, part.low, part.high))
    return f"{middle} [{low}, {high}]"
