"""DuckDB with no way out: one thread, rows in the file's order, no network, no extension, no other file."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
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


def connect(files: Path | Sequence[Path], memory: int) -> DuckDBPyConnection:
    """A connection that reaches some files and nothing else: no other path, no network, no extension.

    Args:
        files: The file or files that may be read or written; their names must hold none of the characters of a pattern
            of names.
        memory: The most that DuckDB may use, MiB.
    """
    import duckdb

    allowed = ", ".join(quoted(str(file)) for file in ([files] if isinstance(files, Path) else files))
    connection = duckdb.connect(":memory:", config={**SETTINGS, "memory_limit": f"{memory}MiB"})
    connection.execute(f"SET allowed_paths = [{allowed}]")
    connection.execute("SET enable_external_access = false")
    connection.execute("SET lock_configuration = true")
    return connection


@contextmanager
def interruptible() -> Iterator[None]:
    """Inside, Ctrl-C and SIGTERM end a query as they end anything else: DuckDB makes errors of its own of them."""
    import duckdb

    try:
        yield
    except (RuntimeError, duckdb.InterruptException) as error:
        if isinstance(error, duckdb.InterruptException) or "interrupted" in str(error):
            raise KeyboardInterrupt from error
        raise


def quoted(text: str, mark: str = "'") -> str:
    """A text as SQL writes it; with the mark `"` a column's name."""
    return f"{mark}{text.replace(mark, mark * 2)}{mark}"
