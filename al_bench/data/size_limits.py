"""How large a file of the user's may be once it is unpacked: small files can stand for terabytes."""

from __future__ import annotations

import io
import lzma
import os
import zipfile
import zlib
from pathlib import Path
from typing import IO

from al_bench.errors import InputError

CHUNK = 2**20
MOST_UNPACKED, MOST_RATIO = 200 * CHUNK, 100
"""A packed file is refused above so many unpacked bytes that are more than so many times the packed ones."""
UNREADABLE = (
    *(ValueError, TypeError, OSError, EOFError, KeyError, MemoryError, RuntimeError, NotImplementedError),
    *(zlib.error, lzma.LZMAError, zipfile.BadZipFile),
)
"""What reading a damaged or foreign file raises."""
CGROUP = Path("/sys/fs/cgroup")
TEXT_COPIES = 6
"""Bytes of memory that a byte of a text table takes while it is read: the bytes, the text, the cells."""


def memory_left() -> int:
    """Bytes of memory that this process may still take, as far as the system says."""
    limits = [_number(CGROUP / "memory.max") - _number(CGROUP / "memory.current", 0)]
    try:
        lines = Path("/proc/meminfo").read_text().splitlines()
        limits += [int(line.split()[1]) * 1024 for line in lines if line.startswith("MemAvailable")]
    except (OSError, ValueError):
        pages = [name for name in ("SC_PHYS_PAGES", "SC_PAGE_SIZE") if name in os.sysconf_names]
        limits += [os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")] if len(pages) == 2 else []
    return max(0, min(limits))


def _number(path: Path, otherwise: int = 2**62) -> int:
    """The number in a file of the system's; `max` and a missing file are no limit."""
    try:
        return int(path.read_text())
    except (OSError, ValueError):
        return otherwise


def check_size(path: Path, size: int, advice: str, copies: int = 1) -> None:
    """Refuse a file that does not fit into the memory.

    Args:
        path: The file.
        size: Its bytes, unpacked.
        advice: What to do instead.
        copies: Bytes of memory that each of them takes.

    Raises:
        InputError: The file is too large for this machine.
    """
    if size * copies > (left := memory_left()):
        raise InputError(
            f"{path} takes {size * copies / 1e9:,.1f} GB of memory, and {left / 1e9:,.1f} GB are left here; {advice}"
        )


def check_generated(what: str, size: int) -> None:
    """Refuse a data set that is generated and does not fit into the memory.

    Args:
        what: The data set and the keys that make it large.
        size: Its bytes.

    Raises:
        InputError: It is too large for this machine.
    """
    if size > (left := memory_left()):
        raise InputError(
            f"{what} take {size / 1e9:,.1f} GB of memory, and {left / 1e9:,.1f} GB are left here; ask for less"
        )


def check_ratio(where: str, unpacked: int, packed: int, advice: str) -> None:
    """Refuse a packed file that is nearly nothing but repetition, as one made to fill the memory is.

    Args:
        where: The file, or the member of one, in the message.
        unpacked, packed: Its bytes.
        advice: What to do if it is right.

    Raises:
        InputError: It unpacks to very much.
    """
    if unpacked > MOST_UNPACKED and unpacked > MOST_RATIO * packed:
        raise InputError(f"{where} unpacks to more than {MOST_RATIO} times its size; {advice}, if it is right")


def unpack(path: Path, file: IO[bytes], packed: int, advice: str) -> bytes:
    """All bytes of a packed text, read in pieces until they are too many.

    Args:
        path: The file, for messages.
        file: Gives the unpacked bytes.
        packed: How many bytes it has packed.
        advice: What to do with one that is too large.

    Raises:
        InputError: It unpacks to very much.
    """
    out = io.BytesIO()
    limit = memory_left() // TEXT_COPIES
    while piece := file.read(CHUNK):
        out.write(piece)
        check_ratio(str(path), out.tell(), packed, "unpack it yourself")
        if out.tell() > limit:
            check_size(path, out.tell(), advice, TEXT_COPIES)
    return out.getvalue()
