"""The rows of a user's data as training, validation and test part: as the files give them, or split off."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np
import torch
from torch import Tensor

from al_bench.data.group_split import group_split
from al_bench.data.split import split_off_test_part
from al_bench.errors import InputError


class SplitKeys(Protocol):
    """The keys of a data set that say how a test part is split off."""

    test_fraction: float
    split_seed: int


@dataclass(frozen=True)
class GivenParts:
    """How many rows each part has by the files, in this order, and where they come from.

    Args:
        train: N rows that are trained on.
        validation: V rows of the validation part; 0 where there is none.
        test: T rows of the test part; 0 where it is to be split off.
        validation_from, test_from: What these parts are called in messages, such as a file's name.
    """

    train: int
    validation: int = 0
    test: int = 0
    validation_from: str = ""
    test_from: str = ""

    def names(self) -> list[str]:
        """[N + V + T] the part of each row."""
        return ["training"] * self.train + [self.validation_from] * self.validation + [self.test_from] * self.test


@dataclass(frozen=True)
class Division:
    """The rows of each part.

    Args:
        rows: [N] rows of the training part, those of the validation part last.
        test_rows: [T] rows of the test part.
        validation: [V] positions in `rows` of the validation part; None where there is none.
        split: How the parts came about, in words.
        test_from: Where the test part comes from; "" where it was split off.
    """

    rows: np.ndarray
    test_rows: np.ndarray
    validation: np.ndarray | None
    split: str
    test_from: str = ""

    @property
    def training_rows(self) -> np.ndarray:
        """[N − V] rows of the training part without the validation part."""
        return self.rows if self.validation is None else self.rows[: len(self.rows) - len(self.validation)]

    @property
    def validation_indices(self) -> Tensor | None:
        """`validation` as `Dataset` has it."""
        return None if self.validation is None else torch.from_numpy(self.validation)

    def counts(self, labels: np.ndarray, class_names: Sequence[str]) -> dict[str, tuple[int, ...]]:
        """Class to its rows in the training, the validation (where there is one) and the test part.

        Args:
            labels: Class numbers of all rows; −1 without a label.
            class_names: C names.
        """
        parts = [self.training_rows, self.test_rows]
        if self.validation is not None:
            parts.insert(1, self.rows[self.validation])
        counts = [np.bincount(labels[part][labels[part] >= 0], minlength=len(class_names)).tolist() for part in parts]
        return {name: tuple(numbers) for name, *numbers in zip(class_names, *counts, strict=True)}


def divide(
    where: str,
    labels: np.ndarray,
    given: GivenParts,
    keys: SplitKeys,
    *,
    groups: np.ndarray | None = None,
    group_key: str | None = None,
    kept: np.ndarray | None = None,
    alternative: str = "",
    pool: bool = False,
) -> Division:
    """Training, validation and test part of rows that come in this order.

    Args:
        where: The data set's name in messages.
        labels: [N + V + T] class numbers.
        given: The parts by the files.
        keys: How a test part is split off where there is none.
        groups: [N + V + T] the group of each row, none of which may be in the test part and elsewhere; None for none.
        group_key: The value of `dataset.group`.
        kept: [k] rows that a test part split off leaves alone.
        alternative: What the user may give instead of a larger fraction.
        pool: Whether the rows are a pool that people label: no test part is split off.

    Raises:
        InputError: No row is left for the test part, or a group is in the test part and in another.
    """
    rows, test_from = np.arange(given.train), given.test_from if given.test else ""
    if given.test:
        test_rows = np.arange(len(labels) - given.test, len(labels))
        if groups is not None:
            check_groups_apart(where, groups, given, str(group_key))
        how = f"{given.test:,} test rows from {given.test_from}"
    elif pool:
        test_rows, how = np.arange(0), "no test part"
    elif groups is not None:
        rows, test_rows = group_split(
            where, labels[: given.train], groups[: given.train], keys.test_fraction, keys.split_seed, kept
        )
        in_test = len(np.unique(groups[test_rows]))
        how = f"{len(test_rows):,} test rows, {in_test:,} of {len(np.unique(groups)):,} groups of {group_key!r}"
    else:
        rows, test_rows = split_off_test_part(
            where, labels[: given.train], keys.test_fraction, keys.split_seed, alternative, kept
        )
        how = f"{len(test_rows):,} test rows split off by label"
    if not given.validation:
        return Division(rows, test_rows, None, f"{len(rows):,} training rows, {how}", test_from)
    split = f"{len(rows):,} training rows, {given.validation:,} validation rows from {given.validation_from}, {how}"
    held_out = np.arange(given.train, given.train + given.validation)
    positions = np.arange(len(rows), len(rows) + given.validation)
    return Division(np.concatenate([rows, held_out]), test_rows, positions, split, test_from)


def joined_origins(origins: Sequence[np.ndarray], given: GivenParts) -> np.ndarray:
    """What the user calls each row, of all parts that are there in turn.

    Args:
        origins: Rows of the file (int64) or texts, by part. Rows of the validation part, which are among the training
            part's, get their file before them.
        given: The parts by the files.
    """
    if given.validation and origins[0].dtype != object:
        texts = [f"{given.validation_from}:{row}" for row in origins[1].tolist()]
        origins = [
            origins[0].astype(object),
            np.array(texts, dtype=object),
            *(part.astype(object) for part in origins[2:]),
        ]
    return np.concatenate(origins)


def check_groups_apart(where: str, groups: np.ndarray, given: GivenParts, key: str) -> None:
    """Refuse a group that is in the test part and in another.

    Raises:
        InputError: naming the first one, and how many there are.
    """
    test = set(groups[-given.test :].tolist())
    shared = [(row, group) for row, group in enumerate(groups[: -given.test].tolist()) if group in test]
    if not shared:
        return
    row, group = shared[0]
    number = len({name for _, name in shared})
    raise InputError(
        f"{where}: the group {group!r} of dataset.group={key} is in the {given.names()[row]} part and in "
        f"{given.test_from} ({number} such group{'s' * (number != 1)}, {len(shared)} rows): a test part of other "
        "groups is expected; leave it out to have one split off by group, or leave dataset.group out"
    )


def part_remarks(counts: Mapping[str, tuple[int, ...]], unit: str = "row") -> list[str]:
    """What a reader must know of the classes' rows: classes of the test part alone, and classes without a test row.

    Args:
        counts: Class to its rows by part, the training part first and the test part last.
        unit: What a row is called.
    """
    remarks = []
    if only_test := [name for name, parts in counts.items() if parts[-1] and not any(parts[:-1])]:
        rows = sum(counts[name][-1] for name in only_test)
        remarks.append(f"{', '.join(map(repr, only_test[:5]))} only in the test part ({rows} {unit}s, each an error)")
    if any(parts[-1] for parts in counts.values()) and (
        untested := [name for name, parts in counts.items() if not parts[-1]]
    ):
        named = ", ".join(f"{name!r} ({sum(counts[name])})" for name in untested[:5])
        more = f", … {len(untested) - 5} more" if len(untested) > 5 else ""
        remarks.append(f"no test {unit} of {named}{more}: the test accuracy says nothing of it")
    return remarks
