"""A user's own arrays: an .npz file with inputs and labels, or a folder of .npy files."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from al_bench.data.files import find_file
from al_bench.data.shapes import Layout
from al_bench.data.split import check_split
from al_bench.data.table_choices import MissingLabels, SimilarLabels
from al_bench.data.user_data import UserData, check_classes_key
from al_bench.errors import InputError

if TYPE_CHECKING:
    from al_bench.data.dataset import Dataset


@dataclass
class NpzDataset(UserData):
    """The arrays `x` and `y` of an .npz file, and `x_test` and `y_test` where it has them.

    In place of the file, a folder with x.npy, y.npy and so on (numpy.save), whose inputs stay on disk and are read a
    chunk at a time: for pools larger than memory. An array may be in shards there, x-00000.npy, x-00001.npy and so on
    (or x-00000-of-00010.npy), read as if they were one file: labels in as many shards of the same lengths, or in one.

    Other spellings: X, x_train, X_train, train_images; Y, y_train, Y_train, train_labels; X_test, test_images;
    Y_test, test_labels; and x_val, y_val, val_images, val_labels, which are read where `validation=file`. The array
    class_names, label_names or target_names says what the classes are called. Other arrays are not read. Without
    a test part one is split off, stratified by label.

    `x` is one of
      - [N, D] numbers: inputs of shape [D], float32;
      - [N, H, W]: images of one channel;
      - [N, C, H, W] or [N, H, W, C] with C 1, 3 or 4: `layout=auto` takes the one axis that can be the channels,
        and asks where both can.
    uint8 images stay bytes and count as [0, 1]; other numbers become float32 as they are.
    `standardise` subtracts the mean and divides by the standard deviation of the training part, by column or by
    channel (constant ones become 0).

    `y` is [N] or [N, 1]: whole numbers, words or truth values; classes are sorted (numbers by value).

    Args:
        path: The file or folder. A relative path is looked for in the current folder, then under the data root.
        test_fraction: The share of the rows in a test part split off.
        split_seed: Seed of the choice of rows, independent of the run's seed.
        group: The array of the rows' groups, such as patients: none is in the test part and in another.
        standardise: See above.
        layout: See above.
        missing_labels: What becomes of a row whose label is NaN, empty or a text such as nan: `refuse`, `drop` or
            `class`, a class of its own.
        similar_labels: What becomes of labels that differ in case, quotes, blanks or Unicode form only: `refuse`,
            `merge` to the most frequent spelling, or `keep` as classes of their own.
        classes: The classes in their order, as `class_names` calls them where that is given; any other label is
            refused. If not given, those that occur, sorted.
        class_names: What numbered labels are called, in their order: `[cat,dog]` for 0 and 1. If not given, the array
            of that name in the file, else the labels themselves.
        name: The dataset's name; the file's name without its ending if not given.
        root: The data root; see `al_bench.data.files.data_root`.
    """

    path: str | None = None
    test_fraction: float = 0.2
    split_seed: int = 0
    group: str | None = None
    standardise: bool = True
    layout: Layout = Layout.auto
    missing_labels: MissingLabels = MissingLabels.refuse
    similar_labels: SimilarLabels = SimilarLabels.refuse
    classes: list[str] | None = None
    class_names: list[str] | None = None
    name: str | None = None
    root: str | None = None

    def __post_init__(self) -> None:
        if not self.path:
            raise InputError("dataset.path is not set; name the .npz file: dataset.path=arrays.npz")
        check_split(self.test_fraction, self.split_seed)
        check_classes_key(self.classes)

    def load(
        self, initial_rows: Sequence[int | str] = (), validation: bool = False, cache: str | None = "auto"
    ) -> Dataset:
        """Read, check and, where there is no test part, split the arrays; see `UserData.load`."""
        from al_bench.data.array_dataset import build

        path = find_file(str(self.path), "dataset.path", self.root, folders=True)
        return build(self, path, initial_rows, validation)

    def load_pool(self, cache: str | None = "auto") -> Dataset:
        """Read every row; see `UserData.load_pool`."""
        from al_bench.data.array_dataset import build

        path = find_file(str(self.path), "dataset.path", self.root, folders=True)
        return build(self, path, (), pool=True)
