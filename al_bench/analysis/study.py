"""A study: the arms of one dataset on one grid of label counts, and what was left out of it.

Letters: S seeds, B label counts (budgets). Values are those of one metric as it was recorded (accuracy a fraction), NaN
where a seed has no evaluation at a count; nothing is averaged here, and nothing is interpolated.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from al_bench.analysis.arms import INCLUDED, Arm, display_titles, group_runs, recorded_configuration, usable_runs
from al_bench.analysis.comparability import (
    arms_on_other_data,
    data_differences,
    inconsistent_seeds,
    point_predictions,
    same_data,
    share_network,
    stopped_by_the_test_part,
    unequal_lengths,
)
from al_bench.analysis.frame import tidy_frame
from al_bench.analysis.measured import ACCURACY, measured_runs, metric_named
from al_bench.analysis.statistics.curves import stack
from al_bench.errors import InputError
from al_bench.metrics import Metric, known_metrics
from al_bench.storage.runs import Run, find_runs

if TYPE_CHECKING:
    import pandas as pd

# What an experiment is set up with beside a strategy; many a strategy asks for a posterior of its own.
_SETUP = {"dataset", "model", "training", "initial", "validation"}


@dataclass(frozen=True)
class Study:
    """The arms of one dataset.

    Args:
        dataset: The dataset's name.
        arms: The arms, by name; whole-pool references are apart, in `references`.
        labels: Label counts (initial set included) at which any seed of any arm was evaluated, [B], increasing.
        values: By arm.name, the metric's, [S, B].
        seeds: By arm.name, the seed of each row of `values`.
        baseline: The name of the arm the others are compared with; None where there is none.
        unpaired: Names of arms that do not share the baseline's network of round 0: their differences to it
            carry the spread of two networks, not of one.
        left_out: One line for each run that is not in the study (not complete, or damaged).
        included: One line for each run that is in it although not complete.
        references: Runs that trained once on the whole pool.
        titles: Display titles by arm.name; shorter than the name where all arms share overrides.
        shared: The overrides that all arms share and the titles leave out, such as `steps=100`.
        remarks: What a reader must know before comparing, one line each.
        inconsistencies: The remarks about what should be the same and is not: the configuration of an arm's seeds, the
            data of two arms.
        metric: What the study is judged by.
    """

    dataset: str
    arms: tuple[Arm, ...]
    labels: NDArray[np.int64]
    values: dict[str, NDArray[np.float64]]
    seeds: dict[str, tuple[int, ...]]
    baseline: str | None
    unpaired: frozenset[str]
    left_out: tuple[str, ...] = ()
    included: tuple[str, ...] = ()
    references: tuple[Arm, ...] = ()
    titles: dict[str, str] = field(default_factory=dict)
    shared: tuple[str, ...] = ()
    remarks: tuple[str, ...] = ()
    inconsistencies: tuple[str, ...] = ()
    metric: Metric = ACCURACY

    @property
    def others(self) -> tuple[Arm, ...]:
        """The arms that are compared with the baseline; all of them where there is none."""
        return tuple(arm for arm in self.arms if arm.name != self.baseline)

    def title(self, name: str) -> str:
        """The display title of the arm `name`."""
        return self.titles.get(name, name)

    @cached_property
    def metrics(self) -> dict[str, Metric]:
        """al-bench's metrics and those that the runs describe as their own, by name."""
        runs = (run for arm in (*self.arms, *self.references) for run in arm.runs)
        return known_metrics([run.header.own_metrics for run in runs])

    @cached_property
    def frame(self) -> pd.DataFrame:
        """All rounds of all arms and references as one table, one row per run and evaluated round: `tidy_frame`."""
        return tidy_frame((*self.arms, *self.references), tuple(self.metrics | {self.metric.name: self.metric}))

    @property
    def in_metric(self) -> str:
        """What a title says behind a difference or an error: nothing of accuracy, " in recall of C" of others."""
        return "" if self.metric.name == "accuracy" else f" in {self.metric.noun}"

    @property
    def of_metric(self) -> str:
        """Nothing of accuracy, " of recall of C" of others."""
        return "" if self.metric.name == "accuracy" else f" of {self.metric.noun}"

    def target_text(self, target: float) -> str:
        """A target in a sentence: "95 %" of accuracy, "95 % balanced accuracy" of another metric."""
        named = self.metric.name == "accuracy" or self.metric.unit == "classes"
        return self.metric.text(target) + ("" if named else f" {self.metric.noun}")

    def marked_title(self, name: str) -> str:
        """An arm's title and its marks: † where it is unpaired, ‡ where it reads the pool's labels."""
        marks = ("†" if name in self.unpaired else "") + ("‡" if self.is_oracle(name) else "")
        return self.title(name) + (f" {marks}" if marks else "")

    @property
    def marks_note(self) -> str:
        """What the marks in the titles mean; empty where no arm has one."""
        notes = []
        if self.unpaired:
            notes.append(
                f"† unpaired: does not share the network of round 0 with {self.title(self.baseline or '')}; "
                "differences under one seed carry the spread of both networks."
            )
        if any(self.is_oracle(arm.name) for arm in self.arms):
            notes.append("‡ reads the pool's true labels: a ceiling, no strategy, never called a winner.")
        return " ".join(notes)

    def record_keys(self, name: str) -> dict[str, str | bool]:
        """The keys that begin an arm's record in every table; of another metric than accuracy its name, too."""
        keys: dict[str, str | bool] = {"dataset": self.dataset, "arm": name, "unpaired": name in self.unpaired}
        return keys if self.metric.name == "accuracy" else keys | {"metric": self.metric.name}

    def arm(self, name: str) -> Arm:
        """The arm called `name`; KeyError where there is none."""
        return {arm.name: arm for arm in self.arms}[name]

    def is_oracle(self, name: str) -> bool:
        """Whether the arm reads the pool's true labels: no strategy anybody could use."""
        return any(run.header.oracle for run in self.arm(name).runs)

    def pairs(self, first: str, second: str) -> tuple[tuple[int, ...], NDArray[np.float64], NDArray[np.float64]]:
        """What two arms can be compared by: [P] seeds, and the values of either under them, [P, B] each.

        A seed is shared where both arms ran under it on the same data. Where only one of the two was evaluated both
        are NaN: the chord between two evaluations of a coarse curve lies below a fine one that is no better.
        """
        runs = [{run.seed: run for run in self.arm(name).runs} for name in (first, second)]
        shared = [seed for seed in self.seeds[first] if seed in runs[1] and same_data(runs[0][seed], runs[1][seed])]
        ours, theirs = (
            self.values[name][np.array([self.seeds[name].index(seed) for seed in shared], dtype=np.int64)]
            for name in (first, second)
        )
        both = ~np.isnan(ours) & ~np.isnan(theirs)
        met = np.flatnonzero(both.any(axis=1))
        ours, theirs = (np.where(both, rows, np.nan)[met] for rows in (ours, theirs))
        return tuple(shared[row] for row in met), ours, theirs

    def differing_components(self, name: str) -> tuple[str, ...]:
        """Components other than the strategy in which an arm differs from the baseline, such as model and training."""
        if self.baseline is None:
            return ()
        ours, theirs = (recorded_configuration(self.arm(of).runs[0]) for of in (name, self.baseline))
        differing = {key.split(".")[0] for key in set(ours) & set(theirs) if ours[key] != theirs[key]}
        return tuple(sorted(differing & _SETUP))

    def resolution(self, name: str) -> float:
        """The step between an arm's possible values; 0 where it has none or the records do not say.

        Of accuracy 1 / its test points, of a class's recall 1 / those of the class; of a mean of recalls what has the
        same variance of rounding, √(Σ_c 1/n_c²) / C.
        """
        return max((resolution_of(run, self.metric) for run in self.arm(name).runs), default=0.0)

    def shared_counts(self, names: Sequence[str]) -> NDArray[np.bool_]:
        """The label counts at which every one of the arms was evaluated, under one seed at least, [B]."""
        return np.all([~np.isnan(self.values[name]).all(axis=0) for name in names], axis=0)


def resolution_of(run: Run, metric: Metric) -> float:
    """The step between a run's possible values of a metric."""
    if metric.name == "accuracy":
        return 1 / run.header.test if run.header.test else 0.0
    counts = np.array(run.header.test_class_counts, dtype=float)
    kind, _, label = metric.name.partition(":")
    if label in run.header.class_names and len(counts) == len(run.header.class_names):
        points = counts[run.header.class_names.index(label)]
        return float(1 / points) if points else 0.0
    present = counts[counts > 0]
    if kind in ("balanced_accuracy", "macro_f1") and len(present):
        return float(np.sqrt((1 / present**2).sum()) / len(present))
    return 0.0


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
