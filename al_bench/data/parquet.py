"""Parquet files, read by DuckDB: rows in the file's order, on one thread, nothing fetched or installed."""

from __future__ import annotations

import re
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from al_bench.data.files import one_line
from al_bench.data.size_limits import check_size, memory_left
from al_bench.errors import InputError
from al_bench.storage.parquet import connect, interruptible

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection
    from pandas import DataFrame

BYTES_OF_A_CELL = 64
"""Memory that a cell takes as an object of Python while a table is read."""
TOO_LARGE = "leave out rows or columns, or write the inputs as arrays: dataset=npz"


def open_table(copy: Path) -> DuckDBPyConnection:
    """A connection that can read one file and nothing else: no other path, no network, no extension.

    Args:
        copy: The file.
    """
    return connect(copy, max(256, memory_left() // 2**21))


def parquet_frame(path: Path, raw: bytes) -> DataFrame:
    """The table of a Parquet file.

    Args:
        path: The file, for messages.
        raw: Its bytes.

    Raises:
        InputError: The file is damaged, or stands for more than the memory holds.
    """
    import duckdb

    # A copy of a plain name: DuckDB takes brackets and stars in a name for a pattern of names.
    with tempfile.TemporaryDirectory() as folder:
        copy = Path(folder, "table.parquet")
        copy.write_bytes(raw)
        try:
            with interruptible(), open_table(copy) as connection:
                _check_cells(path, connection, copy)
                return connection.execute("SELECT * FROM read_parquet(?)", [str(copy)]).df()
        except duckdb.Error as error:
            reason = one_line(error).replace(str(copy), path.name).partition(" LINE 1")[0]
            raise InputError(f"{path} cannot be read as Parquet ({reason}); write it again") from error


def _check_cells(path: Path, connection: DuckDBPyConnection, copy: Path) -> None:
    """Refuse a file whose cells do not fit into the memory: a value repeated a billion times takes a few bytes here."""
    columns = connection.execute("DESCRIBE SELECT * FROM read_parquet(?)", [str(copy)]).fetchall()
    counted = connection.execute("SELECT sum(num_rows) FROM parquet_file_metadata(?)", [str(copy)]).fetchone()
    rows = int(counted[0] or 0) if counted else 0
    check_size(path, rows * len(columns), TOO_LARGE, BYTES_OF_A_CELL)
    texts = [f'"{name.replace(chr(34), chr(34) * 2)}"' for name, kind, *_ in columns if not _is_plain(kind)]
    if texts and rows:
        lengths = " + ".join(f"coalesce(sum(strlen({text}::VARCHAR)), 0)" for text in texts)
        total = connection.execute(f"SELECT {lengths} FROM read_parquet(?)", [str(copy)]).fetchone()
        check_size(path, int(total[0]) if total else 0, TOO_LARGE, 2)


def _is_plain(kind: str) -> bool:
    """Whether the values of a type of DuckDB's all take a few bytes: numbers, truth values, dates; no list of them."""
    plain = r"U?(TINY|SMALL|BIG|HUGE)?INT(EGER)?|DOUBLE|FLOAT|BOOLEAN|DATE|TIME.*|DECIMAL\([\d,]+\)"
    return re.fullmatch(plain, kind) is not None and "[" not in kind
