"""Memory for matrices of rows that is used again, as the first touch of fresh memory costs more than a copy into it."""

from __future__ import annotations

import sys

import numpy as np
import torch
from torch import Tensor

_HELD = 2
"""References to an array that only its owner has: the attribute, and the argument of `getrefcount`."""


class RowMemory:
    """Gives matrices [n, D], each in the memory of the last one if nothing refers to that any more.

    A tensor made from a NumPy array, and every view of it, holds a reference to the array.
    """

    def __init__(self) -> None:
        self._numbers = np.empty(0, dtype=np.float32)

    def rows(self, count: int, width: int) -> Tensor:
        """[count, width] float32 of any content."""
        if self._numbers.size < count * width or sys.getrefcount(self._numbers) > _HELD:
            self._numbers = np.empty(count * width, dtype=np.float32)
        return torch.from_numpy(self._numbers[: count * width].reshape(count, width))
