"""Mean ranks and critical differences against Demšar (2006) and SciPy."""

from __future__ import annotations

import math

import numpy as np
import pytest
from scipy import stats

from al_bench.analysis.statistics.ranks import cliques, ranks


@pytest.mark.parametrize(("arms", "q"), [(2, 1.960), (3, 2.343), (4, 2.569), (5, 2.728), (10, 3.164)])
def test_critical_difference_uses_demsars_table(arms: int, q: float) -> None:
    scores = np.random.default_rng(0).random((14, arms))
    assert ranks(scores).critical == pytest.approx(q * math.sqrt(arms * (arms + 1) / (6 * 14)), rel=5e-4)


def test_demsars_example() -> None:
    # 4 arms on 14 data sets: CD = 2.569 · √(4·5 / (6·14)) = 1.25
    assert ranks(np.random.default_rng(1).random((14, 4))).critical == pytest.approx(1.25, abs=0.005)


def test_ranks_share_ties_and_friedman_is_scipys() -> None:
    scores = np.array([[0.9, 0.8, 0.7], [0.9, 0.9, 0.5], [0.6, 0.8, 0.4], [0.7, 0.6, 0.5]])
    result = ranks(scores)
    assert result.mean == pytest.approx([(1 + 1.5 + 2 + 1) / 4, (2 + 1.5 + 1 + 2) / 4, 3])
    assert result.p == pytest.approx(stats.friedmanchisquare(*scores.T).pvalue)
    assert result.datasets == 4


def test_friedman_needs_three_arms_and_two_datasets() -> None:
    assert math.isnan(ranks(np.array([[0.1, 0.2], [0.1, 0.2]])).p)
    assert math.isnan(ranks(np.array([[0.1, 0.2, 0.3]])).p)
    assert math.isnan(ranks(np.full((3, 3), 0.5)).p)


def test_cliques_are_the_longest_and_none_lies_within_another() -> None:
    assert cliques(np.array([1.0, 1.5, 3.0, 3.2]), 1.0) == ((0, 1), (2, 3))
    assert cliques(np.array([3.2, 1.0, 2.0, 3.0]), 1.5) == ((1, 2), (2, 3, 0))
    assert cliques(np.array([1.0, 2.0, 3.0]), 5) == ((0, 1, 2),)
    assert cliques(np.array([1.0, 3.0]), 1) == ()


def test_nothing_to_rank_is_refused() -> None:
    with pytest.raises(ValueError, match="no ranks of 1 arms"):
        ranks(np.ones((3, 1)))
