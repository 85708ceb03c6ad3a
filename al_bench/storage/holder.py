"""A note of who holds a folder, renewed while it is held: for file systems whose locks fail or hold on one machine.

    .holder    {"host": …, "process": …, "mark": …, "beat": N}, there while the folder is held

The holder counts `beat` up every `BEAT` seconds. Whoever finds the note of another machine watches it for `STALE`
seconds by a clock of its own: one that does not change is a dead process's. Clocks of two machines are not compared.
The note is made by an exclusive creation, which network file systems do in one place.
"""

from __future__ import annotations

import os
import platform
import secrets
import threading
import time
from pathlib import Path

import msgspec
import psutil

from al_bench.errors import InputError
from al_bench.storage.files import MEGABYTE, read_regular

NAME = ".holder"
BEAT, STALE = 10.0, 60.0
"""Seconds between two signs of life, and without one until a holder is taken for dead."""
SETTLE = 0.3
"""Seconds after which whoever made a note reads it again, on file systems that cannot lock."""
WIDTH = 400
"""Bytes of a note, always the same, so that it is renewed in its place."""


class Note(msgspec.Struct, frozen=True):
    """Who holds a folder.

    Args:
        host: The name of the machine.
        process: Its number there, and when it started.
        mark: Random; another one is another holder.
        beat: Signs of life so far.
    """

    host: str
    process: tuple[int, float]
    mark: str
    beat: int = 0


def host() -> str:
    """The name of this machine; machines that share a file system need different ones."""
    return platform.node()


def read_note(folder: Path) -> Note | None:
    """The note in a folder; None where there is none, or none that can be read."""
    try:
        return msgspec.json.decode(read_regular(folder / NAME, MEGABYTE), type=Note)
    except (OSError, msgspec.DecodeError, UnicodeDecodeError):
        return None


def is_alive_here(note: Note) -> bool:
    """Whether the process that a note of this machine names is at work."""
    number, started = note.process
    try:
        return abs(psutil.Process(number).create_time() - started) < 2.0
    except psutil.Error:
        return False


def is_fresh(folder: Path) -> bool:
    """Whether a note was renewed not long ago, by this machine's clock: a look that waits for nothing."""
    try:
        return time.time() - (folder / NAME).stat().st_mtime < STALE
    except OSError:
        return False


class Holder:
    """Holds a folder by a note in it.

    Args:
        folder: The folder.
        has_lock: Whether the lock of the file system is held, too: a note of this machine is then a dead process's.
    """

    def __init__(self, folder: Path, has_lock: bool) -> None:
        self.folder = folder
        self.has_lock = has_lock
        self.note: Note | None = None
        self._ended = threading.Event()

    def take(self, what: str) -> None:
        """Make the note and renew it from now on.

        Args:
            what: What a holder is doing, as the message says it.

        Raises:
            InputError: another process holds the folder.
            OSError: there is no lock, and no note can be written either.
        """
        before = read_note(self.folder)
        if before is not None and self._is_at_work(before):
            raise self._refusal(before, what)
        note = Note(host(), (os.getpid(), psutil.Process().create_time()), secrets.token_hex(8))
        try:
            if (self.folder / NAME).exists():
                self._remove(before)
            self._create(note)
        except FileExistsError:
            other = read_note(self.folder)
            raise self._refusal(other, what) from None
        except OSError:
            if self.has_lock:  # a full disk takes no note; the lock holds
                return
            raise
        if not self.has_lock:
            time.sleep(SETTLE)
            if (now := read_note(self.folder)) is None or now.mark != note.mark:
                raise self._refusal(now, what)
        self.note = note
        threading.Thread(target=self._renew, name="al-bench holder", daemon=True).start()

    def check(self) -> None:
        """Refuse to go on where another process has taken the folder over.

        Raises:
            InputError: naming the machine.
        """
        now = read_note(self.folder)
        if self.note is not None and now is not None and now.mark != self.note.mark:
            raise InputError(f"{self.folder}: a process on {now.host} has taken this over; it goes on there")

    def release(self) -> None:
        """Remove the note, if it is this holder's."""
        self._ended.set()
        now = read_note(self.folder)
        if self.note is not None and now is not None and now.mark == self.note.mark:
            (self.folder / NAME).unlink(missing_ok=True)

    def _is_at_work(self, before: Note) -> bool:
        if before.host == host():
            return not self.has_lock and is_alive_here(before)
        deadline = time.monotonic() + STALE
        while time.monotonic() < deadline:
            time.sleep(min(BEAT / 4, STALE / 4))
            now = read_note(self.folder)
            if now is None and not (self.folder / NAME).exists():
                return False
            if now != before:
                return True
        return False

    def _refusal(self, other: Note | None, what: str) -> InputError:
        where = "" if other is None or other.host == host() else f" on {other.host} (process {other.process[0]})"
        return InputError(f"{self.folder}: {what}{where}; wait for it or stop it")

    def _remove(self, judged: Note | None) -> None:
        """Take a dead process's note away; of several who try, one succeeds."""
        aside = self.folder / f"{NAME}-{secrets.token_hex(4)}"
        os.replace(self.folder / NAME, aside)
        try:
            taken = msgspec.json.decode(read_regular(aside, MEGABYTE), type=Note)
        except (OSError, msgspec.DecodeError, UnicodeDecodeError):
            taken = None
        if judged is not None and taken is not None and taken.mark != judged.mark:  # another took over just now
            os.replace(aside, self.folder / NAME)
            raise FileExistsError
        aside.unlink(missing_ok=True)

    def _create(self, note: Note) -> None:
        handle = os.open(self.folder / NAME, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o644)
        try:
            os.write(handle, _encode(note))
        finally:
            os.close(handle)

    def _renew(self) -> None:
        assert self.note is not None
        mark, beat = self.note.mark, 0
        while not self._ended.wait(BEAT):
            beat += 1
            now = read_note(self.folder)
            if now is None or now.mark != mark or self._ended.is_set():
                continue
            try:
                handle = os.open(self.folder / NAME, os.O_WRONLY)
                try:
                    os.write(handle, _encode(msgspec.structs.replace(now, beat=beat)))
                finally:
                    os.close(handle)
            except OSError:
                continue


def _encode(note: Note) -> bytes:
    return msgspec.json.encode(note).ljust(WIDTH) + b"\n"
