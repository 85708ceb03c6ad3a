"""A folder held for one process."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from filelock import FileLock, Timeout

from al_bench.errors import InputError

LOCK = ".lock"
"""The name of the file whose lock holds its folder."""


@contextmanager
def locked(folder: Path, holder: str) -> Iterator[None]:
    """Make the folder, and hold it for one process while the body runs.

    Args:
        folder: The folder.
        holder: What the other process is doing, as the message says it.

    Raises:
        InputError: another process holds it.
    """
    folder.mkdir(parents=True, exist_ok=True)
    lock = FileLock(folder / LOCK, blocking=False)
    try:
        lock.acquire()
    except Timeout:
        raise InputError(f"{folder}: {holder}; wait for it or stop it") from None
    try:
        yield
    finally:
        lock.release()
