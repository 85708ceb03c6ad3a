"""The numbers of a pool in Parquet files as one array: written once into the cache's folder, and mapped from there.

Parquet is packed in groups of rows, so that a row alone cannot be read; scoring, training and the digest of the data
read rows in any order. An entry is named by every file's path, size and time of the last change and by the columns, and
is written whole or not at all.
"""

from __future__ import annotations

import hashlib
import logging
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from al_bench.data import parquet_pool
from al_bench.data.parquet_opening import number_type, vector_type
from al_bench.data.parquet_pool import ParquetPool
from al_bench.data.size_limits import check_ratio, check_size
from al_bench.errors import InputError
from al_bench.progress import bar
from al_bench.storage import cache
from al_bench.storage.array_store import ArrayStore, array_bytes
from al_bench.storage.files import is_disk_full

KIND = "tables"
IN_MEMORY = 2**30
"""Numbers of so many bytes in all are held in memory where there is no cache, or no room in it."""

logger = logging.getLogger("al_bench")


@dataclass(frozen=True)
class Features:
    """The numbers of a pool.

    Args:
        array: [N, D], mapped or in memory.
        remark: Where they are, for the reader.
    """

    array: np.ndarray
    remark: str


def read_features(pool: ParquetPool, columns: Sequence[str], setting: str | None) -> Features:
    """The numbers of some columns, or of one of lists, from the cache where the files are unchanged.

    Args:
        pool: The files.
        columns: Of numbers, or one of lists.
        setting: The value of a run's key `cache`.

    Raises:
        InputError: A value is none, or a list has another length than the first; or there are too many bytes for the
            memory, and no cache, or no room in it.
    """
    folder = cache.cache_folder(setting)
    if folder is None:
        shape, dtype = _shape(pool, columns)
        advice = "which are written once into the cache's folder, and there is none: give cache=auto or cache=FOLDER"
        return _in_memory(pool, columns, shape, dtype, advice)
    name = _entry_name(pool, columns)
    store = ArrayStore(folder, KIND)
    with cache.Cache(folder).hold(KIND, name):
        if (stored := store.load(name, 0)) is not None:
            logger.info("rows loaded from %s", store.path(name))
            return _mapped(pool, stored[0])
        shape, dtype = _shape(pool, columns)
        total = array_bytes(shape, dtype)
        logger.info("writing %s once, %.1f MB in %s", pool.where, total / 1e6, store.folder / KIND)
        try:
            draft = store.write(name, shape, dtype, _with_bar(pool, columns, shape[1], dtype))
            draft.finish({"source": str(pool.where), "files": len(pool.paths), "columns": list(columns)})
        except OSError as error:
            full = "no room" if is_disk_full(error) else f"nothing can be written ({error.strerror or error})"
            advice = (
                f"to be written into {store.folder}: {full} there; make room, or name another folder with cache=FOLDER"
            )
            return _in_memory(pool, columns, shape, dtype, advice, f"{full} in {store.folder}")
        return _mapped(pool, np.load(store.path(name), mmap_mode="r", allow_pickle=False))


def _files(pool: ParquetPool) -> str:
    return f"{len(pool.paths):,} Parquet file{'s' * (len(pool.paths) != 1)}"


def _mapped(pool: ParquetPool, array: np.ndarray) -> Features:
    size = shown_bytes(array.nbytes)
    return Features(array, f"{_files(pool)}, mapped from a copy of {size} in the cache's folder (al-bench clean)")


def shown_bytes(size: int) -> str:
    """`256 MB`, `2.56 GB`."""
    for unit, name in ((1e9, "GB"), (1e6, "MB"), (1e3, "kB")):
        if size >= unit:
            return f"{size / unit:.3g} {name}"
    return f"{size} bytes"


def _shape(pool: ParquetPool, columns: Sequence[str]) -> tuple[tuple[int, int], np.dtype]:
    """[N, D] and the type in which every column's numbers can be written.

    Raises:
        InputError: A small file stands for very much, as one made to fill the disk does.
    """
    if (kind := vector_type(pool.columns[columns[0]])) is not None:
        shape, dtype = (len(pool), pool.width(columns[0])), kind
    else:
        shape = (len(pool), len(columns))
        dtype = np.result_type(*[kind for name in columns if (kind := number_type(pool.columns[name])) is not None])
    packed = sum(size for size, _ in pool.stamps)
    check_ratio(str(pool.where), array_bytes(shape, dtype), packed, "write .npy files for dataset=npz")
    return shape, dtype


def _with_bar(pool: ParquetPool, columns: Sequence[str], width: int, dtype: np.dtype) -> Iterator[np.ndarray]:
    with bar(f"reading {pool.where.name}", len(pool), "rows") as done:
        for block in pool.blocks(columns, width, dtype):
            yield block
            done.update(len(block))


def _in_memory(
    pool: ParquetPool, columns: Sequence[str], shape: tuple[int, int], dtype: np.dtype, lacking: str, why: str = ""
) -> Features:
    """The numbers in memory, if they are few.

    Args:
        pool, columns, shape, dtype: As above.
        lacking: Why they are not mapped, and what to do, where they are many.
        why: The reason for the reader where they are few.
    """
    total = array_bytes(shape, dtype)
    if total > IN_MEMORY:
        size = shown_bytes(total)
        raise InputError(f"{pool.where}: {shape[0]:,} rows of {shape[1]:,} numbers take {size}, {lacking}")
    check_size(pool.where, total, "give cache=auto or cache=FOLDER, from which they are mapped")
    array = np.empty(shape, dtype)
    start = 0
    for block in _with_bar(pool, columns, shape[1], dtype):
        array[start : start + len(block)] = block
        start += len(block)
    return Features(array, f"{_files(pool)}, {shown_bytes(total)} in memory{f' ({why})' if why else ''}")


def _entry_name(pool: ParquetPool, columns: Sequence[str]) -> str:
    digest = hashlib.blake2b(digest_size=16)
    for path, (size, changed) in zip(pool.paths, pool.stamps, strict=True):
        digest.update(f"{path.absolute()}\0{size}\0{changed}\n".encode("utf-8", "surrogateescape"))
    code = hashlib.blake2b(Path(parquet_pool.__file__).read_bytes(), digest_size=16).hexdigest()
    return cache.key({"files": digest.hexdigest(), "columns": list(columns), "code": code})
