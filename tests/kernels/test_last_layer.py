"""DropQuery and ALFA-Mix against each row by itself, with zeros, absent classes and too few rows that change."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch
from torch import Tensor

from al_bench import kernels
from al_bench.errors import ScoreError
from tests.kernels.instances import seeded
from tests.reference import last_layer as twin


def instance(seed: int) -> tuple[Tensor, Tensor, Tensor, Tensor]:
    """Features, a last layer, labelled features and labels, in float64; rectified ones among them."""
    rows_count, dimensions, classes, labelled_count = 8 + seed % 30, 2 + seed % 6, 2 + seed % 4, 1 + seed % 9
    features = torch.randn(rows_count, dimensions, generator=seeded(seed), dtype=torch.float64)
    labelled = torch.randn(labelled_count, dimensions, generator=seeded(seed + 1), dtype=torch.float64)
    head = torch.randn(classes, dimensions + 1, generator=seeded(seed + 2), dtype=torch.float64)
    if seed % 2:
        features, labelled = features.relu(), labelled.relu()  # coordinates that are 0 in row and class mean
    if seed % 5 == 0:
        head[-1] = torch.tensor([0.0] * dimensions + [-1e4], dtype=torch.float64)  # a class without a label
    return features, head, labelled, torch.randint(classes, (labelled_count,), generator=seeded(seed + 3))


def clustered(features: Tensor, candidates: list[int], batch: int, generator: torch.Generator) -> list[int]:
    """`kmeans_batch` of the candidates on unit vectors, as tested by itself."""
    chosen = features[torch.tensor(candidates)]
    norms = chosen.norm(dim=1, keepdim=True)
    picked = kernels.kmeans_batch(chosen / norms.masked_fill(norms == 0, 1.0), batch, generator)
    return [candidates[int(n)] for n in picked]


def filled(candidates: list[int], count: int, batch: int, keys: list[float]) -> list[int]:
    others = [n for n in range(count) if n not in candidates]
    first = sorted(candidates, key=lambda n: keys[n])
    return first + sorted(others, key=lambda n: keys[n])[: batch - len(candidates)]


def test_dropquery_equals_each_row_by_itself() -> None:
    few = 0
    for seed in range(120):
        features, head, _, _ = instance(seed)
        count, batch, draws = len(features), 1 + seed % 5, 1 + seed % 5
        factor, dropout = [1.0, 3.0, 25.0][seed % 3], [0.75, 0.3, 0.0][seed % 3]
        result = kernels.select_dropquery(
            features, head, batch, seeded(seed), draws=draws, dropout=dropout, factor=factor
        )
        generator = seeded(seed)
        keys = torch.rand(count, generator=generator, dtype=torch.float64).tolist()
        masks = torch.stack([torch.rand(features.shape, generator=generator) >= dropout for _ in range(draws)])
        counts = twin.mismatches(features.numpy(), head.numpy(), masks.numpy(), dropout)
        candidates = twin.dropquery_candidates(counts, draws, math.ceil(factor * batch))
        assert result.candidates == len(candidates), f"seed {seed}"
        if len(candidates) < batch:
            few += 1
            assert result.rows.tolist() == filled(candidates, count, batch, keys), f"seed {seed}"
        else:
            assert result.rows.tolist() == clustered(features, candidates, batch, generator), f"seed {seed}"
    assert few > 10


def test_dropquery_lowers_its_threshold_only_as_far_as_it_must() -> None:
    features, head = torch.randn(400, 8, generator=seeded(0)), torch.randn(3, 9, generator=seeded(1))
    found = [kernels.select_dropquery(features, head, 4, seeded(2), factor=factor) for factor in (1.0, 25.0, 99.0)]
    assert [result.threshold for result in found] == [1, 1, 0]
    assert found[0].candidates == found[1].candidates < found[2].candidates
    whole = kernels.select_dropquery(features, head, 4, seeded(2), whole_pool=True)
    assert (whole.candidates, whole.threshold) == (400, None)


def test_alfamix_equals_each_row_by_itself() -> None:
    few = 0
    for seed in range(120):
        features, head, labelled, labels = instance(seed)
        count, batch, epsilon = len(features), 1 + seed % 5, [0.2, 1.0, 3.0][seed % 3]
        result = kernels.select_alfamix(features, head, labelled, labels, batch, seeded(seed), epsilon=epsilon)
        generator = seeded(seed)
        keys = torch.rand(count, generator=generator, dtype=torch.float64).tolist()
        candidates = twin.alfamix_candidates(features.numpy(), head.numpy(), labelled.numpy(), labels.numpy(), epsilon)
        assert result.candidates == len(candidates), f"seed {seed}"
        if len(candidates) < batch:
            few += 1
            assert result.rows.tolist() == filled(candidates, count, batch, keys), f"seed {seed}"
        else:
            assert result.rows.tolist() == clustered(features, candidates, batch, generator), f"seed {seed}"
    assert few > 10


def test_alfamix_changes_rows_near_a_boundary_only() -> None:
    """Two classes divided at x = 0; the step is 0.2/√2 times the distance to the class mean, towards the boundary."""
    head = torch.tensor([[1.0, 0.0, 0.0], [-1.0, 0.0, 0.0]])
    labelled, labels = torch.tensor([[2.0, 0.0], [-2.0, 0.0]]), torch.tensor([0, 1])
    features = torch.tensor([[0.3, 0.0], [0.5, 0.0], [-0.2, 0.0], [-3.0, 0.0]])
    # From 0.3 the farther mean is 2.3 away: a step of 0.325; from 0.5 2.5: 0.354.
    result = kernels.select_alfamix(features, head, labelled, labels, 2, seeded(0))
    assert result.candidates == 2
    assert sorted(result.rows.tolist()) == [0, 2]


def test_float32_agrees_with_float64_but_for_rounding() -> None:
    features, head = torch.randn(3_000, 12, generator=seeded(0)), torch.randn(5, 13, generator=seeded(1))
    labelled, labels = torch.randn(40, 12, generator=seeded(2)), torch.arange(40) % 5
    one = kernels.select_alfamix(features, head, labelled, labels, 20, seeded(3))
    two = kernels.select_alfamix(features.double(), head.double(), labelled.double(), labels, 20, seeded(3))
    assert abs(one.candidates - two.candidates) <= 2
    assert 100 < one.candidates < 2_500


def test_faults_are_refused_and_nothing_is_written() -> None:
    features, head = torch.randn(6, 3, generator=seeded(0)), torch.randn(2, 4, generator=seeded(1))
    copies = features.clone(), head.clone()
    kernels.select_dropquery(features, head, 2, seeded(0))
    kernels.select_alfamix(features, head, features[:2], torch.tensor([0, 1]), 2, seeded(0))
    assert torch.equal(features, copies[0])
    assert torch.equal(head, copies[1])
    with pytest.raises(ValueError, match=r"\[6, 3\] and \[2, 3\]; \[N, D\] and \[C, D \+ 1\]"):
        kernels.select_dropquery(features, head[:, :3], 1, seeded(0))
    with pytest.raises(ValueError, match="draws 0"):
        kernels.select_dropquery(features, head, 1, seeded(0), draws=0)
    with pytest.raises(ValueError, match="epsilon is 0"):
        kernels.select_alfamix(features, head, features, torch.zeros(6, dtype=torch.int64), 1, seeded(0), epsilon=0)
    with pytest.raises(ValueError, match=r"\[6, 3\] and \[5\]"):
        kernels.select_alfamix(features, head, features, torch.zeros(5, dtype=torch.int64), 1, seeded(0))
    head[0, 0] = math.nan
    with pytest.raises(ScoreError, match="a weight of the last layer is not finite"):
        kernels.select_dropquery(features, head, 1, seeded(0))
    assert np.isnan(head.numpy()).sum() == 1
