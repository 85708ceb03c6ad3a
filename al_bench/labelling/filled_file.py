"""A batch that people filled, as a CSV file that spreadsheets and tools made of it.

The bytes may be UTF-8, UTF-16 or cp1252, the separator any of , ; tab and |, columns may have moved or be gone, lines
may stand above the header. Only `item` and `label` are read, and `annotator` and, in an export of a tool, `study`.
"""

from __future__ import annotations

import csv
import io
import re
from dataclasses import dataclass
from pathlib import Path

from al_bench.data.labels import canonical
from al_bench.errors import InputError
from al_bench.labelling.answers import SKIP
from al_bench.labelling.batch_file import as_meant
from al_bench.labelling.folder import LIMIT
from al_bench.storage.files import read_regular

EXPORTED = {"annotation_id", "comments"}
"""Columns that Label Studio's and doccano's CSV exports have beside those of a task."""
MOST_ROWS_ABOVE = 20
"""Lines above the header that are looked through."""


@dataclass(frozen=True)
class FilledRow:
    """A row of a file that came back.

    Args:
        line: Of the file, from 1; 0 where it has no lines.
        item: As written there.
        label: As class names are written; "" where the cell is empty.
        annotator: Who gave the label; "" where the file does not say.
        entry: What messages call the row where the file has no lines, such as `task 3`.
        study: The study whose batch the row is of; "" where the file does not say.
        is_file: Whether `item` is the name of a file, whose folders may be others than the pool's.
        since: The number of the copy of the file in which the row stood first; None for this one's.
    """

    line: int
    item: str
    label: str
    annotator: str = ""
    entry: str = ""
    study: str = ""
    is_file: bool = False
    since: int | None = None

    def where(self, source: str) -> str:
        """The file and the line or entry, as messages call it."""
        return f"{source}, {self.entry or f'line {self.line}'}"


def read_rows(path: Path, content: bytes | None = None) -> list[FilledRow]:
    """The rows of a filled file that name an item.

    Args:
        path: The file, or how messages call it.
        content: Its bytes, where they are there already.

    Raises:
        InputError: It cannot be read, or has no columns `item` and `label`.
    """
    if content is None:
        try:
            content = read_regular(path, LIMIT)
        except OSError as error:
            raise InputError(f"{path} cannot be read: {error.strerror or error}") from error
    if content.startswith(b"PK\x03\x04"):
        raise InputError(f"{path} is a workbook (or another archive); save it as CSV")
    text = _decoded(content)
    lines = text.split("\n")
    for number, line in enumerate(lines[:MOST_ROWS_ABOVE]):
        for separator in (",", ";", "\t", "|"):
            header = next(csv.reader([line], delimiter=separator), [])
            names = [name.strip().strip("'\"").casefold() for name in header]
            if "item" in names and ("label" in names or len(names) > 1):
                return _rows(path, "\n".join(lines[number:]), separator, names, number)
    raise InputError(
        f"{path}: none of its first lines has the column names item and label; write them there, or delete the file of "
        "a batch: the same command writes it again"
    )


def _decoded(content: bytes) -> str:
    """The text of a file, whatever program saved it."""
    if content.startswith((b"\xff\xfe", b"\xfe\xff")):
        text = content.decode("utf-16", "replace")
    else:
        try:
            text = content.decode("utf-8-sig")
        except UnicodeDecodeError:
            text = content.decode("cp1252", "replace")
    return text.replace("\r\n", "\n").replace("\r", "\n").replace("\0", "")


def _rows(path: Path, text: str, separator: str, names: list[str], above: int) -> list[FilledRow]:
    for name in ("item", "label"):
        if names.count(name) != 1:
            how = "no column" if name not in names else "two columns"
            raise InputError(f"{path} has {how} {name!r}; one is expected")
    csv.field_size_limit(2**31 - 1)
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=separator)
    next(reader)
    rows: list[FilledRow] = []
    item, label = names.index("item"), names.index("label")
    annotator = names.index("annotator") if names.count("annotator") == 1 else None
    of_tool = EXPORTED & set(names) and names.count("study") == 1  # else it is a column of the user's own
    study = names.index("study") if of_tool else None
    while True:
        line = above + reader.line_num + 1
        try:
            cells = next(reader)
        except StopIteration:
            return rows
        except csv.Error as error:
            raise InputError(f"{path}, line {line}: {error}; save it as CSV again") from error
        if not any(cell.strip() for cell in cells):
            continue
        cells += [""] * (max(item, label, annotator or 0, study or 0) + 1 - len(cells))
        rows.append(
            FilledRow(
                line,
                as_meant(cells[item]),
                label_of(as_meant(cells[label])),
                "" if annotator is None else cells[annotator].strip(),
                study="" if study is None else as_meant(cells[study]),
            )
        )


def label_of(cell: str) -> str:
    """A label as class names are written: without blanks around it, a whole number in its shortest form (1,00 is 1)."""
    text = cell.strip()
    if re.fullmatch(r"[+-]?\d+,0*", text):
        text = text.partition(",")[0]
    return SKIP if text.casefold() == SKIP else canonical(text)
