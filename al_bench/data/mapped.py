"""Inputs that stay in a file, or in shards: the rows of memory-mapped .npy arrays, read a chunk at a time.

The pool may be larger than memory. Only the rows asked for are resident: the pages that a read touched are given back
to the system at once (where it has madvise, as Linux and macOS do), and stay in its page cache as long as there is
room for them.
"""

from __future__ import annotations

import hashlib
import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace

import numpy as np
import torch
from torch import Tensor

from al_bench.data.scaling import nonzero_std
from al_bench.data.shapes import first_row_beyond_float32
from al_bench.data.shards import ShardedArray, copy_rows
from al_bench.errors import InputError


@dataclass(frozen=True, eq=False)
class MappedRows:
    """Rows of an array in a file, indexed like a tensor by slices and by tensors of positions.

    Args:
        where: The array's name in messages.
        array: [all rows, D] or [all rows, C, H, W] real numbers of any type: a view of a memory map, or shards.
        rows: [N] the rows of the file (of all shards) that belong to these inputs; None for all of them.
        column_mean, column_std: [D] float64, subtracted from a row of [N, D] and divided by; None to leave it as it is.
        device: The device that the chunks are moved to.
        chunk_bytes: Bytes of the file read together when all of it is read.
        scattered_rows: Rows read together where they lie further apart than four chunks: for each of them the system
            may map as much as 2 MB of the file.
    """

    where: str
    array: np.ndarray | ShardedArray
    rows: np.ndarray | None = None
    column_mean: np.ndarray | None = None
    column_std: np.ndarray | None = None
    device: torch.device = torch.device("cpu")  # noqa: RUF009, a constant
    chunk_bytes: int = 2**24
    scattered_rows: int = 32

    def __len__(self) -> int:
        return len(self.array) if self.rows is None else len(self.rows)

    @property
    def shape(self) -> tuple[int, ...]:
        """(N, D) or (N, C, H, W)."""
        return (len(self), *self.array.shape[1:])

    @property
    def dtype(self) -> torch.dtype:
        """The type of a chunk: uint8 for images of bytes, else float32."""
        return torch.uint8 if self.array.dtype == np.uint8 and self.array.ndim > 2 else torch.float32

    def to(self, device: torch.device) -> MappedRows:
        """The same inputs, with chunks on `device`."""
        return replace(self, device=device)

    def take(self, rows: np.ndarray) -> MappedRows:
        """The inputs of some rows of the file [n] only, in that order."""
        return replace(self, rows=rows)

    def standardise(self, mean: np.ndarray, std: np.ndarray) -> MappedRows:
        """The same rows of [N, D], given as (x − mean) / std with mean and std [D]."""
        return replace(self, column_mean=mean, column_std=std)

    def __getitem__(self, positions: slice | Tensor | int) -> Tensor:
        """A copy of the rows at some positions: [n, *shape] uint8 or float32 on the device; [*shape] for an int."""
        if isinstance(positions, int):
            return self[torch.tensor([range(len(self))[positions]])][0]
        chunk = self.read(positions if isinstance(positions, slice) else positions.cpu().numpy())
        if self.column_mean is not None and self.column_std is not None:
            chunk = (chunk.astype(np.float64) - self.column_mean) / self.column_std
        dtype = np.uint8 if self.dtype is torch.uint8 else np.float32
        return torch.from_numpy(np.ascontiguousarray(chunk, dtype=dtype)).to(self.device)

    def read(self, positions: slice | np.ndarray) -> np.ndarray:
        """A copy of the rows at some positions, as the file has them."""
        rows = positions if self.rows is None else self.rows[positions]
        if isinstance(rows, slice) or self._span_bytes(rows) <= 4 * self.chunk_bytes:
            return self._copy(rows)
        pieces = range(0, len(rows), self.scattered_rows)
        return np.concatenate([self._copy(rows[start : start + self.scattered_rows]) for start in pieces])

    @property
    def _row_bytes(self) -> int:
        """Bytes of a row of the file."""
        return int(self.array.dtype.itemsize * math.prod(self.array.shape[1:]))

    def _span_bytes(self, rows: np.ndarray) -> int:
        """Bytes of the file from the first to the last of some rows."""
        return (int(rows.max()) - int(rows.min()) + 1) * self._row_bytes if len(rows) else 0

    def _copy(self, rows: slice | np.ndarray) -> np.ndarray:
        """A copy of some rows of the file, whose pages are then given back."""
        return self.array.copy_rows(rows) if isinstance(self.array, ShardedArray) else copy_rows(self.array, rows)

    def _row_name(self, row: int) -> str:
        """What a row of the file is called in messages."""
        return self.array.row_name(row) if isinstance(self.array, ShardedArray) else f"{self.where}, row {row}"

    def chunks(self) -> Iterator[tuple[int, np.ndarray]]:
        """(first position, rows as the file has them) for all rows, about `chunk_bytes` at a time."""
        step = max(1, self.chunk_bytes // max(1, self._row_bytes))
        for start in range(0, len(self), step):
            yield start, self.read(slice(start, start + step))

    def checked_chunks(self) -> Iterator[np.ndarray]:
        """`chunks` without the positions, each checked before it is given.

        Raises:
            InputError: A value is NaN, infinite or beyond float32; the message names the row of the file.
        """
        for start, chunk in self.chunks():
            if (row := first_row_beyond_float32(chunk)) is not None:
                row = start + row if self.rows is None else int(self.rows[start + row])
                raise InputError(f"{self._row_name(row)}: a value is NaN, infinite or beyond float32")
            yield chunk

    def update(self, digest: hashlib.blake2b) -> None:
        """Add every byte to a digest."""
        for part in (self.column_mean, self.column_std):
            digest.update(b"" if part is None else part.tobytes())
        for _, chunk in self.chunks():
            digest.update(np.ascontiguousarray(chunk).data)

    def moments(self, visit: Callable[[np.ndarray], None] | None = None) -> tuple[np.ndarray, np.ndarray]:
        """Mean and (population) standard deviation by column or channel, in one pass over the file, in float64.

        Chunks are joined by Chan, Golub and LeVeque 1979 (Updating Formulae and a Pairwise Algorithm for Computing
        Sample Variances, eq. 2.1): M ← M + M' + δ² n n' / (n + n') with δ the difference of the means.

        Args:
            visit: Called with every chunk, for whatever else is to be learnt in that pass.

        Returns:
            [D] or [C] means and standard deviations on the file's own scale, 1 in place of a deviation of zero.

        Raises:
            InputError: A value is NaN, infinite or beyond float32; the message names the row of the file.
        """
        count, mean, squares = 0, np.zeros(1), np.zeros(1)
        for chunk in self.checked_chunks():
            if visit is not None:
                visit(chunk)
            exact = chunk.astype(np.float64)
            axes = (0, *range(2, exact.ndim))
            number, chunk_mean = exact.size // exact.shape[1], exact.mean(axis=axes, keepdims=True)
            delta = chunk_mean.reshape(-1) - mean
            squares = squares + np.square(exact - chunk_mean).sum(axis=axes)
            squares = squares + np.square(delta) * count * number / (count + number)
            mean = mean + delta * number / (count + number)
            count += number
        return mean, nonzero_std(np.sqrt(squares / count), mean)
