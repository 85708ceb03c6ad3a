"""A table as numeric and categorical columns, with every fault named by file, column and row."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from enum import Enum

import numpy as np
import pandas as pd

from al_bench.data.table import Table
from al_bench.data.table_choices import Decimal
from al_bench.data.written_numbers import LARGEST, convention, disguise, is_missing, parse, several_signs, unit
from al_bench.errors import InputError, override


class Kind(Enum):
    """How a column is read: `auto` decides by its cells."""

    auto = "auto"
    number = "number"
    category = "category"


@dataclass(frozen=True)
class Column:
    """One column of features.

    Args:
        values: [N] float64 with NaN where a number is missing, or [N] text with "" where a category is.
        remark: How its cells were read, where a reader must know.
    """

    values: np.ndarray
    remark: str = ""

    @property
    def is_number(self) -> bool:
        """Whether it holds numbers."""
        return self.values.dtype != object

    @property
    def absent(self) -> np.ndarray:
        """[N] whether a value is missing."""
        return np.isnan(self.values) if self.is_number else self.values == ""


def plain_numbers(table: Table, name: str) -> np.ndarray:
    """[N] float64 of the cells that are numbers without any sign or comma, NaN elsewhere."""
    values = table.cells[name]
    if values.dtype == np.float64:
        return values.to_numpy()
    texts = values.to_numpy(dtype=object)
    joined = "".join(texts)
    if joined.isascii() and "_" not in joined:  # Python reads 1_0 and digits of other scripts as numbers, too
        try:
            return texts.astype(np.float64)  # five times as fast as what follows, and the same bits
        except ValueError:
            pass
    distinct = list(set(texts))
    numbers = pd.to_numeric(pd.Series(distinct, dtype=object), errors="coerce").to_numpy(dtype=np.float64)
    known = dict(zip(distinct, numbers.tolist(), strict=True))
    return np.array([known[text] for text in texts])


def read_columns(table: Table, kinds: Mapping[str, Kind], decimal: Decimal) -> tuple[dict[str, Column], Decimal]:
    """Columns by name, and the convention of their decimals.

    Args:
        table: The table.
        kinds: Column to how it is read.
        decimal: What stands before the decimals; `auto` decides by all columns together.

    Raises:
        InputError: A cell can be read in two ways, or is neither missing nor a number in a column that has numbers.
    """
    numbers = {name: plain_numbers(table, name) for name, kind in kinds.items() if kind is not Kind.category}
    if decimal is Decimal.auto:
        written = {
            name: set(table.texts(name)[~np.isfinite(values)])
            for name, values in numbers.items()
            if table.cells[name].dtype != np.float64 and not np.isfinite(values).all()
        }
        written = {name: texts for name, texts in written.items() if _are_comma_numbers(texts)}
        decimal, unclear = convention(written)
        if unclear is not None:
            name = next(name for name, texts in written.items() if any(unclear in text for text in texts))
            row = next(row for row, text in enumerate(table.texts(name)) if unclear in text)
            point, comma = (parse([unclear], style)[0][0] for style in (Decimal.point, Decimal.comma))
            readings = f"dataset.decimal=point (reads {point:.10g}) or dataset.decimal=comma (reads {comma:.10g})"
            if np.isnan(point) or np.isnan(comma):
                readings = "the table has both decimal points and decimal commas; repair it, or " + readings
            raise table.fault(name, row, f"{unclear!r} may have a thousands or a decimal comma; set {readings}")
        if decimal is Decimal.comma:
            for name in numbers:
                _check_points(table, name)
    columns = {}
    for name, kind in kinds.items():
        if kind is Kind.category:
            columns[name] = Column(table.texts(name))
        else:
            columns[name] = _read_column(table, name, numbers[name], kind, decimal)
    return columns, decimal


def _check_points(table: Table, name: str) -> None:
    """Refuse numbers with points alone where the decimals of other columns have commas: 1.234 has two readings."""
    if table.cells[name].dtype == np.float64:
        return
    text = table.texts(name)
    pointed = sorted(cell for cell in set(text) if "." in cell)
    if not pointed or any("," in cell for cell in set(text)) or np.isnan(parse(pointed, Decimal.point)[0]).any():
        return
    row = next(row for row, cell in enumerate(text) if cell == pointed[0])
    thousands = parse(pointed, Decimal.comma)[0]
    reading = "" if np.isnan(thousands).any() else f"set dataset.decimal=comma (reads {thousands[0]:.10g}), "
    raise table.fault(
        name,
        row,
        f"{pointed[0]!r} has a point, and other columns have decimal commas; {reading}repair the column, or leave it "
        f"out with {override('dataset.drop', [name])}",
    )


def _are_comma_numbers(texts: Collection[str]) -> bool:
    """Whether texts are numbers with commas, or stand for none: a column of words has no say in the convention."""
    present = [text for text in texts if not is_missing(text, among_numbers=True)]
    return (
        bool(present)
        and any("," in text or text.count(".") > 1 for text in present)
        and all(
            not np.isnan(parse([text], Decimal.comma)[0][0]) or not np.isnan(parse([text], Decimal.point)[0][0])
            for text in present[:1000]
        )
    )


def _read_column(table: Table, name: str, numbers: np.ndarray, kind: Kind, decimal: Decimal) -> Column:
    """A column whose kind its cells decide, or which must be of numbers."""
    typed = table.cells[name].dtype == np.float64
    good = np.abs(numbers) <= LARGEST
    if good.all() and (decimal is not Decimal.comma or typed or not _has_points(table.texts(name))):
        return Column(numbers)
    if typed:
        beyond = ~good & ~np.isnan(numbers)
        if beyond.any():
            raise _beyond(table, name, int(np.flatnonzero(beyond)[0]), str(numbers[beyond][0]))
        return Column(numbers)
    text = table.texts(name)
    distinct = sorted(set(text))
    present = [cell for cell in distinct if not is_missing(cell, among_numbers=True)]
    values, sign = parse(present, decimal)
    known = dict(zip(present, values.tolist(), strict=True))
    is_number = ~np.isnan(values)
    if is_number.all() and (len(present) or kind is Kind.number):
        if (np.abs(values) > LARGEST).any():
            large = {cell for cell, value in known.items() if abs(value) > LARGEST}
            row = next(row for row, cell in enumerate(text) if cell in large)
            raise _beyond(table, name, row, text[row])
        remark = f"{name!r} read without its sign {sign}" if sign else ""
        return Column(np.array([known.get(cell, np.nan) for cell in text]), remark)
    if kind is Kind.auto and not is_number.any() and not any(_is_infinite(cell) for cell in present):
        other = Decimal.point if decimal is Decimal.comma else Decimal.comma
        if decimal is not Decimal.auto and not np.isnan(parse(present, other)[0]).all():
            row = next(row for row, cell in enumerate(text) if cell in present)
            raise table.fault(
                name,
                row,
                f"{text[row]!r} has no decimal {decimal.value}, as other cells of the table have (or dataset.decimal "
                f"says); repair the table, or say that these are categories: {override('dataset.categorical', [name])}",
            )
        if signs := several_signs(present):
            row = next(row for row, cell in enumerate(text) if cell in present)
            raise table.fault(
                name,
                row,
                f"{text[row]!r} is a number with a sign, and the signs of the column differ ({signs}); bring them to "
                f"one, or say that the values are categories: {override('dataset.categorical', [name])}",
            )
        if measure := unit(present):
            raise table.fault(
                name,
                int(np.flatnonzero(text == present[0])[0]),
                f"{present[0]!r} is a number with the unit {measure}; remove the units, or say that the values are "
                f"categories: {override('dataset.categorical', [name])}",
            )
        if what := disguise(present):
            raise table.fault(
                name,
                int(np.flatnonzero(text == present[0])[0]),
                f"{present[0]!r} is {what}; write plain numbers, or say that the values are categories: "
                f"{override('dataset.categorical', [name])}",
            )
        marks = {cell for cell in distinct if is_missing(cell)}
        return Column(np.array(["" if cell in marks else cell for cell in text], dtype=object) if marks else text)
    bad = {cell for cell, value in known.items() if np.isnan(value)}
    row = next(row for row, cell in enumerate(text) if cell in bad)
    if _is_infinite(text[row]):
        raise _beyond(table, name, row, text[row])
    advice = override("dataset.categorical", [name])
    comma = " (another cell of the table has a decimal comma)" if decimal is Decimal.comma and "." in text[row] else ""
    raise table.fault(
        name,
        row,
        f"{text[row]!r} is no number{comma}, but other cells of the column are; repair or remove the row, or, if its "
        f"values are categories, {advice}",
    )


def _has_points(text: np.ndarray) -> bool:
    return any("." in cell for cell in set(text))


def _is_infinite(text: str) -> bool:
    return text.strip().lower().lstrip("+-") in ("inf", "infinity")


def _beyond(table: Table, name: str, row: int, text: str) -> InputError:
    short = text if len(text) <= 40 else f"{text[:20]}… ({len(text)} characters)"
    return table.fault(
        name,
        row,
        f"{short!r} is no number that float32 holds (up to {LARGEST:.2g}); rescale the column, or leave it out with "
        f"{override('dataset.drop', [name])}",
    )


def check_missing(table: Table, columns: Mapping[str, Column]) -> None:
    """Refuse a missing value.

    Raises:
        InputError: naming the first cell, how many there are, and the three ways to go on.
    """
    for name, column in columns.items():
        absent = np.flatnonzero(column.absent)
        if len(absent):
            text = table.texts(name)[absent[0]]
            what = f"{text!r} stands for no value" if text else "the cell is empty"
            total = sum(int(other.absent.sum()) for other in columns.values())
            raise table.fault(
                name,
                int(absent[0]),
                f"{what} ({total} such cell{'s' * (total != 1)} in all); set dataset.missing=median (the training's "
                "median or most frequent category), dataset.missing=indicator (an input more that marks them), or "
                f"leave the column out: {override('dataset.drop', [name])}",
            )
