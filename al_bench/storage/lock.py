"""A folder held for one process, on one machine or on several that share a file system.

Two things hold it: the lock of the file system (`.lock`, by filelock), which the system releases when its process dies,
and a note (`holder`). Where the file system cannot lock, the note alone holds; where its locks are seen on one machine
alone, as on some network file systems, the note tells the others.
"""

from __future__ import annotations

import errno
import os
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

from filelock import FileLock, Timeout

from al_bench.errors import InputError
from al_bench.storage.holder import Holder, host, is_alive_here, is_fresh, read_note

LOCK = ".lock"
"""The name of the file whose lock holds its folder."""
PATIENCE = 0.2
"""Seconds that a lock is tried: whoever only asks whether a folder is held holds it for a moment."""
NO_LOCKS = {errno.ENOLCK, errno.ENOSYS, errno.EOPNOTSUPP, errno.ENOTSUP}
"""What a file system says that cannot lock."""


class Hold:
    """A folder that this process holds.

    Args:
        holder: The note in it.
        remark: What is to be said of it, in one clause; empty where there is nothing.
    """

    def __init__(self, holder: Holder, remark: str) -> None:
        self._holder = holder
        self.remark = remark

    def check(self) -> None:
        """Refuse to go on where another machine has taken the folder over.

        Raises:
            InputError: naming it.
        """
        self._holder.check()


@contextmanager
def locked(folder: Path, holder: str) -> Iterator[Hold]:
    """Make the folder, and hold it for one process while the body runs.

    Args:
        folder: The folder.
        holder: What the other process is doing, as the message says it.

    Raises:
        InputError: another process holds it, here or on another machine.
    """
    folder.mkdir(parents=True, exist_ok=True)
    with ExitStack() as stack:
        fault = why_no_lock(folder / LOCK)
        if fault is None:
            lock = FileLock(folder / LOCK, timeout=PATIENCE)
            try:
                lock.acquire(poll_interval=PATIENCE / 10)
            except Timeout:
                other = read_note(folder)
                where = f" on {other.host}" if other is not None and other.host != host() else ""
                raise InputError(f"{folder}: {holder}{where}; wait for it or stop it") from None
            stack.callback(lock.release)
        note = Holder(folder, has_lock=fault is None)
        note.take(holder)
        stack.callback(note.release)
        remark = "" if fault is None else f"the file system of {folder} cannot lock ({fault}); a note holds it instead"
        yield Hold(note, remark)


def why_no_lock(path: Path) -> str | None:
    """Why a file cannot be locked where it lies, as the system says it; None where it can. The file is made.

    Raises:
        OSError: it cannot be made.
    """
    try:
        import fcntl
    except ImportError:  # Windows, whose locks filelock has
        return None
    handle = os.open(path, os.O_RDWR | os.O_CREAT, 0o644)
    try:
        fcntl.flock(handle, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return None
    except OSError as error:
        return error.strerror if error.errno in NO_LOCKS else None
    finally:
        os.close(handle)
    return None


def is_held(folder: Path) -> bool | None:
    """Whether a process holds a folder; None where that cannot be told. Nothing is written."""
    native = _is_locked(folder)
    if native:
        return True
    note = read_note(folder)
    if note is None:
        return native
    if note.host != host():
        return is_fresh(folder)
    return native if native is not None else is_alive_here(note)


def _is_locked(folder: Path) -> bool | None:
    """Whether the lock of the file system is held, as far as this machine can tell; None where it cannot."""
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
