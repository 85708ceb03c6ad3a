"""Get files into a shared folder exactly once, whoever else is asking, and quietly.

Readers never lock: a folder that may not be written works as long as the files are there. They never see half a
file either: a download goes to a folder beside the target and its files are renamed into place when whole.
"""

from __future__ import annotations

import contextlib
import contextvars
import http.client
import io
import logging
import os
import shutil
import socket
import tarfile
import zipfile
import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

from al_bench.data.files import one_line
from al_bench.errors import InputError

T = TypeVar("T")

SECONDS_WITHOUT_A_BYTE = 15.0  # what a mirror that does not answer may cost; the system's own limit is minutes
SECONDS_FOR_ANOTHER_RUN = 3600.0

FAILURES = (
    OSError,
    RuntimeError,
    EOFError,
    http.client.HTTPException,
    tarfile.TarError,
    zipfile.BadZipFile,
    zlib.error,
)

log = logging.getLogger(__name__)

_OFFLINE = contextvars.ContextVar("offline", default=False)


@dataclass(frozen=True)
class Parcel:
    """What to get and how to speak of it.

    Args:
        name: Short name, used for the lock and the download folder.
        title: What the user calls it.
        files: The files that must all be there, relative to the root.
        advice: What to do without a network: which file to put where.
    """

    name: str
    title: str
    files: tuple[str, ...]
    advice: str

    def is_in(self, root: Path) -> bool:
        """True if every file is there."""
        return all((root / file).is_file() for file in self.files)


def obtain(root: Path, parcel: Parcel, read: Callable[[Path], T], fetch: Callable[[Path], None]) -> T:
    """Read the parcel from `root`, downloading it first if it is not there.

    Args:
        root: The data root; made if need be.
        parcel: What is wanted.
        read: Reads the files of a root that has them all.
        fetch: Downloads into the folder it is given, laid out like a root.

    Returns:
        What `read` returns.

    Raises:
        InputError: Not there and not to be had, with the advice what to put where; or what `read` raises.
    """
    if not parcel.is_in(root):
        if _OFFLINE.get():
            raise InputError(f"{parcel.title} is not in {root}: {parcel.advice}")
        from filelock import FileLock

        try:
            root.mkdir(parents=True, exist_ok=True)
            with FileLock(root / f".{parcel.name}.lock", timeout=SECONDS_FOR_ANOTHER_RUN):
                if not parcel.is_in(root):  # another run may have brought it while this one waited
                    _download(root, parcel, fetch)
        except FAILURES as error:
            raise InputError(
                f"{parcel.title} is not in {root} and could not be downloaded ({one_line(error)}): {parcel.advice}"
            ) from error
    return read(root)


@contextlib.contextmanager
def offline() -> Iterator[None]:
    """Within it nothing is downloaded: `obtain` raises InputError where files are missing."""
    token = _OFFLINE.set(True)
    try:
        yield
    finally:
        _OFFLINE.reset(token)


def _download(root: Path, parcel: Parcel, fetch: Callable[[Path], None]) -> None:
    """Fetch into a folder of its own, then rename each wanted file into place."""
    log.info("downloading %s to %s", parcel.title, root)
    staging = root / f".{parcel.name}.download"
    shutil.rmtree(staging, ignore_errors=True)  # of a run that was killed; the lock says that nobody uses it
    staging.mkdir()
    try:
        with _quiet():
            fetch(staging)
        if not parcel.is_in(staging):
            raise RuntimeError("the download lacks some of its files")
        for file in parcel.files:
            (root / file).parent.mkdir(parents=True, exist_ok=True)
            os.replace(staging / file, root / file)
    finally:
        shutil.rmtree(staging, ignore_errors=True)


@contextlib.contextmanager
def _quiet() -> Iterator[None]:
    """No progress bars, and no waiting for minutes on a mirror that does not answer."""
    before = socket.getdefaulttimeout()
    socket.setdefaulttimeout(SECONDS_WITHOUT_A_BYTE)
    try:
        with contextlib.redirect_stdout(io.StringIO()), contextlib.redirect_stderr(io.StringIO()):
            yield
    finally:
        socket.setdefaulttimeout(before)
