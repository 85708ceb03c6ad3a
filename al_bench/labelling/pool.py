"""The items of a pool that people label: their names, the labels that their files have, and what is shown of each."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import Any, TypeVar

import numpy as np
import torch

from al_bench.config.schema import RunConfig
from al_bench.data.csv_table import CsvDataset
from al_bench.data.dataset import Dataset
from al_bench.data.files import find_file
from al_bench.data.image_folder import ImageFolder
from al_bench.data.image_tars import parts_by_tars
from al_bench.data.item_names import item_names
from al_bench.data.labels import encode
from al_bench.data.table_header import LABEL_NAMES, plain_name
from al_bench.data.table_labels import merge_similar, with_label_column
from al_bench.data.tar_image import TarImage
from al_bench.data.text_data import TextDataset
from al_bench.data.texts import Texts
from al_bench.data.user_data import UserData
from al_bench.errors import InputError
from al_bench.labelling.shard_cells import ShardCells

Key = TypeVar("Key")


@dataclass(frozen=True, eq=False)
class LabellingPool:
    """A pool that people label.

    Args:
        component: The data set's configuration.
        dataset: Every item, raw, with its label where its file has one.
    """

    component: Any
    dataset: Dataset

    @classmethod
    def read(cls, config: RunConfig) -> LabellingPool:
        """The pool that a configuration names.

        Raises:
            InputError: its data set is none that people can label, or cannot be read.
        """
        component = config.dataset
        if not isinstance(component, UserData) or type(component).load_pool is UserData.load_pool:
            raise InputError(
                "al-bench query reads items of your own: dataset=images, text, table or npz, with dataset.path=…; this "
                "data set has no files in which a label could be missing"
            )
        if getattr(component, "is_benchmark", False):
            raise InputError("this data set comes with al-bench and has all labels; give dataset=table dataset.path=…")
        return cls(component, component.load_pool(config.cache))

    @cached_property
    def items(self) -> list[str]:
        """[N] the names of the items."""
        assert self.dataset.origins is not None
        return item_names(self.dataset.origins, self.component)

    @cached_property
    def index(self) -> dict[str, int]:
        """Item to dataset index."""
        return {item: number for number, item in enumerate(self.items)}

    @cached_property
    def labels_of_files(self) -> dict[str, str]:
        """Item to its class, of those that have one in the data set's own files."""
        names, numbers = self.dataset.class_names, self.dataset.hidden_labels.tolist()
        return {item: names[number] for item, number in zip(self.items, numbers, strict=True) if number >= 0}

    @property
    def given_classes(self) -> tuple[str, ...] | None:
        """The classes that `dataset.classes` names; None where it is not given."""
        order: list[str] | None = self.component.class_order
        return None if order is None else tuple(order)

    @property
    def test_classes(self) -> set[str]:
        """The classes of the test part."""
        return {self.dataset.class_names[number] for number in self.dataset.test_labels.unique().tolist()}

    def merged(self, labels: dict[Key, str]) -> dict[Key, str]:
        """Labels with one spelling a class, as `dataset.similar_labels` says.

        Raises:
            InputError: two labels are spellings of one word, and the key does not say what becomes of them.
        """
        if not labels or self.given_classes is not None:
            return labels
        texts = np.array([*labels.values(), *sorted(self.test_classes)], dtype=object)
        merged, _ = merge_similar("the labels given", texts, self.component.similar_labels)
        return dict(zip(labels, merged.tolist(), strict=False))

    def labelled(self, labels: dict[str, str]) -> Dataset:
        """The data set with some labels, and −1 for every other item.

        Its classes are those that `dataset.classes` names, else those of the labels and of the test part, sorted.

        Args:
            labels: Item to class.
        """
        test_names = [self.dataset.class_names[number] for number in self.dataset.test_labels.tolist()]
        texts = np.array([*labels.values(), *test_names], dtype=object)
        numbers, classes = encode(texts, self.given_classes)
        hidden = torch.full((self.dataset.size,), -1, dtype=torch.int64)
        positions = [self.index[item] for item in labels]
        hidden[torch.tensor(positions, dtype=torch.int64)] = torch.from_numpy(numbers[: len(positions)])
        return replace(
            self.dataset,
            hidden_labels=hidden,
            test_labels=torch.from_numpy(numbers[len(positions) :]),
            class_names=classes,
        )

    @cached_property
    def columns(self) -> tuple[list[str], Mapping[str, list[str]]]:
        """The user's columns, and their cells by item: of a table its own without the label's, else file or text."""
        component = self.component
        if isinstance(component, ImageFolder) and self.tar_images:
            members = self.tar_images
            return ["file"], {item: [str(members[item])] for item in self.items}
        if isinstance(component, ImageFolder):
            origins: Any = self.dataset.origins
            files = [str(Path(str(component.path), name)) for name in origins.tolist()]
            return ["file"], {item: [file] for item, file in zip(self.items, files, strict=True)}
        if isinstance(component, TextDataset) and component.is_folder:
            texts = self.dataset.inputs
            assert isinstance(texts, Texts)
            return ["text"], {item: [text] for item, text in zip(self.items, texts, strict=True)}
        if isinstance(component, CsvDataset) and (shards := component.shards()) is not None:
            names = [name for name in shards.cell_names if name != self._label_column(component, shards.columns)]
            return names, ShardCells(shards, names, self.index)  # as a pool leaves out no row, an index is a row
        if isinstance(component, (CsvDataset, TextDataset)):
            return self._of_table(component)
        return [], {item: [] for item in self.items}

    @staticmethod
    def _label_column(component: CsvDataset, names: Iterable[str]) -> str | None:
        """The label's column among some, as `load_pool` finds it."""
        return component.label or next((name for name in names if plain_name(name) in LABEL_NAMES), None)

    def _of_table(self, component: CsvDataset | TextDataset) -> tuple[list[str], dict[str, list[str]]]:
        table = component.read(fewest=1)
        _, label, _ = with_label_column(table, component.label, [])
        names = [name for name in table.names if name != label]
        by_column = [table.texts(name).tolist() for name in names]
        rows = zip(*by_column, strict=True) if names else iter([()] * len(table.rows))
        keys = table.rows if component.id is None else table.texts(component.id)
        item_of = dict(zip(map(str, self.dataset.origins.tolist()), self.items, strict=True))  # type: ignore[union-attr]
        cells = {
            item_of[str(key)]: [str(cell) for cell in row]
            for key, row in zip(keys.tolist(), rows, strict=True)
            if str(key) in item_of
        }
        return names, cells

    @cached_property
    def tar_images(self) -> dict[str, TarImage]:
        """Item to its image in a tar file; empty where the images lie in no tar files."""
        parts = parts_by_tars(self.component, False, True) if isinstance(self.component, ImageFolder) else None
        if parts is None:
            return {}
        assert self.dataset.origins is not None
        of_key = dict(zip(parts["train"].names, parts["train"].members, strict=True))
        return {item: of_key[key] for item, key in zip(self.items, self.dataset.origins.tolist(), strict=True)}

    def image_file(self, item: str) -> Path | None:
        """The image file of an item; None where the items are no files of images."""
        if not isinstance(self.component, ImageFolder) or self.tar_images:
            return None
        assert self.dataset.origins is not None
        folder = find_file(str(self.component.path), "dataset.path", self.component.root, folders=True)
        return folder / str(self.dataset.origins[self.index[item]])

    def indices(self, items: Sequence[str]) -> np.ndarray:
        """[n] dataset indices of items."""
        return np.array([self.index[item] for item in items], dtype=np.int64)
