"""The Parquet files that `dataset.path` of a table may name in place of one table."""

from __future__ import annotations

from pathlib import Path

from al_bench.data.files import find_file
from al_bench.data.parquet_opening import MAGIC
from al_bench.data.parquet_pool import ParquetPool, open_pool
from al_bench.data.shard_names import ShardKind, list_shards
from al_bench.errors import InputError

PARQUET = ShardKind(
    "Parquet",
    (".parquet", ".parq", ".pq"),
    (".csv", ".tsv", ".jsonl", ".ndjson", ".arrow", ".feather", ".npy", ".npz"),
)


def pool_at(path: str, key: str, root: str | None, always: bool = False) -> ParquetPool | None:
    """The pool of a folder of Parquet files, or of one with a column of lists of numbers; None of other tables.

    Args:
        path: The value of the config key.
        key: The config key.
        root: The value of `dataset.root`; see `al_bench.data.files.data_root`.
        always: Whether a file of numbers alone is read in this way, too, and nothing else can be.

    Raises:
        InputError: There is no such file or folder, or the files of a folder are no pool.
    """
    where = find_file(path, key, root, folders=True)
    if where.is_dir() and (always or has_shards(where)):
        shards = list_shards(where, PARQUET, key)
        if not shards.paths:
            raise InputError(f"{key}: {where} holds no Parquet file ({', '.join(PARQUET.suffixes)})")
        order = "" if shards.numbered or len(shards.paths) == 1 else "files in the order of their names"
        return open_pool(where, shards.paths, shards.unused, order)
    if not always and (where.is_dir() or not _begins_as_parquet(where)):
        return None
    if always:
        return open_pool(where, [where])
    try:
        pool = open_pool(where, [where])
    except InputError:  # which the reader of tables says in its words
        return None
    return pool if pool.vectors else None


def _begins_as_parquet(path: Path) -> bool:
    with path.open("rb") as file:
        return file.read(4) == MAGIC


def has_shards(folder: Path) -> bool:
    """Whether a folder, or one directly in it, holds a Parquet file."""
    return any(PARQUET.accepts(path) for pattern in ("*", "*/*") for path in folder.glob(pattern))
