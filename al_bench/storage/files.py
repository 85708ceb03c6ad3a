"""Files read within bounds; files written whole, the old content or the new, never a part; the output of commands."""

from __future__ import annotations

import errno
import os
import stat
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

from al_bench.errors import InputError

MEGABYTE = 2**20
"""Bytes."""


def read_regular(path: Path, limit: int) -> bytes:
    """The bytes of a regular file; nothing that could block (a named pipe, a device) is read.

    Args:
        path: The file, or a link to one.
        limit: The most bytes that it may have.

    Raises:
        FileNotFoundError: There is no such file.
        OSError: It is no regular file, has more bytes, or cannot be read; `strerror` says which.
    """
    handle = os.open(path, os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0))
    try:
        status = os.fstat(handle)
        if not stat.S_ISREG(status.st_mode):
            raise OSError(errno.EINVAL, "it is no regular file", str(path))
        if status.st_size > limit:
            raise OSError(errno.EFBIG, f"it has {status.st_size:,} bytes, and {limit:,} are the limit", str(path))
        with open(handle, "rb", closefd=False) as file:
            return file.read(limit)
    finally:
        os.close(handle)


@contextmanager
def atomic_write(path: Path, *, shared: bool = False, sync: bool = True) -> Iterator[BinaryIO]:
    """A binary file that takes the place of `path` when the body ends.

    Where the body raises, `path` stays as it was and the part is removed.

    Args:
        path: The file.
        shared: Whether other processes may write it at the same time, each to a part of its own.
        sync: Whether the content is on the disk before it takes its place.
    """
    if shared:
        handle, name = tempfile.mkstemp(suffix=".part", dir=path.parent)
        os.close(handle)
        part = Path(name)
    else:
        part = path.with_name(f"{path.name}.part")
    try:
        with open(part, "wb") as file:
            yield file
            if sync:
                file.flush()
                os.fsync(file.fileno())
        part.replace(path)
    except BaseException:
        part.unlink(missing_ok=True)
        raise


def write_text(path: Path, text: str) -> None:
    """Write a text file whole."""
    with atomic_write(path) as file:
        file.write(text.encode())


@contextmanager
def output_file(path: Path) -> Iterator[None]:
    """Inside, the file that the user named for a command's output is written; its folder is made if missing.

    Raises:
        InputError: It cannot be written.
    """
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        yield
    except OSError as error:
        raise InputError(f"{path} cannot be written: {error.strerror or error}; choose another file") from error


def is_disk_full(error: OSError) -> bool:
    """Whether an error says that there is no room to write: a full disk, a quota, a limit on a file's size."""
    return error.errno in (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)


def write_output(path: Path, content: str | bytes) -> None:
    """Write a command's output to the file that the user named; a device such as /dev/stdout is written as it is.

    Raises:
        InputError: It cannot be written.
    """
    whole = content.encode() if isinstance(content, str) else content
    with output_file(path):
        if path.exists() and not path.is_file():
            path.write_bytes(whole)
        else:
            with atomic_write(path.resolve()) as file:
                file.write(whole)
