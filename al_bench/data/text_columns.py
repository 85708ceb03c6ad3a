"""The column of a table that holds its texts, where the user did not name it."""

from __future__ import annotations

from collections.abc import Sequence

from al_bench.data.table import FEW, Table
from al_bench.data.table_header import plain_name
from al_bench.errors import InputError, override

TEXT_NAMES = {
    *("text", "texts", "sentence", "sentences", "content", "body", "message", "review", "comment", "document", "tweet"),
    *("description", "abstract", "utterance", "question", "headline", "title", "subject", "summary", "article", "post"),
}
"""Names of a column of texts, in lower case."""


def choose_texts(table: Table, given: Sequence[str], taken: Sequence[str]) -> tuple[list[str], str]:
    """The columns of the texts, and how they were chosen.

    Args:
        table: The table.
        given: The columns that the user named, if any.
        taken: Columns that the user gave another meaning.

    Raises:
        InputError: There is no such column, or no single one holds texts for certain; the message gives the readings.
    """
    if given:
        table.require(given, "dataset.text")
        if twice := [name for name in given if name in taken]:
            raise InputError(f"{table.path}: the column {twice[0]!r} is in dataset.text and has another meaning, too")
        return list(given), "named by dataset.text"
    free = [name for name in table.names if name not in taken]
    named = [name for name in free if table.headed and plain_name(name) in TEXT_NAMES]
    if len(named) == 1:
        return named, "by its name"
    if named:
        every = override("dataset.text", named)
        one = " or ".join(override("dataset.text", name) for name in named[:3])
        raise InputError(
            f"{table.path}: the columns {', '.join(named)} may hold the text; set {every} (joined) or {one}"
        )
    long = [name for name in free if is_free_text(table, name)]
    if len(long) == 1:
        return long, "the only column of free text"
    which = f"the columns {', '.join(long)} hold free text" if long else "no column holds free text"
    raise InputError(
        f"{table.path}: {which}, of {', '.join(table.names)}; name the text's column: dataset.text=COLUMN, or several, "
        "which are joined: dataset.text=[COLUMN,COLUMN]"
    )


def is_free_text(table: Table, name: str) -> bool:
    """Whether a column holds free text: different in most rows, of two words or more in most."""
    texts = [text for text in table.texts(name).tolist() if text]
    if not texts:
        return False
    different = len(set(texts)) > max(min(FEW, len(texts) // 2), len(texts) // 2)
    return different and sum(len(text.split()) > 1 for text in texts) * 2 > len(texts)
