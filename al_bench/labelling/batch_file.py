"""A batch as CSV: written so that spreadsheets read it as it is, and read back from what they make of it.

Written: UTF-8 with a byte order mark, commas, the columns `item`, `label` (empty), `predicted`, `probability`, `score`,
`rank`, then the user's own. A cell that a spreadsheet would run (it begins with =, +, - or @ and is no number) gets an
apostrophe before it.

Read back: the bytes may be UTF-8, UTF-16 or cp1252, the separator any of , ; tab and |, columns may have moved or be
gone, lines may stand above the header. Only `item` and `label` are read, and `annotator` and, in an export of a tool,
`study`. Items are matched exactly, else without blanks around them, in another Unicode form, or with ? where a letter
was lost.
"""

from __future__ import annotations

import csv
import fnmatch
import io
import re
import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path

from al_bench.data.labels import canonical
from al_bench.errors import InputError
from al_bench.labelling.answers import SKIP, Answer
from al_bench.labelling.batch import AskedItem
from al_bench.labelling.folder import LIMIT
from al_bench.storage.files import read_regular

COLUMNS = ("item", "label", "predicted", "probability", "score", "rank")
"""The columns of a batch's file, before the user's own."""
EXPORTED = {"annotation_id", "comments"}
"""Columns that Label Studio's and doccano's CSV exports have beside those of a task."""
SIGNS = ("=", "+", "-", "@", "\t", "\r")
NUMBER = re.compile(r"[+-]?(\d+([.,]\d*)?|[.,]\d+)([eE][+-]?\d+)?")
MOST_ROWS_ABOVE = 20
"""Lines above the header that are looked through."""


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


@dataclass
class KnownItems:
    """The items of a pool, found by what a file says.

    Args:
        items: All of them.
    """

    items: Iterable[str]
    _by_form: dict[str, str | None] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self._exact = set(self.items)
        for name in self._exact:
            form = _form(name)
            self._by_form[form] = None if form in self._by_form else name

    def find(self, text: str, likely: Sequence[str] = ()) -> str | None:
        """The item that a cell names; None where none does, or nothing says which.

        Args:
            text: The cell.
            likely: The items of the batch that the file is of.
        """
        if text in self._exact:
            return text
        if (item := self._by_form.get(_form(text))) is not None:
            return item
        if "?" in text or "�" in text:  # letters that the program could not save
            pattern = "".join("?" if letter in "?�" else f"[{letter}]" for letter in text)
            matches = [name for name in likely if fnmatch.fnmatchcase(name, pattern)]
            return matches[0] if len(matches) == 1 else None
        return None

    def of_file(self, name: str) -> list[str]:
        """The items that are a file of this name, with more folders before it or fewer: tools drop or add them."""
        text = name.replace("\\", "/")
        same = self._by_file.get(text.rpartition("/")[2], [])
        return [item for item in same if f"/{text}".endswith(f"/{item}") or f"/{item}".endswith(f"/{text}")]

    @cached_property
    def _by_file(self) -> dict[str, list[str]]:
        """The last part of an item's name to the items."""
        out: dict[str, list[str]] = {}
        for name in sorted(self._exact):
            out.setdefault(name.rpartition("/")[2], []).append(name)
        return out


def _form(text: str) -> str:
    return unicodedata.normalize("NFC", text).strip()


def answers_of(
    rows: Sequence[FilledRow],
    source: str,
    known: KnownItems,
    likely: Sequence[str] = (),
    order: int = 0,
    gone: Iterable[str] = (),
) -> list[Answer]:
    """The answers of a file's rows; rows without a label are left out.

    Args:
        rows: Of the file.
        source: What messages call it.
        known: The items of the pool.
        likely: The items of the batch that the file is of; its rows must be of these.
        order: Of the answers.
        gone: Items that were in the pool before.

    Raises:
        InputError: A row has a label and names no item; the message names the row.
    """
    answers = []
    before = set(gone)
    for row in rows:
        item = known.find(row.item, likely)
        if item is None and row.item in before:
            item = row.item
        if item is None and row.is_file:
            same = known.of_file(row.item)
            if len(same) > 1 and row.label:
                raise InputError(
                    f"{row.where(source)}: {row.item!r} may be {same[0]} or {same[1]}; give these labels as CSV with "
                    "the columns item and label"
                )
            item = same[0] if len(same) == 1 else None
        if item is None:
            if not row.label:
                continue
            raise InputError(
                f"{row.where(source)}: {row.item!r} is no item of the pool; items are called as in the column "
                "item that al-bench query writes"
            )
        if likely and item not in likely:
            if not row.label:
                continue
            raise InputError(
                f"{row.where(source)}: {item} is no item of this batch; give labels of other items by --labels FILE"
            )
        if row.label:
            answers.append(Answer(item, row.label, source, row.line, row.annotator, order, row.entry))
    return answers
