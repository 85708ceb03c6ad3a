"""Runs grouped into arms: one group is one line of a figure and of a table."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from al_bench.analysis.statistics.curves import Curves, Summary, stack, summarise
from al_bench.errors import InputError
from al_bench.storage.runs import Run


@dataclass(frozen=True)
class Group:
    """The runs of one arm on one dataset, over seeds.

    Args:
        dataset: The dataset's name.
        name: The arm, with its study in front where two studies have an arm of that name.
        arm: The arm as recorded.
        strategy: The strategy's name.
        reference: Whether the runs trained once on the whole pool.
        runs: The runs, by seed.
        curves: Their curves on one grid.
        summary: The statistics of `curves`.
    """

    dataset: str
    name: str
    arm: str
    strategy: str
    reference: bool
    runs: tuple[Run, ...]
    curves: Curves
    summary: Summary

    @property
    def label(self) -> str:
        """What a legend calls it: the name, or for a reference how much it was trained on."""
        if not self.reference:
            return self.name
        extra = self.name.removeprefix("full").lstrip(",")
        return f"whole pool: {int(self.summary.labels[-1]):,} labels" + (f"; {extra}" if extra else "")

    @property
    def seeds(self) -> int:
        return len(self.runs)


INCLUDED = "included"
"""The first word about a run that is taken in although it is not complete."""


def usable_runs(runs: list[Run], include_incomplete: bool, report: Callable[[str], None]) -> list[Run]:
    """Leave out (or, if asked, keep) the runs that are not complete; every such run gets one line.

    Raises:
        InputError: Nothing is left.
    """
    kept = []
    for run in runs:
        last = f"{run.labels[-1]} labels" if run.labels else "no evaluated round"
        if not run.labels:
            report(f"left out {run.folder}: {run.status}, {last} yet")
        elif run.complete:
            kept.append(run)
        elif include_incomplete:
            report(f"{INCLUDED} {run.folder}: {run.status}, up to {last}")
            kept.append(run)
        else:
            report(f"left out {run.folder}: {run.status} at {last} (--include-incomplete takes it in)")
    if not kept:
        partial = not include_incomplete and any(run.labels for run in runs)
        raise InputError(
            f"no complete run among the {len(runs)} found; finish them by typing their al-bench run command "
            f"again{', or add --include-incomplete' if partial else ''}"
        )
    return kept


def group_runs(runs: list[Run], ends: str = "common") -> list[Group]:
    """One group a dataset, study and arm, sorted; seeds of different studies are never averaged together.

    Args:
        runs: Runs with at least one evaluated round each.
        ends: How seeds of different lengths are put on one grid (see curves).

    Raises:
        InputError: One seed of an arm comes from two folders, or the seeds of an arm share no label count.
    """
    members: dict[tuple[str, str, str, bool], dict[int, Run]] = {}
    for run in runs:
        seeds = members.setdefault((run.dataset, run.study, run.arm, run.reference), {})
        if run.seed in seeds:
            raise InputError(
                f"seed {run.seed} of {run.study}/{run.dataset}/{run.arm} is in {seeds[run.seed].folder} "
                f"and in {run.folder}; give one of the two"
            )
        seeds[run.seed] = run
    studies: dict[tuple[str, str, bool], set[str]] = {}
    for dataset, study, arm, reference in members:
        studies.setdefault((dataset, arm, reference), set()).add(study)
    groups = []
    for key in sorted(members):
        dataset, study, arm, reference = key
        chosen = tuple(members[key][seed] for seed in sorted(members[key]))
        name = arm if len(studies[dataset, arm, reference]) == 1 else f"{study}/{arm}"
        try:
            curves = stack(chosen, ends)
        except InputError as error:
            raise InputError(f"{study}/{dataset}/{arm}: {error}") from error
        groups.append(Group(dataset, name, arm, chosen[0].strategy, reference, chosen, curves, summarise(curves)))
    return groups
