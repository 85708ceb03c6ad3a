"""Download the files of a data set into a shared folder once, whichever run asks first, and print nothing.

Reading takes no lock, so that a folder without write permission serves where it has the files. A reader never sees
half a file either: a download goes to a folder beside the files, and they are renamed into place when all are there.
"""

from __future__ import annotations

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
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, redirect_stderr, redirect_stdout
from pathlib import Path

from al_bench.data.files import one_line
from al_bench.errors import InputError

SECONDS_WITHOUT_A_BYTE = 15.0
"""After which a mirror that does not answer is given up; the system's own limit is minutes."""
SECONDS_FOR_ANOTHER_RUN = 3600.0
"""How long to wait for another run that downloads the same files."""
FAILURES = (
    OSError,
    RuntimeError,
    EOFError,
    http.client.HTTPException,
    tarfile.TarError,
    zipfile.BadZipFile,
    zlib.error,
)
"""What a download raises where there is no network, or where what it got is damaged."""

logger = logging.getLogger("al_bench")

_OFFLINE = contextvars.ContextVar("offline", default=False)


def ensure_downloaded(
    root: Path, name: str, title: str, files: Sequence[str], fetch: Callable[[Path], None], advice: str
) -> None:
    """Download files into the data root unless all of them are there.

    Args:
        root: The data root; made if there is none.
        name: The data set's name in those of the lock and of the folder that is downloaded to.
        title: The data set's name in messages.
        files: The files needed, relative to the root.
        fetch: Downloads into the folder that it is given, laid out like the root.
        advice: What the user can do without a network: which file to put where.

    Raises:
        InputError: The files are neither there nor can they be downloaded; the message ends in the advice.
    """

    def complete(folder: Path) -> bool:
        return all((folder / file).is_file() for file in files)

    if complete(root):
        return
    if _OFFLINE.get():
        raise InputError(f"{title} is not in {root}: {advice}")
    from filelock import FileLock

    download = root / f".{name}.download"
    try:
        root.mkdir(parents=True, exist_ok=True)
        with FileLock(root / f".{name}.lock", timeout=SECONDS_FOR_ANOTHER_RUN):
            if complete(root):  # another run downloaded them while this one waited
                return
            logger.info("downloading %s to %s", title, root)
            shutil.rmtree(download, ignore_errors=True)  # left by a run that was killed: nobody else has the lock
            download.mkdir()
            try:
                with redirect_stdout(io.StringIO()), redirect_stderr(io.StringIO()), _short_timeout():
                    fetch(download)
                if not complete(download):
                    raise RuntimeError("the download lacks some of its files")
                for file in files:
                    (root / file).parent.mkdir(parents=True, exist_ok=True)
                    os.replace(download / file, root / file)
            finally:
                shutil.rmtree(download, ignore_errors=True)
    except FAILURES as error:
        raise InputError(
            f"{title} is not in {root} and could not be downloaded ({one_line(error)}): {advice}"
        ) from error


@contextmanager
def offline() -> Iterator[None]:
    """Nothing is downloaded inside: `ensure_downloaded` raises InputError where files are missing."""
    token = _OFFLINE.set(True)
    try:
        yield
    finally:
        _OFFLINE.reset(token)


def is_offline() -> bool:
    """Whether nothing may be downloaded here."""
    return _OFFLINE.get()


@contextmanager
def _short_timeout() -> Iterator[None]:
    """A socket opened inside fails after `SECONDS_WITHOUT_A_BYTE` of silence."""
    before = socket.getdefaulttimeout()
    socket.setdefaulttimeout(SECONDS_WITHOUT_A_BYTE)
    try:
        yield
    finally:
        socket.setdefaulttimeout(before)
