"""A user's own table: a CSV file, JSON lines or Parquet, with a label column."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from enum import Enum
from typing import TYPE_CHECKING, ClassVar

from al_bench import checks
from al_bench.data.files import find_file
from al_bench.data.separators import parse_separator
from al_bench.data.split import check_split
from al_bench.data.table_choices import Decimal, Missing, MissingLabels, SimilarLabels
from al_bench.data.user_data import UserData, check_classes_key, check_validation
from al_bench.errors import InputError

if TYPE_CHECKING:
    from al_bench.data.dataset import Dataset
    from al_bench.data.parquet_pool import ParquetPool
    from al_bench.data.table import Table


class Header(Enum):
    """Whether the first line names the columns."""

    auto = "auto"
    present = "present"
    absent = "absent"


@dataclass
class CsvDataset(UserData):
    """Rows of a table as float32 inputs [N, D].

    The file is CSV of any separator, JSON lines or Parquet, packed by gzip or not; what it is is seen by its content.
    Where its meaning is not certain, it is refused with the possible readings and the key that chooses each.

    Columns of numbers are standardised with the mean and the standard deviation of the training part (a constant
    column becomes 0), unless `standardise=false`. Columns without any number, and those listed in `categorical`,
    become one 0/1 input for each category of the training part, in sorted order and at the column's place; a category
    that only the test part has becomes zeros. Columns that count the rows or hold nothing are left out. Labels may be
    words or numbers; classes are sorted (numbers by value). A class that only the test part has is kept: no network can
    be right there.

    A folder of Parquet files, or a Parquet file with a column of lists of numbers (embeddings), is a pool that stays on
    disk: its inputs are that column, or all columns of numbers; they are copied once into the cache's folder as an
    array, and mapped from there. The files are read in the order of the numbers in their names.

    Args:
        path: The file, or the folder. A relative path is looked for in the current folder, then under the data root.
        label: The label's column; if not given, the one with a label's name, or the last one where no other may be it.
        test_path: A file of the same columns with the test part (of a pool on disk a folder or a Parquet file); without
            it the test part is split off.
        test_fraction: The share of the rows in a test part split off, stratified by label.
        split_seed: Seed of the choice of rows, independent of the run's seed.
        validation: A file of the same columns with the validation part, which is read where `validation=file`.
        group: The column of the rows' groups, such as patients: none is in the test part and in another; no feature.
        categorical: Columns to read as categories although their cells are numbers.
        drop: Columns to leave out.
        keep: Columns to take as features although they seem to count or name the rows.
        classes: The classes in their order, such as [cat,dog]; any other label is refused. If not given, those that
            occur, sorted.
        id: The column by which records, reports and `initial.rows` name the rows; no feature.
        standardise: Whether numbers are scaled by the training part's mean and standard deviation, or left as they are.
        missing: What becomes of a feature without a value (empty, ?, NA, nan): `refuse`; `median`, the median or the
            most frequent category of the training part; `indicator`, the same with an input more that marks it.
        missing_labels: What becomes of a row without a label: `refuse`, `drop` or `class`, a class of its own.
        similar_labels: What becomes of labels that differ in case, quotes, blanks or Unicode form only: `refuse`,
            `merge` to the most frequent spelling, or `keep` as classes of their own.
        separator: Between cells: comma, semicolon, tab, pipe, space or one character; `auto` recognises it.
        decimal: `point` or `comma`; `auto` recognises it. The other one, and blanks, then separate thousands.
        header: `auto`: decided by the cells. Without names, columns are called 0, 1, ...
        skip: Lines to leave out above the table; null recognises comments and titles.
        encoding: As Python calls it; null recognises UTF-8, UTF-16 and UTF-32.
        name: The dataset's name; the file's name without its ending if not given.
        root: The data root; see `al_bench.data.files.data_root`.
    """

    path: str | None = None
    label: str | None = None
    test_path: str | None = None
    test_fraction: float = 0.2
    split_seed: int = 0
    validation: str | None = None
    group: str | None = None
    categorical: list[str] = field(default_factory=list)
    drop: list[str] = field(default_factory=list)
    keep: list[str] = field(default_factory=list)
    classes: list[str] | None = None
    id: str | None = None
    standardise: bool = True
    missing: Missing = Missing.refuse
    missing_labels: MissingLabels = MissingLabels.refuse
    similar_labels: SimilarLabels = SimilarLabels.refuse
    separator: str = "auto"
    decimal: Decimal = Decimal.auto
    header: Header = Header.auto
    skip: int | None = None
    encoding: str | None = None
    name: str | None = None
    root: str | None = None

    is_benchmark: ClassVar[bool] = False
    """Whether it comes with al-bench: records name points by index alone, and `initial.kind=auto` is balanced."""

    def __post_init__(self) -> None:
        if not self.path:
            raise InputError("dataset.path is not set; name the table: dataset.path=table.csv")
        parse_separator(self.separator)
        check_split(self.test_fraction, self.split_seed)
        check_classes_key(self.classes)
        if self.skip is not None:
            checks.at_least("dataset.skip", self.skip, 0)

    def keys_without_effect(self) -> dict[str, str]:
        """The keys that nothing reads beside the other keys, each with the reason and what to set."""
        reason = "dataset.test_path is given, so no test part is split off; set dataset.test_path=null"
        return dict.fromkeys(("test_fraction", "split_seed"), reason) if self.test_path else {}

    def load(
        self, initial_rows: Sequence[int | str] = (), validation: bool = False, cache: str | None = "auto"
    ) -> Dataset:
        """Read, check and encode the file or files; see `UserData.load`."""
        if (shards := self.shards()) is not None:
            from al_bench.data.parquet_dataset import build as build_mapped

            test = self.shards(self.test_path, "dataset.test_path", always=True) if self.test_path else None
            return build_mapped(self, shards, test, initial_rows, validation, cache)
        from al_bench.data.table_dataset import build

        check_validation(self.validation, validation)
        other = self.read(self.validation, "dataset.validation") if self.validation else None
        test_table = self.read(self.test_path, "dataset.test_path") if self.test_path else None
        return build(self, self.read(), test_table, initial_rows, other)

    def load_pool(self, cache: str | None = "auto") -> Dataset:
        """Read and encode every row; see `UserData.load_pool`."""
        if (shards := self.shards()) is not None:
            from al_bench.data.parquet_dataset import build as build_mapped

            test = self.shards(self.test_path, "dataset.test_path", always=True) if self.test_path else None
            return build_mapped(self, shards, test, (), False, cache, pool=True)
        from al_bench.data.table_dataset import build

        test_table = self.read(self.test_path, "dataset.test_path") if self.test_path else None
        return build(self, self.read(fewest=1), test_table, (), pool=True)

    def shards(self, path: str | None = None, key: str = "dataset.path", always: bool = False) -> ParquetPool | None:
        """The pool of a folder of Parquet files, or of one with a column of lists of numbers; None of other tables.

        Args:
            path: The folder or file; None for that of `path`.
            key: The key that names it.
            always: Whether a file of numbers alone is read in this way, too, and nothing else can be.
        """
        from al_bench.data.parquet_files import pool_at

        return pool_at(path or str(self.path), key, self.root, always)

    def read(self, path: str | None = None, key: str = "dataset.path", fewest: int = 2) -> Table:
        """The cells of the file, or of another one that is read in the same way.

        Args:
            path: The other one.
            key: The key that names it.
            fewest: Columns that it must have: 1 for rows without a label.
        """
        from al_bench.data.table_reader import ReadingKeys, read_table

        header = {Header.auto: None, Header.present: True, Header.absent: False}[self.header]
        keys = ReadingKeys(self.separator, header, self.encoding, self.skip, fewest)
        return read_table(find_file(path or str(self.path), key, self.root), keys)


@dataclass
class BenchmarkTable(CsvDataset):
    """A published table among al-bench's own data sets, whose separator is known."""

    separator: str = ","

    is_benchmark: ClassVar[bool] = True
