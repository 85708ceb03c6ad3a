"""Which runs a sweep is about to do: a file beside Hydra's own description of it, for whoever asks how far it is.

    RESULTS/.sweeps/DATE/jobs-N.json   the command, and the folders of the jobs from number N on, below RESULTS
    RESULTS/.sweeps/DATE/.lock         held while the sweep runs

The folders may be deleted at any time; no run reads them.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

import msgspec

from al_bench.storage.files import MEGABYTE, read_regular, write_text
from al_bench.storage.lock import is_held, locked

SWEEPS = ".sweeps"
"""The folder of all sweeps, in the folder where studies live."""
LIMIT = 16 * MEGABYTE
MOST_READ = 500
"""Sweeps that are read, the latest."""


class SweepPlan(msgspec.Struct, frozen=True):
    """The runs of a sweep.

    Args:
        command: The words typed after `al-bench`.
        started: When, in UTC.
        workers: Runs at a time; None where the launcher does not say.
        runs: Folders below the folder where studies live.
    """

    command: list[str]
    started: str
    workers: int | None
    runs: list[str]


@contextmanager
def planned(
    folder: Path, runs: Sequence[Path], command: Sequence[str], workers: int | None, first: int = 0
) -> Iterator[None]:
    """Write which runs are to be done, and hold the sweep's folder while they are; a disk error stops no sweep.

    Args:
        folder: RESULTS/.sweeps/DATE.
        runs: Their folders.
        command: The words typed after `al-bench`.
        workers: Runs at a time.
        first: The number of the first job.
    """
    below = [os.path.relpath(run, folder.parent.parent) for run in runs]
    started = datetime.now(UTC).isoformat(timespec="seconds")
    plan = SweepPlan(list(command), started, workers, below)
    try:
        folder.mkdir(parents=True, exist_ok=True)
        write_text(folder / f"jobs-{first}.json", msgspec.json.encode(plan).decode() + "\n")
    except OSError:
        yield
        return
    with locked(folder, "another process is running this sweep"):
        yield


def read_plans(results: Path) -> list[tuple[SweepPlan, bool]]:
    """The sweeps of a folder where studies live, the latest first, each with whether it is at work.

    A file that is damaged or none of al-bench's is left out.
    """
    plans = []
    for path in sorted((results / SWEEPS).glob("*/jobs-*.json"), reverse=True)[:MOST_READ]:
        try:
            plan = msgspec.json.decode(read_regular(path, LIMIT), type=SweepPlan)
        except (OSError, msgspec.DecodeError, UnicodeDecodeError, RecursionError):
            continue
        plans.append((plan, is_held(path.parent) is True))
    return plans
