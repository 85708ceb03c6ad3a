"""Pairs kept from round to round: every round picks what a search of its own would have picked."""

from __future__ import annotations

import math
from collections.abc import Callable

import pytest
import torch
from torch import Tensor

from al_bench import kernels
from al_bench.kernels import pool_pairs
from tests.kernels.instances import DTYPES, seeded


def clusters(seed: int, rows: int, dtype: torch.dtype) -> Tensor:
    centres = 3 * torch.randn(5, 4, generator=seeded(seed), dtype=dtype)
    at = torch.randint(5, (rows,), generator=seeded(seed + 1))
    return centres[at] + torch.randn(rows, 4, generator=seeded(seed + 2), dtype=dtype)


def lattice(seed: int, rows: int, dtype: torch.dtype) -> Tensor:
    """Many copies, and distances that are exactly the radius."""
    return torch.randint(4, (rows, 3), generator=seeded(seed), dtype=torch.int64).to(dtype) + 1_000


@pytest.fixture
def searches(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """The number of points of each search for the pairs of a pool."""
    made: list[int] = []
    search = pool_pairs.find_pairs

    def counted(points: object, count: int, *rest: object) -> None:
        made.append(count)
        search(points, count, *rest)  # type: ignore[arg-type]

    monkeypatch.setattr(pool_pairs, "find_pairs", counted)
    return made


def rounds(features: Tensor, radii: list[float], max_edges: int, pool: kernels.PoolPairs, batch: int = 7) -> None:
    """Rounds with the pool and without, in each of which the rows picked are labelled; the candidates are shuffled."""
    labelled = torch.randperm(len(features), generator=seeded(9))[:3]
    for round_, delta in enumerate(radii):
        free = torch.ones(len(features), dtype=torch.bool)
        free[labelled] = False
        candidates = free.nonzero()[:, 0][torch.randperm(int(free.sum()), generator=seeded(round_))]
        given = features[candidates], features[labelled], batch, delta
        kept = kernels.select_probcover(*given, seeded(round_), max_edges=max_edges, pool=pool)
        alone = kernels.select_probcover(*given, seeded(round_), max_edges=max_edges)
        for name in ("rows", "gains"):
            assert getattr(kept, name).equal(getattr(alone, name)), f"round {round_}: {name}"
        for name in ("covered_before", "filled_from", "delta", "edges", "capped"):
            assert getattr(kept, name) == getattr(alone, name), f"round {round_}: {name}"
        labelled = torch.cat([labelled, candidates[kept.rows]])


@pytest.mark.parametrize("make", [clusters, lattice])
@pytest.mark.parametrize("dtype", DTYPES)
def test_every_round_is_as_if_searched_alone(
    make: Callable[[int, int, torch.dtype], Tensor], dtype: torch.dtype, searches: list[int]
) -> None:
    for seed in range(6):
        for delta in (1.0, math.sqrt(2), 2.0):
            searches.clear()
            rounds(make(seed, 150, dtype), [delta] * 5, 10**6, kernels.PoolPairs(1.0))
            assert searches == [150]  # in the second round


def test_a_radius_estimated_anew_stays_within_the_margin_or_is_searched_for(searches: list[int]) -> None:
    features = clusters(0, 200, torch.float32)
    rounds(features, [1.0, 1.02, 1.1, 0.9, 1.12], 10**6, kernels.PoolPairs(1.1))
    assert searches == [200]
    searches.clear()
    rounds(features, [1.0, 1.0, 1.5, 1.4, 0.5], 10**6, kernels.PoolPairs(1.1))
    assert searches == [200, 200]


def test_a_limit_on_the_pairs_reduces_the_radius_as_without(searches: list[int]) -> None:
    for make in (clusters, lattice):
        features = make(1, 150, torch.float32)
        # Of the pool there are more pairs than of the candidates: at some limits only the latter are few enough.
        for limit in (0, 40, 400, 2_000, 4_000, 5_000):
            rounds(features, [1.5] * 4, limit, kernels.PoolPairs(1.0))


def test_rows_that_are_not_the_same_are_searched_in_every_round(searches: list[int]) -> None:
    pool = kernels.PoolPairs()
    for round_ in range(3):
        features = clusters(round_, 100, torch.float32)
        kept = kernels.select_probcover(features[3:], features[:3], 5, 1.0, seeded(0), pool=pool)
        assert kept.rows.equal(kernels.select_probcover(features[3:], features[:3], 5, 1.0, seeded(0)).rows)
    assert searches == []


def test_a_pool_that_has_lost_rows_is_known_and_one_with_another_row_is_not(searches: list[int]) -> None:
    features, pool = clusters(3, 120, torch.float32), kernels.PoolPairs(1.0)

    def picks(rows: Tensor) -> None:
        kept = kernels.select_probcover(rows[3:], rows[:3], 5, 1.0, seeded(0), pool=pool)
        alone = kernels.select_probcover(rows[3:], rows[:3], 5, 1.0, seeded(0))
        assert (kept.rows.tolist(), kept.edges) == (alone.rows.tolist(), alone.edges)

    for rows in (features, features, features[:100], features[10:90]):
        picks(rows)
    assert searches == [120]
    picks(torch.cat([features[:50], features[50:51] + 1e-6]))
    assert searches == [120]
