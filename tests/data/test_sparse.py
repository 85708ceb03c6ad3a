"""Sparse rows behave as the dense matrix that they stand for."""

from __future__ import annotations

import hashlib

import numpy as np
import pytest
import torch
from scipy import sparse

from al_bench.data.sparse import SparseRows, sorted_rows


@pytest.fixture
def dense():
    generator = np.random.default_rng(0)
    return (generator.random((11, 7)) * (generator.random((11, 7)) < 0.3)).astype(np.float32)


@pytest.mark.parametrize(
    "positions",
    [slice(2, 9, 3), slice(None), torch.tensor([4, 0, 4, -1]), torch.tensor([], dtype=torch.int64)],
    ids=["a slice", "all", "a tensor", "none"],
)
def test_rows_at_positions_are_those_of_the_dense_matrix(dense, positions):
    rows = sorted_rows(sparse.csr_matrix(dense))
    expected = torch.from_numpy(dense)[positions]
    assert rows[positions].dtype == torch.float32
    assert torch.equal(rows[positions], expected)
    assert np.array_equal(rows.take(positions).toarray(), expected.numpy())


def test_a_single_row_and_the_shape(dense):
    rows = sorted_rows(sparse.csr_matrix(dense))
    assert torch.equal(rows[-2], torch.from_numpy(dense)[-2])
    assert (len(rows), rows.shape, rows.dtype) == (11, (11, 7), torch.float32)
    with pytest.raises(IndexError):
        rows[11]


def test_all_chunks_together_are_the_matrix(dense, monkeypatch):
    monkeypatch.setattr("al_bench.data.sparse.CHUNK_BYTES", 3 * 7 * 4)
    chunks = list(sorted_rows(sparse.csr_matrix(dense)).chunks())
    assert [start for start, _ in chunks] == [0, 3, 6, 9]
    assert torch.equal(torch.cat([chunk for _, chunk in chunks]), torch.from_numpy(dense))


def digest(rows: SparseRows) -> str:
    total = hashlib.blake2b()
    rows.update(total)
    return total.hexdigest()


def test_the_digest_is_of_the_numbers_however_they_are_stored(dense):
    matrix = sparse.coo_matrix(dense)
    shuffled = np.random.default_rng(1).permutation(matrix.nnz)
    unsorted = sparse.coo_matrix(
        (
            np.concatenate([matrix.data[shuffled], [0.0]]),
            (np.concatenate([matrix.row[shuffled], [3]]), np.concatenate([matrix.col[shuffled], [3]])),
        ),
        shape=matrix.shape,
    )
    assert digest(sorted_rows(unsorted)) == digest(sorted_rows(matrix))
    changed = dense.copy()
    changed[0, 0] += 1
    assert digest(sorted_rows(sparse.csr_matrix(changed))) != digest(sorted_rows(matrix))
