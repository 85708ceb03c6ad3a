"""The measures of a round against hand-worked cases, literal sums and SciPy."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch
from scipy.stats import binom, entropy

from al_bench.health import measures
from al_bench.health.thresholds import COSINES

# Classes


@pytest.mark.parametrize(("counts", "nats"), [([4, 0, 0], 0.0), ([2, 2, 0], math.log(2)), ([1, 1, 1], math.log(3))])
def test_class_entropy_by_hand(counts, nats):
    assert measures.class_entropy(counts) == pytest.approx(nats, abs=1e-15)


def test_class_entropy_and_kl_are_scipys():
    counts, pool = [5, 0, 3, 2], [50, 10, 20, 40]
    assert measures.class_entropy(counts) == pytest.approx(entropy(counts))
    assert measures.class_kl(counts, pool) == pytest.approx(entropy(counts, pool))


def test_one_class_alone_has_the_kl_of_its_share():
    assert measures.class_kl([7, 0], [25, 75]) == pytest.approx(math.log(4))
    assert measures.class_kl([1, 3], [25, 75]) == 0.0


@pytest.mark.parametrize("pool", [[10, 10, 10], [70, 20, 0, 10], [5]])
@pytest.mark.parametrize("points", [1, 4, 30])
def test_the_mean_kl_of_random_points_is_the_literal_sum(pool, points):
    shares = np.array([count for count in pool if count]) / sum(pool)
    expected = sum(
        binom.pmf(x, points, share) * x / points * math.log(x / points / share)
        for share in shares
        for x in range(1, points + 1)
    )
    assert measures.random_class_kl(points, pool) == pytest.approx(expected, abs=1e-12)


def test_the_mean_kl_of_random_points_is_that_of_simulated_ones():
    generator = np.random.default_rng(0)
    found = [measures.class_kl(generator.multinomial(10, [0.1] * 10), [100] * 10) for _ in range(2000)]
    assert measures.random_class_kl(10, [100] * 10) == pytest.approx(np.mean(found), abs=4 * np.std(found) / 2000**0.5)


def test_the_limit_for_many_points_joins_the_exact_sum():
    pool, many = [30, 20, 50, 0], measures.EXACT
    assert measures.random_class_kl(many + 1, pool) == pytest.approx(measures.random_class_kl(many, pool), rel=2e-3)


# Copies


def test_near_duplicates_by_hand():
    features = torch.tensor([[1.0, 0.0], [0.0, 1.0], [2.0, 0.0], [1.0, 0.1], [0.0, 0.0], [0.0, 0.0]])
    # 1 / √1.01 is 0.9950; rows 2 and 3 repeat row 0, row 5 repeats row 4, and no row repeats one picked after it.
    assert measures.near_duplicates(features, (0.99, 0.999)) == [3 / 6, 2 / 6]


def test_one_row_has_no_copy():
    assert measures.near_duplicates(torch.ones(1, 3), COSINES) == [0.0] * len(COSINES)


@pytest.mark.parametrize("block", [1, 7, 1024])
def test_near_duplicates_are_the_literal_pairs_at_any_block(block):
    generator = torch.Generator().manual_seed(0)
    features = torch.rand(30, 3, generator=generator)
    similar = torch.nn.functional.cosine_similarity(features[:, None].double(), features[None].double(), dim=-1)
    for threshold, share in zip(COSINES, measures.near_duplicates(features, COSINES, block), strict=True):
        again = [any(similar[row, other] >= threshold for other in range(row)) for row in range(30)]
        assert share == pytest.approx(sum(again) / 30)


# Scores


def test_ties_by_hand():
    scores = torch.tensor([3.0, 1.0, 2.0, 2.0, 2.0, 0.0])
    assert measures.tied(scores) == 0.5
    assert measures.drawn_by_lot(scores, 1) == 0.0
    assert measures.drawn_by_lot(scores, 2) == 0.5  # one place for three rows of score 2
    assert measures.drawn_by_lot(scores, 3) == pytest.approx(2 / 3)
    assert measures.drawn_by_lot(scores, 4) == 0.0  # all three have a place
    assert measures.drawn_by_lot(torch.zeros(5), 4) == 1.0


def test_spread_by_hand():
    assert measures.spread(torch.tensor([1.0, 4.0])) == 0.75
    assert measures.spread(torch.tensor([-2.0, 2.0])) == 2.0
    assert measures.spread(torch.full((3,), 0.7)) == 0.0
    assert measures.spread(torch.zeros(3)) == 0.0
