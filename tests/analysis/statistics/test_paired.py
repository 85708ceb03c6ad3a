"""Paired differences against SciPy, Holm's own example of steps, and powers from the tables."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from al_bench.analysis.statistics.paired import (
    estimate,
    estimates,
    holm,
    power,
    seeds_needed,
    seeds_range,
    selected_level,
    spread_interval,
)

DIFFERENCES = [0.02, -0.01, 0.03, 0.015, 0.04]


def test_estimate_is_scipys_paired_t_test() -> None:
    ours, theirs = np.array([0.9, 0.87, 0.93, 0.91, 0.95]), np.array([0.88, 0.88, 0.9, 0.895, 0.91])
    expected = stats.ttest_rel(ours, theirs)
    interval = expected.confidence_interval(0.95)
    result = estimate(ours - theirs)
    assert result.n == 5
    assert result.p == pytest.approx(expected.pvalue, rel=1e-12)
    assert (result.low, result.high) == pytest.approx((interval.low, interval.high), rel=1e-12)
    assert result.sd == pytest.approx(np.std(ours - theirs, ddof=1), rel=1e-12)


def test_estimate_worked_by_hand() -> None:
    # mean 2, sd 1, standard error 1/√3, t(0.975, 2) = 4.302653
    result = estimate(np.array([1.0, 2.0, 3.0]))
    assert result.mean == 2
    assert result.sd == 1
    assert result.high == pytest.approx(2 + 4.302653 / math.sqrt(3), abs=1e-6)


def test_every_column_leaves_its_own_gaps_out() -> None:
    differences = np.array([[0.1, np.nan, np.nan], [0.2, 0.1, np.nan], [0.4, 0.3, np.nan]])
    full, partial, none = estimates(differences)
    assert full.p == pytest.approx(stats.ttest_1samp([0.1, 0.2, 0.4], 0).pvalue)
    assert (partial.n, partial.p) == (2, pytest.approx(stats.ttest_1samp([0.1, 0.3], 0).pvalue))
    assert none.n == 0
    assert math.isnan(none.mean)


def test_one_seed_has_a_mean_and_no_interval() -> None:
    result = estimate(np.array([0.1]))
    assert (result.n, result.mean) == (1, 0.1)
    assert all(math.isnan(value) for value in (result.low, result.high, result.sd, result.p))


def test_no_seed_has_nothing() -> None:
    assert math.isnan(estimate(np.array([])).mean)


def test_without_spread_the_p_value_is_zero_or_one() -> None:
    assert estimate(np.array([0.1, 0.1, 0.1])).p == 0
    assert estimate(np.zeros(4)).p == 1
    # 0.3 − 0.2 and 0.1 differ in their last bit only
    assert estimate(np.array([0.3 - 0.2, 0.1, 0.1])).sd == 0


@pytest.mark.parametrize(
    ("differences", "mean", "p"),
    [([0.1, 0.1], 0.1, 0), ([-0.1, -0.1], -0.1, 0), ([0.0, 0.0, 0.0], 0, 1), ([0.1], 0.1, math.nan)],
    ids=["no spread above 0", "no spread below 0", "all 0", "one seed"],
)
def test_estimates_at_the_edges(differences: list[float], mean: float, p: float) -> None:
    result = estimate(np.array(differences))
    assert result.mean == pytest.approx(mean)
    assert result.p == pytest.approx(p, nan_ok=True)


def test_the_p_value_is_that_of_the_one_sample_t_test() -> None:
    assert estimate(np.array(DIFFERENCES)).p == pytest.approx(stats.ttest_1samp(DIFFERENCES, 0).pvalue, rel=1e-12)


def test_holm_worked_by_hand() -> None:
    # sorted 0.005, 0.01, 0.03, 0.04 times 4, 3, 2, 1: 0.02, 0.03, 0.06, 0.04, made monotone
    assert holm([0.01, 0.04, 0.03, 0.005]) == pytest.approx([0.03, 0.06, 0.06, 0.02])


def test_holm_counts_tests_that_were_not_possible() -> None:
    adjusted = holm([0.01, math.nan, 0.03])
    assert adjusted[0] == pytest.approx(0.03)
    assert math.isnan(adjusted[1])
    assert adjusted[2] == pytest.approx(0.06)
    assert holm([]) == []


@given(st.lists(st.floats(0, 1), min_size=1, max_size=12))
def test_holm_lies_between_raw_and_bonferroni_and_keeps_the_order(p_values: list[float]) -> None:
    adjusted = holm(p_values)
    for raw, result in zip(p_values, adjusted, strict=True):
        assert raw <= result <= min(1.0, len(p_values) * raw) + 1e-15
    order = np.argsort(p_values, kind="stable")
    assert (np.diff(np.array(adjusted)[order]) >= 0).all()


@pytest.mark.parametrize(("effect", "pairs"), [(0.2, 199), (0.5, 34), (0.8, 15), (1.0, 10)])
def test_seeds_needed_are_those_of_cohens_tables(effect: float, pairs: int) -> None:
    # Two-sided paired t-test, level 0.05, power 0.80 (G*Power 3: 199, 34, 15, 10).
    assert seeds_needed(effect * 0.01, 0.01) == pairs


def test_power_agrees_with_simulation() -> None:
    generator = np.random.default_rng(0)
    samples = generator.normal(0.01, 0.02, size=(20_000, 12))
    rate = (stats.ttest_1samp(samples, 0, axis=1).pvalue < 0.05).mean()
    assert power(12, 0.01, 0.02) == pytest.approx(rate, abs=0.012)


def test_seeds_needed_at_the_ends() -> None:
    assert seeds_needed(0.01, 0.0) == 3
    assert seeds_needed(0.01, 1e-5) == 3
    assert seeds_needed(0.01, 1e4) == 100_000
    assert seeds_needed(0.01, 0.02, level=0.01) > seeds_needed(0.01, 0.02)
    needed = seeds_needed(0.01, 0.03)
    assert power(needed, 0.01, 0.03) >= 0.8 > power(needed - 1, 0.01, 0.03)


@pytest.mark.parametrize("level", [0.2, 0.05, 0.004])
def test_an_interval_at_another_level_is_scipys(level: float) -> None:
    expected = stats.ttest_1samp(DIFFERENCES, 0).confidence_interval(1 - level)
    assert estimate(np.array(DIFFERENCES)).interval(level) == pytest.approx((expected.low, expected.high), rel=1e-10)


def test_one_seed_has_no_interval_at_any_level() -> None:
    assert all(math.isnan(end) for end in estimate(np.array([0.1])).interval(0.01))


def test_the_level_of_a_selected_interval_is_the_share_of_the_tests_that_are_claimed() -> None:
    assert selected_level(1, 12) == pytest.approx(0.05 / 12)
    assert selected_level(3, 12) == pytest.approx(0.05 / 4)
    assert selected_level(12, 12) == selected_level(0, 0) == 0.05


@given(st.lists(st.floats(1e-9, 0.2), min_size=1, max_size=12))
def test_no_interval_of_a_claim_covers_zero(p_values: list[float]) -> None:
    claimed = [p for p, adjusted in zip(p_values, holm(p_values), strict=True) if adjusted <= 0.05]
    # Student's interval at a level leaves 0 out exactly where p is at most that level.
    assert all(p <= selected_level(len(claimed), len(p_values)) + 1e-15 for p in claimed)


def test_selected_intervals_miss_in_at_most_five_per_cent_of_studies() -> None:
    generator = np.random.default_rng(4)
    samples = 0.8 + generator.standard_normal((2000, 6, 5))  # 6 arms of 5 seeds with a weak effect each
    missed = naive = 0.0
    for study in samples:
        tests = [estimate(arm) for arm in study]
        shown = [test for test, p in zip(tests, holm([test.p for test in tests]), strict=True) if p <= 0.05]
        ends = [test.interval(selected_level(len(shown), 6)) for test in shown]
        missed += np.mean([not low <= 0.8 <= high for low, high in ends]) if shown else 0
        naive += np.mean([not test.low <= 0.8 <= test.high for test in shown]) if shown else 0
    assert missed / 2000 <= 0.05 < naive / 2000


def test_the_interval_of_a_spread_is_that_of_chi_square() -> None:
    low, high = spread_interval(0.02, 5)
    assert 4 * 0.02**2 / low**2 == pytest.approx(stats.chi2.ppf(0.9, 4), rel=1e-12)
    assert 4 * 0.02**2 / high**2 == pytest.approx(stats.chi2.ppf(0.1, 4), rel=1e-12)
    generator = np.random.default_rng(0)
    seen = generator.normal(0, 0.03, size=(4000, 4)).std(axis=1, ddof=1)
    covered = [ends[0] <= 0.03 <= ends[1] for ends in (spread_interval(float(sd), 4) for sd in seen)]
    assert np.mean(covered) == pytest.approx(0.8, abs=0.025)
    with pytest.raises(ValueError, match="no spread is known from 1 seeds"):
        spread_interval(0.02, 1)


def test_the_larger_number_of_seeds_has_the_power_in_nine_of_ten_studies() -> None:
    generator = np.random.default_rng(1)
    enough = 0
    for _ in range(400):
        sd = float(generator.normal(0, 0.02, size=5).std(ddof=1))
        low, high = seeds_range(0.01, sd, 5)
        assert low <= seeds_needed(0.01, sd) <= high
        enough += power(high, 0.01, 0.02) >= 0.8
    assert enough / 400 == pytest.approx(0.9, abs=0.05)
