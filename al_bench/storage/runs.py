"""Runs read back from their folders, each checked before anything is averaged.

A run's folder (`results/runs/<study>/<dataset>/<arm>/seed-<n>`) is described in `al_bench.storage.run_folder`. What
counts is what the header says, not the folder's name.
"""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from al_bench.errors import InputError
from al_bench.records import RoundRecord, RunHeader
from al_bench.storage.archive import archived_folders, has_record, is_archive, read_record
from al_bench.storage.header import read_header
from al_bench.storage.rescored import with_rescored
from al_bench.storage.rounds import DamagedRecordError, read_rounds
from al_bench.storage.run_folder import STATUS_LIMIT, STATUSES

_FILES = ("header.json", "status.json", "rounds.jsonl")


@dataclass(frozen=True)
class Run:
    """One recorded run.

    Args:
        folder: Where it lies.
        header: What ran.
        status: running, complete, failed or interrupted (interrupted where status.json is missing).
        rounds: The intact rounds, in order.
        torn: Whether a torn last line was left out of `rounds`.
        protected: Whether every line has a digest, so that damage would have been seen.
    """

    folder: Path
    header: RunHeader
    status: str
    rounds: tuple[RoundRecord, ...]
    torn: bool
    protected: bool = False

    @property
    def study(self) -> str:
        return self.header.study

    @property
    def dataset(self) -> str:
        return self.header.dataset

    @property
    def arm(self) -> str:
        return self.header.arm

    @property
    def seed(self) -> int:
        return self.header.seed

    @property
    def strategy(self) -> str:
        """The strategy's name; the arm's up to its first comma where the header has none."""
        return self.header.strategy or self.arm.split(",")[0]

    @property
    def reference(self) -> bool:
        """Whether this run trained once on the whole pool (`reference=full`)."""
        return self.header.reference == "full"

    @property
    def complete(self) -> bool:
        return self.status == "complete"

    @property
    def labels(self) -> tuple[int, ...]:
        """Labelled-set sizes (initial set included) of the rounds that were evaluated, [T]."""
        return tuple(record.labelled for record in self.rounds if record.accuracy is not None)

    @property
    def accuracy(self) -> tuple[float, ...]:
        """Test accuracy (a fraction) of the rounds that were evaluated, [T]."""
        return tuple(float(record.accuracy) for record in self.rounds if record.accuracy is not None)

    @property
    def values(self) -> tuple[float, ...]:
        """What the run's curve shows at `labels`, [T]: its accuracy."""
        return self.accuracy


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
        for candidate in run_folders(folder, report):
            key = candidate.resolve()
            if key not in seen:
                try:
                    found[key] = read_run(candidate)
                    seen[key] = ""
                except DamagedRecordError as error:
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
        if len(damaged) == count and (report is None or len(folders) == 1):
            raise InputError(f"no readable run under {folder}; {count} damaged, the first: {damaged[0]}")
    if not found:
        raise InputError(f"no readable run under {', '.join(map(str, folders))}; all are damaged")
    return sorted(found.values(), key=lambda run: (run.dataset, run.study, run.arm, run.seed, str(run.folder)))


def run_folders(folder: Path, report: Callable[[str], None] | None) -> Iterator[Path]:
    """The run folders in and under `folder`, sorted; hidden folders and those inside runs are left."""
    if not folder.exists():
        raise InputError(f"{folder} does not exist; give a folder that al-bench run wrote")
    if is_archive(folder):
        yield from archived_folders(folder)
        return
    if not folder.is_dir():
        raise InputError(f"{folder} is a file; give the folder that holds it, or an archive, such as study.parquet")
    waiting, visited = [folder], set()
    while waiting:
        here = waiting.pop()
        if here.resolve() in visited:  # a symbolic link that leads back up
            continue
        visited.add(here.resolve())
        if any(os.path.lexists(here / name) for name in _FILES):
            yield here
            continue
        try:
            below = [path for path in here.iterdir() if not path.name.startswith(".")]
        except OSError as error:
            if report is None or here == folder:
                raise InputError(f"{here} cannot be read: {error.strerror}") from error
            report(f"skipped {here}: it cannot be read ({error.strerror})")
            continue
        for archive in sorted(filter(is_archive, below)):
            if (original := archive.with_suffix("")).is_dir():
                if report is not None:
                    report(f"left out {archive}: the folder {original} is beside it")
            else:
                yield from _archived(archive, report)
        waiting.extend(sorted((path for path in below if path.is_dir()), reverse=True))


def _archived(archive: Path, report: Callable[[str], None] | None) -> list[Path]:
    """The run folders in an archive that lies among folders; none where it is damaged, which is reported."""
    try:
        return archived_folders(archive)
    except InputError as error:
        if report is None:
            raise
        report(f"skipped {error}")
        return []


def read_run(folder: Path) -> Run:
    """One run, checked.

    Raises:
        DamagedRecordError: A file is missing, is not al-bench's or contradicts another.
    """
    header = read_header(folder)
    if header is None:
        raise DamagedRecordError(folder, f"header.json is missing{_status_phrase(folder)}")
    status = "interrupted"
    if has_record(folder / "status.json"):
        status = str(_read_object(folder, "status.json").get("status", "missing"))
        if status not in STATUSES:
            raise DamagedRecordError(folder, f"status.json says {status!r:.80}, none of {', '.join(STATUSES)}")
    rounds = read_rounds(folder / "rounds.jsonl", header)
    run = Run(folder, header, status, rounds.records, rounds.torn, rounds.protected == len(rounds.records))
    if run.complete and run.torn:
        raise DamagedRecordError(folder, "status.json says complete, but rounds.jsonl ends in a torn line")
    if run.complete and run.rounds and run.rounds[-1].acquired is not None:
        raise DamagedRecordError(folder, "status.json says complete, but the last round of rounds.jsonl acquires more")
    if run.complete and not run.labels:
        raise DamagedRecordError(folder, "status.json says complete, but no round has an accuracy")
    return with_rescored(run)


def _read_object(folder: Path, name: str) -> dict[str, Any]:
    try:
        value = json.loads(read_record(folder / name, STATUS_LIMIT))
    except FileNotFoundError:
        raise DamagedRecordError(folder, f"{name} is missing") from None
    except OSError as error:
        raise DamagedRecordError(folder, f"{name} cannot be read ({error.strerror})") from error
    except (ValueError, RecursionError) as error:
        raise DamagedRecordError(folder, f"{name} cannot be read ({' '.join(str(error).split())})") from error
    if not isinstance(value, dict):
        raise DamagedRecordError(folder, f"{name} is not a JSON object")
    return value


def _status_phrase(folder: Path) -> str:
    """What status.json says of a run that has no header: it may have failed before its first round."""
    try:
        return f" (status.json says {_read_object(folder, 'status.json').get('status')!s:.80})"
    except DamagedRecordError:
        return ""
