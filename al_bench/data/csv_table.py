"""A user's own table: a CSV file with a label column."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import Enum
from typing import TYPE_CHECKING

from al_bench import checks
from al_bench.data.files import find_file
from al_bench.data.split import check_split, split_off_test_part
from al_bench.errors import InputError

if TYPE_CHECKING:
    import numpy as np

    from al_bench.data.csv_columns import Table
    from al_bench.data.dataset import Dataset


class Header(Enum):
    """Whether the first line names the columns."""

    auto = "auto"
    present = "present"
    absent = "absent"


@dataclass
class CsvDataset:
    """Rows of a CSV file as float32 inputs [N, D].

    Columns of numbers are standardised with the mean and the standard deviation of the training part (a constant
    column becomes 0). Columns without any number, and those listed in `categorical`, become one 0/1 input for
    each category of the training part, in sorted order and at the column's place; a category that only the test
    part has becomes zeros. An empty cell, or text among numbers, is an error that names column and row; no value
    is imputed. Labels may be words or numbers; classes are sorted (numbers by value).

    Args:
        path: The file. A relative path is looked for in the current folder, then under the data root.
        label: The label's column; the last one if not given.
        test_path: A file of the same columns with the test part; without it the test part is split off.
        test_fraction: The share of the rows in a test part split off, stratified by label.
        split_seed: Seed of the choice of rows, independent of the run's seed.
        categorical: Columns to read as categories although their cells are numbers.
        drop: Columns to leave out.
        separator: The character between cells.
        header: `auto`: the first line names the columns unless one of its cells is a number. Without names,
            columns are called 0, 1, ...
        name: The dataset's name; the file's name without its ending if not given.
        root: The data root; see `al_bench.data.files.data_root`.
    """

    path: str | None = None
    label: str | None = None
    test_path: str | None = None
    test_fraction: float = 0.2
    split_seed: int = 0
    categorical: list[str] = field(default_factory=list)
    drop: list[str] = field(default_factory=list)
    separator: str = ","
    header: Header = Header.auto
    name: str | None = None
    root: str | None = None

    def __post_init__(self) -> None:
        if not self.path:
            raise InputError("dataset.path is not set; name the CSV file: dataset.path=table.csv")
        checks.require(len(self.separator) == 1, "dataset.separator", self.separator, "one character")
        check_split(self.test_fraction, self.split_seed)

    def load(self) -> Dataset:
        """Read, check and encode the file or files.

        Raises:
            InputError: A file is missing or malformed; the message names it, what is wrong and what is expected.
        """
        import torch

        from al_bench.data.csv_columns import Kind, encode_columns, read_column, read_labels
        from al_bench.data.dataset import Dataset

        table = self._table(str(self.path), "dataset.path")
        label = self.label if self.label is not None else table.names[-1]
        features = self._features(table, label)
        labels, class_names = read_labels(table, label)
        self._check_header(table, label)
        columns = {
            name: read_column(table, name, Kind.category if name in self.categorical else Kind.auto)
            for name in features
        }
        if self.test_path:
            test_columns, test_labels = self._read_test_part(label, columns, class_names)
        else:
            rows, test_rows = split_off_test_part(
                str(table.path), labels, self.test_fraction, self.split_seed, "dataset.test_path"
            )
            test_columns = {name: values[test_rows] for name, values in columns.items()}
            columns = {name: values[rows] for name, values in columns.items()}
            labels, test_labels = labels[rows], labels[test_rows]
        inputs, test_inputs = encode_columns(table.path, columns, test_columns)
        return Dataset(
            name=self.name or table.path.name.split(".")[0],
            inputs=torch.from_numpy(inputs),
            hidden_labels=torch.from_numpy(labels),
            test_inputs=torch.from_numpy(test_inputs),
            test_labels=torch.from_numpy(test_labels),
            class_names=class_names,
        )

    def _read_test_part(
        self, label: str, columns: dict[str, np.ndarray], class_names: tuple[str, ...]
    ) -> tuple[dict[str, np.ndarray], np.ndarray]:
        """The columns of `dataset.test_path`, of the types that they have in the training part, and its labels."""
        from al_bench.data.csv_columns import Kind, read_column, read_known_labels

        table = self._table(str(self.test_path), "dataset.test_path")
        table.require([*columns, label], "dataset.test_path")
        test_columns = {
            name: read_column(table, name, Kind.category if values.dtype == object else Kind.number)
            for name, values in columns.items()
        }
        return test_columns, read_known_labels(table, label, class_names)

    def _table(self, path: str, key: str) -> Table:
        from al_bench.data.csv_columns import read_table

        header = {Header.auto: None, Header.present: True, Header.absent: False}[self.header]
        return read_table(find_file(path, key, self.root), self.separator, header)

    def _features(self, table: Table, label: str) -> list[str]:
        """The columns that become inputs."""
        table.require([label], "dataset.label")
        table.require(self.categorical, "dataset.categorical")
        table.require(self.drop, "dataset.drop")
        features = [name for name in table.names if name != label and name not in self.drop]
        if not features:
            raise InputError(f"{table.path} has no column left beside the label {label!r}; shorten dataset.drop")
        return features

    def _check_header(self, table: Table, label: str) -> None:
        """Refuse to guess where the first line may hold column names that are numbers."""
        text = table.cells[label]
        if self.header is Header.auto and not table.headed and (text == text.iloc[0]).sum() == 1:
            raise InputError(
                f"{table.path}: the first line may hold column names or data, since its label {text.iloc[0]!r} occurs "
                "once; set dataset.header=present or dataset.header=absent"
            )
