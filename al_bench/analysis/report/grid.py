"""Tables of the page: title, columns, rows of words, and which columns are numbers."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

_NUMBER = re.compile(r"^[<>≥≤±+−-]?\s*\d.*$|^[-–—]$")


@dataclass(frozen=True)
class Grid:
    """A table.

    Args:
        title: Its caption.
        columns: Heads; the first column names the rows.
        rows: Cells as words.
        note: Below the title.
        words: Long words may be broken anywhere, rather than make the table wider.
    """

    title: str
    columns: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    note: str = ""
    words: bool = False

    def number(self, column: int) -> bool:
        """Whether a column (not the first) holds numbers, to be put flush right."""
        cells = [row[column] for row in self.rows if column < len(row) and row[column]]
        return column > 0 and not self.words and bool(cells) and all(_NUMBER.match(cell) for cell in cells)


def make(
    title: str, columns: Sequence[str], rows: Sequence[Sequence[str]], note: str = "", words: bool = False
) -> Grid | None:
    """A table, or None where it would have no rows."""
    if not rows:
        return None
    return Grid(title, tuple(columns), tuple(tuple(row) for row in rows), note, words)
