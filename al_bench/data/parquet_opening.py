"""Parquet files opened by DuckDB, by whatever names they have, and the types of their columns."""

from __future__ import annotations

import re
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from al_bench.data.files import one_line
from al_bench.data.size_limits import memory_left
from al_bench.errors import InputError
from al_bench.storage.parquet import connect, interruptible

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

KINDS = {
    "f8": "DOUBLE DECIMAL HUGEINT UHUGEINT",
    "f4": "FLOAT",
    "i8": "BIGINT",
    "u8": "UBIGINT",
    "i4": "INTEGER",
    "u4": "UINTEGER",
    "i2": "SMALLINT",
    "u2": "USMALLINT",
    "i1": "TINYINT",
    "u1": "UTINYINT BOOLEAN",
}
TYPES = {name: np.dtype(kind) for kind, names in KINDS.items() for name in names.split()}
"""DuckDB's types of numbers to those of the array that is made of them."""
VECTOR = re.compile(r"([A-Z]+)(?:\(\d+,\d+\))?\[\d*\]")
"""A type of lists of numbers, of one length or of any."""
MAGIC = b"PAR1"
"""The first bytes of a Parquet file."""
PATTERN = frozenset("*?[]{}")
"""What makes DuckDB take a name for a pattern of names."""


@contextmanager
def opened(paths: Sequence[Path]) -> Iterator[tuple[DuckDBPyConnection, list[str]]]:
    """A connection that can read some Parquet files and nothing else, and how it calls each of them.

    A file whose name DuckDB would take for a pattern of names is reached by a link of a plain one.

    Raises:
        InputError: A file is damaged or none of Parquet.
    """
    import duckdb

    with tempfile.TemporaryDirectory() as folder:
        links = [path.absolute() for path in paths]
        for number, path in enumerate(links):
            if PATTERN & set(str(path)):
                links[number] = Path(folder, f"{number}.parquet")
                links[number].symlink_to(path)
        try:
            with interruptible(), connect(links, max(256, memory_left() // 2**21)) as connection:
                yield connection, list(map(str, links))
        except duckdb.Error as error:
            reason = one_line(error).partition(" LINE 1")[0]
            for link, path in zip(links, paths, strict=True):
                reason = reason.replace(str(link), str(path))
            named = next((path for path in paths if str(path) in reason), paths[0])
            raise InputError(
                f"{named} cannot be read as Parquet ({reason.replace(str(named), named.name)}); write it again"
            ) from error


def number_type(kind: str) -> np.dtype | None:
    """The type of the array that numbers of a type of DuckDB's become; None where they are no numbers."""
    return TYPES.get(re.sub(r"\(\d+,\d+\)", "", kind))


def vector_type(kind: str) -> np.dtype | None:
    """The same of lists of numbers."""
    match = VECTOR.fullmatch(kind)
    return None if match is None else TYPES.get(match[1])
