"""Labels saved: crossings of monotone fits, the interval, and censored seeds."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats
from sklearn.isotonic import IsotonicRegression

from al_bench.analysis.statistics.savings import crossings, max_fitted, saved

LABELS = np.array([20, 30, 40, 50])
ENDS = np.full(3, 50.0)


def test_crossing_is_interpolated() -> None:
    rising = np.array([[0.5, 0.7, 0.8, 0.9]])
    assert crossings(LABELS, rising, [0.5, 0.6, 0.7, 0.75, 0.9]) == pytest.approx(np.array([[20, 25, 30, 35, 50]]))
    assert crossings(LABELS, rising, [0.91])[0, 0] == math.inf
    assert crossings(LABELS, rising, [0.4])[0, 0] == 20  # reached at once


def test_a_lucky_evaluation_is_no_crossing() -> None:
    # 0.9 at 30 labels and 0.7 at 40 pool to 0.8 at both: 0.85 is crossed between 40 and 50, not at 30
    lucky = np.array([[0.5, 0.9, 0.7, 0.9]])
    assert crossings(LABELS, lucky, [0.85])[0, 0] == pytest.approx(45)


def test_an_end_above_the_target_by_luck_is_pooled_too() -> None:
    assert crossings(LABELS, np.array([[0.5, 0.9, 0.6, 0.6]]), [0.8])[0, 0] == math.inf


def test_gaps_are_left_out() -> None:
    gaps = np.array([[0.5, np.nan, 0.8, np.nan], [np.nan] * 4])
    crossed = crossings(LABELS, gaps, [0.65])
    assert crossed[0, 0] == pytest.approx(30)
    assert math.isnan(crossed[1, 0])


def test_no_labels_are_at_least_one() -> None:
    assert crossings(np.array([0, 10]), np.array([[0.5, 0.6]]), [0.4])[0, 0] == 1


def test_a_saving_has_an_interval_at_any_level() -> None:
    arm, base = np.array([70.0, 66.0, 75.0]), np.array([100.0, 102.0, 98.0])
    saving = saved(0.9, arm, base, ENDS, ENDS)
    expected = stats.ttest_1samp(np.log(arm / base), 0).confidence_interval(0.99)
    assert saving.interval(0.01) == pytest.approx((1 - math.exp(expected.high), 1 - math.exp(expected.low)))
    assert saving.interval(0.05) == pytest.approx((saving.low, saving.high))
    censored = saved(0.9, np.array([math.inf, 66.0, 75.0]), base, ENDS, ENDS)
    assert all(math.isnan(end) for end in censored.interval(0.01))


@given(st.lists(st.floats(0.1, 1), min_size=2, max_size=12), st.floats(0.1, 1))
def test_crossing_agrees_with_the_fit_of_scikit_learn(values: list[float], target: float) -> None:
    labels = np.arange(len(values)) * 10 + 20
    fit = IsotonicRegression().fit(labels, values)
    crossed = crossings(labels, np.array([values]), [target])[0, 0]
    assert max_fitted(np.array([values]))[0] == pytest.approx(fit.predict([labels[-1]])[0])
    if math.isinf(crossed):
        assert fit.predict([labels[-1]])[0] < target
    else:
        assert fit.predict([crossed])[0] >= target - 1e-6


def test_saving_is_the_t_interval_of_the_log_ratio() -> None:
    arm, base = np.array([70.0, 66.0, 75.0]), np.array([100.0, 102.0, 98.0])
    saving = saved(0.9, arm, base, ENDS, ENDS)
    expected = stats.ttest_1samp(np.log(arm / base), 0)
    interval = expected.confidence_interval(0.95)
    assert saving.exact
    assert saving.saved == pytest.approx(1 - stats.gmean(arm / base))
    assert (saving.low, saving.high) == pytest.approx((1 - math.exp(interval.high), 1 - math.exp(interval.low)))
    assert saving.low < saving.saved < saving.high
    assert saving.p == pytest.approx(expected.pvalue)


def test_a_censored_baseline_bounds_the_saving_from_below() -> None:
    saving = saved(0.9, np.array([25.0, 30.0, 40.0]), np.array([math.inf, 45.0, math.inf]), ENDS, ENDS)
    # at least 1 − 25/50, exactly 1 − 30/45, at least 1 − 40/50
    assert saving.censored == (2, 0, 0)
    assert not saving.exact
    assert math.isnan(saving.saved)
    assert math.isnan(saving.low)
    assert math.isnan(saving.p)
    assert saving.at_least == pytest.approx(1 / 3)
    assert saving.at_most == 1


def test_a_censored_arm_bounds_it_from_above() -> None:
    saving = saved(0.9, np.array([math.inf, 45.0, math.inf]), np.array([25.0, 30.0, 40.0]), ENDS, ENDS)
    assert saving.censored == (0, 2, 0)
    assert saving.at_least == -math.inf
    assert saving.at_most == pytest.approx(1 - 45 / 30)


def test_both_censored_say_nothing() -> None:
    nowhere = np.full(3, math.inf)
    saving = saved(0.9, nowhere, nowhere, ENDS, ENDS)
    assert saving.censored == (0, 0, 3)
    assert (saving.at_least, saving.at_most) == (-math.inf, 1)


def test_an_even_number_of_censored_seeds_takes_the_cautious_median() -> None:
    ends = np.full(2, 50.0)
    saving = saved(0.9, np.array([10.0, 25.0]), np.array([math.inf, math.inf]), ends, ends)
    assert saving.at_least == pytest.approx(0.5)


def test_no_shared_seed_is_no_saving() -> None:
    nothing = np.array([])
    saving = saved(0.9, nothing, nothing, nothing, nothing)
    assert (saving.n, saving.exact) == (0, False)
    assert math.isnan(saving.saved)
