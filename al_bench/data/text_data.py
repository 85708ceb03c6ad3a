"""A user's own texts: a table with a column of texts, or a folder of .txt files."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from al_bench import checks
from al_bench.data.csv_table import Header
from al_bench.data.files import find_file
from al_bench.data.separators import parse_separator
from al_bench.data.split import check_split
from al_bench.data.table_choices import EmptyTexts, MissingLabels, Nested, SimilarLabels
from al_bench.data.user_data import UserData, check_classes_key, check_validation
from al_bench.errors import InputError

if TYPE_CHECKING:
    from al_bench.data.dataset import Dataset
    from al_bench.data.table import Table


@dataclass
class TextDataset(UserData):
    """Texts with labels, which an encoder turns into features: `encoder=tfidf`, unless another is chosen.

    The file is CSV of any separator, JSON lines or Parquet, packed by gzip or not; what it is is seen by its content.
    Or `path` is a folder with a folder for each class, which holds .txt files, such as FOLDER/ham/1.txt; with folders
    train and test (and val) above them where there are such.

    Args:
        path: The file or folder. A relative path is looked for in the current folder, then under the data root.
        text: The column of the texts, or several, which are joined by `join`; recognised if not given.
        label: The label's column; if not given, the one with a label's name, or the last one where no other may be it.
        join: What stands between the texts of several columns.
        test_path: A file of the same columns, or a folder, with the test part; else it is split off.
        validation: The same with the validation part, which is read where `validation=file`.
        test_fraction: The share of the rows in a test part split off.
        split_seed: Seed of the choice of rows, independent of the run's seed.
        group: The column of the rows' groups, such as authors: none is in the test part and in another.
        classes: The classes in their order, such as [ham,spam]; any other label is refused. If not given, those that
            occur, sorted.
        id: The column by which records, reports and `initial.rows` name the rows.
        empty: What becomes of a row without a text: `refuse`, `drop` or `keep`.
        missing_labels, similar_labels: See `CsvDataset`.
        nested: Of texts in a folder of a class's folder: see `ImageFolder`.
        separator, header, skip, encoding: How the file is read; see `CsvDataset`.
        name: The dataset's name; the file's name without its ending if not given.
        root: The data root; see `al_bench.data.files.data_root`.
    """

    path: str | None = None
    text: Any = None
    label: str | None = None
    join: str = " "
    test_path: str | None = None
    validation: str | None = None
    test_fraction: float = 0.2
    split_seed: int = 0
    group: str | None = None
    classes: list[str] | None = None
    id: str | None = None
    empty: EmptyTexts = EmptyTexts.refuse
    missing_labels: MissingLabels = MissingLabels.refuse
    similar_labels: SimilarLabels = SimilarLabels.refuse
    nested: Nested = Nested.refuse
    separator: str = "auto"
    header: Header = Header.auto
    skip: int | None = None
    encoding: str | None = None
    name: str | None = None
    root: str | None = None

    def __post_init__(self) -> None:
        if not self.path:
            raise InputError("dataset.path is not set; name the file of the texts: dataset.path=texts.csv")
        parse_separator(self.separator)
        check_split(self.test_fraction, self.split_seed)
        check_classes_key(self.classes)
        if self.skip is not None:
            checks.at_least("dataset.skip", self.skip, 0)
        good = self.text is None or isinstance(self.text, str) or (isinstance(self.text, list) and self.text)
        checks.require(bool(good), "dataset.text", self.text, "a column, or a list of columns")

    def keys_without_effect(self) -> dict[str, str]:
        """The keys that nothing reads beside the other keys, each with the reason and what to set."""
        idle = (
            {"join": "one column holds the text; set dataset.text=[COLUMN,COLUMN]"}
            if len(self.text_columns) == 1
            else {}
        )
        if self.is_folder:
            reason = "dataset.path is a folder of texts; name a table"
            return idle | dict.fromkeys(("join", "separator", "header", "skip", "missing_labels"), reason)
        return idle | {"nested": "dataset.path is a table; name a folder of texts"}

    @property
    def is_folder(self) -> bool:
        """Whether the texts are files of a folder."""
        return find_file(str(self.path), "dataset.path", self.root, folders=True).is_dir()

    @property
    def item_name(self) -> str:
        """`file` where the texts are files, else as of other tables."""
        return "file" if self.is_folder else super().item_name

    @property
    def text_columns(self) -> list[str]:
        """The columns that `text` names; empty where none is given."""
        return (
            []
            if self.text is None
            else [str(name) for name in (self.text if isinstance(self.text, list) else [self.text])]
        )

    def load(
        self, initial_rows: Sequence[int | str] = (), validation: bool = False, cache: str | None = "auto"
    ) -> Dataset:
        """Read, check and divide the texts; see `UserData.load`."""
        from al_bench.data.text_dataset import build

        if self.validation and not validation:
            check_validation(self.validation, validation)
        return build(self, initial_rows, validation)

    def load_pool(self, cache: str | None = "auto") -> Dataset:
        """Read every text; see `UserData.load_pool`."""
        from al_bench.data.text_dataset import build

        return build(self, (), False, pool=True)

    def read(self, path: str | None = None, key: str = "dataset.path", fewest: int = 2) -> Table:
        """The cells of the file, or of another one that is read in the same way.

        Args:
            path: The other one.
            key: The key that names it.
            fewest: Columns that it must have: 1 for texts without a label.
        """
        from al_bench.data.table_reader import ReadingKeys, read_table

        header = {Header.auto: None, Header.present: True, Header.absent: False}[self.header]
        keys = ReadingKeys(self.separator, header, self.encoding, self.skip, fewest)
        return read_table(find_file(path or str(self.path), key, self.root), keys)
