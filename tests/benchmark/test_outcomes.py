"""Numbers of a setting against literal twins, and the table's advice on planted outcomes."""

from __future__ import annotations

import math

import numpy as np
import pytest
from scipy import stats

from al_bench.benchmark.answer import advise, best, table, validate
from al_bench.benchmark.outcomes import SettingOutcome, StrategyOutcome, labels_ratio
from al_bench.benchmark.paper_claims import PaperClaim, effect, verdict
from al_bench.benchmark.tables import labels_saved, points, rank_table, share, shares_table


def planted(dataset, kind, regime, gains, stress="", ratio=1.0):
    """A setting in which each strategy has these gains, the same under both seeds but for half a point."""
    strategies = {
        name: StrategyOutcome(
            name, 2, np.array([50.0, 51.0]) + value, np.array([value - 0.5, value + 0.5]), ratio, 0.1, 2.0**20
        )
        for name, value in ({"random": 0.0} | gains).items()
    }
    return SettingOutcome(dataset, kind, regime, stress, strategies, 2 * len(strategies))


def test_labels_ratio_where_both_reach_the_lower_end():
    labels = np.array([10.0, 20, 30, 40])
    arm, random = np.array([0.5, 0.7, 0.8, 0.9]), np.array([0.5, 0.6, 0.7, 0.8])
    assert labels_ratio(labels, arm, random) == pytest.approx(30 / 40)
    assert labels_ratio(labels, random, arm) == pytest.approx(40 / 30)


def test_labels_ratio_interpolates_and_makes_curves_monotone():
    labels = np.array([10.0, 20, 30])
    arm, random = np.array([0.5, 0.7, 0.6]), np.array([0.5, 0.55, 0.6])
    fit = [0.5, 0.65, 0.65]  # least squares: the last two change places, so they are pooled
    crossed = 10 + 10 * (0.6 - fit[0]) / (fit[1] - fit[0])
    assert labels_ratio(labels, arm, random) == pytest.approx(crossed / 30)


def test_the_best_strategy_is_that_of_the_largest_mean_gain_of_those_run_everywhere():
    settings = [
        planted("a", "table", "low", {"margin": 2.0, "badge": 1.0, "bald": 9.0}),
        planted("b", "table", "low", {"margin": 0.0, "badge": 2.0}),
    ]
    assert best(settings) == "badge"
    assert best([]) is None


def test_a_cell_advises_by_its_own_kind_and_else_by_its_regime():
    settings = [
        planted("a", "table", "low", {"margin": 3.0, "badge": 0.0}),
        planted("b", "text", "low", {"margin": 0.0, "badge": 1.0}),
        planted("c", "text", "low", {"margin": 9.0, "badge": 0.0}, stress="shift"),
    ]
    assert advise(settings, "table", "low") == "margin"
    assert advise(settings, "text", "low") == "badge"
    assert advise(settings, "image", "low") == "margin"
    assert advise(settings, "image", "high") is None


def test_the_table_has_intervals_over_data_sets():
    settings = [planted(name, "table", "low", {"margin": m, "badge": 4.0}) for name, m in (("a", 1.0), ("b", 3.0))]
    advice = table(settings)["table", "low"]
    assert advice.strategy == "badge"
    half = stats.t.ppf(0.975, 1) * math.sqrt(2) / math.sqrt(2)
    assert (advice.over_margin.low, advice.over_margin.high) == pytest.approx((2 - half, 2 + half))


def test_a_data_set_left_out_has_no_part_in_its_advice():
    settings = [
        planted("a", "table", "low", {"margin": 1.0, "badge": 9.0}),
        planted("b", "table", "low", {"margin": 2.0, "badge": 0.0}),
        planted("c", "table", "low", {"margin": 2.0, "badge": 1.0}),
    ]
    checked = validate(settings)
    assert checked.advised == {("a", "low"): "margin", ("b", "low"): "badge", ("c", "low"): "badge"}
    assert checked.n == 3
    assert checked.regret.mean == pytest.approx(np.mean([8.0, 2.0, 1.0]))
    assert checked.margin_regret.mean == pytest.approx(np.mean([8.0, 0.0, 0.0]))
    assert checked.random_regret.mean == pytest.approx(np.mean([9.0, 2.0, 2.0]))
    assert checked.over_margin.mean == pytest.approx(np.mean([0.0, -2.0, -1.0]))


def test_the_regimes_of_a_data_set_count_once():
    settings = [
        planted("a", "table", "low", {"margin": 1.0}),
        planted("a", "table", "high", {"margin": 3.0}),
        planted("b", "table", "low", {"margin": 2.0}),
        planted("b", "table", "high", {"margin": 2.0}),
    ]
    assert validate(settings).n == 2
    claim = effect(PaperClaim("", "", "margin", "random"), settings)
    assert (claim.n, claim.mean, claim.low, claim.high) == pytest.approx((2, 2.0, 2.0, 2.0))


@pytest.mark.parametrize(
    ("gains", "expected"),
    [
        ((2.0, 2.1, 2.2), "holds here"),
        ((-2.0, -2.1, -2.2), "the opposite holds here"),
        ((3.0, -3.0, 0.5), "not shown here"),
    ],
)
def test_a_claim_is_judged_by_its_interval(gains, expected):
    settings = [planted(str(number), "table", "low", {"cal": value}) for number, value in enumerate(gains)]
    assert verdict(effect(PaperClaim("", "", "cal", "random"), settings)) == expected
    assert verdict(effect(PaperClaim("", "", "cal", "random"), settings[:2])) == "too few data sets"


def test_labels_saved_is_a_geometric_mean():
    settings = [planted(name, "table", "low", {"margin": 1.0}, ratio=ratio) for name, ratio in (("a", 0.5), ("b", 0.8))]
    text = labels_saved(settings, "margin")
    assert text.startswith(f"{100 * (1 - math.sqrt(0.4)):+.0f} [")
    assert labels_saved(settings[:1], "margin") == "+50 (n = 1, no interval)"


def test_no_number_without_an_interval():
    assert points(planted("a", "table", "low", {"margin": 1.0}).strategies["margin"].gain).startswith("+1.0 [-5.4")
    assert share(1, 2) == "50 % [1, 99]"
    settings = [planted(name, "table", "low", {"margin": 1.0, "badge": 2.0}) for name in "abc"]
    rows = shares_table(settings).rows
    assert [row[0] for row in rows] == ["badge", "margin"]
    assert all("[" in cell for row in rows for cell in row[2:])
    ranked = rank_table(settings)
    assert ranked is not None
    assert [row[:2] for row in ranked[0].rows] == [("badge", "1.0"), ("margin", "2.0"), ("random", "3.0")]
    assert "n = 3 data sets" in ranked[1]
