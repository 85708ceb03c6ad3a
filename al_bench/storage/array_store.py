"""Large arrays in the cache's folder: one .npy file each, read or mapped, with facts and a digest beside it.

An entry is named by a hash of all that went into it (`al_bench.storage.cache.key`). NAME.npy is written row by row,
NAME.json last: facts of any kind that JSON holds, and a digest over every byte of the array, the name and the facts. An
entry that does not fit its digest is made anew. Past `limit` bytes of one kind, entries are dropped, the one unused for
longest first.
"""

from __future__ import annotations

import errno
import hashlib
import io
import json
import logging
import math
import os
import shutil
import time
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from al_bench.storage.files import atomic_write, read_regular

LIMIT = 50 * 2**30
"""Bytes that the arrays of one kind may take."""
MOST_FACTS = 2**28
CHUNK = 2**24
STALE = 600.0
"""Seconds after which an array half written, to which nothing was added meanwhile, is taken for a dead process's."""

logger = logging.getLogger("al_bench")


@dataclass(frozen=True)
class ArrayStore:
    """The arrays of one kind.

    Args:
        folder: The cache's folder.
        kind: Such as images.
        limit: Bytes that they may take in all.
    """

    folder: Path
    kind: str
    limit: int = LIMIT

    def path(self, name: str) -> Path:
        """Where an array is, or would be."""
        return self.folder / self.kind / f"{name}.npy"

    def load(self, name: str, in_memory: int) -> tuple[np.ndarray, dict[str, Any]] | None:
        """An array and its facts; None where there is none, or one that does not fit its digest.

        Args:
            name: The entry's name.
            in_memory: Arrays of so many bytes at most are read into memory; larger ones are mapped.
        """
        path = self.path(name)
        try:
            beside = json.loads(read_regular(path.with_suffix(".json"), MOST_FACTS))
            array = np.load(path, mmap_mode="r", allow_pickle=False)
            with path.open("rb") as file:
                digest = hashlib.blake2b(digest_size=32)
                while chunk := file.read(CHUNK):
                    digest.update(chunk)
            if self.seal(digest, name, beside["facts"]) != beside["digest"]:
                raise ValueError("its bytes do not fit its digest, or it is another entry's")
            if array.nbytes <= in_memory:
                array = np.load(path, allow_pickle=False)
            os.utime(path)  # used just now
            return array, beside["facts"]
        except FileNotFoundError:
            return None
        except (OSError, ValueError, KeyError, TypeError, EOFError) as error:
            logger.warning("the cache's entry %s cannot be used and is made again: %s", path, error)
            return None

    def write(self, name: str, shape: tuple[int, ...], dtype: np.dtype[Any], rows: Iterable[np.ndarray]) -> Draft:
        """Write the rows of an array to a new file beside its place; `Draft.finish` puts it there.

        Args:
            name: The entry's name.
            shape: [rows, …].
            dtype: Of every row.
            rows: The rows in order, each by itself or several [n, …] together; where taking one raises, the file is
                removed.

        Raises:
            OSError: the disk is full, also where it is seen beforehand, or the folder cannot be written.
        """
        path = self.path(name)
        path.parent.mkdir(parents=True, exist_ok=True)
        self._clear(path)
        if (free := shutil.disk_usage(path.parent).free) < array_bytes(shape, dtype):
            raise OSError(errno.ENOSPC, f"no room: {free / 1e9:,.1f} GB are free", str(path.parent))
        part = path.with_name(f"{name}.{os.getpid()}.npy.part")
        count, digest = 0, hashlib.blake2b(digest_size=32)
        try:
            with part.open("wb") as file:
                file.write(header := npy_header(shape, dtype))
                digest.update(header)
                for row in rows:
                    content = np.ascontiguousarray(row, dtype=dtype).data
                    file.write(content)
                    digest.update(content)
                    count += len(row) if row.ndim == len(shape) else 1
                file.flush()
                os.fsync(file.fileno())
            if count != shape[0]:
                raise ValueError(f"{count} rows of an array of {shape[0]}")
        except BaseException:
            part.unlink(missing_ok=True)
            raise
        return Draft(self, name, part, digest)

    @staticmethod
    def _clear(path: Path) -> None:
        """Remove what a process that was killed left of an entry; what another one writes was written just now."""
        for part in path.parent.glob(f"{path.stem}.*.npy.part"):
            if time.time() - part.stat().st_mtime > STALE:
                part.unlink(missing_ok=True)

    def seal(self, digest: hashlib.blake2b, name: str, facts: dict[str, Any]) -> str:
        """The digest of an entry, from that of its file: over its name and its facts, too."""
        digest = digest.copy()
        digest.update(f"{self.kind}/{name}\0{json.dumps(facts, sort_keys=True)}".encode())
        return digest.hexdigest()

    def prune(self, spare: str) -> None:
        """Drop the arrays unused for longest until the rest takes no more than `limit` bytes; `spare` stays."""
        entries = []
        for path in (self.folder / self.kind).glob("*.npy"):
            try:
                entries.append((path.stem == spare, path.stat().st_mtime_ns, path.stat().st_size, path))
            except FileNotFoundError:  # another process was faster
                continue
        total = sum(size for _, _, size, _ in entries)
        for spared, _, size, path in sorted(entries):
            if total <= self.limit or spared:
                return
            for suffix in (".json", ".npy", ".lock"):
                path.with_suffix(suffix).unlink(missing_ok=True)
            total -= size


@dataclass(frozen=True)
class Draft:
    """An array that is written and not yet in its place."""

    store: ArrayStore
    name: str
    part: Path
    digest: hashlib.blake2b

    def finish(self, facts: dict[str, Any]) -> None:
        """Put the array in its place, with its facts."""
        path = self.store.path(self.name)
        digest = self.store.seal(self.digest, self.name, facts)
        self.part.replace(path)
        with atomic_write(path.with_suffix(".json"), shared=True) as file:
            file.write(json.dumps({"digest": digest, "facts": facts}).encode())
        self.store.prune(self.name)


def npy_header(shape: tuple[int, ...], dtype: np.dtype[Any]) -> bytes:
    """How an .npy file of an array in C order begins."""
    buffer = io.BytesIO()
    description = {"descr": np.lib.format.dtype_to_descr(dtype), "fortran_order": False, "shape": shape}
    np.lib.format.write_array_header_1_0(buffer, description)
    return buffer.getvalue()


def array_bytes(shape: tuple[int, ...], dtype: np.dtype[Any]) -> int:
    """Bytes of an array in memory."""
    return math.prod(shape) * dtype.itemsize
