"""Batches spread over classes and over clusters, against loops and by their frequencies."""

from __future__ import annotations

import math

import pytest
import torch

from al_bench import kernels
from al_bench.errors import ScoreError
from al_bench.kernels.clusters import k_means
from tests.kernels.instances import seeded
from tests.reference import composed as twin


def test_classes_even_out_one_label_after_another() -> None:
    for seed in range(100):
        classes = 1 + seed % 7
        labelled = torch.randint(9, (classes,), generator=seeded(seed))
        available = torch.randint(6, (classes,), generator=seeded(seed + 1)) + (seed % 2)
        batch = int(available.sum()) if seed % 5 == 0 else int(available.sum()) // 2
        result = kernels.balanced_classes(labelled, available, batch, seeded(seed)).tolist()
        keys = torch.rand(classes, generator=seeded(seed), dtype=torch.float64).tolist()
        assert result == twin.balanced_classes(labelled.tolist(), available.tolist(), batch, keys), f"seed {seed}"


def test_what_is_rare_comes_first_and_what_is_not_predicted_gets_nothing() -> None:
    sequence = kernels.balanced_classes(torch.tensor([5, 1, 0]), torch.tensor([9, 9, 0]), 6, seeded(0)).tolist()
    assert sequence[:4] == [1, 1, 1, 1]
    assert sorted(sequence[4:]) == [0, 1]


def test_strata_equal_systematic_sampling_of_the_clusters() -> None:
    for seed in range(30):
        count, clusters, batch = 10 + seed, 1 + seed % 6, 1 + seed % 9
        features = torch.randn(count, 3, generator=seeded(seed))
        rows = kernels.stratified_batch(features, batch, seeded(seed), clusters=clusters).tolist()
        generator = seeded(seed)
        keys, cluster_keys, start = (
            torch.rand(size, generator=generator, dtype=torch.float64).tolist() for size in (count, clusters, 1)
        )
        assigned = k_means(features, clusters, generator).tolist()
        assert rows == twin.systematic(assigned, batch, cluster_keys, keys, start[0]), f"seed {seed}"
        assert len(set(rows)) == batch


def test_every_row_comes_as_often_and_every_cluster_gets_its_share() -> None:
    """Three groups of 6, 3 and 1 rows far apart, 5 of 10 rows: 3 of the first, 1 or 2 of the second."""
    features = torch.cat([torch.zeros(6, 1), torch.full((3, 1), 50.0), torch.full((1, 1), 99.0)])
    features += 0.1 * torch.randn(10, 1, generator=seeded(0))
    counts = torch.zeros(10)
    for seed in range(400):
        rows = kernels.stratified_batch(features, 5, seeded(seed), clusters=3)
        groups = [int((rows < 6).sum()), int(((rows >= 6) & (rows < 9)).sum()), int((rows == 9).sum())]
        assert groups[0] == 3, f"seed {seed}"
        assert groups[1] in (1, 2), f"seed {seed}"
        counts[rows] += 1
    assert (counts - 200).abs().max() < 4.5 * 10  # binomial with standard deviation 10


def test_faults_are_refused() -> None:
    features = torch.zeros(3, 2)
    with pytest.raises(ValueError, match="a batch of 4 rows"):
        kernels.stratified_batch(features, 4, seeded(0), clusters=1)
    with pytest.raises(ValueError, match="0 clusters"):
        kernels.stratified_batch(features, 1, seeded(0), clusters=0)
    with pytest.raises(ValueError, match="a batch of 3 rows"):
        kernels.balanced_classes(torch.tensor([1, 1]), torch.tensor([1, 1]), 3, seeded(0))
    with pytest.raises(ValueError, match=r"shapes \[2\] and \[1\]"):
        kernels.balanced_classes(torch.tensor([1, 1]), torch.tensor([1]), 1, seeded(0))
    features[1] = math.nan
    with pytest.raises(ScoreError, match="row 1"):
        kernels.stratified_batch(features, 1, seeded(0), clusters=1)
    assert len(kernels.stratified_batch(torch.zeros(3, 2), 0, seeded(0), clusters=2)) == 0
