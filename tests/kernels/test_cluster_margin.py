"""Cluster-Margin against average linkage by its definition and rounds in loops; samples, copies and extreme scales."""

from __future__ import annotations

import math

import pytest
import torch

from al_bench import kernels
from al_bench.errors import ScoreError
from tests.kernels.instances import DTYPES, seeded
from tests.reference import cluster_margin as twin


@pytest.mark.parametrize("dtype", DTYPES, ids=str)
def test_equals_the_definition(dtype: torch.dtype) -> None:
    for seed in range(80):
        count, dimensions, batch = 8 + seed % 30, 1 + seed % 4, 1 + seed % 7
        factor, size, most = [1.0, 2.0, 10.0][seed % 3], [2.0, 3.0, 1.0, 50.0][seed % 4], [5_000, 6][seed % 2]
        features = torch.randn(count, dimensions, generator=seeded(seed), dtype=dtype) * [1, 1e30, 1e-30][seed % 3]
        scores = torch.rand(count, generator=seeded(seed + 1), dtype=torch.float64)
        if seed % 5 == 0:
            scores = scores.round()
        result = kernels.select_cluster_margin(
            features, scores, batch, seeded(seed), factor=factor, cluster_size=size, max_rows=most
        )
        generator = seeded(seed)
        keys = torch.rand(count, generator=generator, dtype=torch.float64).tolist()
        order = kernels.select_top(scores, count, generator).tolist()
        sampled = sorted(sorted(range(count), key=lambda n: keys[n])[:most])
        clusters = math.ceil(len(sampled) / size)
        rows = twin.select_cluster_margin(
            features.tolist(), scores.tolist(), sampled, clusters, batch, factor, order, keys
        )
        assert result.rows.tolist() == rows, f"seed {seed}"
        assert (result.clustered, result.clusters) == (len(sampled), clusters), f"seed {seed}"


def test_the_smallest_cluster_comes_first_and_each_in_its_turn() -> None:
    features = torch.tensor([[0.0], [0.1], [0.2], [0.3], [50.0], [50.1], [99.0]])
    rows = kernels.select_cluster_margin(features, torch.ones(7), 7, seeded(0), cluster_size=7 / 3).rows.tolist()
    assert [row // 4 + (row == 6) for row in rows] == [2, 1, 0, 1, 0, 0, 0]
    # The far row is certain: of the six rows left the pair comes first.
    scores = torch.tensor([1.0, 1, 1, 1, 1, 1, 0])
    rows = kernels.select_cluster_margin(features, scores, 2, seeded(0), factor=3, cluster_size=7 / 3).rows.tolist()
    assert rows[0] in (4, 5)
    assert rows[1] in (0, 1, 2, 3)


def test_copies_and_single_rows_give_a_whole_batch() -> None:
    for most in (1, 4, 100):
        result = kernels.select_cluster_margin(torch.ones(9, 2), torch.ones(9), 9, seeded(0), max_rows=most)
        assert sorted(result.rows.tolist()) == list(range(9))
    assert kernels.select_cluster_margin(torch.ones(1, 2), torch.ones(1), 1, seeded(0)).rows.tolist() == [0]
    assert len(kernels.select_cluster_margin(torch.ones(3, 2), torch.ones(3), 0, seeded(0)).rows) == 0


def test_faults_are_refused() -> None:
    features = torch.randn(5, 2, generator=seeded(0))
    with pytest.raises(ValueError, match=r"scores of shape \[4\]"):
        kernels.select_cluster_margin(features, torch.ones(4), 1, seeded(0))
    with pytest.raises(ValueError, match=r"factor 0\.5"):
        kernels.select_cluster_margin(features, torch.ones(5), 1, seeded(0), factor=0.5)
    with pytest.raises(ScoreError, match="score of row 0 is NaN"):
        kernels.select_cluster_margin(features, torch.full((5,), math.nan), 1, seeded(0))
    features[3] = math.inf
    with pytest.raises(ScoreError, match="row 3"):
        kernels.select_cluster_margin(features, torch.ones(5), 1, seeded(0))
