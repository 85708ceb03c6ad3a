"""TypiClust against every distance within every cluster, given the same clusters."""

from __future__ import annotations

import math

import pytest
import torch

from al_bench import kernels
from al_bench.errors import ScoreError
from al_bench.kernels.clusters import k_means
from al_bench.kernels.typiclust import pick_typical
from tests.kernels.instances import DTYPES, seeded
from tests.reference import typiclust as twin


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("labelled_count", [0, 1, 8], ids="{} labelled".format)
def test_equals_every_distance(dtype: torch.dtype, labelled_count: int) -> None:
    for seed in range(50):
        size, dimensions = 14 + seed % 9, 1 + seed % 5
        batch = size if seed % 10 == 0 else 1 + seed % 13
        features = torch.randn(size, dimensions, generator=seeded(seed), dtype=dtype)
        labelled = torch.randn(labelled_count, dimensions, generator=seeded(seed + 1), dtype=dtype)
        if seed % 5 == 0:
            features, labelled = features.round(), labelled.round()
        if seed % 5 == 1:
            features, labelled = features + 3_000, labelled + 3_000
        if seed % 5 == 2:
            features, labelled = features * 1e30, labelled * 1e30
        if seed % 5 == 3:
            features, labelled = features * 1e-30, labelled * 1e-30
        neighbours, small, max_clusters = 1 + seed % 4, seed % 6, 4 if seed % 2 else 500
        result = kernels.select_typiclust(
            features,
            labelled,
            batch,
            seeded(seed),
            neighbours=neighbours,
            small=small,
            max_clusters=max_clusters,
        )
        generator = seeded(seed)
        keys = torch.rand(size, generator=generator, dtype=torch.float64).tolist()
        points = torch.cat([features, labelled])
        assignments = k_means(points, min(labelled_count + batch, max_clusters), generator).tolist()
        rows, distances = twin.select_typiclust(points.tolist(), assignments, batch, keys, small, neighbours)
        assert result.rows.tolist() == rows, f"seed {seed}"
        assert result.mean_distances.tolist() == pytest.approx(
            distances, rel=1e-6, abs=1e-6 * float(points.abs().max())
        ), f"seed {seed}"
        assert result.clusters.tolist() == [assignments[n] for n in rows], f"seed {seed}"
        assert result.clusters_used == len(set(assignments)), f"seed {seed}"
        assert len(set(rows)) == batch, f"seed {seed}"


def test_hand_worked_on_a_line() -> None:
    """Cluster 0: 0 1 2 3 4 10, cluster 1: 20 21 22 and a labelled 23, cluster 2: a far pair.

    With two neighbours rows 1, 2 and 3 have mean distance 1 (row 1: to 0 and 2); the uncovered cluster comes
    first, then the covered one, whose middle rows have mean 1, and the pair last.
    """
    candidates = [0.0, 1.0, 2.0, 3.0, 4.0, 10.0, 20.0, 21.0, 22.0, 90.0, 91.0]
    features = torch.tensor([*candidates, 23.0])[:, None]
    assignments = torch.tensor([0] * 6 + [1] * 3 + [2] * 2 + [1])
    keys = torch.linspace(0, 1, len(candidates))
    result = pick_typical(features, assignments, 11, keys, small=2, neighbours=2)
    assert result.rows.tolist() == [1, 7, 2, 8, 3, 6, 0, 4, 5, 9, 10]
    assert result.mean_distances.tolist() == pytest.approx([1, 1, 1, 1, 1, 1.5, 1.5, 1.5, 6.5, 1, 1])
    assert result.clusters.tolist() == [0, 1, 0, 1, 0, 1, 0, 0, 0, 2, 2]
    assert pick_typical(features, assignments, 2, keys, small=2, neighbours=2).rows.tolist() == [1, 7]


def test_covered_groups_are_visited_last() -> None:
    """Eight groups, the first three of them labelled: five picks take one row from each of the others."""
    centres = 100 * torch.randn(8, 10, generator=seeded(0))
    features = centres.repeat(30, 1) + torch.randn(240, 10, generator=seeded(1))
    for seed in range(5):
        result = kernels.select_typiclust(features, centres[:3], 5, seeded(seed))
        assert sorted((result.rows % 8).tolist()) == [3, 4, 5, 6, 7], f"seed {seed}"
        from_scratch = kernels.select_typiclust(features, centres[:0], 8, seeded(seed))
        assert sorted((from_scratch.rows % 8).tolist()) == list(range(8)), f"seed {seed}"


def test_the_size_of_the_blocks_changes_nothing() -> None:
    features = torch.randn(200, 5, generator=seeded(0))
    whole = kernels.select_typiclust(features[20:], features[:20], 30, seeded(1))
    blocks = kernels.select_typiclust(features[20:], features[:20], 30, seeded(1), block_elements=1)
    assert blocks.rows.tolist() == whole.rows.tolist()
    torch.testing.assert_close(blocks.mean_distances, whole.mean_distances)


def test_candidates_may_be_permuted_given_the_clusters() -> None:
    for seed in range(20):
        points = torch.randn(40, 3, generator=seeded(seed))
        assignments = torch.randint(4, (40,), generator=seeded(seed + 1))
        keys, order = torch.rand(30, generator=seeded(seed)), torch.randperm(30, generator=seeded(seed + 2))
        both = torch.cat([order, torch.arange(30, 40)])
        whole = pick_typical(points, assignments, 12, keys, small=5, neighbours=4)
        permuted = pick_typical(points[both], assignments[both], 12, keys[order], small=5, neighbours=4)
        assert order[permuted.rows].tolist() == whole.rows.tolist(), f"seed {seed}"


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("value", [0.0, 0.1, 1e30, 1e-30], ids="all {}".format)
def test_of_identical_rows_those_with_the_lowest_keys_are_picked(dtype: torch.dtype, value: float) -> None:
    """That the keys prefer no row is in test_select."""
    features = torch.full((9, 4), value, dtype=dtype)
    for seed in range(3):
        result = kernels.select_typiclust(features, features[:2], 3, seeded(seed))
        assert result.rows.tolist() == kernels.tie_keys(9, seeded(seed)).argsort()[:3].tolist(), f"seed {seed}"
        assert result.mean_distances.tolist() == [0.0] * 3, f"seed {seed}"
    assert sorted(kernels.select_typiclust(features, features[:0], 9, seeded(0)).rows.tolist()) == list(range(9))
    alone = kernels.select_typiclust(features[:1], features[:0], 1, seeded(0))
    assert alone.rows.tolist() == [0]
    assert alone.mean_distances.tolist() == [math.inf]


def test_same_seed_same_batch_and_nothing_is_written() -> None:
    features, labelled = torch.randn(80, 4, generator=seeded(0)), torch.randn(5, 4, generator=seeded(1))
    copies = features.clone(), labelled.clone()
    rows = kernels.select_typiclust(features, labelled, 10, seeded(2)).rows.tolist()
    assert kernels.select_typiclust(features, labelled, 10, seeded(2)).rows.tolist() == rows
    assert torch.equal(features, copies[0])
    assert torch.equal(labelled, copies[1])


def test_faults_are_refused() -> None:
    features = torch.zeros(3, 2)
    with pytest.raises(ValueError, match="a batch of 4 rows cannot be chosen from 3 rows"):
        kernels.select_typiclust(features, features, 4, seeded(0))
    with pytest.raises(ValueError, match=r"\[3, 2\] and \[1, 5\]"):
        kernels.select_typiclust(features, torch.zeros(1, 5), 1, seeded(0))
    with pytest.raises(ValueError, match="neighbours 0"):
        kernels.select_typiclust(features, features, 1, seeded(0), neighbours=0)
    with pytest.raises(ScoreError, match=r"labelled row 0 is not finite \(1 rows"):
        kernels.select_typiclust(features, torch.full((1, 2), math.inf), 1, seeded(0))
    assert len(kernels.select_typiclust(features, features, 0, seeded(0)).rows) == 0
    assert len(kernels.select_typiclust(features[:0], features, 0, seeded(0)).rows) == 0


@pytest.mark.parametrize("batch", [5, 6], ids=["full K-means", "mini-batches"])
def test_clusters_are_those_of_mini_batches_above_a_number_and_of_full_k_means_up_to_it(batch: int) -> None:
    features = torch.randn(400, 3, generator=seeded(0))
    result = kernels.select_typiclust(features, features[:0], batch, seeded(1), full_up_to=5)
    generator = seeded(1)
    keys = torch.rand(400, generator=generator, dtype=torch.float64)
    assignments = k_means(features, batch, generator, minibatch=None if batch == 5 else 5_000)
    literal = pick_typical(features, assignments, batch, keys, small=5, neighbours=20)
    assert result.rows.tolist() == literal.rows.tolist()


def test_mini_batches_give_every_row_its_nearest_mean_and_are_repeatable() -> None:
    centres = 20 * torch.randn(12, 4, generator=seeded(2))
    features = centres.repeat(40, 1) + torch.randn(480, 4, generator=seeded(3))
    first, second = (k_means(features, 12, seeded(4), minibatch=100) for _ in range(2))
    assert torch.equal(first, second)
    means = torch.stack([features[first == c].mean(0) for c in range(12) if (first == c).any()])
    spread = torch.cdist(features, means).amin(1).square().mean()
    assert spread < 2 * 4  # the noise's variance in four dimensions, where every blob has a mean of its own
