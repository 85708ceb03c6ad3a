"""The configuration of the runs of a study: what all share, and where they differ, value by value."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from al_bench.analysis.arms import Group
    from al_bench.analysis.study import Study
    from al_bench.storage.runs import Run

ABSENT = "not recorded"


@dataclass(frozen=True)
class Difference:
    """A key whose value is not the same everywhere: each value with the arms that have it, the commonest first."""

    key: str
    values: tuple[tuple[str, tuple[str, ...]], ...]


@dataclass(frozen=True)
class Settings:
    """Keys with one value for all runs, and keys with several."""

    shared: tuple[tuple[str, str], ...]
    differences: tuple[Difference, ...]


def settings(study: Study) -> Settings:
    """The resolved configuration (the seed aside) and the options chosen, over all arms and references.

    A strategy's own keys and the choice of the strategy are what an arm is: they count as differences only
    between the seeds of one arm, and are listed beside it by `own`.
    """
    return compare(study, _keys)


def environment(study: Study) -> Settings:
    """What the runs ran on: versions, commit, device, platform, data."""
    return compare(study, _environment)


def own(study: Study) -> tuple[tuple[str, tuple[tuple[str, str], ...]], ...]:
    """Arm by arm, the keys of its strategy."""
    found = []
    for group in study.groups:
        identity = group.runs[0].header.get("identity") or {}
        keys = sorted(key for key in identity if key.startswith("strategy."))
        found.append((study.title(group.name), tuple((key, plain(identity[key])) for key in keys)))
    return tuple(found)


def compare(study: Study, read: Callable[[Run], dict[str, Any]]) -> Settings:
    """Split what `read` says of every run into what is the same for all and what is not."""
    seen: dict[str, dict[str, list[str]]] = {}
    runs = [
        (_title(study, group), run, read(run)) for group in (*study.groups, *study.references) for run in group.runs
    ]
    keys = sorted({key for _, _, values in runs for key in values})
    for title, run, values in runs:
        for key in keys:
            value = plain(values[key]) if key in values else ABSENT
            seen.setdefault(key, {}).setdefault(value, []).append(f"{title}\0{run.seed}")
    shared = tuple((key, next(iter(found))) for key, found in seen.items() if len(found) == 1)
    everyone = {title: [run.seed for name, run, _ in runs if name == title] for title, _, _ in runs}
    differences = []
    for key, found in seen.items():
        if len(found) > 1:
            common = sorted(found.items(), key=lambda item: (-len(item[1]), item[0]))
            differences.append(Difference(key, tuple((value, _who(names, everyone)) for value, names in common)))
    return Settings(shared, tuple(differences))


def plain(value: Any) -> str:
    """A value as JSON, words without quotes."""
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


def _title(study: Study, group: Group) -> str:
    return group.label if group.reference else study.title(group.name)


def _who(names: Sequence[str], everyone: dict[str, list[int]]) -> tuple[str, ...]:
    """The arms, with seeds where not all seeds of the arm have the value."""
    seeds: dict[str, list[int]] = {}
    for name in names:
        title, _, seed = name.rpartition("\0")
        seeds.setdefault(title, []).append(int(seed))
    return tuple(
        title if len(found) == len(everyone[title]) else f"{title} (seed {', '.join(map(str, found))})"
        for title, found in seeds.items()
    )


def _keys(run: Run) -> dict[str, Any]:
    identity = run.header.get("identity") or {}
    choices = run.header.get("choices") or {}
    options = {key: value for key, value in choices.items() if value is not None and key not in ("strategy", "debug")}
    found = options | {key: value for key, value in identity.items() if key != "seed"}
    return {key: value for key, value in found.items() if not key.startswith("strategy.")}


def _environment(run: Run) -> dict[str, Any]:
    header = run.header
    commit = header.get("commit")
    found = {
        "al-bench commit": f"{commit}{' with uncommitted changes' if header.get('dirty') else ''}" if commit else None,
        "data fingerprint": header.get("fingerprint"),
        "device": header.get("device"),
        "threads": header.get("threads"),
        "platform": header.get("platform"),
        **(header.get("versions") or {}),
    }
    return {key: value for key, value in found.items() if value is not None}
