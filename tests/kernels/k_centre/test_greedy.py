"""Greedy k-centre against all pairs of distances, in hard precision, with ties and with no labelled point."""

from __future__ import annotations

import math

import pytest
import torch

from al_bench import kernels
from al_bench.errors import ScoreError
from tests.kernels.instances import DTYPES, seeded
from tests.reference import k_centre as twin


def keys_of(rows: int, seed: int) -> list[float]:
    return torch.rand(rows, generator=seeded(seed), dtype=torch.float64).tolist()


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("labelled_count", [0, 1, 7], ids="{} labelled".format)
def test_equals_all_pairs(dtype: torch.dtype, labelled_count: int) -> None:
    for seed in range(40):
        size, dimensions, batch = 12 + seed % 5, 1 + seed % 6, 1 + seed % 12
        features = torch.randn(size, dimensions, generator=seeded(seed), dtype=dtype)
        if seed % 4 == 0:
            features = features.round()  # a grid: many rows are equally far, some are the same
        if seed % 4 == 1:
            features = features + 3_000  # far from the origin: |x|² − 2 x·c + |c|² alone would cancel
        labelled = torch.randn(labelled_count, dimensions, generator=seeded(seed + 99), dtype=dtype)
        if seed % 4 == 0:
            labelled = labelled.round()
        result = kernels.select_k_centre(features, labelled, batch, seeded(seed), chunk=5)
        rows, radii = twin.select_k_centre(features.tolist(), labelled.tolist(), batch, keys_of(size, seed))
        assert result.rows.tolist() == rows, f"seed {seed}"
        assert result.radii.tolist() == pytest.approx(radii, rel=1e-12), f"seed {seed}"


def test_near_ties_in_float32_are_decided_in_float64() -> None:
    """Rows on a sphere around the only centre, their distances apart by one part in 1e7."""
    directions = torch.randn(300, 20, generator=seeded(0), dtype=torch.float64)
    directions /= directions.norm(dim=1, keepdim=True)
    features = (directions + 50).float()
    labelled = torch.full((1, 20), 50.0)
    result = kernels.select_k_centre(features, labelled, 6, seeded(1))
    rows, radii = twin.select_k_centre(features.tolist(), labelled.tolist(), 6, keys_of(300, 1))
    assert result.rows.tolist() == rows
    assert result.radii.tolist() == pytest.approx(radii, rel=1e-12)


def test_hand_worked_on_a_line() -> None:
    """Labelled at 0; rows 1, 4, 10: first 10, then 4 (4 from 0), then 1; radii 4, 1, 0."""
    result = kernels.select_k_centre(torch.tensor([[1.0], [4.0], [10.0]]), torch.zeros(1, 1), 3, seeded(0))
    assert result.rows.tolist() == [2, 1, 0]
    assert result.radii.tolist() == [4.0, 1.0, 0.0]


def test_the_first_centre_is_uniform_without_labelled_points() -> None:
    counts = torch.zeros(5)
    generator = seeded(0)
    for _ in range(2_000):
        counts[kernels.select_k_centre(torch.randn(5, 2), torch.empty(0, 2), 1, generator).rows[0]] += 1
    assert ((counts - 400) ** 2 / 400).sum().item() < 18.47  # the 99.9 % quantile, 4 degrees of freedom


def test_copies_are_all_picked_once() -> None:
    result = kernels.select_k_centre(torch.ones(6, 3), torch.ones(2, 3), 6, seeded(0))
    assert sorted(result.rows.tolist()) == list(range(6))
    assert result.radii.tolist() == [0.0] * 6


def test_twice_the_best_radius_is_never_exceeded() -> None:
    """Gonzalez's guarantee: with k clusters of radius r and k picks the covering radius is at most 2r."""
    centres = 100 * torch.randn(8, 10, generator=seeded(0))
    offsets = torch.randn(400, 10, generator=seeded(1))
    offsets /= offsets.norm(dim=1, keepdim=True)
    features = centres.repeat(50, 1) + offsets
    result = kernels.select_k_centre(features, torch.empty(0, 10), 8, seeded(0))
    assert sorted((result.rows % 8).tolist()) == list(range(8))
    assert result.radii[-1] <= 2 + 1e-4
    assert (result.radii.diff() <= 0).all()


def test_faults_are_refused() -> None:
    features = torch.zeros(3, 2)
    with pytest.raises(ValueError, match="a batch of 4 rows cannot be chosen from 3 rows"):
        kernels.select_k_centre(features, features, 4, seeded(0))
    with pytest.raises(ValueError, match=r"\[3, 2\] and \[1, 5\]"):
        kernels.select_k_centre(features, torch.zeros(1, 5), 1, seeded(0))
    features[1, 0] = math.nan
    with pytest.raises(ScoreError, match=r"candidate row 1 is not finite \(1 rows"):
        kernels.select_k_centre(features, torch.zeros(1, 2), 1, seeded(0))
    assert len(kernels.select_k_centre(torch.zeros(0, 2), torch.zeros(0, 2), 0, seeded(0)).rows) == 0


@pytest.mark.parametrize("power", [62, 66, 100, -90], ids="2^{}".format)
def test_features_whose_squares_leave_float32_have_the_same_batch(power: int) -> None:
    features, labelled = torch.randn(40, 4, generator=seeded(1)), torch.randn(3, 4, generator=seeded(2))
    expected = kernels.select_k_centre(features, labelled, 9, seeded(0))
    scaled = kernels.select_k_centre(features * 2.0**power, labelled * 2.0**power, 9, seeded(0))
    assert scaled.rows.tolist() == expected.rows.tolist()
    assert scaled.radii.tolist() == pytest.approx([radius * 2.0**power for radius in expected.radii.tolist()])
