"""The two parts of a data set: rows that the user names, and rows that are in both."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from al_bench.errors import InputError


def choose_rows(origins: np.ndarray, items: Sequence[int | str], where: str) -> np.ndarray:
    """Positions of the rows that the user names.

    Args:
        origins: [N] rows of the file, or texts.
        items: As given under `initial.rows`.
        where: The file, in messages.

    Raises:
        InputError: There is no such row, or one is named twice.
    """
    position = {str(value): number for number, value in enumerate(origins.tolist())}
    out = []
    for item in items:
        if str(item) not in position:
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


def _as_bytes(values: np.ndarray) -> list[Any]:
    flat = np.ascontiguousarray(values.reshape(len(values), -1) + 0 if values.dtype != np.uint8 else values)
    width = flat.dtype.itemsize * int(np.prod(flat.shape[1:]))
    return flat.reshape(len(flat), -1).view(np.dtype((np.void, width))).ravel().tolist() if width else []


def share_of(count: int, total: int) -> str:
    """`389 of 4,000`."""
    return f"{count:,} of {total:,}"
