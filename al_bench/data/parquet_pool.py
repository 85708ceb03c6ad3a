"""A pool in Parquet files, read column by column and a few thousand rows at a time by DuckDB, in the files' order."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from al_bench.data.labels import canonical
from al_bench.data.parquet_opening import MAGIC, number_type, opened, vector_type
from al_bench.data.shapes import first_row_beyond_float32
from al_bench.data.shards import stamp
from al_bench.data.table import Table
from al_bench.errors import InputError
from al_bench.storage.parquet import quoted

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

ROW = 2_048
"""Rows of a vector of DuckDB's, of which a whole number is fetched at a time."""
FETCHED = 2**20
"""Values that are fetched at a time, about."""


@dataclass(frozen=True)
class ParquetPool:
    """The rows of some Parquet files, one after another.

    Args:
        where: The folder or file, in messages.
        paths: The files.
        lengths: Rows of each.
        columns: Column to its type, as DuckDB calls it; the same in every file.
        stamps: Size and time of the last change of each file when its description was read.
        unused: What else lies in the folder, to the reason why it is not read.
        remark: What a reader must know of the files.
    """

    where: Path
    paths: tuple[Path, ...]
    lengths: tuple[int, ...]
    columns: Mapping[str, str]
    stamps: tuple[tuple[int, int], ...]
    unused: Mapping[str, str] = field(default_factory=dict)
    remark: str = ""

    def __len__(self) -> int:
        return sum(self.lengths)

    @property
    def numbers(self) -> list[str]:
        """The columns of which each holds a number a row."""
        return [name for name, kind in self.columns.items() if number_type(kind) is not None]

    @property
    def vectors(self) -> list[str]:
        """The columns that hold a list of numbers a row."""
        return [name for name, kind in self.columns.items() if vector_type(kind) is not None]

    @property
    def cell_names(self) -> list[str]:
        """The columns that hold one value a row, which can be shown."""
        return [
            name for name, kind in self.columns.items() if "[" not in kind and "STRUCT" not in kind and kind != "BLOB"
        ]

    def require(self, names: Sequence[str], key: str) -> None:
        """Raise InputError unless there is every column named under the config key `key`."""
        for name in names:
            if name not in self.columns:
                raise InputError(f"{key}: {self.where} has no column {name!r}; its columns are {self._shown()}")

    def _shown(self) -> str:
        names = list(self.columns)
        return ", ".join(names[:20]) + (f", … {len(names) - 20} more" if len(names) > 20 else "")

    def row_name(self, row: int) -> str:
        """What a row is called in messages: its file, and its place there."""
        starts = np.concatenate([[0], np.cumsum(self.lengths)])
        shard = int(np.searchsorted(starts, row, side="right")) - 1
        return f"{self.paths[shard]}, row {row - int(starts[shard])} (counted from 0)"

    def texts(self, name: str) -> np.ndarray:
        """[N] the cells of a column as text, objects that equal cells share; a missing one is empty.

        Raises:
            InputError: The cells are lists, objects or bytes.
        """
        kind = self.columns[name]
        if kind in ("BLOB", "BIT") or "[" in kind or ("(" in kind and not kind.startswith(("DECIMAL", "ENUM"))):
            raise InputError(f"{self.where}: column {name!r} holds {kind}; words or numbers are expected")
        known: dict[str, int] = {}
        codes = [np.zeros(0, dtype=np.int64)]
        for frame in self._frames([f"CAST({quoted(name, chr(34))} AS VARCHAR) AS cell"], 1):
            chunk, distinct = pd.factorize(frame["cell"].to_numpy(dtype=object), use_na_sentinel=True)
            cells = [known.setdefault(_cell(text, kind), len(known)) for text in distinct.tolist()]
            table = np.array([*cells, known.setdefault("", len(known)) if (chunk < 0).any() else 0], dtype=np.int64)
            codes.append(table[chunk])
        return np.array([*known, ""], dtype=object)[np.concatenate(codes)]

    def table(self, names: Sequence[str]) -> Table:
        """Some columns as a table of texts, for what reads labels, groups and names from one."""
        cells = pd.DataFrame({name: pd.Series(self.texts(name), dtype=object) for name in names})
        return Table(self.where, cells, True, np.arange(len(self)))

    def counts_rows(self, name: str) -> bool:
        """Whether a column of whole numbers counts the rows, from 0 or from 1."""
        expected: int | None = None
        for frame in self._frames([f"{quoted(name, chr(34))} AS cell"], 1):
            values = frame["cell"].to_numpy(dtype=np.float64)
            expected = int(values[0]) if expected is None and values[0] in (0, 1) else expected
            if expected is None or not np.array_equal(values, np.arange(expected, expected + len(values))):
                return False
            expected += len(values)
        return True

    def width(self, vector: str) -> int:
        """How many numbers the lists of a column have.

        Raises:
            InputError: One is missing, or has another length than the first.
        """
        column = quoted(vector, '"')
        source = "FROM read_parquet(?, file_row_number=true)"
        start, width = 0, 0
        with self._connection() as (connection, files):
            for file, length in zip(files, self.lengths, strict=True):
                if not width and length:
                    width = int(_single(connection, f"SELECT len({column}) {source} LIMIT 1", file) or 0)
                wrong = f"{column} IS NULL OR len({column}) <> {max(width, 1)}"
                row = _single(connection, f"SELECT min(file_row_number) {source} WHERE {wrong}", file)
                if row is not None:
                    size = _single(connection, f"SELECT len({column}) {source} WHERE file_row_number = {row}", file)
                    raise InputError(
                        f"{self.row_name(start + row)}: column {vector!r} has "
                        f"{'no list' if size is None else f'a list of {size} numbers'}, and {width or 'some'} numbers "
                        "are expected in every row; leave such rows out when the files are written"
                    )
                start += length
        return width

    def blocks(self, features: Sequence[str], width: int, dtype: np.dtype) -> Iterator[np.ndarray]:
        """The rows [n, width] of some columns of numbers, or of one of lists, in order.

        Raises:
            InputError: A value is missing, NaN, infinite or beyond float32; the message names the row and the column.
        """
        is_list = vector_type(self.columns[features[0]]) is not None
        names = [quoted(name, '"') for name in features]
        picked = [f"unnest({names[0]}) AS value"] if is_list else names
        start, rest = 0, np.zeros(0, dtype=dtype)
        for frame in self._frames(picked, 1 if is_list else width):
            read = frame.to_numpy(dtype=np.float64 if frame.isna().to_numpy().any() else dtype)
            values = np.concatenate([rest, read.ravel()]) if is_list and len(rest) else read
            whole = values.size // width * width
            block = values.reshape(-1)[:whole].reshape(-1, width)
            rest = values.reshape(-1)[whole:]
            self._check(start, block, features)
            start += len(block)
            yield block.astype(dtype, copy=False)

    def _check(self, start: int, block: np.ndarray, features: Sequence[str]) -> None:
        """Refuse numbers that are none."""
        if (row := first_row_beyond_float32(block)) is not None:
            wrong = int(np.argmin(np.abs(block[row]) <= np.finfo(np.float32).max))
            where = f"{features[0]!r}, number {wrong}" if len(features) == 1 else repr(features[wrong])
            raise InputError(
                f"{self.row_name(start + row)}: column {where}: the value is missing, NaN, infinite or beyond float32; "
                "leave such rows or columns out when the files are written"
            )

    def cells(self, rows: np.ndarray) -> Table:
        """The columns `cell_names` of some rows as a table of texts; a row that is not there is left out.

        Args:
            rows: [n] rows of the pool, counted through all files.
        """
        names = self.cell_names
        out: dict[int, list[str]] = {}
        starts = np.concatenate([[0], np.cumsum(self.lengths)]).tolist()
        picked = ", ".join(f"CAST({quoted(name, chr(34))} AS VARCHAR)" for name in names)
        with self._connection() as (connection, files):
            for file, start, end in zip(files, starts[:-1], starts[1:], strict=True):
                here = sorted({int(row) - start for row in rows if start <= row < end})
                if not here or not names:
                    continue
                query = f"SELECT file_row_number, {picked} FROM read_parquet(?, file_row_number=true) WHERE "
                found = connection.execute(query + f"file_row_number IN ({', '.join(map(str, here))})", [file])
                for row, *cells in found.fetchall():
                    out[start + row] = [
                        _cell(cell, self.columns[name]) for name, cell in zip(names, cells, strict=True)
                    ]
        there = [int(row) for row in rows if int(row) in out]
        frame = pd.DataFrame([out[row] for row in there], columns=names, dtype=object)
        return Table(self.where, frame, True, np.array(there, dtype=np.int64))

    def _frames(self, picked: Sequence[str], width: int) -> Iterator[pd.DataFrame]:
        """What is picked of every row, about `FETCHED` values at a time."""
        query = f"SELECT {', '.join(picked)} FROM read_parquet(?)"
        vectors = max(1, FETCHED // (ROW * width))
        with self._connection() as (connection, files):
            for file in files:
                result = connection.execute(query, [file])
                while len(frame := result.fetch_df_chunk(vectors)):
                    yield frame

    @contextmanager
    def _connection(self) -> Iterator[tuple[DuckDBPyConnection, list[str]]]:
        """A connection that can read the files and nothing else, and how it calls them.

        Raises:
            InputError: A file is damaged, or was written since its description was read.
        """
        for path, seen in zip(self.paths, self.stamps, strict=True):
            if not path.exists() or stamp(path) != seen:
                raise InputError(
                    f"{path} was written or moved while it was read; leave the files alone, and run it again"
                )
        with opened(self.paths) as connected:
            yield connected


def open_pool(
    where: Path, paths: Sequence[Path], unused: Mapping[str, str] | None = None, remark: str = ""
) -> ParquetPool:
    """The pool of some Parquet files, of which nothing but their descriptions is read yet.

    Args:
        where: The folder, or the one file, in messages.
        paths: The files in their order.
        unused, remark: See `ParquetPool`.

    Raises:
        InputError: One is damaged, has no row, or has other columns or types than the first; the message names it.
    """
    for path in paths:
        with path.open("rb") as content:
            if content.read(4) != MAGIC:
                raise InputError(
                    f"{path} is no Parquet file, whose first bytes are PAR1; a pool on disk is of Parquet files alone"
                )
    columns: dict[str, str] | None = None
    lengths: list[int] = []
    stamps = tuple(stamp(path) for path in paths)
    with opened(paths) as (connection, files):
        for path, file in zip(paths, files, strict=True):
            described = connection.execute("DESCRIBE SELECT * FROM read_parquet(?)", [file]).fetchall()
            found = {name: kind for name, kind, *_ in described}
            columns = found if columns is None else columns
            _check_same(path, found, paths[0], columns)
            counted = connection.execute("SELECT sum(num_rows) FROM parquet_file_metadata(?)", [file]).fetchone()
            lengths.append(int(counted[0] or 0) if counted else 0)
    if not sum(lengths):
        raise InputError(f"{where} has no row")
    return ParquetPool(where, tuple(paths), tuple(lengths), columns or {}, stamps, unused or {}, remark)


def _check_same(path: Path, columns: Mapping[str, str], first: Path, expected: Mapping[str, str]) -> None:
    """Refuse a file of other columns or types than the first; of lists, their lengths are compared later."""
    if absent := [name for name in expected if name not in columns]:
        raise InputError(f"{path} has no column {absent[0]!r}, and {first.name} has; the files of a pool must agree")
    if more := [name for name in columns if name not in expected]:
        raise InputError(f"{path} has a column {more[0]!r}, and {first.name} has none; the files of a pool must agree")
    for name, kind in columns.items():
        if kind != expected[name]:
            raise InputError(
                f"{path}: column {name!r} is of type {kind}, and in {first.name} of {expected[name]}; the files of a "
                "pool must agree"
            )


def _cell(value: Any, kind: str) -> str:
    """A cell as text; a number in its shortest form, a truth value as Python writes it, a missing one empty."""
    if value is None or value != value:
        return ""
    text = str(value).strip()
    if kind == "BOOLEAN":
        return text.capitalize()
    if number_type(kind) is None:
        return text
    return "" if text.lower() == "nan" else canonical(text)


def _single(connection: DuckDBPyConnection, query: str, file: str) -> Any:
    """The one value that a query of a file gives."""
    found = connection.execute(query, [file]).fetchone()
    return None if found is None else found[0]
