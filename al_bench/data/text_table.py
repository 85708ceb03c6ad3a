"""Texts as cells under column names: CSV of any separator, and JSON lines."""

from __future__ import annotations

import io
import json
import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import pandas as pd

from al_bench.data.files import one_line
from al_bench.data.separators import COMMENT, Layout, find_layout, shown
from al_bench.errors import InputError

TOO_LONG = re.compile(r"Expected (\d+) fields in line (\d+), saw (\d+)")


def read_csv(path: Path, text: str, separator: str | None, skip: int | None) -> tuple[pd.DataFrame, Layout]:
    """All cells of a text as stripped text, the first line among them, and how they were separated.

    Raises:
        InputError: The text is empty, or a line is longer than the table is wide.
    """
    layout = find_layout(path, text, separator, skip)
    extra = layout.width - len(layout.first)
    separated = {"sep": r"\s+"} if layout.separator == " " else {"sep": layout.separator}
    try:
        cells = pd.read_csv(
            io.BytesIO(text.encode("utf-8", "surrogatepass")),
            **separated,
            header=None,
            names=range(max(layout.width, len(layout.first))) if extra else None,
            index_col=False,
            dtype=object,
            keep_default_na=False,
            skiprows=layout.skip,
            quotechar=layout.quote,
            encoding="utf-8",
            encoding_errors="surrogatepass",
        )
    except pd.errors.EmptyDataError as error:
        raise InputError(f"{path} is empty; a table of numbers and categories is expected") from error
    except pd.errors.ParserWarning as error:
        raise InputError(f"{path}: {one_line(error)}") from error
    except (ValueError, OSError, OverflowError) as error:
        if match := TOO_LONG.search(str(error)):
            raise InputError(
                f"{path}: line {match[2]} has {match[3]} cells where {match[1]} are expected, so it cannot be read as "
                f"CSV with the separator {shown(layout.separator)}; quote cells that hold the separator, or give "
                f"another dataset.separator"
            ) from error
        raise InputError(
            f"{path} cannot be read as CSV with the separator {shown(layout.separator)}: {one_line(error)}"
        ) from error
    cells = _clean(cells, text, layout)
    if any(f"\n{mark}" in text for mark in COMMENT) and cells.shape[1] > 1:  # a comment in the body has one cell
        lone = (cells.iloc[:, 1:] == "").all(axis=1) & cells.iloc[:, 0].str.startswith(COMMENT)
        cells = cells[~lone].reset_index(drop=True) if lone.any() else cells
    if layout.first and len(layout.first) < layout.width:
        cells = _shift_short_header(cells, len(layout.first))
    return cells, layout


def _clean(cells: pd.DataFrame, text: str, layout: Layout) -> pd.DataFrame:
    """Cells without blanks around them and with "" where a short row ends; only where the text has any such."""
    edges = re.escape(layout.separator + layout.quote + "\r\n")
    if re.search(rf"[^\S\r\n][{edges}]|[{edges}][^\S\r\n]|\A[^\S\r\n]|[^\S\r\n]\Z", text):
        return pd.DataFrame({name: values.fillna("").str.strip() for name, values in cells.items()})
    short = [name for name in cells.columns if cells[name].isna().any()]
    return cells.fillna(dict.fromkeys(short, "")) if short else cells


def _shift_short_header(cells: pd.DataFrame, names: int) -> pd.DataFrame:
    """Put the names of a first line that is one cell short where they belong.

    R writes the rows' names into a first column that has no name; other programs end every row in a separator.
    """
    first = cells.iloc[0].tolist()
    if names == cells.shape[1] - 1 and not (cells.iloc[1:, -1] == "").all():
        cells.iloc[0] = ["", *first[:-1]]
    return cells


def is_json(text: str) -> bool:
    """Whether a text is JSON: objects, one a line or in a list."""
    return bool(re.match(r"\s*((\[\s*)?\{\s*(\"|\})|\[\s*\[)", text[:1000]))


def read_json(path: Path, text: str) -> pd.DataFrame:
    """The columns of JSON objects, one a line or in one list: numbers as float64, everything else as text.

    A key that an object lacks, and null, are empty cells.

    Raises:
        InputError: The text is no JSON, or a value is a list or an object.
    """
    objects: list[Any] = []
    # Python writes NaN, which JSON does not know, and reads it.
    decode = json.loads if re.search(r"[:\[,]\s*(NaN|-?Infinity)\b", text) else msgspec.json.decode
    lines, number = text.split("\n"), 0
    try:
        if text.lstrip().startswith("["):
            objects = decode(text)
        else:
            for line in lines:
                number += 1
                if line.strip():
                    objects.append(decode(line))
    except (msgspec.DecodeError, ValueError, RecursionError) as error:
        where = f", line {number}" if number else ""
        raise InputError(
            f"{path}{where}: {one_line(error)}; it begins as JSON, of which one object a line is expected"
        ) from error
    if (
        len(objects) == 1
        and isinstance(objects[0], dict)
        and any(isinstance(v, dict | list) for v in objects[0].values())
    ):
        raise InputError(
            f"{path} is one JSON object that holds lists or objects; write one object a row: "
            "DataFrame.to_json(…, orient='records', lines=True)"
        )
    bad = next((row for row, value in enumerate(objects) if not isinstance(value, dict)), None)
    if bad is not None:
        raise InputError(f"{path}: row {bad} is {str(objects[bad])[:40]!r}; JSON objects are expected, one a line")
    names = list(dict.fromkeys(name for value in objects for name in value))
    return frame_columns(
        path, pd.DataFrame({name: [value.get(name) for value in objects] for name in names}, dtype=object)
    )


def frame_columns(path: Path, frame: pd.DataFrame) -> pd.DataFrame:
    """A typed frame as this package's columns: float64 with NaN for numbers, stripped text with "" for everything else.

    Raises:
        InputError: A cell is a list, an object or bytes.
    """
    columns: dict[str, Any] = {}
    for name in frame.columns:
        values = frame[name]
        if pd.api.types.is_numeric_dtype(values.dtype) and not pd.api.types.is_bool_dtype(values.dtype):
            columns[str(name)] = values.to_numpy(dtype=np.float64, na_value=np.nan)
        else:
            columns[str(name)] = _object_column(path, str(name), values.tolist())
    return pd.DataFrame(columns)


def _object_column(path: Path, name: str, values: Sequence[Any]) -> Any:
    present = [value for value in values if not _is_missing(value)]
    if present and all(isinstance(value, (int, float)) and not isinstance(value, bool) for value in present):
        try:
            return np.array([np.nan if _is_missing(value) else float(value) for value in values])
        except OverflowError:
            pass  # a whole number of 400 digits: text, which the columns' reader refuses by row
    for row, value in enumerate(values):
        if isinstance(value, (list, dict, tuple, bytes, bytearray, np.ndarray)):
            raise InputError(
                f"{path}: column {name!r}, row {row}: a {type(value).__name__} is no number and no category; leave the "
                f"column out with {drop_advice(name)}"
            )
    texts = ["" if _is_missing(value) else str(value).strip() for value in values]
    return pd.Series(texts, dtype=str)


def _is_missing(value: Any) -> bool:
    return value is None or value is pd.NA or value is pd.NaT or (isinstance(value, float) and value != value)


def drop_advice(name: str) -> str:
    """What to type to leave a column out, ready for a shell."""
    from al_bench.errors import override

    return override("dataset.drop", [name])
