"""The configuration of the runs of a study: what all share, where they differ, and how to run it all again."""

from __future__ import annotations

import json
import shlex
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from al_bench.analysis.arms import Arm
    from al_bench.analysis.study import Study
    from al_bench.storage.runs import Run

ABSENT = "not recorded"


@dataclass(frozen=True)
class Difference:
    """A key whose value is not the same everywhere: each value with the arms that have it, the commonest first."""

    key: str
    values: tuple[tuple[str, tuple[str, ...]], ...]


@dataclass(frozen=True)
class Comparison:
    """Keys with one value for all runs, and keys with several."""

    shared: tuple[tuple[str, str], ...]
    differences: tuple[Difference, ...]


@dataclass(frozen=True)
class Recipe:
    """What to type to run a study again, and what it ran on.

    Args:
        commands: As typed, the seeds of one arm in one command.
        missing: Runs whose command was not recorded.
        commits: The commits of al-bench on record.
        first, last: When the first and the last run started; empty where no run says so.
        environment: Versions, device, platform and the data's fingerprint.
    """

    commands: tuple[str, ...]
    missing: int
    commits: tuple[str, ...]
    first: str
    last: str
    environment: Comparison


def compare_configurations(study: Study) -> Comparison:
    """The resolved configuration (the seed aside) and the options chosen, over all arms and references.

    A strategy's own keys and the choice of the strategy are what an arm is: they count as differences only
    between the seeds of one arm, and are listed beside it by `strategy_keys`.
    """
    return compare(study, _configuration)


def strategy_keys(study: Study) -> tuple[tuple[str, tuple[tuple[str, str], ...]], ...]:
    """Arm by arm its title, and the keys of its strategy with their values."""
    arms = []
    for arm in study.arms:
        identity = arm.runs[0].header.identity or {}
        keys = sorted(key for key in identity if key.startswith("strategy."))
        arms.append((study.title(arm.name), tuple((key, as_text(identity[key])) for key in keys)))
    return tuple(arms)


def recipe(study: Study) -> Recipe:
    """The recipe of a study, whole-pool references included."""
    runs = [run for arm in (*study.arms, *study.references) for run in arm.runs]
    seeds: dict[tuple[str, ...], list[int]] = {}
    missing = 0
    for run in runs:
        if (overrides := _overrides(run)) is None:
            missing += 1
        else:
            seeds.setdefault(overrides, []).append(run.seed)
    started = sorted(run.header.started for run in runs if run.header.started)
    commits = sorted({run.header.commit or ABSENT for run in runs})
    return Recipe(
        commands=tuple(command(overrides, of_arm) for overrides, of_arm in seeds.items()),
        missing=missing,
        commits=tuple(commits),
        first=started[0] if started else "",
        last=started[-1] if started else "",
        environment=compare(study, _environment),
    )


def command(overrides: tuple[str, ...], seeds: list[int]) -> str:
    """`al-bench run` with overrides and seeds: one run, or with -m a sweep over the seeds."""
    several = ["-m"] if len(set(seeds)) > 1 else []
    return shlex.join(["al-bench", "run", *several, *overrides, f"seed={','.join(map(str, sorted(set(seeds))))}"])


def compare(study: Study, read: Callable[[Run], dict[str, Any]]) -> Comparison:
    """Split what `read` says of every run into what is the same for all and what is not."""
    runs = [(_title(study, arm), run.seed, read(run)) for arm in (*study.arms, *study.references) for run in arm.runs]
    seeds: dict[str, list[int]] = {}
    for title, seed, _ in runs:
        seeds.setdefault(title, []).append(seed)
    shared, differences = [], []
    for key in sorted({key for *_, values in runs for key in values}):
        owners: dict[str, list[tuple[str, int]]] = {}
        for title, seed, values in runs:
            value = as_text(values[key]) if key in values else ABSENT
            owners.setdefault(value, []).append((title, seed))
        if len(owners) == 1:
            shared.append((key, next(iter(owners))))
        else:
            commonest = sorted(owners.items(), key=lambda item: (-len(item[1]), item[0]))
            differences.append(Difference(key, tuple((value, _owners(pairs, seeds)) for value, pairs in commonest)))
    return Comparison(tuple(shared), tuple(differences))


def as_text(value: Any) -> str:
    """A value as JSON, strings without quotes."""
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


def _title(study: Study, arm: Arm) -> str:
    return arm.label if arm.reference else study.title(arm.name)


def _owners(pairs: Sequence[tuple[str, int]], seeds: dict[str, list[int]]) -> tuple[str, ...]:
    """The arms, with the seeds in brackets where not all seeds of the arm have the value."""
    by_title: dict[str, list[int]] = {}
    for title, seed in pairs:
        by_title.setdefault(title, []).append(seed)
    return tuple(
        title if len(having) == len(seeds[title]) else f"{title} (seed {', '.join(map(str, having))})"
        for title, having in by_title.items()
    )


def _configuration(run: Run) -> dict[str, Any]:
    identity, choices = run.header.identity or {}, run.header.choices
    options = {key: value for key, value in choices.items() if value is not None and key not in ("strategy", "debug")}
    keys = options | {key: value for key, value in identity.items() if key != "seed"}
    return {key: value for key, value in keys.items() if not key.startswith("strategy.")}


def _environment(run: Run) -> dict[str, Any]:
    """What a run ran on: commit, data, device, platform, versions."""
    header = run.header
    facts = {
        "al-bench commit": header.commit and f"{header.commit}{' with uncommitted changes' if header.dirty else ''}",
        "data fingerprint": header.fingerprint,
        "device": header.device,
        "threads": header.threads,
        "platform": header.platform,
        **header.versions,
    }
    return {key: value for key, value in facts.items() if value is not None}


def _overrides(run: Run) -> tuple[str, ...] | None:
    """The overrides of a run without its seed, and without those that only say how a sweep is launched."""
    overrides = run.header.command
    if overrides is None:
        return None
    return tuple(override for override in overrides if not override.startswith(("seed=", "hydra")))
