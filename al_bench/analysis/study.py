"""A study: the arms of one dataset on one grid of label counts, and what was left out of it.

Letters: S seeds, B label counts (budgets). Accuracy is a fraction, NaN where a seed has no evaluation at a count;
nothing is averaged here, and nothing is interpolated.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from al_bench.analysis.arms import INCLUDED, Group, group_runs, settings, titles, usable_runs
from al_bench.analysis.comparability import foreign, mixtures, other_data, same_data, share_network, uneven
from al_bench.analysis.frame import tidy_frame
from al_bench.analysis.statistics.curves import stack
from al_bench.errors import InputError
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
        groups: The arms, by name; whole-pool references are apart, in `references`.
        labels: Label counts (initial set included) at which any seed of any arm was evaluated, [B], increasing.
        accuracy: By group.name, [S, B].
        seeds: By group.name, the seed of each row of `accuracy`.
        baseline: The name of the arm the others are compared with; None where there is none.
        unpaired: Names of arms that do not share the baseline's network of round 0: their differences to it
            carry the spread of two networks, not of one.
        left_out: One line for each run that is not in the study (not complete, or damaged).
        included: One line for each run that is in it although not complete.
        references: Runs that trained once on the whole pool.
        titles: What to call an arm, by group.name; shorter than the name where all arms share overrides.
        shared: The overrides that all arms share and the titles leave out, such as `steps=100`.
        remarks: What a reader must know before comparing, one line each.
        unlike: Those of them that say what is not alike: an arm's seeds, the data of two arms.
    """

    dataset: str
    groups: tuple[Group, ...]
    labels: NDArray[np.int64]
    accuracy: dict[str, NDArray[np.float64]]
    seeds: dict[str, tuple[int, ...]]
    baseline: str | None
    unpaired: frozenset[str]
    left_out: tuple[str, ...] = ()
    included: tuple[str, ...] = ()
    references: tuple[Group, ...] = ()
    titles: dict[str, str] = field(default_factory=dict)
    shared: tuple[str, ...] = ()
    remarks: tuple[str, ...] = ()
    unlike: tuple[str, ...] = ()

    @property
    def others(self) -> tuple[Group, ...]:
        """The groups that are compared with the baseline; all of them where there is none."""
        return tuple(group for group in self.groups if group.name != self.baseline)

    def title(self, name: str) -> str:
        """What to call the arm `name`."""
        return self.titles.get(name, name)

    @cached_property
    def frame(self) -> pd.DataFrame:
        """All rounds of all arms and references as one tidy table, one row a run and evaluated round: `tidy_frame`."""
        return tidy_frame((*self.groups, *self.references))

    def marked_title(self, name: str) -> str:
        """An arm's title and its marks: † where it is unpaired, ‡ where it reads the pool's labels."""
        marks = ("†" if name in self.unpaired else "") + ("‡" if self.oracle(name) else "")
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
        if any(self.oracle(group.name) for group in self.groups):
            notes.append("‡ reads the pool's true labels: a ceiling, no strategy, never called a winner.")
        return " ".join(notes)

    def record_keys(self, name: str) -> dict[str, str | bool]:
        """The keys that begin an arm's record in every table."""
        return {"dataset": self.dataset, "arm": name, "unpaired": name in self.unpaired}

    def group(self, name: str) -> Group:
        """The group called `name`; KeyError where there is none."""
        return {group.name: group for group in self.groups}[name]

    def oracle(self, name: str) -> bool:
        """Whether the arm reads the pool's true labels: no strategy anybody could use."""
        return any(bool(run.header.get("oracle")) for run in self.group(name).runs)

    def pairs(self, one: str, other: str) -> tuple[tuple[int, ...], NDArray[np.float64], NDArray[np.float64]]:
        """What two arms can be compared by: [P] seeds, and the accuracies of either under them, [P, B] each.

        A seed is shared where both arms ran under it on the same data. Where only one of the two was evaluated both
        are NaN: the chord between two evaluations of a coarse curve lies below a fine one that is no better.
        """
        runs = [{run.seed: run for run in self.group(name).runs} for name in (one, other)]
        shared = [seed for seed in self.seeds[one] if seed in runs[1] and same_data(runs[0][seed], runs[1][seed])]
        ours, theirs = (
            self.accuracy[name][np.array([self.seeds[name].index(seed) for seed in shared], dtype=np.int64)]
            for name in (one, other)
        )
        both = ~np.isnan(ours) & ~np.isnan(theirs)
        met = np.flatnonzero(both.any(axis=1))
        ours, theirs = (np.where(both, rows, np.nan)[met] for rows in (ours, theirs))
        return tuple(shared[place] for place in met), ours, theirs

    def departures(self, name: str) -> tuple[str, ...]:
        """What of an arm differs from the baseline beside its strategy, such as model and training."""
        if self.baseline is None:
            return ()
        ours, theirs = (settings(self.group(which).runs[0]) for which in (name, self.baseline))
        differing = {key.split(".")[0] for key in set(ours) & set(theirs) if ours[key] != theirs[key]}
        return tuple(sorted(differing & _SETUP))

    def grain(self, name: str) -> float:
        """What an arm's accuracies are multiples of: 1 / its test points; 0 where the headers do not say."""
        sizes = [run.header.get("test") for run in self.group(name).runs]
        return max((1 / size for size in sizes if isinstance(size, int) and size > 0), default=0.0)

    def shared_counts(self, names: Sequence[str]) -> NDArray[np.bool_]:
        """The label counts at which every one of the arms was evaluated, under one seed at least, [B]."""
        return np.all([~np.isnan(self.accuracy[name]).all(axis=0) for name in names], axis=0)


def studies(
    folders: list[Path],
    baseline: str | None = None,
    include_incomplete: bool = False,
    report: Callable[[str], None] | None = None,
) -> list[Study]:
    """The runs in and under the folders as one study a dataset, sorted by dataset.

    Args:
        folders: Studies, datasets, arms or runs, in any mixture.
        baseline: The arm (or strategy) to compare with; None: Random.
        include_incomplete: Take in runs that are running, failed or interrupted, as far as they got.
        report: Called with one line for everything left out or chosen. Without it damaged runs raise.

    Raises:
        InputError: Nothing to compare, folders that hold no run, or a baseline that no dataset has.
    """
    lines: list[str] = []

    def note(line: str) -> None:
        lines.append(line)
        if report is not None:
            report(line)

    runs = find_runs(folders, None if report is None else note)
    damaged = tuple(lines)
    usable_runs(runs, include_incomplete, note)  # refuses, and reports, over all datasets at once
    found = []
    for dataset in sorted({run.dataset for run in runs}):
        said: list[str] = []
        here = [run for run in runs if run.dataset == dataset]
        try:
            usable = usable_runs(here, include_incomplete, said.append)
        except InputError:
            continue  # this dataset has incomplete runs only; they were reported above
        if all(run.reference for run in usable):
            note(f"{dataset}: whole-pool references only, nothing to compare")
            continue
        left_out = [line for line in said if not line.startswith(INCLUDED)]
        study = study_of(usable, baseline, (*damaged, *left_out))
        study = replace(study, included=tuple(line for line in said if line.startswith(INCLUDED)))
        for remark in study.remarks:
            note(f"{dataset}: {remark}")
        found.append(study)
    if not found:
        raise InputError("nothing to compare: all complete runs are whole-pool references; add runs of a strategy")
    if baseline is not None and all(study.baseline is None for study in found):
        names = sorted({group.name for study in found for group in study.groups})
        raise InputError(f"the baseline {baseline!r} is no arm of these runs; they have {', '.join(names)}")
    return found


def study_of(runs: Sequence[Run], baseline: str | None = None, left_out: Sequence[str] = ()) -> Study:
    """The study of runs of one dataset, each with at least one evaluated round.

    An arm that shares seeds with the baseline and was run on other data under each of them is no part of it: not even
    their errors can be compared. Nor is such a whole-pool reference.
    """
    every = group_runs(list(runs))
    groups = tuple(group for group in every if not group.reference)
    references = tuple(group for group in every if group.reference)
    chosen, remarks = _baseline(groups, baseline)
    base = next((group for group in groups if group.name == chosen), None)
    unlike = (*mixtures(groups), *other_data(every, base))
    others = foreign(every, base)
    groups, references = (tuple(one for one in kind if one not in others) for kind in (groups, references))
    grid = np.array(sorted({count for group in groups for run in group.runs for count in run.labels}), dtype=np.int64)
    accuracy = {}
    for group in groups:
        curves = stack(group.runs, "available")
        accuracy[group.name] = np.full((group.seeds, len(grid)), np.nan)  # [S,B]
        accuracy[group.name][:, np.searchsorted(grid, curves.labels)] = curves.accuracy
    called, shared = titles(groups)
    unpaired = frozenset(
        group.name for group in groups if base is not None and group is not base and not share_network(group, base)
    )
    return Study(
        dataset=every[0].dataset,
        groups=groups,
        labels=grid,
        accuracy=accuracy,
        seeds={group.name: tuple(run.seed for run in group.runs) for group in groups},
        baseline=chosen,
        unpaired=unpaired,
        left_out=tuple(left_out),
        references=references,
        titles=called,
        shared=shared,
        remarks=(*remarks, *unlike, *uneven(groups)),
        unlike=unlike,
    )


def _baseline(groups: Sequence[Group], wanted: str | None) -> tuple[str | None, tuple[str, ...]]:
    """The baseline's name and what is to be said about the choice.

    By name, else by arm, else by strategy; of several the one with the shortest name, then the first.
    """
    name = wanted or "random"
    for fits in (
        [group for group in groups if group.name == name],
        [group for group in groups if group.arm == name],
        [group for group in groups if group.strategy == name],
    ):
        if fits:
            chosen = min(fits, key=lambda group: (len(group.name), group.name))
            others = [group.name for group in fits if group is not chosen]
            remark = f"several arms fit the baseline {name!r}: compared with {chosen.name}, not with "
            return chosen.name, (remark + ", ".join(others),) if others else ()
    return None, (f"there is no arm {name!r} to compare with: no differences, no labels saved",)
