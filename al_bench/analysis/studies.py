"""Studies from runs: one for each dataset, its arms on one grid of label counts, its baseline chosen."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np

from al_bench.analysis.arms import INCLUDED, Arm, display_titles, group_runs, usable_runs
from al_bench.analysis.budget import COST, LABELS, Budget, budget_lines, over_cost
from al_bench.analysis.comparability import (
    arms_on_other_data,
    data_differences,
    inconsistent_seeds,
    looks_line,
    point_predictions,
    seed_differences,
    share_network,
    shared_seeds_line,
    stopped_by_the_test_part,
    unequal_lengths,
)
from al_bench.analysis.measured import measured_runs, metric_named
from al_bench.analysis.settings import RANDOM, Setting, settings_of
from al_bench.analysis.statistics.curves import stack
from al_bench.analysis.study import Study
from al_bench.analysis.successor import successor_lines
from al_bench.errors import InputError
from al_bench.storage.runs import Run, find_runs


def studies(
    folders: list[Path],
    baseline: str | None = None,
    include_incomplete: bool = False,
    report: Callable[[str], None] | None = None,
    metric: str = "accuracy",
    planned: Sequence[str] = (),
    budget: Budget = LABELS,
) -> list[Study]:
    """The runs in and under the folders as one study per dataset, sorted by dataset.

    Args:
        folders: Studies, datasets, arms or runs, in any mixture.
        baseline: The strategy to compare with, in every setting, or one arm for all settings; None: Random.
        include_incomplete: Take in runs that are running, failed or interrupted, as far as they got.
        report: Called with one line for everything left out or chosen. Without it damaged runs raise.
        metric: What the arms are judged by: a metric's name, or `recall:CLASS`.
        planned: Arms or strategies that were named before the results were seen.
        budget: What the curves run over.

    Raises:
        InputError: Nothing to compare, folders that hold no run, a baseline or a planned arm that no dataset has, or a
            metric that there is not or that a run has not recorded.
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
        study = study_of(usable, baseline, (*damaged, *left_out), metric, planned, budget)
        study = replace(
            study,
            included=tuple(line for line in notes if line.startswith(INCLUDED)),
            unfinished=tuple(run for run in here if not run.complete and not run.reference),
        )
        compared.append(study)
    if not compared:
        raise InputError("nothing to compare: all complete runs are whole-pool references; add runs of a strategy")
    if baseline is not None and all(study.baseline is None for study in compared):
        names = sorted({arm.name for study in compared for arm in study.arms})
        raise InputError(f"the baseline {baseline!r} is no arm of these runs; they have {', '.join(names)}")
    _check_planned(compared, planned)
    for study in compared:
        for remark in study.remarks:
            note(f"{study.dataset}: {remark}")
    return compared


def study_of(
    runs: Sequence[Run],
    baseline: str | None = None,
    left_out: Sequence[str] = (),
    metric_name: str = "accuracy",
    planned: Sequence[str] = (),
    budget: Budget = LABELS,
) -> Study:
    """The study of runs of one dataset, each with at least one evaluated round.

    An arm that shares seeds with the baseline and was run on other data under each of them is no part of it: not even
    their errors can be compared. Nor is such a whole-pool reference, nor one that has not recorded the metric.
    """
    metric = metric_named(metric_name, runs)
    every = group_runs(measured_runs(seen_over(runs, budget), metric), metric=metric, budget=budget)
    arms = tuple(arm for arm in every if not arm.reference)
    references = tuple(arm for arm in every if arm.reference)
    candidates = arms_named(arms, baseline or RANDOM)
    chosen = min((arm.name for arm in candidates), key=lambda name: (len(name), name), default=None)
    base = next((arm for arm in arms if arm.name == chosen), None)
    inconsistencies = (*inconsistent_seeds(arms), *data_differences(every, base), *seed_differences(arms, base))
    left = arms_on_other_data(every, base)
    arms, references = (tuple(arm for arm in kind if arm not in left) for kind in (arms, references))
    grid = np.array(sorted({count for arm in arms for run in arm.runs for count in run.labels}), dtype=np.int64)
    values = {}
    for arm in arms:
        curves = stack(arm.runs, "available")
        values[arm.name] = np.full((arm.seeds, len(grid)), np.nan)  # [S,B]
        values[arm.name][:, np.searchsorted(grid, curves.labels)] = curves.values
    titles, shared = display_titles(arms)
    names = {arm.name for arm in arms}
    settings = settings_of(arms, [arm for arm in candidates if arm.name in names], chosen)
    study = Study(
        dataset=every[0].dataset,
        arms=arms,
        labels=grid,
        values=values,
        seeds={arm.name: tuple(run.seed for run in arm.runs) for arm in arms},
        baseline=chosen,
        unpaired=frozenset(),
        left_out=tuple(left_out),
        references=references,
        titles=titles,
        shared=shared,
        remarks=(
            *_baseline_remarks(arms, settings, candidates, chosen, baseline or RANDOM, budget),
            *inconsistencies,
            *unequal_lengths(arms),
            *point_predictions(arms),
            *stopped_by_the_test_part(arms),
        ),
        inconsistencies=inconsistencies,
        metric=metric,
        settings=settings,
        planned=frozenset(arm.name for name in planned for arm in arms_named(arms, name)),
        budget=budget,
        counted=(
            *successor_lines(metric, runs),
            *budget_lines(budget, runs),
            *shared_seeds_line(arms),
            *looks_line(arms),
        ),
    )
    compared = ((arm, study.baseline_of(arm.name)) for arm in study.others)
    return replace(
        study,
        unpaired=frozenset(arm.name for arm, other in compared if other and not share_network(arm, study.arm(other))),
    )


def seen_over(runs: Sequence[Run], budget: Budget) -> list[Run]:
    """Runs of one dataset as what their curves run over sees them."""
    return over_cost(runs) if budget is COST else list(runs)


def arms_named(arms: Sequence[Arm], name: str) -> list[Arm]:
    """The arms that a name stands for: those of the strategy of that name, else the arms of that name."""
    for fits in (
        [arm for arm in arms if arm.strategy == name],
        [arm for arm in arms if arm.name == name],
        [arm for arm in arms if arm.recorded_name == name],
    ):
        if fits:
            return fits
    return []


def _baseline_remarks(
    arms: Sequence[Arm],
    settings: Sequence[Setting],
    candidates: Sequence[Arm],
    chosen: str | None,
    name: str,
    budget: Budget,
) -> tuple[str, ...]:
    """What is to be said about the choice of the baselines."""
    if chosen is None:
        return (f"there is no arm {name!r} to compare with: no differences, no {budget.noun} saved",)
    lines = []
    for setting in settings:
        others = [arm.name for arm in candidates if arm.name in setting.arms and arm.name != setting.baseline]
        if setting.own and others and setting.baseline != name:
            lines.append(
                f"several arms fit the baseline {name!r}: compared with {setting.baseline}, "
                f"not with {', '.join(others)}"
            )
    of_other = {arm.name: arm.strategy == candidates[0].strategy for arm in arms}
    for setting in settings:
        strangers = [arm for arm in setting.arms if not of_other[arm]]
        if not setting.own and setting.baseline is not None and strangers:
            lines.append(
                f"{', '.join(strangers)} {'has' if len(strangers) == 1 else 'have'} no {name} of the same setting: "
                f"compared with {setting.baseline}, the nearest"
            )
    return tuple(lines)


def _check_planned(studies: Sequence[Study], planned: Sequence[str]) -> None:
    """Refuse a planned arm that is in no study, or that nothing is tested of."""
    names = sorted({arm.name for study in studies for arm in study.others if study.is_tested(arm.name)})
    for name in planned:
        fits = {arm.name for study in studies for arm in arms_named(study.arms, name)}
        if not fits:
            raise InputError(f"--planned {name} is no arm of these runs; those tested are {', '.join(names)}")
        if not fits & set(names):
            raise InputError(f"--planned {name} is not tested, but compared with; those tested are {', '.join(names)}")
