"""A CSV file as numeric and categorical columns, with every fault named by file, column and row."""

from __future__ import annotations

import lzma
import zipfile
import zlib
from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum
from pathlib import Path

import numpy as np
import pandas as pd
from sklearn.preprocessing import OneHotEncoder

from al_bench.data.files import one_line
from al_bench.data.labels import as_number, encode
from al_bench.data.scaling import standardise
from al_bench.errors import InputError

FEW = 20
"""A column may always have that many categories or classes, however few its rows are."""
UNREADABLE = (ValueError, OSError, EOFError, zlib.error, lzma.LZMAError, zipfile.BadZipFile)
LARGEST = float(np.finfo(np.float32).max)


class Kind(Enum):
    """How a column is read: `auto` decides by its cells."""

    auto = "auto"
    number = "number"
    category = "category"


@dataclass(frozen=True)
class Table:
    """A CSV file's cells as stripped text, under the names of their columns.

    Args:
        path: The file.
        cells: [N rows, columns] text.
        headed: Whether the names come from the file's first line.
    """

    path: Path
    cells: pd.DataFrame
    headed: bool

    @property
    def names(self) -> list[str]:
        """The columns, in the file's order."""
        return list(self.cells.columns)

    def require(self, names: Sequence[str], key: str) -> None:
        """Raise InputError unless the file has every column named under the config key `key`."""
        for name in names:
            if name not in self.names:
                raise InputError(f"{key}: {self.path} has no column {name!r}; its columns are {', '.join(self.names)}")

    def fault(self, name: str, row: int, what: str) -> InputError:
        """An error about one cell; `row` counts from 0, the message from 1."""
        return InputError(f"{self.path}: column {name!r}, data row {row + 1}: {what}")


def read_table(path: Path, separator: str, header: bool | None) -> Table:
    """Read all cells as text.

    Args:
        path: The file, UTF-8, compressed if its name ends in .gz, .xz or .zip.
        separator: Between cells, one character.
        header: Whether the first line names the columns; None: it does unless one of its cells is a number.
            Without a header the columns are called "0", "1", ...

    Raises:
        InputError: The file is empty or unreadable, a row is longer than the first, or there is no row, fewer
            than two columns, or two columns of one name.
    """
    try:
        cells = pd.read_csv(
            path,
            sep=separator,
            header=None,
            dtype=str,
            keep_default_na=False,
            encoding="utf-8-sig",
        )
    except pd.errors.EmptyDataError as error:
        raise InputError(f"{path} is empty; a table of numbers and categories is expected") from error
    except UNREADABLE as error:
        raise InputError(f"{path} cannot be read as CSV with the separator {separator!r}: {one_line(error)}") from error
    cells = cells.fillna("").apply(lambda column: column.str.strip())  # a short row ends in empty cells
    first = cells.iloc[0]
    if header is None:
        header = bool(pd.to_numeric(first, errors="coerce").isna().all())
    if header:
        cells = cells.iloc[1:].reset_index(drop=True).set_axis(list(first), axis=1)
    else:
        cells = cells.set_axis([str(number) for number in range(cells.shape[1])], axis=1)
    if cells.shape[1] < 2:
        raise InputError(
            f"{path} has one column with the separator {separator!r}; features and a label are expected: "
            "set dataset.separator if the file uses another"
        )
    if cells.empty:
        raise InputError(f"{path} has a header and no rows")
    repeated = cells.columns[cells.columns.duplicated()]
    if len(repeated):
        raise InputError(f"{path} has two columns called {repeated[0]!r}; give each column a name of its own")
    return Table(path, cells, header)


def read_labels(table: Table, name: str) -> tuple[np.ndarray, tuple[str, ...]]:
    """[N] class numbers of the label column, and the class names.

    Raises:
        InputError: A label is missing or no whole number among numbers, there is one class only, or there are so many
            different values that they are no classes.
    """
    text = _text(table, name)
    labels, class_names = encode(text)
    if len(class_names) < 2:
        raise InputError(f"{table.path}: column {name!r} holds one class only; at least two are expected")
    if len(class_names) > max(FEW, len(labels) // 2):
        raise InputError(
            f"{table.path}: column {name!r} holds {len(class_names)} different values in {len(labels)} rows, so it is "
            "no class label; name the column of the labels with dataset.label"
        )
    numbers = [as_number(class_name) for class_name in class_names]
    if None not in numbers and any(fractional := [number % 1 != 0 for number in numbers if number is not None]):
        row = int(np.flatnonzero(labels == fractional.index(True))[0])
        raise table.fault(name, row, f"{text[row]} is no class label; name the column of the labels with dataset.label")
    return labels, class_names


def read_known_labels(table: Table, name: str, class_names: tuple[str, ...]) -> np.ndarray:
    """[T] class numbers of a test part's label column.

    Raises:
        InputError: A label is missing, or is not among `class_names`.
    """
    text = _text(table, name)
    labels, _ = encode(text, class_names)
    unknown = np.flatnonzero(labels < 0)
    if len(unknown):
        row = int(unknown[0])
        raise table.fault(name, row, f"the class {text[row]!r} does not occur in the training part")
    return labels


def read_column(table: Table, name: str, kind: Kind) -> np.ndarray:
    """[N] float64 for a column of numbers, [N] text for one of categories.

    Raises:
        InputError: A cell is missing, or is no finite number of float32 in a column that has numbers.
    """
    text = _text(table, name)
    if kind is Kind.category:
        return text
    numbers = pd.to_numeric(table.cells[name], errors="coerce").to_numpy(dtype=np.float64)
    bad = np.flatnonzero(~(np.abs(numbers) <= LARGEST))
    if len(bad) == 0:
        return numbers
    if kind is Kind.auto and len(bad) == len(text):
        return text
    raise table.fault(
        name,
        int(bad[0]),
        f"{text[bad[0]]!r} is no number that float32 holds, but other cells of the column are numbers; repair or "
        "remove the row, or list the column in dataset.categorical if its values are categories",
    )


def encode_columns(
    path: Path, train: dict[str, np.ndarray], test: dict[str, np.ndarray]
) -> tuple[np.ndarray, np.ndarray]:
    """Inputs from columns: numbers standardised, categories one-hot, by what the training part holds.

    Args:
        path: The file, for messages.
        train: [N] float64 or text by column.
        test: [T] of the same types.

    Returns:
        [N, D] and [T, D] float32, the inputs of a column where the column stands.

    Raises:
        InputError: A column of texts has so many that they are names of rows or free text.
    """
    numbers = [name for name, values in train.items() if values.dtype != object]
    texts = [name for name, values in train.items() if values.dtype == object]
    encoded: dict[str, np.ndarray] = {}
    encoded_test: dict[str, np.ndarray] = {}
    if numbers:
        scaled, scaled_test = standardise(_block(train, numbers), _block(test, numbers))
        encoded |= zip(numbers, np.hsplit(scaled, len(numbers)), strict=True)
        encoded_test |= zip(numbers, np.hsplit(scaled_test, len(numbers)), strict=True)
    if texts:
        encoder = OneHotEncoder(handle_unknown="ignore", sparse_output=False, dtype=np.float32)
        encoder.fit(_block(train, texts))
        sizes = [len(categories) for categories in encoder.categories_]
        for name, size in zip(texts, sizes, strict=True):
            if size > max(FEW, len(train[name]) // 2):
                raise InputError(
                    f"{path}: column {name!r} holds {size} different texts in {len(train[name])} training rows, so "
                    f"they are no categories; leave it out with dataset.drop=[{name}]"
                )
        ends = np.cumsum(sizes)[:-1]
        encoded |= zip(texts, np.hsplit(encoder.transform(_block(train, texts)), ends), strict=True)
        encoded_test |= zip(texts, np.hsplit(encoder.transform(_block(test, texts)), ends), strict=True)
    return np.hstack([encoded[name] for name in train]), np.hstack([encoded_test[name] for name in train])


def _block(columns: dict[str, np.ndarray], names: list[str]) -> np.ndarray:
    """[N, len(names)] columns of one type side by side."""
    return np.array([columns[name] for name in names]).T


def _text(table: Table, name: str) -> np.ndarray:
    text = table.cells[name].to_numpy(dtype=object)
    missing = np.flatnonzero(text == "")
    if len(missing):
        raise table.fault(name, int(missing[0]), "the cell is empty; fill it in or remove the row")
    return text
