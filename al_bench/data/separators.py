"""The separator of a text table and the lines above it, recognised where there is one reading and asked for elsewhere.

DuckDB's sniffer was tried for this: a single line of another length makes it take another separator, or leave out all
lines above that one, without a word.
"""

from __future__ import annotations

import csv
import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from al_bench.errors import InputError

NAMES = {"comma": ",", "semicolon": ";", "tab": "\t", "pipe": "|", "space": " "}
"""Separators by the name that a shell takes as it is; space stands for any run of blanks."""
AUTO = "auto"
SAMPLE = 500
"""Lines that are looked at."""
COMMENT = ("#", "%", "//")
NUMBERLIKE = re.compile(r"\s*[$€£¥₹]?\s*[+\-\u2212]?[$€£¥₹]?(\d[\d.,' ]*|\.\d+)([eE][+-]?\d+)?\s*[%$€£¥₹]?\s*")


def parse_separator(given: str) -> str | None:
    """The character that `dataset.separator` names; None where it is to be recognised.

    Raises:
        InputError: It is neither a name nor one character.
    """
    if given == AUTO:
        return None
    character = NAMES.get(given, "\t" if given == "\\t" else given)
    if len(character) != 1 or character in '"\n\r' or not character.isascii():
        raise InputError(
            f"dataset.separator is {given!r}; it must be {', '.join(NAMES)}, auto or one ASCII character (the names "
            "need no quotes)"
        )
    return character


def shown(separator: str) -> str:
    """The name of a separator, else the character itself."""
    return next((name for name, character in NAMES.items() if character == separator), repr(separator))


@dataclass(frozen=True)
class Layout:
    """How the lines of a text are a table.

    Args:
        separator: Between cells, one character.
        skip: Lines above the table.
        width: Cells of a line of the table.
        quote: Around cells that hold the separator.
        first: The cells of the table's first line.
        remarks: What a reader must know.
    """

    separator: str
    skip: int
    width: int
    quote: str
    first: tuple[str, ...]
    remarks: tuple[str, ...] = ()


def cells(lines: Sequence[str], separator: str, quote: str = '"') -> list[list[str]]:
    """The cells of each line; a quoted cell may go over several lines, whose cells count once."""
    if separator == " ":
        lines = [re.sub(r"[ \t]+", " ", line.strip()) for line in lines]
    try:
        return list(csv.reader(lines, delimiter=separator, quotechar=quote))
    except csv.Error:  # a cell of more than 131,072 characters: how many there are is near enough
        return [line.rstrip("\r\n").split(separator) for line in lines]


def find_layout(path: Path, text: str, separator: str | None, skip: int | None) -> Layout:
    """The separator and the lines above the table.

    Args:
        path: The file, for messages.
        text: Its text.
        separator: The one that the user gave, if any.
        skip: The lines to leave out that the user gave, if any.

    Raises:
        InputError: There is none, or there are several readings; the message names them.
    """
    lines = text[: 2**20].splitlines(keepends=True)[:SAMPLE]
    remarks: list[str] = []
    announced = re.fullmatch(r'"?sep=(.)"?\s*', lines[0]) if lines else None  # a line that Excel writes and reads
    if announced and skip is None:
        separator, skip = separator or announced[1], 1
    if separator is None:
        separator, remark = _separator(path, lines[skip or 0 :])
        remarks += [remark] if remark else []
    quote = _quote(cells(lines[skip or 0 :], separator))
    rows = cells(lines[skip or 0 :], separator, quote)
    widths = [len(row) for row in rows if any(cell.strip() for cell in row)]
    if not widths:
        raise InputError(f"{path} is empty; a table of numbers and categories is expected")
    width = Counter(widths).most_common(1)[0][0]
    if skip is None:
        skip = _lines_above(path, lines, width, separator, quote)
        if skip:
            said = " ".join(lines[0].split())
            remarks.append(f"{skip} line{'s' * (skip > 1)} above the table left out, beginning {said[:40]!r}")
    rows = [row for row in cells(lines[skip:], separator, quote) if row]
    return Layout(separator, skip, width, quote, tuple(cell.strip() for cell in rows[0]), tuple(remarks))


def _separator(path: Path, lines: Sequence[str]) -> tuple[str, str]:
    """The separator that cuts nearly all lines into as many cells, and a remark on it."""
    fitting: dict[str, tuple[float, float]] = {}
    for separator in (",", ";", "\t", "|"):
        rows = [row for row in cells(lines, separator) if any(cell.strip() for cell in row)]
        width, count = Counter(map(len, rows)).most_common(1)[0] if rows else (0, 0)
        body = [row for row in rows if len(row) == width]
        if width > 1 and count >= 0.5 * len(rows):
            numbers = sum(bool(NUMBERLIKE.fullmatch(cell)) for row in body for cell in row) / (width * count)
            fitting[separator] = (count / len(rows), numbers)
    if len(fitting) > 1:
        ranked = sorted(fitting, key=lambda one: fitting[one], reverse=True)
        best, second = ranked[:2]
        even = fitting[best][0] - fitting[second][0] < 0.02 and (fitting[best][0] < 1 or fitting[second][0] == 1)
        if even and abs(fitting[best][1] - fitting[second][1]) < 0.05:
            example = next(line for line in lines if line.strip()).strip()
            readings = " or ".join(
                f"dataset.separator={shown(one)} (reads {cells([example], one)[0]})" for one in (best, second)
            )
            raise InputError(f"{path}: two separators fit; choose {readings}")
        if even:
            best = max(best, second, key=lambda one: fitting[one][1])
        return best, ""
    if fitting:
        return next(iter(fitting)), ""
    rows = [row for row in cells(lines, " ") if row]
    width, count = Counter(map(len, rows)).most_common(1)[0] if rows else (0, 0)
    body = [row for row in rows if len(row) == width]
    if width > 1 and count >= 0.95 * len(rows):
        numeric = [all(NUMBERLIKE.fullmatch(row[column]) for row in body[1:]) for column in range(width)]
        if any(numeric):  # words that happen to be as many in every line are no table
            return " ", "cells are separated by blanks"
    return ",", ""


def _quote(rows: Sequence[Sequence[str]]) -> str:
    """A single quote where one opens in one cell and closes in a later one, in half of the rows; else a double one."""
    torn = 0
    for row in rows:
        opened = [number for number, cell in enumerate(row) if re.match(r"\s*'[^']*$", cell)]
        torn += any(re.search(r"^[^']*'\s*$", cell) for number in opened[:1] for cell in row[number + 1 :])
    return "'" if torn > 0.5 * len(rows) else '"'


def _lines_above(path: Path, lines: Sequence[str], width: int, separator: str, quote: str) -> int:
    """How many lines lie above the table: comments, titles and blank lines."""
    for number, line in enumerate(lines):
        if not line.strip():
            continue
        row = cells([line], separator, quote) or [[]]
        filled = [cell for cell in row[0] if cell.strip()]
        comment = line.lstrip().startswith(COMMENT)
        if comment and len(row[0]) == width and not _is_names_above(lines, number, width, separator):
            return number
        if not comment and (len(row[0]) in (width, width - 1) or '"' in line) and (len(filled) > 1 or width <= 2):
            return _blank_start(lines, number)
        if not comment and len(filled) > 1 and width > 2:
            raise InputError(
                f"{path}: line {number + 1} has {len(row[0])} cells and most lines {width} (separator "
                f"{shown(separator)}); repair it, or leave out the lines above the table with dataset.skip={number + 1}"
            )
    return 0


def _is_names_above(lines: Sequence[str], number: int, width: int, separator: str) -> bool:
    """Whether a comment as wide as the table stands above a line of names, so that it names no columns itself."""
    below = next((line for line in lines[number + 1 :] if line.strip()), "")
    row = cells([below], separator)
    return bool(row) and not any(NUMBERLIKE.fullmatch(cell) for cell in row[0])


def _blank_start(lines: Sequence[str], number: int) -> int:
    """0 where all lines above are blank, which the reader leaves out anyway."""
    return number if any(line.strip() for line in lines[:number]) else 0
