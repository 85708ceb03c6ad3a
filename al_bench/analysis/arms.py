"""Arms: runs grouped over seeds, one line of a figure and one row of a table each, and the titles that they have."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
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


# A strategy's own settings make the strategy; the seed is what runs are averaged over.
_OWN = ("strategy.", "seed")
_COMPONENTS = ("model", "posterior", "training")

_KEYS, _LETTERS = 4, 30  # what a title has room for; the report lists all differences


def titles(groups: Sequence[Group]) -> tuple[dict[str, str], tuple[str, ...]]:
    """A title for every group of one dataset, all different, and the overrides left out because all share them.

    Overrides that every arm was run with say nothing about their difference: `bald,steps=100` beside
    `random,steps=100` are `bald` and `random`. Keys of the resolved configuration that differ between the arms
    although no arm's name says so are added in brackets where an arm departs from most others, the first few of them.
    A key that a run's record lacks is no difference: the al-bench that wrote it did not know the key, or its component
    has no such key.

    Args:
        groups: The groups of one dataset; their names are different.

    Returns:
        Title by group.name; the shared overrides as written, such as `steps=100`.
    """
    parts = {group.name: split_arm(group.name) for group in groups}
    overrides = [set(words[1:]) for words in parts.values()]
    common = set.intersection(*overrides) if len(groups) > 1 else set()
    short = {
        name: ",".join([words[0], *(word for word in words[1:] if word not in common)]) for name, words in parts.items()
    }
    if len(set(short.values())) < len(short):
        short, common = {name: name for name in parts}, set()
    hidden = _hidden(groups)
    found = {name: title + _brackets(hidden[name]) for name, title in short.items()}
    first = next(iter(parts.values()), [])
    return found, tuple(word for word in first[1:] if word in common)


def _brackets(words: Sequence[str]) -> str:
    """Keys in brackets after a title, as many as there is room for."""
    if not words:
        return ""
    cut = [word if len(word) <= _LETTERS else word[: _LETTERS - 1] + "…" for word in words]
    if len(cut) > _KEYS:
        cut = [*cut[: _KEYS - 1], f"{len(cut) - _KEYS + 1} keys more"]
    return f" ({', '.join(cut)})"


def split_arm(arm: str) -> list[str]:
    """An arm's name at its commas, those within brackets aside: `bald,hidden=[8,8]` has two parts."""
    parts, depth = [""], 0
    for letter in arm:
        depth += (letter in "[{(") - (letter in "]})")
        if letter == "," and depth == 0:
            parts.append("")
        else:
            parts[-1] += letter
    return parts


def settings(run: Run) -> dict[str, object]:
    """The resolved keys of a run's record, and the components chosen but for the strategy; empty where it has none."""
    identity, choices = run.header.get("identity"), run.header.get("choices")
    found = {key: choices[key] for key in _COMPONENTS if key in choices} if isinstance(choices, dict) else {}
    return found | identity if isinstance(identity, dict) else {}


def _hidden(groups: Sequence[Group]) -> dict[str, list[str]]:
    """`key=value` for keys that differ between groups but are in nobody's name, where a group is unlike most."""
    known = {group.name: settings(group.runs[0]) for group in groups}
    named = {word.split("=")[0] for group in groups for word in split_arm(group.arm)[1:]}
    hidden: dict[str, list[str]] = {group.name: [] for group in groups}
    keys = sorted({key for identity in known.values() for key in identity})
    last = Counter(key.split(".")[-1] for key in keys)
    for key in keys:
        if key.startswith(_OWN) or any(key == name or key.endswith(f".{name}") for name in named):
            continue
        values = {name: str(identity[key]) for name, identity in known.items() if key in identity}
        usual = Counter(values.values()).most_common(1)[0][0]
        for name, value in values.items():
            if value != usual:
                short = key.split(".")[-1]
                hidden[name].append(f"{short if last[short] == 1 else key}={value}")
    return hidden
