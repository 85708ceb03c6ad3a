"""Sparse inputs: the rows of a SciPy matrix, which stay sparse until somebody asks for some of them."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np
import torch
from scipy import sparse
from torch import Tensor

CHUNK_BYTES = 2**24
"""Bytes of dense rows that are made together when all are asked for."""


@dataclass(frozen=True, eq=False)
class SparseRows:
    """N rows of D numbers, most of them zero, indexed like a tensor by slices and by tensors of positions.

    Args:
        csr: [N, D] float32, with sorted indices; for learners that read sparse rows as they are.
        device: The device that dense rows are moved to.
    """

    csr: sparse.csr_matrix
    device: torch.device = torch.device("cpu")  # noqa: RUF009, a constant

    def __len__(self) -> int:
        return int(self.csr.shape[0])

    @property
    def shape(self) -> tuple[int, int]:
        """(N, D)."""
        return (len(self), int(self.csr.shape[1]))

    @property
    def dtype(self) -> torch.dtype:
        """The type of dense rows: float32."""
        return torch.float32

    def to(self, device: torch.device) -> SparseRows:
        """The same rows, with dense ones on `device`."""
        return replace(self, device=device)

    def take(self, positions: slice | Tensor) -> sparse.csr_matrix:
        """[n, D] the rows at some positions, still sparse."""
        rows = positions if isinstance(positions, slice) else positions.cpu().numpy()
        return self.csr[rows]

    def __getitem__(self, positions: slice | Tensor | int) -> Tensor:
        """[n, D] float32, dense, the rows at some positions on the device; [D] for an int."""
        if isinstance(positions, int):
            return self[torch.tensor([range(len(self))[positions]])][0]
        dense = np.ascontiguousarray(self.take(positions).toarray(), dtype=np.float32)
        return torch.from_numpy(dense).to(self.device)

    def chunks(self) -> Iterator[tuple[int, Tensor]]:
        """(first position, dense rows) for all rows, about `CHUNK_BYTES` at a time."""
        step = max(1, CHUNK_BYTES // max(1, 4 * self.shape[1]))
        for start in range(0, len(self), step):
            yield start, self[start : start + step]

    def update(self, digest: hashlib.blake2b) -> None:
        """Add every number and its place to a digest."""
        for part in (self.csr.indptr.astype("<i8"), self.csr.indices.astype("<i8"), self.csr.data.astype("<f4")):
            digest.update(np.ascontiguousarray(part).data)


def sorted_rows(matrix: sparse.spmatrix) -> SparseRows:
    """Rows of any SciPy matrix [N, D], as float32 with sorted indices and without explicit zeros."""
    csr = sparse.csr_matrix(matrix, dtype=np.float32)
    csr.sum_duplicates()
    csr.eliminate_zeros()
    csr.sort_indices()
    return SparseRows(csr)
