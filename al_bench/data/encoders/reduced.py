"""Dense features of few dimensions for strategies that cluster or cover, where the encoder's are sparse."""

from __future__ import annotations

import hashlib
from pathlib import Path

import numpy as np
import threadpoolctl
import torch
from torch import Tensor

from al_bench.data.encoding import DIMENSIONS
from al_bench.data.sparse import SparseRows
from al_bench.storage import cache, features
from al_bench.storage.environment import package_versions

KIND = "truncated-svd"
REVISION = 1


def truncated_svd(rows: SparseRows, folder: Path | None, dimensions: int = DIMENSIONS) -> Tensor:
    """[N, d] float32 the rows times the leading right singular vectors, from a randomised solver with seed 0.

    Args:
        rows: [N, D].
        folder: Of what runs share; None: nothing is read or stored.
        dimensions: The largest d; d is also at most N and D. Where D is no more than that, the rows as they are.
    """
    count, width = rows.shape
    if width <= dimensions:
        return rows[:]
    if folder is None:
        return _fit(rows, min(dimensions, count))
    digest = hashlib.blake2b(digest_size=16)
    rows.update(digest)
    name = cache.key(
        {
            "rows": digest.hexdigest(),
            "shape": rows.shape,
            "dimensions": dimensions,
            "revision": REVISION,
            "versions": package_versions(("scikit-learn", "scipy", "numpy")),
            "processor": cache.processor(),
        }
    )
    store = cache.Cache(folder / features.FOLDER)
    with store.hold(KIND, name):
        stored = store.load(KIND, name)
        if isinstance(stored, Tensor) and stored.shape == (count, min(dimensions, count)):
            return stored
        reduced = _fit(rows, min(dimensions, count))
        store.store(KIND, name, reduced)
    return reduced


def _fit(rows: SparseRows, dimensions: int) -> Tensor:
    from sklearn.decomposition import TruncatedSVD

    with threadpoolctl.threadpool_limits(1):  # its last bits depend on the number of threads
        reduced = TruncatedSVD(dimensions, random_state=0).fit_transform(rows.csr)
    return torch.from_numpy(np.ascontiguousarray(reduced, dtype=np.float32))
