"""What trackers were told of a run: `trackers.json` in its folder, so that a resumed run goes on in the same place."""

from __future__ import annotations

from pathlib import Path

import msgspec

from al_bench.storage.files import MEGABYTE, read_regular, write_text

NAME = "trackers.json"


class Told(msgspec.Struct):
    """What one tracker knows.

    Args:
        key: By what it finds the run again.
        rounds: How many rounds it was told of.
        ended: The status with which it ended; None while it goes on.
    """

    key: str
    rounds: int = 0
    ended: str | None = None


def read_told(folder: Path) -> dict[str, Told]:
    """Tracker to what it knows of the run in a folder; empty where nobody was told.

    Raises:
        ValueError: the file is damaged.
    """
    path = folder / NAME
    if not path.exists():
        return {}
    return msgspec.json.decode(read_regular(path, MEGABYTE), type=dict[str, Told])


def write_told(folder: Path, told: dict[str, Told]) -> None:
    """Write it, all or nothing."""
    write_text(folder / NAME, msgspec.json.format(msgspec.json.encode(told), indent=1).decode() + "\n")
