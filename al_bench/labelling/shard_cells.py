"""The cells of the items of a pool in Parquet files, read when they are shown: all of them may be more than memory."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

import numpy as np

from al_bench.data.parquet_pool import ParquetPool


class ShardCells(Mapping[str, list[str]]):
    """Item to its cells under some columns.

    Args:
        pool: The files.
        names: The columns.
        rows: Item to its row.
    """

    def __init__(self, pool: ParquetPool, names: list[str], rows: Mapping[str, int]) -> None:
        self._pool = pool
        self._names = names
        self._rows = rows
        self._read: dict[str, list[str]] = {}

    def __getitem__(self, item: str) -> list[str]:
        self.prefetch([item])
        return self._read[item]

    def __iter__(self) -> Iterator[str]:
        return iter(self._rows)

    def __len__(self) -> int:
        return len(self._rows)

    def prefetch(self, items: Iterable[str]) -> None:
        """Read the cells of several items together, which takes about as long as those of one.

        Raises:
            KeyError: There is no such item.
        """
        wanted = {item: self._rows[item] for item in items if item not in self._read}
        if not wanted:
            return
        table = self._pool.cells(np.array(list(wanted.values()), dtype=np.int64))
        columns = [table.texts(name).tolist() for name in self._names]
        cells = list(map(list, zip(*columns, strict=True))) if columns else [[] for _ in wanted]
        self._read.update(zip(wanted, cells, strict=True))
