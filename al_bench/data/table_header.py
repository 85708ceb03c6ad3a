"""Whether the first line of a text table names its columns."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path

import pandas as pd

from al_bench.data.separators import NUMBERLIKE
from al_bench.errors import InputError

LABEL_NAMES = {"label", "labels", "class", "target", "y", "class_label", "classlabel", "target_class", "ground_truth"}
"""Names of a label's column, in lower case."""
OFTEN_LABELS = {
    *("species", "category", "outcome", "diagnosis", "kind", "type", "result", "income", "survived", "sentiment"),
    *("response", "group", "classes", "quality", "variety", "status", "topic", "fault", "defect"),
}
"""Names that a label's column often has, and other columns, too."""
ID_NAMES = {
    *("id", "ids", "index", "idx", "row", "rowid", "row_id", "rownames", "row_names", "row number", "row_number"),
    *("unnamed: 0", "nr", "nr.", "no", "no.", "number", "#", "obs", "sample_id", "case_id", "uid", "uuid", "key"),
}
"""Names of a column that counts or names the rows."""


ID_ENDING = re.compile(r".+([_\- ]id|[a-z]I[dD])|(__index_)?level_\d+_*|passengerid", re.ASCII)
"""Names that end as those of a column that names the rows do, and those that pandas gives to an index."""


def names_rows(name: str) -> bool:
    """Whether a column of that name may count or name the rows."""
    return plain_name(name) in ID_NAMES or ID_ENDING.fullmatch(name.strip()) is not None


def plain_name(name: str) -> str:
    """A column's name as the sets above spell it."""
    return (
        re.sub(r"[\s\-]+", "_", name.strip().lower()) if name.strip().lower() not in ID_NAMES else name.strip().lower()
    )


def first_line_names(path: Path, cells: pd.DataFrame, given: bool | None) -> tuple[bool, str]:
    """Whether the first line of a table holds the columns' names, and how sure that is.

    It does where a column of numbers has a word there; it does not where it has numbers there, or where every word of
    the first line occurs again in its column.

    Args:
        path: The file, for messages.
        cells: All lines as text.
        given: What the user said; None decides by the cells.

    Raises:
        InputError: Both readings are possible; the message gives both.
    """
    if given is not None:
        return given, ""
    first, body = cells.iloc[0].tolist(), cells.iloc[1:301]
    words = [cell for cell in first if cell]
    if len(body) < 2 or not words:
        return not any(NUMBERLIKE.fullmatch(cell) for cell in words), ""
    number_columns = _number_columns(body)
    numbers_above = [bool(NUMBERLIKE.fullmatch(cell)) for cell in first]
    if any(numbers_above):
        return False, ""
    if any(
        number and not above and cell for number, above, cell in zip(number_columns, numbers_above, first, strict=True)
    ):
        return True, ""
    if any(plain_name(cell) in LABEL_NAMES | ID_NAMES for cell in words):
        return True, ""
    again = [cell in set(body.iloc[:, column]) for column, cell in enumerate(first) if cell]
    if all(again):
        return False, "the first line is data, as each of its words occurs again below"
    few = all(body.iloc[:, column].nunique() <= max(20, len(body) // 2) for column in range(len(first)))
    if not any(again) and (few or len(set(words)) == len(words)) and len(body) >= 5:
        return True, ""
    if len(body) < 5 and not any(again):
        return True, ""
    names = ", ".join(repr(cell) for cell in first[:6])
    raise InputError(
        f"{path}: the first line ({names}) may hold column names or data; set dataset.header=present (then "
        f"{len(cells) - 1} rows) or dataset.header=absent (then {len(cells)} rows and columns called 0, 1, ...)"
    )


def _number_columns(body: pd.DataFrame) -> list[bool]:
    """Which columns are numbers, but for a few cells that may be missing."""
    out = []
    for column in range(body.shape[1]):
        filled = [cell for cell in body.iloc[:, column].tolist() if cell and cell not in ("?", "NA", "nan", "NaN")]
        out.append(bool(filled) and sum(bool(NUMBERLIKE.fullmatch(cell)) for cell in filled) >= 0.9 * len(filled))
    return out


def column_names(first: Sequence[str]) -> list[str]:
    """Names from a first line: without a comment's mark; a nameless one is called by its position, `column_0`."""
    names = [re.sub(r"^(#|%|//)\s*", "", first[0]) if first[0] not in ID_NAMES else first[0], *first[1:]]
    return [name or _free_name(position, names) for position, name in enumerate(names)]


def _free_name(position: int, names: Sequence[str]) -> str:
    name = f"column_{position}"
    while name in names:
        name = f"_{name}"
    return name
