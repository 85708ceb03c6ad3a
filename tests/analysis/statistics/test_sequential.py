"""Limits of looks: against their literal twins, and the error of a small simulation of what they are for."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from scipy import stats

from al_bench.analysis.statistics.sequential import chance_at_the_end, sign_limits, spent, t_limits
from tests.reference.sequential import passing, passing_signs

LOOKS = (5, 7, 10, 14, 20)


@pytest.mark.parametrize(("looks", "level"), [(LOOKS, 0.04), (LOOKS, 0.04 / 3), ((7, 10, 14, 20), 0.02)])
def test_the_limits_of_t_spend_what_the_function_says_by_quadrature(looks: tuple[int, ...], level: float) -> None:
    wanted = [spent(level, n / looks[-1]) for n in looks]
    assert passing(looks, t_limits(looks, level)) == pytest.approx(wanted, rel=0.04)


def test_one_look_has_students_quantile() -> None:
    assert t_limits((20,), 0.05)[0] == pytest.approx(stats.t.ppf(0.975, 19))


def test_the_first_limit_is_exact_and_the_last_above_that_of_one_look() -> None:
    limits = t_limits(LOOKS, 0.04, draws=50_000)
    assert limits[0] == pytest.approx(stats.t.ppf(1 - 0.04 / 16 / 2, 4))
    assert limits[-1] > t_limits((20,), 0.04)[0]
    assert all(later < earlier for earlier, later in itertools.pairwise(limits))


@pytest.mark.parametrize("level", [0.05, 0.2])
@pytest.mark.parametrize("looks", [(3, 5, 8), (5, 7, 12), (6,), (1, 2, 3)])
def test_the_limits_of_the_sign_test_are_the_smallest_that_every_outcome_allows(
    looks: tuple[int, ...], level: float
) -> None:
    limits = sign_limits(looks, level)
    wanted = [spent(level, n / looks[-1]) for n in looks]
    assert all(np.array(passing_signs(looks, limits)) <= np.array(wanted) + 1e-12)
    for place in range(len(looks)):
        smaller = (*limits[:place], limits[place] - 1, *(n + 1 for n in looks[place + 1 :]))
        assert passing_signs(looks, smaller)[place] > wanted[place]


def test_looks_without_limits_of_their_own_claim_too_often_and_with_them_they_do_not() -> None:
    generator = np.random.default_rng(3)
    studies = generator.standard_normal((4000, LOOKS[-1]))
    t = np.stack([stats.ttest_1samp(studies[:, :n], 0, axis=1).statistic for n in LOOKS], axis=1)
    naive = np.stack([np.abs(t[:, place]) >= stats.t.ppf(0.975, n - 1) for place, n in enumerate(LOOKS)])
    assert naive.any(axis=0).mean() > 0.1
    held = (np.abs(t) >= np.array(t_limits(LOOKS, 0.05))).any(axis=1).mean()
    assert 0.035 < held < 0.065  # 4 standard errors of 4,000 studies


def test_the_chance_at_the_end_is_that_of_a_simulation_at_the_present_pace() -> None:
    n, last, limit, t = 10, 20, 2.4, 1.5
    z, z_limit = stats.norm.ppf(stats.t.cdf(t, n - 1)), stats.norm.ppf(stats.t.cdf(limit, last - 1))
    pace = z / np.sqrt(n)  # of standard deviations a seed
    ends = z * np.sqrt(n) + np.random.default_rng(0).normal(pace, 1, (200_000, last - n)).sum(axis=1)
    assert chance_at_the_end(t, n, limit, last) == pytest.approx((ends / np.sqrt(last) >= z_limit).mean(), abs=0.005)
    assert chance_at_the_end(float("-inf"), n, limit, last) == 0
    assert chance_at_the_end(float("inf"), n, limit, last) == 1
