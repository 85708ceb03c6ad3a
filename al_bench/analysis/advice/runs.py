"""Runs that are still to be made: what to type for them, how many they are, and how long they take.

What was typed is read from the records, as text: nothing of a record is composed, resolved or imported here. So what a
default of today would change is added from the tables of al-bench itself: the rule of a record's time goes on under the
new seeds.
"""

from __future__ import annotations

import math
import shlex
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from al_bench.analysis.arms import Arm, split_arm
from al_bench.errors import literal, typed_path
from al_bench.records import RunHeader
from al_bench.storage.archive import is_archive
from al_bench.storage.identity import FORMER_DEFAULTS
from al_bench.storage.rounds import LENGTH_KEYS
from al_bench.storage.runs import Run

RESULTS = "results/runs"
"""Where runs are recorded unless `results` says otherwise."""
_PATHS = ("path", "root", "test_path", "label_file", "file", "features", "weights")
"""Last parts of keys whose values are paths."""
_START = "initial.kind"
_OWN_DATA = ("csv", "npz")
"""Data sets of the user's own that there were when their default start was another."""
FORMER_KEYS = {
    "bait": "strategy.labelled_weighting",
    "batchbald": "strategy.candidates_max",
    "typiclust": "strategy.clustering",
}
"""Strategy to the key that it got after runs had been recorded, with another default than what was done before."""
_LENGTHS_IN_ARMS = tuple(f"{key.split('.')[-1]}=" for key in sorted(LENGTH_KEYS))


@dataclass(frozen=True)
class FurtherRuns:
    """Runs of one strategy that are to be made, set up as a run on record was.

    Args:
        like: The run on record.
        strategy: The strategy's option.
        seeds: Those that are missing.
        seconds: What a run takes; NaN where no record says.
        same: Whether they are of the arm of `like`; else they take over its setting, not its strategy's keys.
    """

    like: Run
    strategy: str
    seeds: tuple[int, ...]
    seconds: float
    same: bool = True


@dataclass(frozen=True)
class Commands:
    """What to type.

    Args:
        lines: Each to be pasted into a shell; empty where the records do not say how the runs were begun.
        runs: How many runs they make.
        seconds: What these take one after another; NaN where no record says.
        remarks: What must be known before they are typed, one sentence each.
    """

    lines: tuple[str, ...]
    runs: int
    seconds: float
    remarks: tuple[str, ...] = ()

    @property
    def size(self) -> str:
        """Their number and duration: "(10 runs one after another, about 61 minutes by those on record)"."""
        text = "1 run" if self.runs == 1 else f"{self.runs} runs one after another"
        known = not math.isnan(self.seconds)
        return f"({text}, {duration(self.seconds)} by those on record)" if known else f"({text})"


def of_arm(arm: Arm, seeds: Iterable[int]) -> FurtherRuns:
    """What an arm lacks of the seeds."""
    lacking = tuple(seed for seed in seeds if seed not in {run.seed for run in arm.runs})
    return FurtherRuns(arm.runs[0], option_of(arm.runs[0]), lacking, seconds_of(arm.runs))


def of_strategy(arm: Arm, strategy: str, seeds: Iterable[int]) -> FurtherRuns:
    """Runs of another strategy in the setting of an arm."""
    return FurtherRuns(arm.runs[0], strategy, tuple(seeds), seconds_of(arm.runs), same=False)


def unfinished_run(run: Run, arms: Sequence[Arm]) -> FurtherRuns:
    """A run that is not complete; what it still takes is known where a run of its arm is complete."""
    own = [other for arm in arms if arm.recorded_name == run.arm for other in arm.runs if other.complete]
    left = seconds_of(own) - sum(sum(record.seconds.values()) for record in run.rounds)
    return FurtherRuns(run, option_of(run), (run.seed,), max(left, 0.0) if math.isfinite(left) else math.nan)


def commands(wanted: Sequence[FurtherRuns]) -> Commands:
    """What to type for the runs: strategies that were typed alike in one line, `-m` where a line makes several runs."""
    wanted = [each for each in wanted if each.seeds]
    together: dict[tuple[tuple[str, ...], tuple[int, ...]], list[str]] = {}
    remarks: list[str] = []
    for each in wanted:
        words = typed_words(each)
        if words is None:
            together.clear()
            every = ",".join(map(str, sorted({seed for other in wanted for seed in other.seeds})))
            remarks = [f"The records do not say how these runs were begun: type what began them, with seed={every}."]
            break
        strategies = together.setdefault((words, each.seeds), [])
        strategies += [] if each.strategy in strategies else [each.strategy]
        remarks += _remarks(each.like, words)
    lines = []
    for (words, seeds), strategies in together.items():
        several = ["-m"] if len(seeds) * len(strategies) > 1 else []
        last = [f"strategy={','.join(strategies)}", f"seed={','.join(map(str, seeds))}"]
        lines.append(shlex.join(["al-bench", "run", *several, *words, *last]))
    runs = sum(len(each.seeds) for each in wanted)
    seconds = sum(each.seconds * len(each.seeds) for each in wanted)
    return Commands(tuple(lines), runs, seconds, tuple(dict.fromkeys(remarks)))


def typed_words(wanted: FurtherRuns) -> tuple[str, ...] | None:
    """The overrides but for strategy and seed; None where the record does not have them."""
    header = wanted.like.header
    if header.command is None:
        return None
    words = [word for word in header.command if _key(word) not in ("strategy", "seed") and _key(word)[:5] != "hydra"]
    if not wanted.same:
        words = [word for word in words if not _key(word).startswith("strategy.") and _key(word) != "arm"]
    words = _with_lengths(header, words)
    former = _former_rules(header, words, wanted.same)
    words += former
    lengths_in_name = any(part.startswith(_LENGTHS_IN_ARMS) for part in split_arm(header.arm))
    if wanted.same and (former or lengths_in_name) and "arm" not in map(_key, words):
        words.append(f"arm={literal(header.arm)}")
    if (root := recorded_in(wanted.like)) is not None and not lacking_paths(words):
        typed = next((word.partition("=")[2] for word in words if _key(word) == "results"), RESULTS)
        if Path(typed).expanduser().resolve() != root.resolve():
            words = [word for word in words if _key(word) != "results"]
            words.append(f"results={literal(typed_path(str(root)))}")
    return tuple(words)


def seconds_of(runs: Sequence[Run]) -> float:
    """The seconds of a run, the median over runs; NaN where no round has them."""
    totals = [sum(sum(record.seconds.values()) for record in run.rounds) for run in runs]
    known = [total for total in totals if total > 0]
    return float(np.median(known)) if known else math.nan


def duration(seconds: float) -> str:
    """A duration in words: "about 12 minutes"."""
    minutes = seconds / 60
    if minutes < 1:
        return "under a minute"
    if minutes < 120:
        return f"about {minutes:.0f} {'minute' if round(minutes) == 1 else 'minutes'}"
    return f"about {minutes / 60:.0f} hours"


def _key(word: str) -> str:
    return word.lstrip("+~").partition("=")[0]


def option_of(run: Run) -> str:
    return str(run.header.choices.get("strategy") or run.strategy)


def _with_lengths(header: RunHeader, words: list[str]) -> list[str]:
    """The words with the length that a run was extended to in place of the one typed first."""
    if not header.extended or header.identity is None:
        return words
    lengths = [f"{key}={header.identity[key]}" for key in sorted(LENGTH_KEYS) if header.identity.get(key) is not None]
    return [word for word in words if _key(word) not in LENGTH_KEYS] + lengths


def _former_rules(header: RunHeader, words: Sequence[str], same: bool) -> list[str]:
    """Overrides for what today's defaults would change: keys whose rule was another when the run began."""
    identity, typed = header.identity, set(map(_key, words))
    if identity is None or typed & {"experiment", "scale"}:
        return []  # a preset says what it needs
    added = []
    named = identity.get("initial.indices") is not None or identity.get("initial.rows") is not None
    began = identity.get(_START, FORMER_DEFAULTS[_START])
    own_data = header.choices.get("dataset") in _OWN_DATA or header.own_code is not None
    if own_data and began == FORMER_DEFAULTS[_START] and _START not in typed and not named:
        added.append(f"{_START}={began}")
    key = FORMER_KEYS.get(str(header.choices.get("strategy")))
    if same and key is not None and key not in identity and key not in typed:
        former = FORMER_DEFAULTS[key]
        added.append(f"{key}={'null' if former is None else former}")
    return added


def recorded_in(run: Run) -> Path | None:
    """The folder of results that a run lies in, `results`; None where its folder does not say, as in an archive."""
    header = run.header
    parts = (header.study, str(header.choices.get("dataset") or header.dataset), header.arm, f"seed-{header.seed}")
    if run.folder.parts[-4:] != parts or len(run.folder.parts) == 4 or any(map(is_archive, run.folder.parents)):
        return None
    return run.folder.parents[3]


def lacking_paths(words: Sequence[str]) -> list[str]:
    """The words with a path that does not lead anywhere from here."""
    named = [word for word in words if _key(word).split(".")[-1] in _PATHS and "." in _key(word)]
    return [word for word in named if not _leads_somewhere(word.partition("=")[2].strip("'\""))]


def _leads_somewhere(path: str) -> bool:
    return path in ("", "null", "auto", "penultimate") or Path(path).expanduser().exists()


def _remarks(run: Run, words: Sequence[str]) -> list[str]:
    """What must be known before a command is typed."""
    remarks = []
    if lacking := lacking_paths(words):
        remarks.append(f"{', '.join(lacking)} is not to be seen from here: type it where these runs were begun.")
    if run.header.own_code is not None:
        remarks.append("These runs had components of your own: add the --config-dir that was typed for them, if any.")
    if recorded_in(run) is None:
        archive = next((parent for parent in run.folder.parents if is_archive(parent)), None)
        here = run.folder.parents[min(2, len(run.folder.parents) - 1)] if archive is None else archive
        typed = next((word.partition("=")[2] for word in words if _key(word) == "results"), RESULTS)
        there = f"{typed}/{run.header.study}"
        remarks.append(f"The new runs are recorded in {there}: compare it beside {here} then.")
    return remarks
