"""DuckDB with no way out: one thread, rows in the file's order, no network, no extension, no other file."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

SETTINGS: dict[str, Any] = {
    "threads": 1,
    "preserve_insertion_order": True,
    "autoinstall_known_extensions": False,
    "autoload_known_extensions": False,
}
"""Of DuckDB, given where the connection is made."""


def connect(file: Path, memory: int) -> DuckDBPyConnection:
    """A connection that reaches one file and nothing else: no other path, no network, no extension.

    Args:
        file: The file that may be read or written; its name must hold none of the characters of a pattern of names.
        memory: The most that DuckDB may use, MiB.
    """
    import duckdb

    connection = duckdb.connect(":memory:", config={**SETTINGS, "memory_limit": f"{memory}MiB"})
    connection.execute(f"SET allowed_paths = ['{str(file).replace(chr(39), chr(39) * 2)}']")
    connection.execute("SET enable_external_access = false")
    connection.execute("SET lock_configuration = true")
    return connection
