"""The cells of a file under the names of their columns."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import pandas as pd

from al_bench.data.labels import canonical
from al_bench.errors import InputError

FEW = 20
"""A column may always have that many categories or classes, however few its rows are."""


@dataclass(frozen=True)
class Table:
    """The cells of a file under the names of their columns.

    Args:
        path: The file.
        cells: [N rows, columns]: stripped text, or float64 with NaN where the file has types.
        headed: Whether the names come from the file.
        rows: [N] rows of the file, counted from 0 without the header.
        remarks: What a reader of the file must know.
    """

    path: Path
    cells: pd.DataFrame
    headed: bool
    rows: np.ndarray
    remarks: tuple[str, ...] = ()

    @property
    def names(self) -> list[str]:
        """The columns, in the file's order."""
        return list(self.cells.columns)

    def require(self, names: Sequence[str], key: str) -> None:
        """Raise InputError unless the file has every column named under the config key `key`."""
        for name in names:
            if name not in self.names:
                first = "" if self.headed else "; if the first line holds the names, set dataset.header=present"
                raise InputError(
                    f"{key}: {self.path} has no column {name!r}; its columns are {', '.join(self.names)}{first}"
                )

    def fault(self, name: str, row: int, what: str) -> InputError:
        """An error about one cell of the row at a position in this table; long words in it are shortened."""
        what = re.sub(r"(\S{60})\S{60,}", r"\1…", what)
        return InputError(f"{self.path}: column {name!r}, row {self.rows[row]} (counted from 0): {what}")

    def take(self, rows: np.ndarray) -> Table:
        """The rows at some positions, in that order."""
        return replace(self, cells=self.cells.iloc[rows].reset_index(drop=True), rows=self.rows[rows])

    def texts(self, name: str) -> np.ndarray:
        """[N] text of a column; numbers of a typed file in their shortest form, a missing one empty."""
        values = self.cells[name]
        if values.dtype == np.float64:
            return np.array(["" if value != value else canonical(value) for value in values.tolist()], dtype=object)
        return values.to_numpy(dtype=object)
