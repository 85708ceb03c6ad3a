"""The sign test against a count of all outcomes, its interval against SciPy, and what n seeds cannot exclude."""

from __future__ import annotations

import itertools
import math

import numpy as np
import pytest
from scipy import stats

from al_bench.analysis.statistics.sign import exact_share, fewest_seeds, not_excluded, sign_test


def literal_p(n: int, ahead: int) -> float:
    """The share of all 2ⁿ outcomes of n fair coins with as many heads or more."""
    outcomes = list(itertools.product([0, 1], repeat=n))
    return sum(sum(outcome) >= ahead for outcome in outcomes) / len(outcomes)


@pytest.mark.parametrize("n", [1, 3, 5, 8])
def test_the_p_value_is_the_share_of_fair_coins_that_do_as_well(n: int) -> None:
    for ahead in range(n + 1):
        differences = np.array([0.01] * ahead + [-0.02] * (n - ahead))
        assert sign_test(differences).p == pytest.approx(literal_p(n, ahead), rel=1e-12)


@pytest.mark.parametrize(("ahead", "n"), [(0, 5), (3, 5), (5, 5), (17, 20)])
def test_the_interval_is_that_of_clopper_and_pearson(ahead: int, n: int) -> None:
    expected = stats.binomtest(ahead, n).proportion_ci(0.95, method="exact")
    assert exact_share(ahead, n) == pytest.approx((expected.low, expected.high), abs=1e-12)


def test_a_tie_is_a_seed_in_which_the_arm_is_not_ahead() -> None:
    result = sign_test(np.array([0.1, 0.2, 0.0, 0.3 - 0.2 - 0.1, -0.1, np.nan]))
    assert (result.n, result.ahead, result.tied) == (5, 2, 2)
    assert result.p == pytest.approx(literal_p(5, 2))


def test_no_seed_has_no_share() -> None:
    result = sign_test(np.array([]))
    assert result.n == 0
    assert all(math.isnan(value) for value in (result.low, result.high, result.p))


def test_five_seeds_are_the_fewest_of_one_test_and_seven_of_four() -> None:
    assert [fewest_seeds(tests) for tests in (1, 2, 4, 6, 12)] == [5, 6, 7, 7, 8]
    for tests in (1, 2, 3, 4, 5, 6, 12, 26):
        n = fewest_seeds(tests)
        assert tests * literal_p(n, n) <= 0.05 < tests * literal_p(n - 1, n - 1)


@pytest.mark.parametrize(("n", "share"), [(3, 0.63), (5, 0.45), (10, 0.26), (20, 0.14)])
def test_what_was_never_seen_may_be_a_large_share(n: int, share: float) -> None:
    assert not_excluded(0, n) == pytest.approx(1 - 0.05 ** (1 / n), abs=1e-12)
    assert not_excluded(0, n) == pytest.approx(share, abs=0.005)


@pytest.mark.parametrize(("count", "n"), [(1, 5), (2, 20), (4, 5)])
def test_the_bound_is_where_so_few_would_be_seen_in_one_study_of_twenty(count: int, n: int) -> None:
    assert stats.binom.cdf(count, n, not_excluded(count, n)) == pytest.approx(0.05, abs=1e-12)


def test_where_all_collapsed_no_share_is_excluded() -> None:
    assert not_excluded(5, 5) == 1
