"""A file of any kind of table as cells under column names: CSV and its kin, JSON lines, Parquet; packed or not."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from al_bench.data.file_kind import check_text_kind, decode, read_content
from al_bench.data.parquet import parquet_frame
from al_bench.data.separators import parse_separator, shown
from al_bench.data.table import Table
from al_bench.data.table_header import column_names, first_line_names, names_rows
from al_bench.data.text_table import frame_columns, is_json, read_csv, read_json
from al_bench.data.written_numbers import is_missing
from al_bench.errors import InputError, override


@dataclass(frozen=True)
class ReadingKeys:
    """The keys of a dataset that say how its text is read.

    Args:
        separator: See `al_bench.data.separators`.
        header: Whether the first line names the columns; None decides by the cells.
        encoding: As Python calls it; None recognises UTF-8, UTF-16 and UTF-32.
        skip: Lines to leave out above the table; None recognises comments and titles.
        fewest: Columns that the table must have.
    """

    separator: str = "auto"
    header: bool | None = None
    encoding: str | None = None
    skip: int | None = None
    fewest: int = 2


def read_table(path: Path, keys: ReadingKeys) -> Table:
    """Read all cells of a file.

    Raises:
        InputError: The file is empty, unreadable, no table or has several readings; there is no row, there are fewer
            than two columns, or two columns of one name.
    """
    content = read_content(path)
    remarks = list(content.remarks)
    headed, rows = True, None
    if content.parquet:
        cells = frame_columns(path, parquet_frame(path, content.raw))
        kind = "in the Parquet file"
    else:
        text, said = decode(path, content, keys.encoding)
        remarks += said
        if not text.strip():
            raise InputError(f"{path} is empty; a table of numbers and categories is expected")
        check_text_kind(path, text)
        if keys.separator == "auto" and is_json(text):
            cells, kind = read_json(path, text), "in the JSON objects"
            if not path.name.partition(".gz")[0].endswith((".jsonl", ".ndjson", ".json")):
                remarks.append(f"{path.name} holds JSON objects")
        else:
            cells, layout = read_csv(path, text, parse_separator(keys.separator), keys.skip)
            remarks += layout.remarks
            headed, said_header = first_line_names(path, cells, keys.header)
            remarks += [said_header] if said_header else []
            kind = f"with the separator {shown(layout.separator)}"
            if layout.separator != ",":
                remarks.append(f"separator {shown(layout.separator)}")
            cells = _named(path, cells, headed)
            rows, said_rows = _rows_of_data(cells, headed)
            remarks += said_rows
    if cells.shape[1] < keys.fewest:
        raise InputError(
            f"{path} has one column {kind}; features and a label are expected: set dataset.separator if the file uses "
            "another, such as semicolon, tab, pipe or space"
        )
    if cells.empty:
        raise InputError(f"{path} has a header and no rows")
    if rows is None or len(rows) == len(cells):
        return Table(path, cells, headed, np.arange(len(cells)), tuple(remarks))
    return Table(path, cells.iloc[rows].reset_index(drop=True), headed, rows, tuple(remarks))


def _rows_of_data(cells: pd.DataFrame, headed: bool) -> tuple[np.ndarray, list[str]]:
    """The rows that are neither empty nor the names once more, and remarks on the others.

    Spreadsheets write empty rows below a table, and files that were put one behind the other repeat their first line.
    """
    first = cells.iloc[:, 0].to_numpy(dtype=object)
    empty = np.array([text == "" for text in first], dtype=bool)
    if empty.any():
        empty[empty] = (cells[empty] == "").to_numpy().all(axis=1)
    again = np.zeros(len(cells), dtype=bool)
    if headed and (same := first == cells.columns[0]).any():
        again[same] = (cells[same] == list(cells.columns)).to_numpy().all(axis=1)
    remarks = [f"{empty.sum()} empty rows left out"] if empty.any() else []
    remarks += [f"{again.sum()} rows that repeat the column names left out"] if again.any() else []
    return np.flatnonzero(~(empty | again)), remarks


def _named(path: Path, cells: pd.DataFrame, headed: bool) -> pd.DataFrame:
    """Cells under the names of the first line, or under 0, 1, ..."""
    if not headed:
        return cells.set_axis([str(number) for number in range(cells.shape[1])], axis=1)
    names = column_names(cells.iloc[0].tolist())
    cells = cells.iloc[1:].reset_index(drop=True).set_axis(names, axis=1)
    repeated = cells.columns[cells.columns.duplicated()]
    if len(repeated):
        raise InputError(
            f"{path} has two columns called {repeated[0]!r}; give each column a name of its own, or, if the first line "
            "is data, set dataset.header=absent"
        )
    return cells


def unused_columns(table: Table, keep: list[str], used: list[str]) -> dict[str, str]:
    """Columns that hold nothing or count the rows, each with the reason to leave it out.

    Args:
        table: The table.
        keep: Columns that the user wants as features whatever they look like.
        used: Columns that the user gave another meaning.

    Raises:
        InputError: A column may name the rows or be a feature; the message gives both readings.
    """
    out: dict[str, str] = {}
    for position, name in enumerate(table.names):
        if name in keep or name in used:
            continue
        nameless = table.headed and name.strip("_") == f"column_{position}"
        named_so = table.headed and names_rows(name)
        if _is_empty(table, name):
            out[name] = "it has no value"
        elif nameless or named_so:
            reason = _counts_rows(table, name, nameless)
            if reason:
                out[name] = reason
            elif (nameless and position == 0) or _all_differ(table, name):
                leave_out = override("dataset.id", name) if named_so else override("dataset.drop", [name])
                raise InputError(
                    f"{table.path}: the column {name!r}{' (it has no name)' if nameless else ''} may name the rows or "
                    f"be a feature; set {leave_out} or {override('dataset.keep', [name])}"
                )
    return out


def counts_rows(table: Table, name: str) -> bool:
    """Whether a column counts the rows, from 0 or from 1."""
    numbers = pd.to_numeric(table.cells[name], errors="coerce").to_numpy(dtype=np.float64)
    return len(numbers) > 1 and numbers[0] in (0, 1) and bool((np.diff(numbers) == 1).all())


def _is_empty(table: Table, name: str) -> bool:
    values = table.cells[name]
    if values.dtype == np.float64:
        return bool(values.isna().all())
    if not (is_missing(values.iloc[0], True) and is_missing(values.iloc[-1], True)):
        return False
    return all(is_missing(text, True) for text in set(values))


def _all_differ(table: Table, name: str) -> bool:
    numbers = pd.to_numeric(table.cells[name], errors="coerce")
    whole = bool(numbers.notna().all() and (numbers % 1 == 0).all())
    return whole and bool(table.cells[name].is_unique)


def _counts_rows(table: Table, name: str, nameless: bool) -> str:
    """Why a column is no feature; empty where it may be one."""
    if counts_rows(table, name):
        return "it counts the rows"
    if nameless and bool(table.cells[name].is_unique):
        return "it has no name and another value in every row"
    return ""
