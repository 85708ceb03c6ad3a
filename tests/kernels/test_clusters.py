"""Batches by K-means against all distances to all means, given the same clusters."""

from __future__ import annotations

import math

import pytest
import torch
from torch import Tensor

from al_bench import kernels
from al_bench.errors import ScoreError
from al_bench.kernels.clusters import k_means, nearest_to_means
from tests.kernels.instances import DTYPES, mc_log_probs, seeded
from tests.reference import clusters as twin


def instance(seed: int, dtype: torch.dtype) -> tuple[Tensor, Tensor, int]:
    """Features, weights and a batch: also grids with many copies, rows far from the origin, weights of 0."""
    rows, dimensions, batch = 12 + seed % 7, 1 + seed % 5, 1 + seed % 11
    features = torch.randn(rows, dimensions, generator=seeded(seed), dtype=dtype)
    weights = torch.rand(rows, generator=seeded(seed + 1), dtype=dtype)
    if seed % 5 == 0:
        features = features.round()
    if seed % 5 == 1:
        features = features + 3_000
    if seed % 5 == 2:
        features = features * (1e30 if seed % 2 else 1e-30)
    if seed % 3 == 0:
        weights[torch.rand(rows, generator=seeded(seed + 2)) < 0.6] = 0.0
    return features, weights, batch


def drawn(features: Tensor, weights: Tensor | None, batch: int, generator: torch.Generator) -> list[int]:
    """The twin, with the keys and clusters that the kernel draws from the same generator."""
    rows = len(features)
    keys = torch.rand(rows, generator=generator, dtype=torch.float64).tolist()
    if batch == rows:
        return sorted(range(rows), key=lambda n: keys[n])
    weights = torch.ones(rows) if weights is None or not weights.any() else weights
    relative = weights.double() / weights.double().max()
    assignments = k_means(features, batch, generator, relative).tolist()
    return twin.nearest_to_means(features.tolist(), assignments, relative.tolist(), batch, keys)


@pytest.mark.parametrize("dtype", DTYPES)
def test_k_means_batch_equals_all_distances(dtype: torch.dtype) -> None:
    for seed in range(120):
        features, weights, batch = instance(seed, dtype)
        used = None if seed % 4 == 0 else weights
        rows = kernels.kmeans_batch(features, batch, seeded(seed), used).tolist()
        assert rows == drawn(features, used, batch, seeded(seed)), f"seed {seed}"
        assert len(set(rows)) == batch, f"seed {seed}"


@pytest.mark.parametrize("dtype", DTYPES)
def test_diverse_minibatch_equals_its_steps(dtype: torch.dtype) -> None:
    for seed in range(120):
        features, scores, batch = instance(seed, dtype)
        beta, weighted = 1 + (seed % 7) / 3, seed % 4 != 1
        prefiltered = min(len(features), math.ceil(round(beta * batch, 9)))
        batch = min(batch, prefiltered)
        generator = seeded(seed)
        keys = torch.rand(len(features), generator=generator, dtype=torch.float64).tolist()
        prefiltered_rows = twin.prefilter(scores.tolist(), prefiltered, keys)
        expected = drawn(features[prefiltered_rows], scores[prefiltered_rows] if weighted else None, batch, generator)
        chosen = kernels.diverse_minibatch(scores, features, batch, beta, seeded(seed), weighted=weighted)
        assert chosen.tolist() == [prefiltered_rows[n] for n in expected], f"seed {seed}"


def test_clue_weighs_by_entropy() -> None:
    for seed in range(40):
        features, _, batch = instance(seed, torch.float32)
        log_probs = mc_log_probs(seed, len(features), 1, 3, torch.float32, "mild")[:, 0]
        entropies = kernels.entropy(log_probs)
        chosen = kernels.clue(features, entropies, batch, seeded(seed)).tolist()
        assert chosen == drawn(features, entropies, batch, seeded(seed)), f"seed {seed}"


def test_k_means_is_a_fixed_point_of_lloyds_iteration() -> None:
    """Every row of positive weight belongs to the cluster with the nearest weighted mean."""
    for seed in range(60):
        features, weights, batch = instance(seed, torch.float64)
        weights = weights / weights.max() if weights.any() else torch.ones_like(weights)
        assignments = k_means(features, batch, seeded(seed), weights)
        assert ((assignments == -1) == (weights == 0)).all(), f"seed {seed}"
        scale = features.abs().max()
        used = sorted(set(assignments.tolist()) - {-1})
        means = torch.stack(
            [
                torch.tensor(
                    twin.weighted_mean(features[assignments == c].tolist(), weights[assignments == c].tolist())
                ).double()
                for c in used
            ]
        )
        for n in (assignments != -1).nonzero()[:, 0].tolist():
            distances = ((features[n] - means) / scale).norm(dim=1)
            own = distances[used.index(int(assignments[n]))]
            assert own <= distances.min() + 1e-6, f"seed {seed}"


def test_hand_worked_weights_move_the_mean() -> None:
    """Rows 0, 1, 10 on a line, one cluster: the mean is 11/3 without weights, 9.1 with most weight on the last."""
    features = torch.tensor([[0.0], [1.0], [10.0]])
    assert kernels.kmeans_batch(features, 1, seeded(0)).tolist() == [1]
    assert kernels.kmeans_batch(features, 1, seeded(0), torch.tensor([0.5, 0.5, 9.0])).tolist() == [2]
    assert kernels.kmeans_batch(features, 1, seeded(0), torch.zeros(3)).tolist() == [1]
    assert kernels.clue(features, torch.tensor([0.0, 0.0, 0.1]), 1, seeded(0)).tolist() == [2]
    # β B = 2 rows are prefiltered, the third row, nearest to their mean 5, is not among them
    features = torch.tensor([[0.0], [10.0], [5.0]])
    chosen = kernels.diverse_minibatch(torch.tensor([0.9, 0.8, 0.1]), features, 1, 2.0, seeded(0))
    assert chosen.tolist() == [0]  # mean 4.7 of weights 0.9 and 0.8


def test_separate_clusters_each_give_their_middle_row() -> None:
    centres = 50 * torch.randn(6, 8, generator=seeded(0))
    middle = torch.cat([torch.zeros(1, 8), torch.randn(4, 8, generator=seeded(1)).repeat_interleave(2, 0)])
    middle[2::2] *= -1  # pairs opposite each other around row 0 of each cluster
    features = (centres[:, None] + middle).reshape(-1, 8)
    assert sorted(kernels.kmeans_batch(features, 6, seeded(2)).tolist()) == [0, 9, 18, 27, 36, 45]


def test_tempered_entropy() -> None:
    logits = 3 * torch.randn(50, 4, generator=seeded(0), dtype=torch.float64)
    for temperature in (0.1, 1.0, 5.0):
        p = (logits / temperature).softmax(1)
        expected = -(p * p.log()).sum(1)
        torch.testing.assert_close(kernels.tempered_entropy(logits.log_softmax(1), temperature), expected)
    certain = torch.tensor([[0.0, -math.inf]])
    assert kernels.tempered_entropy(certain, 0.5).tolist() == [0.0]


def test_copies_are_picked_only_when_no_other_row_is_left() -> None:
    """Five different rows with four copies each: a batch of 8 holds all five."""
    features = torch.randn(5, 3, generator=seeded(0)).repeat(4, 1)
    for seed in range(20):
        rows = kernels.kmeans_batch(features, 8, seeded(seed)).tolist()
        assert len(set(rows)) == 8, f"seed {seed}"
        assert len({n % 5 for n in rows}) == 5, f"seed {seed}"


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("value", [0.0, 0.1, 1e30, 1e-30, -3_000.7], ids="all {}".format)
def test_of_identical_rows_those_with_the_lowest_keys_are_picked(dtype: torch.dtype, value: float) -> None:
    """That the keys prefer no row is in test_select."""
    features = torch.full((9, 3), value, dtype=dtype)
    for seed in range(3):
        rows = kernels.kmeans_batch(features, 4, seeded(seed)).tolist()
        assert rows == kernels.tie_keys(9, seeded(seed)).argsort()[:4].tolist(), f"seed {seed}"
    assert kernels.kmeans_batch(features[:1], 1, seeded(0)).tolist() == [0]
    assert sorted(kernels.kmeans_batch(features, 9, seeded(0)).tolist()) == list(range(9))


def test_rows_may_be_permuted_given_the_clusters() -> None:
    for seed in range(30):
        features, weights, _ = instance(3 * seed + 1, torch.float32)
        count = len(features)
        assignments = torch.randint(5, (count,), generator=seeded(seed)).double()
        keys, order = torch.rand(count, generator=seeded(seed + 1)), torch.randperm(count, generator=seeded(seed))
        assignments, weights = assignments.long(), weights.double() + 0.1
        whole = nearest_to_means(features, assignments, weights, 7, keys)
        permuted = nearest_to_means(features[order], assignments[order], weights[order], 7, keys[order])
        assert order[permuted].tolist() == whole.tolist(), f"seed {seed}"
        assert nearest_to_means(features, assignments, weights, 7, keys, chunk=1).tolist() == whole.tolist(), (
            f"seed {seed}"
        )


def test_scale_and_threads_change_nothing_and_nothing_is_written() -> None:
    features = torch.randn(300, 6, generator=seeded(0))
    weights = torch.rand(300, generator=seeded(1))
    copies = features.clone(), weights.clone()
    rows = kernels.kmeans_batch(features, 20, seeded(2), weights)
    assert torch.equal(features, copies[0])
    assert torch.equal(weights, copies[1])
    for scale in (2.0**100, 2.0**-100):
        assert kernels.kmeans_batch(features * scale, 20, seeded(2), weights * scale).tolist() == rows.tolist()
    assert kernels.kmeans_batch(features, 20, seeded(2), weights).tolist() == rows.tolist()
    assert kernels.kmeans_batch(features, 20, seeded(3), weights).tolist() != rows.tolist()
    threads = torch.get_num_threads()
    assert len(kernels.kmeans_batch(features, 20, seeded(2), weights, threads=2)) == 20
    assert torch.get_num_threads() == threads


def test_faults_are_refused() -> None:
    features, weights = torch.zeros(3, 2), torch.ones(3)
    with pytest.raises(ValueError, match="a batch of 4 rows cannot be chosen from 3 rows"):
        kernels.kmeans_batch(features, 4, seeded(0))
    with pytest.raises(ValueError, match="a batch of 4 rows cannot be chosen from 3 rows"):
        kernels.diverse_minibatch(weights, features, 4, 1.0, seeded(0))
    with pytest.raises(ValueError, match=r"beta is 0.5; it must be a number of at least 1"):
        kernels.diverse_minibatch(weights, features, 1, 0.5, seeded(0))
    with pytest.raises(ValueError, match="2 scores and 3 rows"):
        kernels.diverse_minibatch(weights[:2], features, 1, 1.0, seeded(0))
    with pytest.raises(ValueError, match=r"weights of shape \[2\]"):
        kernels.clue(features, weights[:2], 1, seeded(0))
    with pytest.raises(ValueError, match="the temperature is 0"):
        kernels.tempered_entropy(torch.zeros(1, 2), 0)
    with pytest.raises(ScoreError, match="the weight of row 1 is -1"):
        kernels.clue(features, torch.tensor([0.0, -1.0, 1.0]), 1, seeded(0))
    features[2, 0] = math.nan
    with pytest.raises(ScoreError, match=r"feature of row 2 is not finite \(1 rows"):
        kernels.kmeans_batch(features, 1, seeded(0))
    with pytest.raises(ValueError, match=r"features of shape \[3\]"):
        kernels.kmeans_batch(torch.zeros(3), 1, seeded(0))
    assert len(kernels.kmeans_batch(torch.zeros(0, 2), 0, seeded(0))) == 0
