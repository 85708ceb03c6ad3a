"""The selection rule: the twin, ties, determinism, errors."""

from __future__ import annotations

import math

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from al_bench import kernels
from al_bench.errors import ScoreError
from tests.kernels.instances import DTYPES, seeded
from tests.reference import scores as twin


@given(st.lists(st.sampled_from([0.0, -0.0, 0.5, -1.0, 2.0, math.inf, -math.inf])), st.data())
def test_equals_the_twin_with_many_ties(scores: list[float], data: st.DataObject) -> None:
    batch = data.draw(st.integers(0, len(scores)))
    seed = data.draw(st.integers(0, 2**31))
    keys = torch.rand(len(scores), generator=seeded(seed), dtype=torch.float64).tolist()
    for dtype in DTYPES:
        rows = kernels.select_top(torch.tensor(scores, dtype=dtype), batch, seeded(seed))
        assert rows.dtype == torch.int64
        assert rows.tolist() == twin.select_top(scores, keys, batch)


def test_without_ties_the_generator_does_not_matter() -> None:
    scores = torch.randperm(1_000, generator=seeded(0)).float()
    for seed in range(5):
        rows = kernels.select_top(scores, 50, seeded(seed))
        assert scores[rows].tolist() == list(range(999, 949, -1)), f"seed {seed}"


def test_ties_are_broken_by_the_generator_and_uniformly() -> None:
    scores = torch.zeros(6)
    scores[4] = 1.0
    draws = 3_000
    counts = torch.zeros(6)
    generator = seeded(0)
    for _ in range(draws):
        first, second = kernels.select_top(scores, 2, generator).tolist()
        assert first == 4
        counts[second] += 1
    expected = draws / 5
    chi_square = ((counts[[0, 1, 2, 3, 5]] - expected) ** 2 / expected).sum().item()
    assert chi_square < 18.47  # the 99.9 % quantile with 4 degrees of freedom


def test_tie_keys_prefer_no_row() -> None:
    """How often each of nine rows is among the four of lowest key."""
    counts, generator = torch.zeros(9), seeded(0)
    for _ in range(2_000):
        counts[kernels.tie_keys(9, generator).argsort()[:4]] += 1
    expected = 2_000 * 4 / 9
    assert ((counts - expected) ** 2 / expected).sum() < 26.12  # the 99.9 % quantile with 8 degrees of freedom


def test_the_batch_is_a_prefix_of_a_larger_batch() -> None:
    scores = torch.randint(0, 4, (200,), generator=seeded(0)).float()
    whole = kernels.select_top(scores, 200, seeded(1))
    for batch in (0, 1, 17, 60, 199):
        assert torch.equal(kernels.select_top(scores, batch, seeded(1)), whole[:batch])


def test_the_generator_advances_alike_with_and_without_ties() -> None:
    after = []
    for scores in (torch.zeros(50), torch.arange(50.0)):
        generator = seeded(3)
        kernels.select_top(scores, 5, generator)
        after.append(torch.rand(4, generator=generator).tolist())
    assert after[0] == after[1]


def test_faults_are_refused() -> None:
    with pytest.raises(ValueError, match="a batch of 4 rows cannot be chosen from 3 rows"):
        kernels.select_top(torch.zeros(3), 4, seeded(0))
    with pytest.raises(ValueError, match="a batch of -1"):
        kernels.select_top(torch.zeros(3), -1, seeded(0))
    with pytest.raises(ValueError, match=r"\[3, 1\]"):
        kernels.select_top(torch.zeros(3, 1), 1, seeded(0))
    with pytest.raises(ScoreError, match=r"row 1 is NaN \(2 of 4 rows are\)"):
        kernels.select_top(torch.tensor([0.0, math.nan, 1.0, math.nan]), 1, seeded(0))
