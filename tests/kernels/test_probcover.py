"""ProbCover and its radius against balls as sets, with ties, copies, a cap on edges and in hard precision."""

from __future__ import annotations

import math

import pytest
import torch
from torch import Tensor

from al_bench import kernels
from al_bench.errors import ScoreError
from al_bench.kernels.clusters import k_means
from tests.kernels.instances import DTYPES, seeded
from tests.reference import probcover as twin


def keys_of(rows: int, seed: int) -> list[float]:
    return torch.rand(rows, generator=seeded(seed), dtype=torch.float64).tolist()


def instance(seed: int, labelled_count: int, dtype: torch.dtype) -> tuple[Tensor, Tensor, float]:
    """Features, labelled features and a radius: also lattices whose distances are exactly the radius."""
    size, dimensions = 12 + seed % 9, 1 + seed % 4
    features = torch.randn(size, dimensions, generator=seeded(seed), dtype=dtype)
    labelled = torch.randn(labelled_count, dimensions, generator=seeded(seed + 1), dtype=dtype)
    delta = [0.4, 1.0, 1.0, 0.7, 2.0, 0.0][seed % 6]
    if seed % 3 == 0:
        features, labelled, delta = features.round(), labelled.round(), [0.0, 1.0, math.sqrt(2), 2.0][seed // 3 % 4]
    factor = {1: 1e30, 2: 1e-30, 4: 1.0}.get(seed % 7, 1.0)
    if seed % 7 == 4:
        features, labelled = features + 3_000, labelled + 3_000
    return features * factor, labelled * factor, delta * factor


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("labelled_count", [0, 1, 6], ids="{} labelled".format)
def test_equals_balls_as_sets(dtype: torch.dtype, labelled_count: int) -> None:
    for seed in range(80):
        features, labelled, delta = instance(seed, labelled_count, dtype)
        batch = len(features) if seed % 5 == 0 else 1 + seed % 10
        result = kernels.select_probcover(features, labelled, batch, delta, seeded(seed))
        keys = keys_of(len(features), seed)
        rows, gains = twin.select_probcover(features.tolist(), labelled.tolist(), batch, delta, keys)
        assert result.rows.tolist() == rows, f"seed {seed}"
        assert result.gains.tolist() == gains, f"seed {seed}"
        assert result.edges == twin.pair_count(features.tolist(), delta), f"seed {seed}"
        assert (result.delta, result.capped) == (delta, False), f"seed {seed}"
        assert result.filled_from == (gains.index(0) if 0 in gains else None), f"seed {seed}"
        near = [any(math.dist(x, y) <= delta for y in labelled.tolist()) for x in features.tolist()]
        assert result.covered_before == sum(near), f"seed {seed}"


def test_the_size_of_the_blocks_changes_nothing() -> None:
    features, labelled = torch.randn(300, 6, generator=seeded(0)), torch.randn(40, 6, generator=seeded(1))
    whole = kernels.select_probcover(features, labelled, 60, 2.0, seeded(2), max_edges=3_000)
    rows, gains = twin.select_probcover(features.tolist(), labelled.tolist(), 60, whole.delta, keys_of(300, 2))
    assert whole.rows.tolist() == rows
    assert whole.gains.tolist() == gains
    assert whole.capped
    blocks = kernels.select_probcover(features, labelled, 60, 2.0, seeded(2), max_edges=3_000, block=(7, 11))
    assert blocks.rows.tolist() == rows
    assert (blocks.delta, blocks.edges) == (whole.delta, whole.edges)


def test_capped_edges_leave_the_largest_radius_that_fits() -> None:
    for seed in range(60):
        features, labelled, delta = instance(seed, 3, torch.float64)
        pairs = twin.pair_count(features.tolist(), delta)
        cap = pairs // 2
        result = kernels.select_probcover(features, labelled, 5, delta, seeded(seed), max_edges=cap)
        assert result.capped == (pairs > cap), f"seed {seed}"
        radii = [delta * 0.95**i for i in range(101)]
        expected = next((r for r in radii if twin.pair_count(features.tolist(), r) <= cap), None)
        assert result.delta == (0.0 if expected is None else expected), f"seed {seed}"
        if expected is not None:
            keys = keys_of(len(features), seed)
            rows, _ = twin.select_probcover(features.tolist(), labelled.tolist(), 5, expected, keys)
            assert result.rows.tolist() == rows, f"seed {seed}"
            assert result.edges == twin.pair_count(features.tolist(), expected) <= cap, f"seed {seed}"


def test_copies_beyond_the_cap_leave_no_edge() -> None:
    result = kernels.select_probcover(torch.ones(8, 2), torch.ones(1, 2), 4, 1.0, seeded(0), max_edges=20)
    assert (result.edges, result.delta, result.capped, result.covered_before) == (0, 0.0, True, 0)
    assert result.gains.tolist() == [1] * 4
    assert len(set(result.rows.tolist())) == 4


def test_hand_worked_on_a_line() -> None:
    """0 1 2 | 10 11 | 30, radius 1: row 1 covers three, then 10 or 11 two, then 30; with 2 labelled 0 alone is left."""
    features = torch.tensor([[0.0], [1.0], [2.0], [10.0], [11.0], [30.0]])
    result = kernels.select_probcover(features, features[:0], 4, 1.0, seeded(0))
    rows = result.rows.tolist()
    assert (rows[0], rows[2], result.gains.tolist(), result.filled_from) == (1, 5, [3, 2, 1, 0], 3)
    assert rows[1] in (3, 4)
    result = kernels.select_probcover(features, features[2:3], 3, 1.0, seeded(0))
    assert (result.covered_before, result.gains.tolist(), result.edges) == (2, [2, 1, 1], 3)


def test_near_the_radius_float32_is_decided_in_float64() -> None:
    """Rows on a sphere around row 0 far from the origin, their distances to it apart by one part in 1e7."""
    directions = torch.randn(200, 20, generator=seeded(0), dtype=torch.float64)
    directions /= directions.norm(dim=1, keepdim=True)
    features = torch.cat([torch.full((1, 20), 50.0), (directions + 50).float()])
    result = kernels.select_probcover(features, features[:0], 20, 1.0, seeded(1))
    rows, gains = twin.select_probcover(features.tolist(), [], 20, 1.0, keys_of(201, 1))
    assert result.rows.tolist() == rows
    assert result.gains.tolist() == gains
    assert 20 < gains[0] < 180


def test_what_is_covered_at_once_is_filled_uniformly() -> None:
    counts = torch.zeros(7)
    for seed in range(300):
        rows = kernels.select_probcover(torch.ones(7, 2), torch.empty(0, 2), 3, 0.0, seeded(seed)).rows
        assert len(set(rows.tolist())) == 3, f"seed {seed}"
        counts[rows] += 1
    assert ((counts - 900 / 7) ** 2 / (900 / 7)).sum() < 22.46  # 99.9 %, 6 degrees of freedom


@pytest.mark.parametrize("dtype", DTYPES)
def test_delta_is_the_largest_of_the_purity_asked_for(dtype: torch.dtype) -> None:
    for seed in range(60):
        features, _, _ = instance(seed, 0, dtype)
        size, classes, purity, centres = len(features), 2 + seed % 3, [0.95, 0.8, 1.0, 0.5][seed % 4], 5 + seed % 12
        generator = seeded(seed)
        keys = torch.rand(size, generator=generator, dtype=torch.float64).tolist()
        labels = k_means(features, classes, generator).tolist()
        chosen = sorted(range(size), key=lambda n: keys[n])[:centres]
        delta = kernels.estimate_delta(features, classes, seeded(seed), purity=purity, centres=centres)
        assert twin.pure_share(features.tolist(), labels, chosen, delta) >= purity, f"seed {seed}"
        assert twin.pure_share(features.tolist(), labels, chosen, delta * (1 + 3e-12)) < purity, f"seed {seed}"
        assert delta == kernels.estimate_delta(features, classes, seeded(seed), purity=purity, centres=centres), (
            f"seed {seed}"
        )


def test_delta_of_separate_groups_is_their_distance() -> None:
    features = torch.cat([torch.rand(50, 1, generator=seeded(0)), torch.rand(50, 1, generator=seeded(1)) + 100])
    delta = kernels.estimate_delta(features, 2, seeded(0), purity=1.0)
    assert delta == pytest.approx((features[50:].min() - features[:50].max()).item())
    assert kernels.estimate_delta(torch.ones(9, 3), 2, seeded(0)) == 0.0
    assert kernels.estimate_delta(torch.ones(1, 3), 10, seeded(0)) == 0.0


def test_rows_may_be_permuted_and_nothing_is_written() -> None:
    features, labelled = torch.randn(60, 3, generator=seeded(0)), torch.randn(4, 3, generator=seeded(1))
    copies = features.clone(), labelled.clone()
    order = torch.randperm(60, generator=seeded(2))
    whole = kernels.select_probcover(features, labelled, 20, 0.8, seeded(3))
    permuted = kernels.select_probcover(features[order], labelled, 20, 0.8, seeded(3))
    # Keys belong to positions: only picks that no key decided must agree, and so must the first gain.
    assert permuted.gains[0] == whole.gains[0]
    assert (permuted.covered_before, permuted.edges) == (whole.covered_before, whole.edges)
    rows, _ = twin.select_probcover(features[order].tolist(), labelled.tolist(), 20, 0.8, keys_of(60, 3))
    assert permuted.rows.tolist() == rows
    assert kernels.select_probcover(features, labelled, 20, 0.8, seeded(3)).rows.tolist() == whole.rows.tolist()
    assert torch.equal(features, copies[0])
    assert torch.equal(labelled, copies[1])


def test_faults_are_refused() -> None:
    features = torch.zeros(3, 2)
    with pytest.raises(ValueError, match="a batch of 4 rows cannot be chosen from 3 rows"):
        kernels.select_probcover(features, features, 4, 1.0, seeded(0))
    with pytest.raises(ValueError, match=r"\[3, 2\] and \[1, 5\]"):
        kernels.select_probcover(features, torch.zeros(1, 5), 1, 1.0, seeded(0))
    with pytest.raises(ValueError, match=r"delta is -1.0; it must be"):
        kernels.select_probcover(features, features, 1, -1.0, seeded(0))
    with pytest.raises(ValueError, match="1 classes"):
        kernels.estimate_delta(features, 1, seeded(0))
    with pytest.raises(ScoreError, match=r"candidate row 1 is not finite \(1 rows"):
        kernels.select_probcover(features.index_fill(0, torch.tensor([1]), math.inf), features, 1, 1.0, seeded(0))
    assert len(kernels.select_probcover(features[:0], features, 0, 1.0, seeded(0)).rows) == 0
