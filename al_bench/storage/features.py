"""Features of single items on disk: rows of one file, each found by a digest of the item that it was made of.

    FOLDER/STORE/about.json   what made the features, and D
    FOLDER/STORE/rows.f32     [n, D] float32, little-endian, in the order in which they were computed
    FOLDER/STORE/index.bin    n entries: 16 bytes of the item's digest, 8 bytes of a digest over it and its row
    FOLDER/STORE/lock

Rows are only ever appended, first the row, then its entry: what an interrupted run has computed stays. A row that does
not fit its digest is damaged, and is computed and appended anew. The folder may be deleted at any time. Like the other
cache, it never fails a run: what cannot be read or written is a line in the log.
"""

from __future__ import annotations

import hashlib
import json
import logging
import os
import shutil
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from filelock import FileLock, Timeout

from al_bench.errors import InputError
from al_bench.storage.cache import WAIT
from al_bench.storage.files import MEGABYTE, read_regular, write_text
from al_bench.storage.holder import Holder
from al_bench.storage.lock import why_no_lock

FOLDER = "features"
"""The folder of the stores, in the folder of what runs share."""
LIMIT = 20 * 2**30
"""Bytes that all stores may take: 20 gigabytes."""
ITEM, CHECK = 16, 8
"""Bytes of an item's digest, and of the digest that protects its row."""
INDEX = np.dtype([("item", f"V{ITEM}"), ("check", f"V{CHECK}")])
LARGEST_ABOUT, LARGEST_INDEX = MEGABYTE, 2**33

logger = logging.getLogger("al_bench")


def item_digest(kind: str, content: bytes | memoryview) -> bytes:
    """The digest of an item: over its kind (such as text, or type and shape of an image) and its bytes."""
    digest = hashlib.blake2b(f"{kind}\0".encode(), digest_size=ITEM)
    digest.update(content)
    return digest.digest()


def row_check(item: bytes, row: np.ndarray) -> bytes:
    """The digest that protects a row [D]: over the item's digest and the row's bytes."""
    digest = hashlib.blake2b(item, digest_size=CHECK)
    digest.update(np.ascontiguousarray(row).data)
    return digest.digest()


@dataclass(frozen=True)
class FeatureStore:
    """The features that one encoder, with its settings, weights, versions and device, has given so far.

    Args:
        path: Its folder.
    """

    path: Path

    @contextmanager
    def hold(self) -> Iterator[None]:
        """Inside, no other process appends, on this machine or another, for `WAIT` seconds.

        Raises:
            OSError: The folder cannot be made or held, or another machine holds it.
        """
        self.path.mkdir(parents=True, exist_ok=True)
        with ExitStack() as stack:
            has_lock = why_no_lock(self.path / "lock") is None
            if has_lock:
                stack.enter_context(self._locked())
            note = Holder(self.path, has_lock)
            try:
                note.take("another run computes features in it")
            except InputError as error:
                raise OSError(str(error)) from error
            stack.callback(note.release)
            yield

    @contextmanager
    def _locked(self) -> Iterator[None]:
        lock = FileLock(self.path / "lock")
        try:
            lock.acquire(timeout=0)
        except Timeout:
            logger.info("waiting for another run that computes features in %s", self.path)
            try:
                lock.acquire(timeout=WAIT)
            except Timeout as error:
                raise OSError(f"another run has held it for {WAIT:.0f} seconds") from error
        except NotImplementedError as error:
            raise OSError(f"it cannot be locked: {error}") from error
        try:
            yield
        finally:
            lock.release()

    @property
    def about(self) -> dict[str, Any] | None:
        """What made the features, and their dimension; None where there is no store, or its description is damaged."""
        try:
            about = json.loads(read_regular(self.path / "about.json", LARGEST_ABOUT))
        except (OSError, ValueError, RecursionError):
            return None
        dimension = about.get("dimension") if isinstance(about, dict) else None
        return about if type(dimension) is int and 0 < dimension < 2**31 else None

    def rows(self) -> np.ndarray | None:
        """[n, D] float32 the rows with an entry, memory-mapped; None where there are none."""
        about = self.about
        if about is None:
            return None
        size = 4 * int(about["dimension"])
        try:
            count = min((self.path / "rows.f32").stat().st_size // size, len(self._index()))
            if count == 0:
                return None
            return np.memmap(self.path / "rows.f32", "<f4", mode="r", shape=(count, int(about["dimension"])))
        except (OSError, ValueError):
            return None

    def _index(self) -> np.ndarray:
        """[n] the entries."""
        content = read_regular(self.path / "index.bin", LARGEST_INDEX)
        return np.frombuffer(content[: len(content) // INDEX.itemsize * INDEX.itemsize], INDEX)

    def find(self, items: Sequence[bytes]) -> tuple[np.ndarray | None, dict[bytes, int]]:
        """The rows of some items, as far as they are there and undamaged.

        Args:
            items: Their digests.

        Returns:
            The rows of the store, and for every digest among `items` its row.
        """
        rows = self.rows()
        if rows is None:
            return None, {}
        wanted = set(items)
        position: dict[bytes, int] = {}
        damaged = set()
        for row, (item, check) in enumerate(self._index()[: len(rows)].tolist()):
            if item not in wanted:
                continue
            if row_check(item, rows[row]) == check:
                position[item] = row
            else:
                damaged.add(item)
        if lost := damaged - position.keys():
            logger.warning("%d rows of %s do not fit their digests and are computed again", len(lost), self.path)
        self._touch()
        return rows, position

    def append(self, items: Sequence[bytes], rows: np.ndarray, facts: Mapping[str, Any]) -> None:
        """Add rows; the caller holds the store.

        Args:
            items: The digests of the items, n.
            rows: [n, D] float32.
            facts: What made the features, for who looks at the folder.

        Raises:
            OSError: They cannot be written.
        """
        dimension = rows.shape[1]
        about = self.about
        if about is None or about["dimension"] != dimension:  # new, or damaged
            for name in ("about.json", "rows.f32", "index.bin"):
                (self.path / name).unlink(missing_ok=True)
            write_text(self.path / "about.json", json.dumps({"dimension": dimension, **facts}, indent=1) + "\n")
        there = self.rows()
        before = 0 if there is None else len(there)
        entries = b"".join(
            item + row_check(item, row) for item, row in zip(items, rows.astype("<f4", copy=False), strict=True)
        )
        for name, size, content in (
            ("rows.f32", 4 * dimension, rows.astype("<f4").tobytes()),
            ("index.bin", INDEX.itemsize, entries),
        ):
            with open(self.path / name, "ab") as file:
                if file.tell() != before * size:  # what a process that died left behind
                    file.truncate(before * size)
                file.write(content)

    def _touch(self) -> None:
        """Remember that the store was used just now."""
        try:
            os.utime(self.path / "about.json")
        except OSError:
            return

    @property
    def size(self) -> int:
        """Bytes that the store takes."""
        return sum(file.stat().st_size for file in self.path.iterdir() if file.is_file())

    @property
    def used(self) -> float:
        """When the store was used last, in seconds since 1970."""
        try:
            return (self.path / "about.json").stat().st_mtime
        except OSError:
            return 0.0


def stores(folder: Path) -> list[FeatureStore]:
    """The stores in a folder of features, the one unused for longest first."""
    paths = [path.parent for path in folder.glob("*/about.json")]
    return sorted((FeatureStore(path) for path in paths), key=lambda store: (store.used, store.path))


def prune(folder: Path, keep: FeatureStore) -> None:
    """Drop whole stores, the one unused for longest first, until the rest takes no more than `LIMIT` bytes.

    Args:
        folder: The folder of the stores.
        keep: A store that stays.
    """
    try:
        sizes = [(store, store.size) for store in stores(folder)]
        total = sum(size for _, size in sizes)
        for store, size in sizes:
            if total <= LIMIT:
                return
            if store.path != keep.path:
                shutil.rmtree(store.path, ignore_errors=True)
                total -= size
                logger.info("dropped the features in %s, unused for longest", store.path)
    except OSError as error:
        logger.warning("the features in %s cannot be counted: %s", folder, error)
