"""Runs read back from their folders, each checked before anything is averaged.

A run's folder (`results/runs/<study>/<dataset>/<arm>/seed-<n>`) holds header.json, status.json and
rounds.jsonl, one JSON object a line. What counts is what the header says, not the folder's name.
"""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from al_bench.errors import InputError

SCHEMA = 1
STATUSES = ("running", "complete", "failed", "interrupted")
_FILES = ("header.json", "status.json", "rounds.jsonl")


@dataclass(frozen=True)
class Run:
    """One recorded run.

    Args:
        folder: Where it lies.
        header: header.json as it stands.
        status: running, complete, failed or interrupted (interrupted where status.json is missing).
        rounds: The intact lines of rounds.jsonl, in order.
        torn: Whether a torn last line was left out of `rounds`.
    """

    folder: Path
    header: dict[str, Any]
    status: str
    rounds: tuple[dict[str, Any], ...]
    torn: bool

    @property
    def study(self) -> str:
        return str(self.header["study"])

    @property
    def dataset(self) -> str:
        return str(self.header["dataset"])

    @property
    def arm(self) -> str:
        return str(self.header["arm"])

    @property
    def seed(self) -> int:
        return int(self.header["seed"])

    @property
    def strategy(self) -> str:
        """The strategy's name; the arm's up to its first comma where the header has none."""
        return str(self.header.get("strategy") or self.arm.split(",")[0])

    @property
    def reference(self) -> bool:
        """Whether this run trained once on the whole pool (`reference=full`)."""
        return self.header.get("reference", "none") == "full"

    @property
    def complete(self) -> bool:
        return self.status == "complete"

    @property
    def labels(self) -> tuple[int, ...]:
        """Labelled-set sizes (initial set included) of the rounds that were evaluated, [T]."""
        return tuple(entry["labelled"] for entry in self.rounds if entry["accuracy"] is not None)

    @property
    def accuracy(self) -> tuple[float, ...]:
        """Test accuracy (a fraction) at `labels`, [T]."""
        return tuple(float(entry["accuracy"]) for entry in self.rounds if entry["accuracy"] is not None)


class DamagedRunError(InputError):
    """A run that cannot be read; the message names its folder and the reason."""


def find_runs(folders: list[Path], report: Callable[[str], None] | None = None) -> list[Run]:
    """All runs in and under the folders, each once, sorted by dataset, study, arm and seed.

    Args:
        folders: Studies, datasets, arms or runs, in any mixture; they may overlap.
        report: Called with one line for every damaged run, which is then left out. Without it a damaged
            run raises: nobody would hear of it otherwise.

    Raises:
        InputError: A folder is missing, is no folder, or holds no run that can be read.
    """
    found: dict[Path, Run] = {}
    seen: dict[Path, str] = {}
    for folder in folders:
        damaged: list[str] = []
        count = 0
        for candidate in _run_folders(folder):
            key = candidate.resolve()
            if key not in seen:
                try:
                    found[key] = read_run(candidate)
                    seen[key] = ""
                except DamagedRunError as error:
                    if report is None:
                        raise
                    seen[key] = str(error)
                    report(f"skipped {error}")
            count += 1
            if seen[key]:
                damaged.append(seen[key])
        if count == 0:
            raise InputError(
                f"no runs found under {folder}; give a folder that al-bench run wrote, "
                "such as results/runs/<study>, or start one with al-bench run"
            )
        if len(damaged) == count:
            raise InputError(f"no readable run under {folder}; {count} damaged, the first: {damaged[0]}")
    return sorted(found.values(), key=lambda run: (run.dataset, run.study, run.arm, run.seed, str(run.folder)))


def _run_folders(folder: Path) -> Iterator[Path]:
    """The run folders in and under `folder`, sorted; hidden folders and those inside runs are left."""
    if not folder.exists():
        raise InputError(f"{folder} does not exist; give a folder that al-bench run wrote")
    if not folder.is_dir():
        raise InputError(f"{folder} is a file; give the folder that holds it")
    waiting, visited = [folder], set()
    while waiting:
        here = waiting.pop()
        if here.resolve() in visited:  # a symbolic link that leads back up
            continue
        visited.add(here.resolve())
        if any((here / name).is_file() for name in _FILES):
            yield here
            continue
        try:
            below = [path for path in here.iterdir() if path.is_dir() and not path.name.startswith(".")]
        except OSError as error:
            raise InputError(f"{here} cannot be read: {error.strerror}") from error
        waiting.extend(sorted(below, reverse=True))


def read_run(folder: Path) -> Run:
    """One run, checked.

    Raises:
        DamagedRunError: A file is missing, is not al-bench's or contradicts another.
    """
    if not (folder / "header.json").is_file():
        raise DamagedRunError(f"{folder}: header.json is missing{_said(folder)}")
    header = _read_object(folder, "header.json")
    if header.get("schema") != SCHEMA:
        raise DamagedRunError(
            f"{folder}: header.json has schema {header.get('schema')!r}, this al-bench reads {SCHEMA}"
        )
    for key, kind in (("study", str), ("dataset", str), ("arm", str), ("seed", int)):
        if not isinstance(header.get(key), kind) or isinstance(header.get(key), bool):
            raise DamagedRunError(f"{folder}: header.json has no usable {key!r} ({header.get(key)!r})")
    status = "interrupted"
    if (folder / "status.json").is_file():
        status = _read_object(folder, "status.json").get("status", "missing")
        if status not in STATUSES:
            raise DamagedRunError(f"{folder}: status.json says {status!r}, none of {', '.join(STATUSES)}")
    rounds, torn = _read_rounds(folder)
    run = Run(folder, header, status, rounds, torn)
    if run.complete and torn:
        raise DamagedRunError(f"{folder}: status.json says complete, but rounds.jsonl ends in a torn line")
    if run.complete and rounds and rounds[-1].get("acquired") is not None:
        raise DamagedRunError(f"{folder}: status.json says complete, but the last round of rounds.jsonl acquires more")
    if run.complete and not run.labels:
        raise DamagedRunError(f"{folder}: status.json says complete, but no round has an accuracy")
    return run


def _read_object(folder: Path, name: str) -> dict[str, Any]:
    try:
        value = json.loads((folder / name).read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise DamagedRunError(f"{folder}: {name} is missing") from None
    except (OSError, ValueError) as error:
        raise DamagedRunError(f"{folder}: {name} cannot be read ({_one_line(error)})") from error
    if not isinstance(value, dict):
        raise DamagedRunError(f"{folder}: {name} is not a JSON object")
    return value


def _read_rounds(folder: Path) -> tuple[tuple[dict[str, Any], ...], bool]:
    """The intact rounds and whether the last line was torn; a run that has just begun may have none."""
    path = folder / "rounds.jsonl"
    if not path.exists():
        return (), False
    try:
        lines = path.read_bytes().split(b"\n")
    except OSError as error:
        raise DamagedRunError(f"{folder}: rounds.jsonl cannot be read ({_one_line(error)})") from error
    unfinished = lines.pop()  # empty where the file ends in a newline
    rounds: list[dict[str, Any]] = []
    for number, line in enumerate(lines, start=1):
        try:
            entry = json.loads(line)
        except ValueError as error:
            if number == len(lines) and not unfinished:  # a torn page may still end in a newline
                return tuple(rounds), True
            raise DamagedRunError(f"{folder}: line {number} of rounds.jsonl is not JSON") from error
        fault = _fault(entry, rounds)
        if fault:
            raise DamagedRunError(f"{folder}: line {number} of rounds.jsonl {fault}")
        rounds.append(entry)
    return tuple(rounds), bool(unfinished)


def _fault(entry: Any, before: list[dict[str, Any]]) -> str:
    """What is wrong with a round, given the ones before it; empty where nothing is."""
    if not isinstance(entry, dict):
        return "is not a JSON object"
    if entry.get("schema") != SCHEMA:
        return f"has schema {entry.get('schema')!r}, this al-bench reads {SCHEMA}"
    if entry.get("round") != len(before) or isinstance(entry.get("round"), bool):
        return f"has round {entry.get('round')!r} where {len(before)} follows"
    labelled = entry.get("labelled")
    if not isinstance(labelled, int) or isinstance(labelled, bool) or labelled < 0:
        return f"has labelled {labelled!r}, not a count"
    if before and labelled <= before[-1]["labelled"]:
        return f"has labelled {labelled}, not more than the round before"
    accuracy = entry.get("accuracy", "missing")
    if accuracy is None:
        return ""
    if not isinstance(accuracy, (int, float)) or isinstance(accuracy, bool) or not math.isfinite(accuracy):
        return f"has accuracy {accuracy!r}, neither a fraction nor null"
    return "" if 0 <= accuracy <= 1 else f"has accuracy {accuracy!r}, outside 0 to 1"


def _said(folder: Path) -> str:
    """What status.json says of a run that has no header: it may have failed before its first round."""
    try:
        return f" (status.json says {_read_object(folder, 'status.json').get('status')})"
    except DamagedRunError:
        return ""


def _one_line(error: Exception) -> str:
    return " ".join(str(error).split())
