"""Data sets of the Hugging Face hub, or of a folder that its package `datasets` wrote: images, texts and tables."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from enum import Enum
from typing import TYPE_CHECKING, Any

from al_bench.data.images import Normalise
from al_bench.data.split import check_split
from al_bench.data.table_choices import Damaged, EmptyTexts, Missing, MissingLabels, Mode, Resize, SimilarLabels
from al_bench.data.user_data import UserData
from al_bench.errors import InputError

if TYPE_CHECKING:
    from al_bench.data.dataset import Dataset


class HubKind(Enum):
    """What the rows are read as; `auto` goes by the columns' features."""

    auto = "auto"
    images = "images"
    text = "text"
    table = "table"


@dataclass
class HubDataset(UserData):
    """Rows with labels by the package `datasets` (`pip install al-bench[hub]`), read as images, texts or a table.

    They are written once into the cache's folder, as image files or a Parquet file for each split, and read from there
    as `dataset=images`, `dataset=text` and `dataset=table` read them; the keys of the same name mean the same. No code
    of a data set is ever run: scripts are refused by the package, and formats that could hold code here.

    Args:
        path: A name on the hub, such as stanfordnlp/imdb, or a folder written by `save_to_disk` or of Parquet files.
        config: The data set's configuration, where it has several.
        revision: A commit, tag or branch of the hub.
        train: The split of the training part; train, or the only one, if not given.
        test: The split of the test part: `auto` takes test where there is one, `none` splits one off.
        validation: The split of the validation part, which is read where `validation=file`; validation if not given.
        kind: What the rows are read as.
        image: The column of the images; the only one of that kind if not given.
        text: The column of the texts, or several; see `TextDataset`.
        label: The label's column; the only one of class labels, or the one with a label's name, if not given.
        join, empty: Of texts; see `TextDataset`.
        size, resize, mode, white, normalise, damaged: Of images; see `ImageFolder`.
        categorical, drop, keep, missing: Of tables; see `CsvDataset`.
        group: The column of the rows' groups.
        test_fraction, split_seed: Of a test part split off.
        missing_labels, similar_labels: See `CsvDataset`.
        name: The dataset's name; the last part of the path if not given.
        root: The data root, where a folder is looked for, too.
    """

    path: str | None = None
    config: str | None = None
    revision: str | None = None
    train: str | None = None
    test: str = "auto"
    validation: str | None = None
    kind: HubKind = HubKind.auto
    image: str | None = None
    text: Any = None
    label: str | None = None
    join: str = " "
    empty: EmptyTexts = EmptyTexts.refuse
    size: Any = None
    resize: Resize = Resize.crop
    mode: Mode = Mode.auto
    white: int | None = None
    normalise: Normalise = Normalise.standard
    damaged: Damaged = Damaged.refuse
    categorical: list[str] = field(default_factory=list)
    drop: list[str] = field(default_factory=list)
    keep: list[str] = field(default_factory=list)
    missing: Missing = Missing.refuse
    group: str | None = None
    test_fraction: float = 0.2
    split_seed: int = 0
    missing_labels: MissingLabels = MissingLabels.refuse
    similar_labels: SimilarLabels = SimilarLabels.refuse
    name: str | None = None
    root: str | None = None

    def __post_init__(self) -> None:
        if not self.path:
            raise InputError(
                "dataset.path is not set; name a data set of the hub, dataset.path=OWNER/NAME, or a folder that "
                "datasets' save_to_disk wrote"
            )
        check_split(self.test_fraction, self.split_seed)

    def load(
        self, initial_rows: Sequence[int | str] = (), validation: bool = False, cache: str | None = "auto"
    ) -> Dataset:
        """Fetch the rows where they are not here, and read them; see `UserData.load`."""
        from al_bench.data.hub_dataset import build

        return build(self, initial_rows, validation, cache)
