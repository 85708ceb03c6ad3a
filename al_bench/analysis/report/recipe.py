"""How to run a study again: the commands on record, one line where only the seed differs."""

from __future__ import annotations

import shlex
from dataclasses import dataclass
from typing import TYPE_CHECKING

from al_bench.analysis.report.configuration import ABSENT, Settings, environment

if TYPE_CHECKING:
    from al_bench.analysis.study import Study
    from al_bench.storage.runs import Run


@dataclass(frozen=True)
class Recipe:
    """What to type and what it ran on.

    Args:
        commands: As typed, seeds of one arm on one line.
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
    environment: Settings


def recipe(study: Study) -> Recipe:
    """The recipe of a study, whole-pool references included."""
    runs = [run for group in (*study.groups, *study.references) for run in group.runs]
    seeds: dict[tuple[str, ...], list[int]] = {}
    missing = 0
    for run in runs:
        if (words := _words(run)) is None:
            missing += 1
        else:
            seeds.setdefault(words, []).append(run.seed)
    started = sorted(str(run.header["started"]) for run in runs if run.header.get("started"))
    commits = sorted({str(run.header.get("commit") or ABSENT) for run in runs})
    return Recipe(
        commands=tuple(command(words, found) for words, found in seeds.items()),
        missing=missing,
        commits=tuple(commits),
        first=started[0] if started else "",
        last=started[-1] if started else "",
        environment=environment(study),
    )


def command(words: tuple[str, ...], seeds: list[int]) -> str:
    """`al-bench run` with overrides and seeds: one run, or with -m a sweep over the seeds."""
    several = ["-m"] if len(set(seeds)) > 1 else []
    return shlex.join(["al-bench", "run", *several, *words, f"seed={','.join(map(str, sorted(set(seeds))))}"])


def _words(run: Run) -> tuple[str, ...] | None:
    """The overrides of a run without its seed, and without what only says how a sweep is launched."""
    words = run.header.get("command")
    if not isinstance(words, list):
        return None
    return tuple(str(word) for word in words if not str(word).startswith(("seed=", "hydra")))
