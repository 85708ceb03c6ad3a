"""The two parts of a data set: rows that the user names, and rows that are in both."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from al_bench.errors import InputError


def choose_rows(origins: np.ndarray, items: Sequence[int | str], where: str) -> np.ndarray:
    """Positions of the rows that the user names.

    Args:
        origins: [N] rows of the file, or texts.
        items: As given under `initial.rows`; `row-12`, `id-A7` and `file-=1.png` are 12, A7 and =1.png, as the files of
            `al-bench query` name them (see `al_bench.data.item_names`).
        where: The file, in messages.

    Raises:
        InputError: There is no such row, or one is named twice.
    """
    position = {str(value): number for number, value in enumerate(origins.tolist())}
    out = []
    prefixes = ("id-", "file-") if origins.dtype == object else ("row-",)
    for typed in items:
        item, prefix = typed, next((prefix for prefix in prefixes if str(typed).startswith(prefix)), "")
        if str(typed) not in position:  # as the files of al-bench query name it
            item = str(typed).removeprefix(prefix)
        if str(item) not in position:
            item = typed
            known = (
                f"rows {min(origins)} to {max(origins)}" if origins.dtype != object else f"names such as {origins[0]!r}"
            )
            raise InputError(f"initial.rows has {item!r}; {where} has {known}")
        out.append(position[str(item)])
    if len(set(out)) != len(out):
        raise InputError("initial.rows names a row twice")
    return np.array(out, dtype=np.int64)


def rows_in_both(train: np.ndarray, test: np.ndarray) -> int:
    """How many rows of `test` [T, ...] equal a row of `train` [N, ...], bit for bit."""
    rows = set(_as_bytes(train))
    return sum(row in rows for row in _as_bytes(test))


class RowDigests:
    """A digest of every row of an array that is read in chunks, so that rows of files larger than memory are compared.

    A digest has 64 bits: among ten million rows and a million others, two different ones agree with a probability of
    about 5e-7.
    """

    def __init__(self) -> None:
        self._chunks: list[np.ndarray] = []

    def add(self, chunk: np.ndarray) -> None:
        """Take in the next rows [n, ...]; numbers of any type count by their value."""
        is_image = chunk.dtype == np.uint8 and chunk.ndim > 2
        values = chunk if is_image else chunk.astype(np.float64) + 0.0  # which has no negative zero
        rows = np.ascontiguousarray(values).reshape(len(values), -1).view(np.uint8)
        digests = b"".join(hashlib.blake2b(row.data, digest_size=8).digest() for row in rows)
        self._chunks.append(np.frombuffer(digests, dtype=np.uint64))

    def values(self) -> np.ndarray:
        """[N] uint64."""
        return np.concatenate(self._chunks) if self._chunks else np.zeros(0, dtype=np.uint64)

    def count_in(self, other: RowDigests) -> int:
        """How many of these rows are among the other ones."""
        return int(np.isin(self.values(), other.values()).sum())


@dataclass(frozen=True)
class Repeated:
    """How many rows are in both parts.

    Args:
        train, test: Rows of each part.
        test_in_train: Test rows that equal a training row.
        train_in_test: Training rows that equal a test row; 0 where nobody asks.
    """

    train: int
    test: int
    test_in_train: int
    train_in_test: int = 0

    @property
    def all(self) -> bool:
        """Whether one part is the other, in any order."""
        return self.test == self.train == self.test_in_train == self.train_in_test

    def remarks(self, unit: str = "rows") -> list[str]:
        """What a reader must know of it.

        Args:
            unit: What rows are called.
        """
        share = f"{self.test_in_train:,} of {self.test:,}"
        return [f"{share} test {unit} are in the training part, too"] if self.test_in_train else []


def repeated_rows(train: np.ndarray, test: np.ndarray) -> Repeated:
    """Rows that are in both of [N, ...] and [T, ...], bit for bit."""
    in_train = rows_in_both(train, test)
    same_size = in_train == len(test) == len(train)
    return Repeated(len(train), len(test), in_train, rows_in_both(test, train) if same_size else 0)


def _as_bytes(values: np.ndarray) -> list[Any]:
    flat = np.ascontiguousarray(values.reshape(len(values), -1) + 0 if values.dtype != np.uint8 else values)
    width = flat.dtype.itemsize * int(np.prod(flat.shape[1:]))
    return flat.reshape(len(flat), -1).view(np.dtype((np.void, width))).ravel().tolist() if width else []
