"""Stochastic batches: the exact probabilities of ordered draws, limits, zero scores and errors."""

from __future__ import annotations

import itertools
import math

import pytest
import torch

from al_bench import kernels
from al_bench.errors import ScoreError
from tests.kernels.instances import seeded
from tests.reference import committee as twin

SCORES = [0.2, 1.3, 0.7, 0.05]
WEIGHTS = {
    "power": lambda beta: [s**beta for s in SCORES],
    "softmax": lambda beta: [math.exp(beta * s) for s in SCORES],
    "softrank": lambda beta: [r**-beta for r in (3, 1, 2, 4)],
}


@pytest.mark.parametrize("mode", WEIGHTS)
@pytest.mark.parametrize("beta", [0.0, 1.0, 2.0], ids="beta {}".format)
def test_ordered_batches_have_their_exact_probabilities(mode: str, beta: float) -> None:
    draws = 4_000
    scores, generator = torch.tensor(SCORES), seeded(0)
    counts = dict.fromkeys(itertools.permutations(range(4), 2), 0)
    for _ in range(draws):
        first, second = kernels.select_stochastic(scores, 2, mode, beta, generator).tolist()
        counts[first, second] += 1
    chi_square = 0.0
    for order, count in counts.items():
        expected = draws * twin.probability_of_order(WEIGHTS[mode](beta), list(order))
        chi_square += (count - expected) ** 2 / expected
    assert chi_square < 31.26  # the 99.9 % quantile, 11 degrees of freedom


@pytest.mark.parametrize("mode", WEIGHTS)
def test_a_large_beta_takes_the_highest_scores(mode: str) -> None:
    scores = torch.randperm(50, generator=seeded(0)).double()
    rows = kernels.select_stochastic(scores, 10, mode, 1e5, seeded(1))
    assert scores[rows].tolist() == list(range(49, 39, -1))


def test_zero_scores_under_power_are_drawn_last_and_uniformly() -> None:
    scores = torch.tensor([0.0, 1e-30, 0.0, 2.0, 0.0])
    counts = torch.zeros(5)
    generator = seeded(0)
    for _ in range(1_500):
        rows = kernels.select_stochastic(scores, 3, "power", 1.0, generator).tolist()
        assert set(rows[:2]) == {1, 3}
        counts[rows[2]] += 1
    assert counts[[1, 3]].sum() == 0
    assert ((counts[[0, 2, 4]] - 500) ** 2 / 500).sum().item() < 13.82  # 99.9 %, 2 degrees of freedom


def test_equal_scores_are_ranked_at_random() -> None:
    counts = torch.zeros(3)
    generator = seeded(0)
    for _ in range(1_500):
        counts[kernels.select_stochastic(torch.zeros(3), 1, "softrank", 8.0, generator)[0]] += 1
    assert ((counts - 500) ** 2 / 500).sum().item() < 13.82


def test_the_same_generator_gives_the_same_batch_without_duplicates() -> None:
    scores = torch.rand(100, generator=seeded(0))
    for mode in WEIGHTS:
        rows = kernels.select_stochastic(scores, 100, mode, 1.0, seeded(5))
        assert sorted(rows.tolist()) == list(range(100))
        assert torch.equal(kernels.select_stochastic(scores, 100, mode, 1.0, seeded(5)), rows)


def test_faults_are_refused() -> None:
    scores = torch.tensor([0.5, -0.1, 1.0])
    with pytest.raises(ScoreError, match=r"row 1 is -0.1 \(1 rows are bad\); under 'power' it must be a number"):
        kernels.select_stochastic(scores, 1, "power", 1.0, seeded(0))
    with pytest.raises(ScoreError, match=r"row 0 is inf .*must be finite"):
        kernels.select_stochastic(torch.tensor([math.inf]), 1, "softmax", 1.0, seeded(0))
    with pytest.raises(ScoreError, match="row 0 is nan"):
        kernels.select_stochastic(torch.tensor([math.nan]), 1, "power", 1.0, seeded(0))
    with pytest.raises(ValueError, match="must be one of power, softmax, softrank"):
        kernels.select_stochastic(scores, 1, "gumbel", 1.0, seeded(0))
    for beta in (-1.0, math.inf, math.nan):
        with pytest.raises(ValueError, match="at least 0"):
            kernels.select_stochastic(scores, 1, "softmax", beta, seeded(0))
    with pytest.raises(ValueError, match="a batch of 4 rows"):
        kernels.select_stochastic(scores, 4, "softmax", 1.0, seeded(0))
