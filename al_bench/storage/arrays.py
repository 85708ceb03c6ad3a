"""Which runs of a sweep were handed to an engine: files beside the sweep's plan, for whoever comes back for them.

    RESULTS/.sweeps/DATE/array-JOB.json    the engine, the job's name there, the runs in the array's order
    RESULTS/.sweeps/DATE/outcome-N.json    how a run ended, written by its worker
    RESULTS/.sweeps/DATE/log/              what the workers said

The folder may be deleted once none of its runs is at work.
"""

from __future__ import annotations

from pathlib import Path

import msgspec

from al_bench.storage.files import MEGABYTE, atomic_write, read_regular, write_text
from al_bench.storage.sweep_plan import LIMIT, MOST_READ, SWEEPS

LOG = "log"
"""The folder of what the workers said, in the folder of a sweep."""


class SubmittedArray(msgspec.Struct, frozen=True):
    """Runs that an engine has taken over.

    Args:
        engine: Its name, such as slurm.
        job: What it is called there, such as 4711.
        runs: Folders below the folder where studies live, in the array's order.
        outcomes: The file that says how each run ended, in the folder of the sweep.
    """

    engine: str
    job: str
    runs: list[str]
    outcomes: list[str]


class WrittenOutcome(msgspec.Struct, frozen=True):
    """How a run ended, as its worker saw it; the fields are those of `experiment.outcome.Outcome`."""

    status: str
    folder: str | None
    note: str
    bad_input: bool = False


def write_array(folder: Path, array: SubmittedArray) -> None:
    """Remember an array in the folder of its sweep."""
    write_text(folder / f"array-{array.job}.json", msgspec.json.encode(array).decode() + "\n")


def read_arrays(results: Path) -> list[tuple[Path, SubmittedArray]]:
    """The arrays of the latest sweeps of a folder where studies live, the latest first, each with its sweep's folder.

    A file that is damaged or none of al-bench's is left out.
    """
    arrays = []
    for path in sorted((results / SWEEPS).glob("*/array-*.json"), reverse=True)[:MOST_READ]:
        try:
            array = msgspec.json.decode(read_regular(path, LIMIT), type=SubmittedArray)
        except (OSError, msgspec.DecodeError, UnicodeDecodeError, RecursionError):
            continue
        if len(array.runs) == len(array.outcomes):
            arrays.append((path.parent, array))
    return arrays


def write_outcome(path: Path, outcome: WrittenOutcome) -> None:
    """Say how a run ended."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with atomic_write(path) as file:
        file.write(msgspec.json.encode(outcome) + b"\n")


def read_outcome(path: Path) -> WrittenOutcome | None:
    """How a run ended; None where its worker did not say so."""
    try:
        return msgspec.json.decode(read_regular(path, MEGABYTE), type=WrittenOutcome)
    except (OSError, msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return None
