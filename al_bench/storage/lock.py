"""A folder held for one process."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from filelock import FileLock, Timeout

from al_bench.errors import InputError

LOCK = ".lock"
"""The name of the file whose lock holds its folder."""
PATIENCE = 0.2
"""Seconds that a lock is tried: whoever only asks whether a folder is held holds it for a moment."""


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
    lock = FileLock(folder / LOCK, timeout=PATIENCE)
    try:
        lock.acquire(poll_interval=PATIENCE / 10)
    except Timeout:
        raise InputError(f"{folder}: {holder}; wait for it or stop it") from None
    try:
        yield
    finally:
        lock.release()


def is_held(folder: Path) -> bool | None:
    """Whether a process of this machine holds a folder; None where that cannot be told. Nothing is written."""
    try:
        import fcntl
    except ImportError:  # Windows
        return None
    try:
        with open(folder / LOCK, "rb") as file:
            fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except (FileNotFoundError, NotADirectoryError):
        return False
    except BlockingIOError:
        return True
    except OSError:
        return None
    return False
