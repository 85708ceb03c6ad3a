"""Forecasts and their intervals: the scale against its definition, crossings against the band, planted curves."""

from __future__ import annotations

import math

import numpy as np
import pytest

from al_bench.analysis.forecast import Forecast, Seen, lead
from al_bench.analysis.forecast_calibration import Calibration, Leads, Scores, calibration

LABELS = np.arange(40.0, 240.0, 40.0)
TOP = 0.9 - 0.5 * np.exp(-LABELS / 120)


def promising(low: float = -1.0, high: float = 2.0, coverage: float = 0.9) -> Calibration:
    """A calibration that promises what is asked for."""
    covered = {"30": coverage, "50": coverage}
    scores = [Scores(audit, 1, 100, low, high, covered, covered) for audit in (False, True)]
    return Calibration(0.9, scores, [Leads(0.0, 10, 0.3, 0.6), Leads(2.0, 10, 0.7, 0.9)], 10, 5)


def test_the_scale_is_made_of_noise_disagreement_and_gain():
    forecast = Forecast.of(Seen(LABELS, TOP, seeds=4, items=50))
    (centre,), (now,) = forecast.centre(np.array([300.0])), forecast.centre(np.array([200.0]))
    three = [float(row[0]) for row in forecast.fitted.each(np.array([300.0]))]
    mean = sum(three) / 3
    disagreement = math.sqrt(sum((value - mean) ** 2 for value in three) / 3)
    noise = math.sqrt(0.005**2 + 0.02**2 / 4 + TOP[-1] * (1 - TOP[-1]) / 50)
    expected = math.sqrt(noise**2 + disagreement**2 + ((centre - now) / 2) ** 2)
    assert forecast.scale(np.array([300.0]))[0] == pytest.approx(expected)
    low, high = forecast.band(np.array([300.0]), promising())
    assert low[0] == pytest.approx(centre - expected)
    assert high[0] == pytest.approx(min(1, centre + 2 * expected))


def test_an_audit_that_is_all_right_is_not_without_noise():
    assert Seen(LABELS, np.ones(5), items=20).noise > 0.03


def test_a_crossing_is_where_the_band_crosses():
    forecast, made = Forecast.of(Seen(LABELS, TOP, seeds=3)), promising()
    crossing = forecast.crossing(0.83, made)
    assert 200 <= crossing.low <= crossing.labels <= crossing.high
    for labels, end in ((crossing.low, 2), (crossing.labels, 0)):
        assert forecast.at(labels, made)[end] >= 0.83 - 1e-9
        assert forecast.at(labels - 1.01, made)[end] < 0.83


def test_a_planted_curve_is_within_its_interval_and_its_crossing_too():
    made = calibration()
    later = np.array([260.0, 320.0, 400.0])
    forecast = Forecast.of(Seen(LABELS, TOP, seeds=5))
    low, high = forecast.band(later, made)
    truth = 0.9 - 0.5 * np.exp(-later / 120)
    assert ((low <= truth) & (truth <= high)).all()
    crossing = forecast.crossing(float(truth[1]), made)
    assert crossing.low <= 320 <= crossing.high


def test_nothing_is_said_beyond_twice_the_labels_seen():
    forecast = Forecast.of(Seen(LABELS, TOP))
    assert forecast.farthest == 400
    with pytest.raises(ValueError, match="beyond the farthest forecast"):
        forecast.at(401, promising())
    assert forecast.crossing(0.999, promising(high=0.0)).labels == math.inf


def test_two_label_counts_are_too_few():
    with pytest.raises(ValueError, match="3 are needed"):
        Forecast.of(Seen(LABELS[:2], TOP[:2]))


def test_a_calibration_takes_the_seeds_that_are_not_more():
    scores = [Scores(False, seeds, 1, -seeds, seeds, {"50": 0.9}, {"50": 0.1}) for seeds in (1, 3, 10)]
    made = Calibration(0.9, scores, [Leads(0.0, 1, 0.5, 0.5)], 1, 1)
    assert [made.quantiles(seeds, False) for seeds in (1, 2, 4, 20)] == [(-1, 1), (-1, 1), (-3, 3), (-10, 10)]


def test_nothing_is_promised_where_either_share_covered_too_little():
    scores = [Scores(False, 1, 1, -1, 1, {"30": 0.79, "50": 0.95}, {"30": 0.1, "50": 0.1})]
    assert not Calibration(0.9, scores, [Leads(0.0, 1, 0.5, 0.5)], 1, 1).promises(1, False)
    assert promising(coverage=0.8).promises(1, False)


def test_a_lead_is_in_standard_errors_over_seeds():
    paired = np.array([0.01, 0.02, 0.03])
    assert lead(0.02, paired) == pytest.approx(0.02 / math.sqrt(0.01**2 / 3 + 0.002**2))
    assert [promising().leads_of(size).stayed for size in (0.0, 1.9, 2.0, 9.0)] == [0.3, 0.3, 0.7, 0.7]
