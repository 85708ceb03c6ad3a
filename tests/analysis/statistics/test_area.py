"""The area under the budget curve."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.metrics import auc

from al_bench.analysis.statistics.area import area, shared_range

LABELS = np.array([20, 30, 50, 100])


def test_area_is_the_trapezoid_over_the_range() -> None:
    accuracy = np.array([[0.5, 0.7, 0.8, 0.9]])
    assert area(LABELS, accuracy, 20, 100)[0] == pytest.approx(auc(LABELS, accuracy[0]) / 80)
    # by hand: 10·0.6 + 20·0.75 + 50·0.85 = 63.5
    assert area(LABELS, accuracy, 20, 100)[0] == pytest.approx(63.5 / 80)


def test_a_flat_curve_has_its_accuracy() -> None:
    flat = np.full((2, 4), 0.83)
    assert area(LABELS, flat, 20, 100) == pytest.approx([0.83, 0.83])
    assert area(LABELS, flat, 25, 70, log=True) == pytest.approx([0.83, 0.83])


def test_the_ends_are_interpolated() -> None:
    accuracy = np.array([[0.5, 0.7, 0.8, 0.9]])
    # from 25 (0.6) over 30 (0.7) to 40 (0.75): 5·0.65 + 10·0.725 = 10.5
    assert area(LABELS, accuracy, 25, 40)[0] == pytest.approx(10.5 / 15)


def test_the_log_scale_weighs_doublings_alike() -> None:
    labels = np.array([10, 20, 40])
    accuracy = np.array([[0.0, 1.0, 1.0]])
    assert area(labels, accuracy, 10, 40, log=True)[0] == pytest.approx(0.75)
    assert area(labels, accuracy, 10, 40)[0] == pytest.approx(25 / 30)


def test_gaps_are_bridged_and_short_curves_have_no_area() -> None:
    accuracy = np.array([[0.5, np.nan, 0.8, 0.9], [0.5, 0.7, 0.8, np.nan], [np.nan] * 4])
    areas = area(LABELS, accuracy, 20, 100)
    assert areas[0] == pytest.approx((30 * 0.65 + 50 * 0.85) / 80)
    assert np.isnan(areas[1:]).all()


def test_no_area_over_nothing() -> None:
    with pytest.raises(ValueError, match="no area between 20 and 20"):
        area(LABELS, np.ones((1, 4)), 20, 20)
    with pytest.raises(ValueError, match="log scale"):
        area(np.array([0, 10]), np.ones((1, 2)), 0, 10, log=True)


def test_a_log_scale_leaves_round_zero_without_labels() -> None:
    labels = np.array([0, 10, 20])
    assert area(labels, np.array([[0.1, 0.5, 0.5]]), 10, 20, log=True) == pytest.approx([0.5])
    assert np.isnan(area(labels, np.array([[0.1, 0.5, 0.5]]), 5, 20, log=True)).all()


def test_shared_range_is_where_every_seed_was() -> None:
    early = np.array([[0.5, 0.7, 0.8, 0.9], [np.nan, 0.7, 0.8, 0.9]])
    other = np.array([[0.5, 0.7, 0.8, np.nan]])
    assert shared_range(LABELS, [early, other]) == (30, 50)
    apart = [np.array([[0.1, 0.2, np.nan, np.nan]]), np.array([[np.nan, np.nan, 0.1, 0.2]])]
    assert shared_range(LABELS, apart) is None
    assert shared_range(LABELS, []) is None
