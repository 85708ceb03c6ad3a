"""A study: the arms of one dataset on one grid of label counts, and what was left out of it.

Letters: S seeds, B label counts (budgets). Accuracy is a fraction, NaN where a seed has no evaluation at a count;
nothing is averaged here, and nothing is interpolated.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from al_bench.analysis.curves import stack
from al_bench.analysis.groups import Group, group_runs, usable_runs
from al_bench.analysis.runs import Run, find_runs
from al_bench.analysis.titles import titles
from al_bench.errors import InputError

# Keys of a run's identity that shape the network of round 0 or the data it sees.
_NETWORK = ("dataset.", "model.", "posterior.", "training.", "initial.", "validation", "threads")


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
        references: Runs that trained once on the whole pool.
        titles: What to call an arm, by group.name; shorter than the name where all arms share overrides.
        shared: The overrides that all arms share and the titles leave out, such as `steps=100`.
        remarks: What a reader must know before comparing, one line each (seeds of an arm configured differently).
    """

    dataset: str
    groups: tuple[Group, ...]
    labels: NDArray[np.int64]
    accuracy: dict[str, NDArray[np.float64]]
    seeds: dict[str, tuple[int, ...]]
    baseline: str | None
    unpaired: frozenset[str]
    left_out: tuple[str, ...] = ()
    references: tuple[Group, ...] = ()
    titles: dict[str, str] = field(default_factory=dict)
    shared: tuple[str, ...] = ()
    remarks: tuple[str, ...] = ()

    @property
    def others(self) -> tuple[Group, ...]:
        """The groups that are compared with the baseline; all of them where there is none."""
        return tuple(group for group in self.groups if group.name != self.baseline)

    def title(self, name: str) -> str:
        """What to call the arm `name`."""
        return self.titles.get(name, name)

    def group(self, name: str) -> Group:
        """The group called `name`; KeyError where there is none."""
        return {group.name: group for group in self.groups}[name]

    def oracle(self, name: str) -> bool:
        """Whether the arm reads the pool's true labels: no strategy anybody could use."""
        return any(bool(run.header.get("oracle")) for run in self.group(name).runs)

    def pairs(self, one: str, other: str) -> tuple[tuple[int, ...], NDArray[np.float64], NDArray[np.float64]]:
        """The P seeds that both arms have, and the accuracies of either under them: [P], [P, B], [P, B]."""
        shared = tuple(seed for seed in self.seeds[one] if seed in self.seeds[other])
        rows = [
            self.accuracy[name][np.array([self.seeds[name].index(seed) for seed in shared], dtype=np.int64)]
            for name in (one, other)
        ]
        return shared, rows[0], rows[1]


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
        left_out: list[str] = []
        here = [run for run in runs if run.dataset == dataset]
        try:
            usable = usable_runs(here, include_incomplete, left_out.append)
        except InputError:
            continue  # this dataset has incomplete runs only; they were reported above
        if all(run.reference for run in usable):
            note(f"{dataset}: whole-pool references only, nothing to compare")
            continue
        study = study_of(usable, baseline, (*damaged, *left_out))
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
    """The study of runs of one dataset, each with at least one evaluated round."""
    every = group_runs(list(runs))
    groups = tuple(group for group in every if not group.reference)
    references = tuple(group for group in every if group.reference)
    grid = np.array(sorted({count for group in groups for run in group.runs for count in run.labels}), dtype=np.int64)
    accuracy = {}
    for group in groups:
        curves = stack(group.runs, "available")
        accuracy[group.name] = np.full((group.seeds, len(grid)), np.nan)  # [S,B]
        accuracy[group.name][:, np.searchsorted(grid, curves.labels)] = curves.accuracy
    called, shared = titles(groups)
    chosen, remarks = _baseline(groups, baseline)
    base = next((group for group in groups if group.name == chosen), None)
    unpaired = frozenset(
        group.name for group in groups if base is not None and group is not base and not _share_network(group, base)
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
        remarks=(*remarks, *_mixtures(groups)),
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


def _share_network(group: Group, base: Group) -> bool:
    """Whether every seed that both arms have starts from the same network and initial set."""
    ours, theirs = ({run.seed: run for run in one.runs} for one in (group, base))
    shared = sorted(set(ours) & set(theirs))
    for seed in shared:
        one, other = ours[seed], theirs[seed]
        if (one.labels[0], one.accuracy[0]) != (other.labels[0], other.accuracy[0]):
            return False
        if _network(one) != _network(other):
            return False
    return bool(shared)


def _network(run: Run) -> dict[str, str]:
    """The keys of a run's identity that shape its network of round 0; empty where the header has none."""
    identity = run.header.get("identity")
    if not isinstance(identity, dict):
        return {}
    return {key: str(value) for key, value in identity.items() if key.startswith(_NETWORK)}


def _mixtures(groups: Sequence[Group]) -> tuple[str, ...]:
    """A line for every arm whose seeds were not configured alike or stop at different label counts."""
    lines = []
    for group in groups:
        identities = [run.header.get("identity") for run in group.runs]
        known = [identity for identity in identities if isinstance(identity, dict)]
        keys = {key for identity in known for key in identity if key != "seed"}
        differing = sorted(key for key in keys if len({str(identity.get(key)) for identity in known}) > 1)
        if differing:
            lines.append(f"the seeds of {group.name} differ in {', '.join(differing)}")
        ends = [run.labels[-1] for run in group.runs]
        if min(ends) != max(ends):
            lines.append(f"the seeds of {group.name} end at {min(ends)} to {max(ends)} labels")
    return tuple(lines)
