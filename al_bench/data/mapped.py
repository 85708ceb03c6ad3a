"""Inputs that stay in a file: a folder of .npy arrays, memory-mapped, read a chunk at a time.

The pool may be larger than memory. What is resident is what was asked for: the pages that a reading touched are given
back to the system at once (where it has madvise, as Linux and macOS do), and stay in its page cache as long as there
is room for them.
"""

from __future__ import annotations

import hashlib
import mmap
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import torch
from torch import Tensor

from al_bench.data.scaling import safe_deviation
from al_bench.data.shapes import Layout, view_inputs
from al_bench.errors import InputError

if TYPE_CHECKING:
    pass

CHUNK_BYTES = 2**24
"""Bytes of a file read together when all of it is read: 17 MB."""
SCATTERED = 32
"""Rows read together where they lie far apart: for each the system may map as much as 2 MB of the file."""


@dataclass(frozen=True, eq=False)
class MappedRows:
    """[N, *shape] inputs in a memory-mapped .npy file, indexed like a tensor by slices and by tensors of positions.

    Args:
        path: The file.
        array: The map, [all rows, ...], of any type of real numbers.
        rows: [N] which of them, or None for all.
        layout: Where the channels of images with channels are.
        centre, spread: [D] what is subtracted, and what is divided by then, in float64; None leaves [N, D] as it is.
        device: Where the chunks go.
    """

    path: Path
    array: np.ndarray
    rows: np.ndarray | None = None
    layout: Layout = Layout.auto
    centre: np.ndarray | None = None
    spread: np.ndarray | None = None
    device: torch.device = torch.device("cpu")  # noqa: RUF009, a constant

    def __len__(self) -> int:
        return len(self.array) if self.rows is None else len(self.rows)

    @property
    def shape(self) -> tuple[int, ...]:
        """[N, *shape], as the chunks have it."""
        return (len(self), *view_inputs(self.path, "x", self.array[:1], self.layout).shape[1:])

    @property
    def dtype(self) -> torch.dtype:
        """uint8 for images of bytes, else float32."""
        return torch.uint8 if self.array.dtype == np.uint8 and self.array.ndim > 2 else torch.float32

    def to(self, device: torch.device) -> MappedRows:
        """The same inputs, whose chunks go to `device`."""
        return replace(self, device=device)

    def __getitem__(self, wanted: slice | Tensor | int) -> Tensor:
        """[n, *shape] uint8 or float32 on the device, or [*shape] for one position: a copy of the rows wanted."""
        if isinstance(wanted, int):
            return self[range(len(self))[wanted] + torch.arange(1)][0]
        chunk = self.raw(wanted if isinstance(wanted, slice) else wanted.cpu().numpy())
        if self.centre is not None and self.spread is not None:
            chunk = (chunk.astype(np.float64) - self.centre) / self.spread
        kind = np.uint8 if self.dtype is torch.uint8 else np.float32
        return torch.from_numpy(np.ascontiguousarray(chunk, dtype=kind)).to(self.device)

    def raw(self, wanted: slice | np.ndarray) -> np.ndarray:
        """The rows wanted as the file has them, channels first: a copy."""
        places = wanted if self.rows is None else self.rows[wanted]
        if isinstance(places, slice) or self._span(places) <= 4 * CHUNK_BYTES:
            chunk = self._taken(places)
        else:
            chunk = np.concatenate(
                [self._taken(places[at : at + SCATTERED]) for at in range(0, len(places), SCATTERED)]
            )
        return view_inputs(self.path, "x", chunk, self.layout)

    def _span(self, places: np.ndarray) -> int:
        """Bytes of the file from the first to the last of some rows."""
        return (int(places.max()) - int(places.min()) + 1) * self.array[:1].nbytes if len(places) else 0

    def _taken(self, places: slice | np.ndarray) -> np.ndarray:
        """A copy of some rows of the file, whose pages are then given back."""
        chunk = np.array(self.array[places])
        if isinstance(self.array.base, mmap.mmap) and hasattr(mmap, "MADV_DONTNEED"):
            self.array.base.madvise(mmap.MADV_DONTNEED)
        return chunk

    def chunks(self) -> Iterator[tuple[int, np.ndarray]]:
        """(first row, `raw` rows) for all rows, `CHUNK_BYTES` at a time."""
        step = max(1, CHUNK_BYTES // max(1, self.array[:1].nbytes))
        for start in range(0, len(self), step):
            yield start, self.raw(slice(start, start + step))

    def digest(self, digest: hashlib.blake2b) -> None:
        """Add every byte to a digest."""
        for part in (self.centre, self.spread):
            digest.update(b"" if part is None else part.tobytes())
        for _, chunk in self.chunks():
            digest.update(np.ascontiguousarray(chunk).data)


def scan(inputs: MappedRows) -> tuple[np.ndarray, np.ndarray]:
    """Mean and (population) standard deviation by column or channel, in one pass over the file, in float64.

    Chunks are joined by Chan, Golub and LeVeque 1979 (Updating Formulae and a Pairwise Algorithm for Computing Sample
    Variances, eq. 2.1): M ← M + M' + δ² n n' / (n + n') with δ the difference of the means.

    Returns:
        [D] or [C] means and deviations on the file's own scale, 1 in place of a deviation that is zero.

    Raises:
        InputError: a value is NaN, infinite or beyond float32; the message names the row.
    """
    count, mean, square = 0, np.zeros(1), np.zeros(1)
    for start, chunk in inputs.chunks():
        exact = chunk.astype(np.float64)
        finite = (np.abs(exact) <= np.finfo(np.float32).max).reshape(len(exact), -1).all(axis=1)  # NaN is not
        if not finite.all():
            row = start + int(finite.argmin())
            row = row if inputs.rows is None else int(inputs.rows[row])
            raise InputError(f"{inputs.path}, row {row}: a value is NaN, infinite or beyond float32")
        axes = (0, *range(2, exact.ndim))
        number, centre = exact.size // exact.shape[1], exact.mean(axis=axes, keepdims=True)
        spread = np.square(exact - centre).sum(axis=axes)
        delta = centre.reshape(-1) - mean
        square = square + spread + np.square(delta) * count * number / (count + number)
        mean = mean + delta * number / (count + number)
        count += number
    return mean, safe_deviation(np.sqrt(square / count), mean)
