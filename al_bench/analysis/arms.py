"""Arms: the runs of one configuration over seeds, one line of a figure and one row of a table; and their titles."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from al_bench.analysis.budget import LABELS, Budget
from al_bench.analysis.measured import ACCURACY, value_in
from al_bench.analysis.statistics.curves import Curves, Summary, stack, summarise
from al_bench.errors import InputError
from al_bench.metrics import Metric
from al_bench.storage.identity import FORMER_CHOICES
from al_bench.storage.runs import Run


@dataclass(frozen=True)
class Arm:
    """The runs of one arm on one dataset, over seeds.

    Args:
        dataset: The dataset's name.
        name: The arm, with its study in front where two studies have an arm of that name.
        recorded_name: The arm as recorded.
        strategy: The strategy's name.
        reference: Whether the runs trained once on the whole pool.
        runs: The runs, by seed.
        curves: Their curves on one grid, of `metric`.
        summary: The statistics of `curves`.
        metric: What the curves show.
        budget: What they run over.
    """

    dataset: str
    name: str
    recorded_name: str
    strategy: str
    reference: bool
    runs: tuple[Run, ...]
    curves: Curves
    summary: Summary
    metric: Metric = ACCURACY
    budget: Budget = LABELS

    @property
    def label(self) -> str:
        """What a legend calls it: the name, or for a reference how much it was trained on."""
        if not self.reference:
            return self.name
        extra = self.name.removeprefix("full").lstrip(",")
        return f"whole pool: {self.budget.at(int(self.summary.labels[-1]))}" + (f"; {extra}" if extra else "")

    @property
    def seeds(self) -> int:
        """How many runs it has."""
        return len(self.runs)

    def on_grid(self, run: Run, values: Sequence[float | None]) -> list[float | None]:
        """Values of a run's rounds at `curves.labels`, the last one held once the run has ended, [T]."""
        by_labels = dict(zip((record.labelled for record in run.rounds), values, strict=True))
        return [by_labels.get(min(count, run.labels[-1])) for count in self.curves.labels.tolist()]

    def metric_curves(self, metric: str) -> Curves:
        """The curves of a metric, as it was recorded, at those of `curves.labels` at which any seed has it.

        A seed that has ended holds its last value where `curves` holds its accuracy; NaN elsewhere.

        Raises:
            InputError: No run of the arm recorded it.
        """
        if metric == self.metric.name:
            return self.curves
        rows = [self.on_grid(run, [value_in(run, record, metric) for record in run.rounds]) for run in self.runs]
        values = np.where(np.isnan(self.curves.values), np.nan, np.array(rows, dtype=np.float64))
        known = ~np.isnan(values).all(axis=0)  # [T]
        if not known.any():
            raise InputError(f"no run of {self.name} on {self.dataset} recorded {metric}; plot another --metric")
        return Curves(self.curves.labels[known], values[:, known])


INCLUDED = "included"
"""The first word about a run that is taken in although it is not complete."""


def usable_runs(runs: list[Run], include_incomplete: bool, report: Callable[[str], None]) -> list[Run]:
    """Leave out (or, if asked, include) the runs that are not complete; every such run gets one line.

    Raises:
        InputError: Nothing is left.
    """
    usable = []
    for run in runs:
        last = f"{run.labels[-1]} labels" if run.labels else "no evaluated round"
        if not run.labels:
            report(f"left out {run.folder}: {run.status}, {last} yet")
        elif run.complete:
            usable.append(run)
        elif include_incomplete:
            report(f"{INCLUDED} {run.folder}: {run.status}, up to {last}")
            usable.append(run)
        else:
            report(f"left out {run.folder}: {run.status} at {last} (--include-incomplete takes it in)")
    if not usable:
        partial = not include_incomplete and any(run.labels for run in runs)
        raise InputError(
            f"no complete run among the {len(runs)} found; the al-bench run command that began them resumes them"
            f"{', or add --include-incomplete' if partial else ''}"
        )
    return usable


def group_runs(
    runs: Sequence[Run], ends: str = "common", metric: Metric = ACCURACY, budget: Budget = LABELS
) -> list[Arm]:
    """The arms of these runs, one per dataset, study and recorded name, sorted.

    Seeds of different studies are never averaged together.

    Args:
        runs: Runs with at least one evaluated round each, as `metric` sees them.
        metric: What their curves show.
        budget: What they run over.
        ends: How seeds of different lengths are put on one grid (see statistics.curves).

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
    for dataset, study, recorded_name, reference in members:
        studies.setdefault((dataset, recorded_name, reference), set()).add(study)
    arms = []
    for key in sorted(members):
        dataset, study, recorded_name, reference = key
        by_seed = tuple(members[key][seed] for seed in sorted(members[key]))
        unique = len(studies[dataset, recorded_name, reference]) == 1
        name = recorded_name if unique else f"{study}/{recorded_name}"
        try:
            curves = stack(by_seed, ends)
        except InputError as error:
            raise InputError(f"{study}/{dataset}/{recorded_name}: {error}") from error
        strategy = by_seed[0].strategy
        summary = summarise(curves)
        arms.append(Arm(dataset, name, recorded_name, strategy, reference, by_seed, curves, summary, metric, budget))
    return arms


# A strategy's own settings make the strategy; the seed is what runs are averaged over.
_OWN = ("strategy.", "seed")
_COMPONENTS = ("stress", "encoder", "model", "posterior", "training", "tuning", "annotator")

_KEYS, _LETTERS = 4, 30  # what a title has room for; the report lists all differences


def display_titles(arms: Sequence[Arm]) -> tuple[dict[str, str], tuple[str, ...]]:
    """Display titles of arms, all different: the name without the overrides common to all, plus what it omits.

    Overrides that every arm was run with say nothing about their difference: `bald,steps=100` beside
    `random,steps=100` are `bald` and `random`. Keys of the resolved configuration that differ between the arms
    although no arm's name says so are added in brackets where an arm departs from most others, the first few of them.
    A key that a run's record lacks is no difference: the al-bench that wrote it did not know the key, or its component
    has no such key.

    Args:
        arms: The arms of one dataset; their names are different.

    Returns:
        Title by arm.name; the shared overrides as written, such as `steps=100`.
    """
    parts = {arm.name: split_arm(arm.name) for arm in arms}
    overrides = [set(rest) for _, *rest in parts.values()]
    common = set.intersection(*overrides) if len(arms) > 1 else set()
    short = {name: ",".join([first, *(part for part in rest if part not in common)])
             for name, (first, *rest) in parts.items()}  # fmt: skip
    if len(set(short.values())) < len(short):
        short, common = {name: name for name in parts}, set()
    omitted = _omitted_differences(arms)
    titles = {name: title + _in_brackets(omitted[name]) for name, title in short.items()}
    first_arm = next(iter(parts.values()), [])
    return titles, tuple(part for part in first_arm[1:] if part in common)


def _in_brackets(differences: Sequence[str]) -> str:
    """Differences in brackets after a title, as many as there is room for."""
    if not differences:
        return ""
    cut = [text if len(text) <= _LETTERS else text[: _LETTERS - 1] + "…" for text in differences]
    if len(cut) > _KEYS:
        cut = [*cut[: _KEYS - 1], f"{len(cut) - _KEYS + 1} keys more"]
    return f" ({', '.join(cut)})"


def split_arm(name: str) -> list[str]:
    """An arm's name split at its commas, but not within brackets: `bald,hidden=[8,8]` has two parts."""
    parts, depth = [""], 0
    for letter in name:
        depth += (letter in "[{(") - (letter in "]})")
        if letter == "," and depth == 0:
            parts.append("")
        else:
            parts[-1] += letter
    return parts


def recorded_configuration(run: Run) -> dict[str, object]:
    """The resolved keys of a run's record, and the components chosen but for the strategy; empty where it has none."""
    identity, choices = run.header.identity, FORMER_CHOICES | run.header.choices
    return {key: choices[key] for key in _COMPONENTS if key in choices} | identity if identity is not None else {}


def _omitted_differences(arms: Sequence[Arm]) -> dict[str, list[str]]:
    """`key=value` by arm.name, for keys that differ between arms but are in no name, where an arm is unlike most."""
    known = {arm.name: recorded_configuration(arm.runs[0]) for arm in arms}
    named = {override.split("=")[0] for arm in arms for override in split_arm(arm.recorded_name)[1:]}
    omitted: dict[str, list[str]] = {arm.name: [] for arm in arms}
    keys = sorted({key for identity in known.values() for key in identity})
    last_parts = Counter(key.split(".")[-1] for key in keys)
    for key in keys:
        if key.startswith(_OWN) or any(key == name or key.endswith(f".{name}") for name in named):
            continue
        values = {name: str(identity[key]) for name, identity in known.items() if key in identity}
        usual = Counter(values.values()).most_common(1)[0][0]
        for name, value in values.items():
            if value != usual:
                last = key.split(".")[-1]
                omitted[name].append(f"{last if last_parts[last] == 1 else key}={value}")
    return omitted
