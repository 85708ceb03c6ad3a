"""The penalty matrix by the BADGE paper's definition, worked by hand and written out a second time."""

from __future__ import annotations

import math

import numpy as np
import pytest
from scipy import stats

from al_bench.analysis.statistics.penalty import Penalty, cdf, normalised_errors, penalty, penalty_budgets, total

SEEDS = tuple(range(5))


def test_budgets_double_until_random_saturates() -> None:
    labels = list(range(100, 1001, 50))
    rising = np.linspace(0.5, 0.9, len(labels))
    # 100, then 100 + 50, 100, 200, 400, 800; at 900 Random has 0.8556 <= 0.891
    assert penalty_budgets(labels, 50, rising) == [100, 150, 200, 300, 500, 900]
    early = np.where(np.array(labels) < 300, 0.5, 0.9)
    assert penalty_budgets(labels, 50, early) == [100, 150, 200]
    assert penalty_budgets(labels, 50, np.full(len(labels), 0.9)) == [100]  # the first stands whatever Random does
    assert penalty_budgets(labels, 50, None) == [100, 150, 200, 300, 500, 900]


def test_exactly_99_percent_still_counts() -> None:
    assert penalty_budgets([10, 20, 30], 10, np.array([0.5, 0.99, 1.0])) == [10, 20]


def test_counts_without_evaluation_are_passed_over() -> None:
    assert penalty_budgets([100, 200, 300, 500], 50, None) == [100, 200, 300, 500]


def test_a_win_at_one_budget_of_two_is_half() -> None:
    noise = np.array([0.0, 0.01, -0.01, 0.02, -0.02])
    random = np.stack([0.5 + noise, 0.6 + noise, 0.9 + noise], axis=1)
    better = random + np.stack([noise[::-1] * 0, 0.1 + noise / 10, np.zeros(5)], axis=1)
    result = penalty([random, better], [SEEDS, SEEDS], [10, 20, 30], 10, random=0)
    # Random's mean 0.5, 0.6, 0.9: 10 and 20 count, 30 is past 0.99 of its final accuracy.
    assert result.budgets == (10, 20)
    assert result.matrix.tolist() == [[0, 0], [0.5, 0]]
    assert result.beaten.tolist() == [0.25, 0]
    assert result.seeds == (5, 5)


def test_it_is_the_definition_written_out() -> None:
    generator = np.random.default_rng(3)
    labels = [100 + 20 * column for column in range(11)]
    accuracy = [np.clip(0.5 + 0.03 * arm + generator.normal(0, 0.04, (5, 11)), 0, 1) for arm in range(4)]
    accuracy[0] = np.sort(accuracy[0], axis=1)
    result = penalty(accuracy, [SEEDS] * 4, labels, 20, random=0)
    assert len(result.budgets) >= 2
    for i in range(4):
        for j in range(4):
            wins = 0.0
            for budget in result.budgets:
                column = labels.index(budget)
                d = (1 - accuracy[i][:, column]) - (1 - accuracy[j][:, column])
                t = math.sqrt(5) * d.mean() / d.std(ddof=1) if i != j else 0.0
                wins += (t < -2.776) / len(result.budgets)
            assert result.matrix[i, j] == pytest.approx(wins)
    assert result.matrix.max() > 0


def test_no_spread_with_a_difference_is_a_win_and_a_tie_is_none() -> None:
    rows = np.full((3, 1), 0.8)
    result = penalty([rows, rows - 0.1, rows], [SEEDS[:3]] * 3, [10], 10, random=None)
    assert result.matrix.tolist() == [[0, 1, 0], [0, 0, 0], [0, 1, 0]]


def test_the_critical_value_follows_the_number_of_seeds() -> None:
    # t = √3 · 0.03/0.0115 = 4.5 beats 4.303 (n = 3); with t = 4.2 it does not, though 2.776 would let it.
    base = np.full((3, 1), 0.5)
    for t, wins in ((4.5, 1.0), (4.2, 0.0)):
        d = np.array([-1.0, 0.0, 1.0])[:, None] + t / math.sqrt(3)
        assert stats.ttest_1samp(d[:, 0], 0).statistic == pytest.approx(t)
        assert penalty([base, base + d / 100], [SEEDS[:3]] * 2, [10], 10, None).matrix[1, 0] == wins


def test_pairs_are_by_seed_whatever_the_order() -> None:
    values = np.array([[0.5], [0.6], [0.7]])
    result = penalty([values, values[::-1] + 0.01], [(0, 1, 2), (2, 1, 0)], [10], 10, None)
    assert result.matrix[1, 0] == 1


def test_fewer_than_two_shared_seeds_cannot_be_tested() -> None:
    rows = np.full((1, 2), 0.5)
    result = penalty([rows, rows + 0.1], [(0,), (0,)], [10, 20], 10, 0)
    assert np.isnan(result.matrix[0, 1])
    assert np.isnan(result.beaten).all()
    assert result.seeds == (0, 0)


def test_no_shared_label_count_is_no_budget() -> None:
    result = penalty([np.array([[0.5, np.nan]] * 3), np.array([[np.nan, 0.5]] * 3)], [SEEDS[:3]] * 2, [10, 20], 10, 0)
    assert result.budgets == ()


def test_settings_add_up() -> None:
    nan = math.nan
    rows = Penalty(np.array([[0, 0.5], [nan, 0]]), 1, (10, 20), (5, 5))
    other = Penalty(np.array([[0, 1.0], [nan, 0]]), 1, (10,), (3, 5))
    both = total([rows, other])
    assert both.settings == 2
    assert both.seeds == (3, 5)
    assert both.matrix[0, 1] == 1.5
    assert np.isnan(both.matrix[1, 0])


def test_normalised_errors_and_their_cdf() -> None:
    random = np.array([[0.6, 1.0], [0.8, 1.0]])  # errors 0.3, 0
    arm = np.array([[0.8, 0.9], [0.9, 0.9]])  # errors 0.15, 0.1
    errors = normalised_errors([random, arm], random)
    assert errors[:, 0] == pytest.approx([1, 0.5])
    assert np.isnan(errors[:, 1]).all()  # Random makes no error: no quotient
    assert cdf(np.array([0.5, 0.9, 1.0, 1.3, math.nan]), [0.4, 0.5, 1.0, 1.2, 2]).tolist() == [0, 0.25, 0.75, 0.75, 1]
    assert np.isnan(cdf(np.array([math.nan]), [1.0])).all()
