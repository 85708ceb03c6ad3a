"""Inputs as the matrices that scikit-learn takes."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeAlias

import numpy as np
from scipy.sparse import csr_matrix

from al_bench.data.sparse import SparseRows

if TYPE_CHECKING:
    from torch import Tensor

    from al_bench.data.dataset import Dataset

Matrix: TypeAlias = np.ndarray | csr_matrix
"""[n, D], dense or sparse."""


def input_matrix(dataset: Dataset, indices: Tensor, shift: Tensor, scale: Tensor) -> Matrix:
    """[n, D] float64: (x − shift) · scale of the prepared inputs of the training part at some dataset indices.

    Sparse inputs stay sparse; their shift is 0.
    """
    if isinstance(dataset.inputs, SparseRows):
        return dataset.inputs.take(indices).astype(np.float64) * float(scale)
    inputs = dataset.prepare(dataset.numbers(indices.to(dataset.inputs.device))).flatten(1)
    return ((inputs - shift) * scale).double().cpu().numpy()
