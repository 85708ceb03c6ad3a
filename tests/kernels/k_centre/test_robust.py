"""Robust k-centre against every batch of tiny instances, on pools with outliers, prefiltered, and out of time."""

from __future__ import annotations

import math

import pytest
import torch

from al_bench import kernels
from al_bench.errors import ScoreError
from tests.kernels.instances import DTYPES, seeded
from tests.reference import robust_k_centre as twin


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("labelled_count", [0, 2], ids="{} labelled".format)
def test_equals_the_best_of_all_batches(dtype: torch.dtype, labelled_count: int) -> None:
    better = programs = 0
    for seed in range(90):
        size, dimensions, batch, outliers = 5 + seed % 8, 1 + seed % 4, 1 + seed % 3, seed // 3 % 3
        features = torch.randn(size, dimensions, generator=seeded(seed), dtype=dtype)
        labelled = torch.randn(labelled_count, dimensions, generator=seeded(seed + 99), dtype=dtype)
        if seed % 5 == 0:
            features, labelled = features.round(), labelled.round()  # equal distances and equal rows
        result = kernels.select_robust_k_centre(features, labelled, batch, seeded(seed), outliers=outliers)
        points, centres = features.tolist(), labelled.tolist()
        assert result.optimal, f"seed {seed}"
        assert result.gap == 0, f"seed {seed}"
        assert result.lower_bound == result.radius, f"seed {seed}"
        assert len(set(result.rows.tolist())) == batch, f"seed {seed}"
        assert result.radius == pytest.approx(
            twin.radius(points, centres, result.rows.tolist(), outliers), rel=1e-12
        ), f"seed {seed}"
        assert result.radius == pytest.approx(twin.optimum(points, centres, batch, outliers), rel=2e-7), f"seed {seed}"
        greedy = kernels.select_k_centre(features, labelled, batch, seeded(seed))
        assert result.greedy_radius == pytest.approx(twin.radius(points, centres, greedy.rows.tolist(), outliers)), (
            f"seed {seed}"
        )
        if outliers == 0:
            assert result.greedy_radius <= 2 * result.radius * (1 + 1e-12), f"seed {seed}"
        better += result.radius < result.greedy_radius * (1 - 1e-6)
        programs += result.programs
    assert better > 30  # otherwise the instances prove nothing about the search
    assert programs > 30


def test_with_outliers_the_optimum_may_lie_below_half_of_the_greedy_radius() -> None:
    """Two clusters of radius 1 and one row far away: greedy spends a centre on it, the outlier budget does not."""
    line = torch.tensor([[0.0], [1.0], [-1.0], [20.0], [21.0], [19.0], [1000.0]])
    result = kernels.select_robust_k_centre(line, torch.empty(0, 1), 2, seeded(0), outliers=1)
    assert sorted(result.rows.tolist()) == [0, 3]
    assert result.radius == 1
    assert result.greedy_radius >= 18
    assert result.optimal
    without = kernels.select_robust_k_centre(line, torch.empty(0, 1), 2, seeded(0), outliers=0)
    assert without.radius == 20  # a centre at 0 or 1, to 21 or 20: the lonely row needs the other


def test_hand_worked_beside_a_labelled_point() -> None:
    """Labelled at 0; rows 1, 8, 10, 13. All within 3 of 10 or 0; all but 13 within 2 of 8 or 10; but two, within 1."""
    rows = torch.tensor([[1.0], [8.0], [10.0], [13.0]])
    for outliers, radius in ((0, 3.0), (1, 2.0), (2, 1.0), (3, 0.0), (4, 0.0)):
        result = kernels.select_robust_k_centre(rows, torch.zeros(1, 1), 1, seeded(0), outliers=outliers)
        assert result.radius == radius
        assert result.optimal


def test_a_prefiltered_pool_says_so_and_its_bounds_hold() -> None:
    tight = 0
    for seed in range(60):
        clusters = torch.randn(4, 2, generator=seeded(seed), dtype=torch.float64).mul(5)
        spread = (0.0, 0.01, 1.0)[seed % 3]
        features = clusters.repeat(3, 1) + spread * torch.randn(12, 2, generator=seeded(seed + 1), dtype=torch.float64)
        labelled = torch.randn(seed % 2, 2, generator=seeded(seed + 2), dtype=torch.float64)
        outliers = seed % 4
        result = kernels.select_robust_k_centre(features, labelled, 2, seeded(3), outliers=outliers, candidates=6)
        points, centres = features.tolist(), labelled.tolist()
        best = twin.optimum(points, centres, 2, outliers)
        assert result.prefiltered == 6, f"seed {seed}"
        assert result.radius == pytest.approx(
            twin.radius(points, centres, result.rows.tolist(), outliers), rel=1e-12
        ), f"seed {seed}"
        assert result.lower_bound <= best * (1 + 1e-9) <= result.radius * (1 + 1e-8), f"seed {seed}"
        assert result.radius <= result.greedy_radius, f"seed {seed}"
        if spread == 0:  # copies: the rows that take part, counted three times each, are the pool
            assert result.radius == pytest.approx(best, rel=2e-7), f"seed {seed}"
        tight += result.optimal
    assert tight >= 20


def test_out_of_time_it_returns_the_greedy_batch_and_the_gap() -> None:
    features = torch.randn(60, 3, generator=seeded(0))
    labelled = torch.randn(2, 3, generator=seeded(1))
    result = kernels.select_robust_k_centre(features, labelled, 4, seeded(2), outliers=2, time_limit=0)
    greedy = kernels.select_k_centre(features, labelled, 4, seeded(2))
    assert result.rows.tolist() == greedy.rows.tolist()
    assert result.radius == result.greedy_radius
    assert result.programs == 0
    assert not result.optimal
    assert 0 < result.gap <= 1
    solved = kernels.select_robust_k_centre(features, labelled, 4, seeded(2), outliers=2)
    assert solved.optimal
    assert result.lower_bound <= solved.radius < result.radius


def test_a_radius_with_too_many_pairs_is_left_open() -> None:
    features = torch.randn(60, 3, generator=seeded(0))
    arguments = (features, torch.empty(0, 3), 4)
    result = kernels.select_robust_k_centre(*arguments, seeded(2), outliers=2, pairs=1)
    solved = kernels.select_robust_k_centre(*arguments, seeded(2), outliers=2)
    assert result.programs == 0
    assert not result.optimal
    assert result.lower_bound <= solved.radius <= result.radius <= result.greedy_radius


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("factor", [1e30, 1e-30])
def test_scale_changes_nothing_but_the_unit(dtype: torch.dtype, factor: float) -> None:
    features = torch.randn(14, 3, generator=seeded(0), dtype=torch.float64).to(dtype)
    labelled = torch.randn(2, 3, generator=seeded(1), dtype=torch.float64).to(dtype)
    plain = kernels.select_robust_k_centre(features, labelled, 3, seeded(2), outliers=1)
    scaled = kernels.select_robust_k_centre(features * factor, labelled * factor, 3, seeded(2), outliers=1)
    assert scaled.radius == pytest.approx(plain.radius * factor, rel=1e-6)
    assert scaled.optimal


@pytest.mark.slow
def test_the_seed_decides_and_nothing_is_changed() -> None:
    features, labelled = torch.ones(9, 2), torch.zeros(2, 2)
    copies = features.clone(), labelled.clone()
    counts = torch.zeros(9)
    for seed in range(900):
        rows = kernels.select_robust_k_centre(features, labelled, 1, seeded(seed), outliers=8).rows
        assert torch.equal(
            rows, kernels.select_robust_k_centre(features, labelled, 1, seeded(seed), outliers=8).rows
        ), f"seed {seed}"
        counts[rows] += 1
    assert ((counts - 100) ** 2 / 100).sum().item() < 26.12  # the 99.9 % quantile, 8 degrees of freedom
    assert torch.equal(features, copies[0])
    assert torch.equal(labelled, copies[1])
    random = torch.randn(40, 3, generator=seeded(0))
    near = torch.zeros(2, 3)
    first, same, other = (kernels.select_robust_k_centre(random, near, 4, seeded(s)) for s in (1, 1, 2))
    assert first.rows.tolist() == same.rows.tolist()
    assert first.radius == other.radius


def test_the_whole_pool_one_row_and_no_row() -> None:
    features = torch.randn(5, 2, generator=seeded(0))
    whole = kernels.select_robust_k_centre(features, torch.empty(0, 2), 5, seeded(0))
    assert sorted(whole.rows.tolist()) == list(range(5))
    assert (whole.radius, whole.optimal) == (0, True)
    single = kernels.select_robust_k_centre(features[:1], torch.empty(0, 2), 1, seeded(0))
    assert single.rows.tolist() == [0]
    nothing = kernels.select_robust_k_centre(features, features[:1], 0, seeded(0), outliers=2)
    assert nothing.radius == pytest.approx(twin.radius(features.tolist(), features[:1].tolist(), [], 2))
    assert nothing.optimal
    empty = kernels.select_robust_k_centre(features[:0], torch.empty(0, 2), 0, seeded(0))
    assert (len(empty.rows), empty.radius) == (0, 0)
    zeros = kernels.select_robust_k_centre(torch.zeros(6, 2), torch.empty(0, 2), 2, seeded(0))
    assert (zeros.radius, zeros.optimal, len(set(zeros.rows.tolist()))) == (0, True, 2)


def test_the_budget_is_a_share_of_the_rows_and_at_least_one() -> None:
    assert [kernels.outlier_budget(n) for n in (10, 10_000, 50_000)] == [1, 1, 5]
    assert kernels.outlier_budget(200, 0.1) == 20


def test_faults_are_refused() -> None:
    features = torch.zeros(3, 2)
    with pytest.raises(ValueError, match="a batch of 4 rows cannot be chosen from 3 rows"):
        kernels.select_robust_k_centre(features, features, 4, seeded(0))
    with pytest.raises(ValueError, match="a batch of -1 rows"):
        kernels.select_robust_k_centre(features, features, -1, seeded(0))
    with pytest.raises(ValueError, match="outliers -1, candidates 5000, time_limit 600"):
        kernels.select_robust_k_centre(features, features, 1, seeded(0), outliers=-1)
    with pytest.raises(ValueError, match=r"\[3, 2\] and \[1, 5\]"):
        kernels.select_robust_k_centre(features, torch.zeros(1, 5), 1, seeded(0))
    far = torch.tensor([[1.7e308], [0.0]], dtype=torch.float64).expand(2, 3)
    with pytest.raises(ScoreError, match="distance of two rows is not finite"):
        kernels.select_robust_k_centre(far, far[:0], 1, seeded(0), outliers=0)
    features[1, 0] = math.nan
    with pytest.raises(ScoreError, match=r"candidate row 1 is not finite \(1 rows"):
        kernels.select_robust_k_centre(features, torch.zeros(1, 2), 1, seeded(0))
