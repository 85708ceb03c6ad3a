"""Studies from runs: one for each dataset, its arms on one grid of label counts, its baseline chosen."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np

from al_bench.analysis.arms import INCLUDED, Arm, display_titles, group_runs, usable_runs
from al_bench.analysis.comparability import (
    arms_on_other_data,
    data_differences,
    inconsistent_seeds,
    point_predictions,
    share_network,
    stopped_by_the_test_part,
    unequal_lengths,
)
from al_bench.analysis.measured import measured_runs, metric_named
from al_bench.analysis.statistics.curves import stack
from al_bench.analysis.study import Study
from al_bench.errors import InputError
from al_bench.storage.runs import Run, find_runs


def studies(
    folders: list[Path],
    baseline: str | None = None,
    include_incomplete: bool = False,
    report: Callable[[str], None] | None = None,
    metric: str = "accuracy",
) -> list[Study]:
    """The runs in and under the folders as one study per dataset, sorted by dataset.

    Args:
        folders: Studies, datasets, arms or runs, in any mixture.
        baseline: The arm (or strategy) to compare with; None: Random.
        include_incomplete: Take in runs that are running, failed or interrupted, as far as they got.
        report: Called with one line for everything left out or chosen. Without it damaged runs raise.
        metric: What the arms are judged by: a metric's name, or `recall:CLASS`.

    Raises:
        InputError: Nothing to compare, folders that hold no run, a baseline that no dataset has, or a metric that there
            is not or that a run has not recorded.
    """
    lines: list[str] = []

    def note(line: str) -> None:
        lines.append(line)
        if report is not None:
            report(line)

    runs = find_runs(folders, None if report is None else note)
    damaged = tuple(lines)
    usable_runs(runs, include_incomplete, note)  # refuses, and reports, over all datasets at once
    compared = []
    for dataset in sorted({run.dataset for run in runs}):
        notes: list[str] = []
        here = [run for run in runs if run.dataset == dataset]
        try:
            usable = usable_runs(here, include_incomplete, notes.append)
        except InputError:
            continue  # this dataset has incomplete runs only; they were reported above
        if all(run.reference for run in usable):
            note(f"{dataset}: whole-pool references only, nothing to compare")
            continue
        left_out = [line for line in notes if not line.startswith(INCLUDED)]
        study = study_of(usable, baseline, (*damaged, *left_out), metric)
        study = replace(study, included=tuple(line for line in notes if line.startswith(INCLUDED)))
        compared.append(study)
    if not compared:
        raise InputError("nothing to compare: all complete runs are whole-pool references; add runs of a strategy")
    if baseline is not None and all(study.baseline is None for study in compared):
        names = sorted({arm.name for study in compared for arm in study.arms})
        raise InputError(f"the baseline {baseline!r} is no arm of these runs; they have {', '.join(names)}")
    for study in compared:
        for remark in study.remarks:
            note(f"{study.dataset}: {remark}")
    return compared


def study_of(
    runs: Sequence[Run], baseline: str | None = None, left_out: Sequence[str] = (), metric_name: str = "accuracy"
) -> Study:
    """The study of runs of one dataset, each with at least one evaluated round.

    An arm that shares seeds with the baseline and was run on other data under each of them is no part of it: not even
    their errors can be compared. Nor is such a whole-pool reference, nor one that has not recorded the metric.
    """
    metric = metric_named(metric_name, runs)
    every = group_runs(measured_runs(runs, metric), metric=metric)
    arms = tuple(arm for arm in every if not arm.reference)
    references = tuple(arm for arm in every if arm.reference)
    chosen, remarks = _baseline(arms, baseline)
    base = next((arm for arm in arms if arm.name == chosen), None)
    inconsistencies = (*inconsistent_seeds(arms), *data_differences(every, base))
    left = arms_on_other_data(every, base)
    arms, references = (tuple(arm for arm in kind if arm not in left) for kind in (arms, references))
    grid = np.array(sorted({count for arm in arms for run in arm.runs for count in run.labels}), dtype=np.int64)
    values = {}
    for arm in arms:
        curves = stack(arm.runs, "available")
        values[arm.name] = np.full((arm.seeds, len(grid)), np.nan)  # [S,B]
        values[arm.name][:, np.searchsorted(grid, curves.labels)] = curves.values
    titles, shared = display_titles(arms)
    unpaired = frozenset(
        arm.name for arm in arms if base is not None and arm is not base and not share_network(arm, base)
    )
    return Study(
        dataset=every[0].dataset,
        arms=arms,
        labels=grid,
        values=values,
        seeds={arm.name: tuple(run.seed for run in arm.runs) for arm in arms},
        baseline=chosen,
        unpaired=unpaired,
        left_out=tuple(left_out),
        references=references,
        titles=titles,
        shared=shared,
        remarks=(
            *remarks,
            *inconsistencies,
            *unequal_lengths(arms),
            *point_predictions(arms),
            *stopped_by_the_test_part(arms),
        ),
        inconsistencies=inconsistencies,
        metric=metric,
    )


def _baseline(arms: Sequence[Arm], wanted: str | None) -> tuple[str | None, tuple[str, ...]]:
    """The baseline's name and what is to be said about the choice.

    By name, else by arm, else by strategy; of several the one with the shortest name, then the first.
    """
    name = wanted or "random"
    for fits in (
        [arm for arm in arms if arm.name == name],
        [arm for arm in arms if arm.recorded_name == name],
        [arm for arm in arms if arm.strategy == name],
    ):
        if fits:
            chosen = min(fits, key=lambda arm: (len(arm.name), arm.name))
            others = [arm.name for arm in fits if arm is not chosen]
            remark = f"several arms fit the baseline {name!r}: compared with {chosen.name}, not with "
            return chosen.name, (remark + ", ".join(others),) if others else ()
    return None, (f"there is no arm {name!r} to compare with: no differences, no labels saved",)
