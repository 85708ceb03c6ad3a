"""A batch as CSV, written so that spreadsheets read it as it is; `filled_file` reads it back.

Written: UTF-8 with a byte order mark, commas, the columns `item`, `label` (empty), `predicted`, `probability`, `score`,
`rank`, then the user's own. A cell that a spreadsheet would run (it begins with =, +, - or @ and is no number) gets an
apostrophe before it.
"""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Mapping, Sequence

from al_bench.labelling.batch import AskedItem

COLUMNS = ("item", "label", "predicted", "probability", "score", "rank")
"""The columns of a batch's file, before the user's own."""
SIGNS = ("=", "+", "-", "@", "\t", "\r")
NUMBER = re.compile(r"[+-]?(\d+([.,]\d*)?|[.,]\d+)([eE][+-]?\d+)?")


def harmless(cell: str) -> str:
    """A cell that no spreadsheet runs: `'=1+1` for `=1+1`; numbers stay as they are."""
    return f"'{cell}" if cell.startswith(SIGNS) and not NUMBER.fullmatch(cell) else cell


def as_meant(cell: str) -> str:
    """What `harmless` made a cell from."""
    return cell[1:] if cell.startswith("'") and cell[1:].startswith(SIGNS) else cell


def own_names(names: Sequence[str]) -> list[str]:
    """The names of the user's columns beside those of a batch: one that a batch has too gets a stroke after it."""
    out: list[str] = []
    for name in names:
        while name.strip().casefold() in COLUMNS or name in out:
            name += "_"
        out.append(name)
    return out


def write_rows(
    asked: Sequence[AskedItem],
    names: Sequence[str],
    cells: Mapping[str, Sequence[str]],
    labels: Mapping[str, str] | None = None,
) -> bytes:
    """The file of a batch.

    Args:
        asked: The items, in the order shown.
        names: The user's columns.
        cells: Item to its cells under these.
        labels: Item to the label that is filled in already; where the file was lost.
    """
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\r\n")
    writer.writerow([*COLUMNS, *map(harmless, own_names(names))])
    blank = [""] * len(names)
    for entry in asked:
        row = [
            entry.item,
            (labels or {}).get(entry.item, ""),
            entry.predicted or "",
            "" if entry.probability is None else f"{entry.probability:.4f}",
            "" if entry.score is None else f"{entry.score:.6g}",
            str(entry.rank),
            *cells.get(entry.item, blank),
        ]
        writer.writerow([harmless(cell.replace("\0", "")) for cell in row])
    return text.getvalue().encode("utf-8-sig", "surrogatepass")
