"""Axes that are stretched near the best value: their scale, when they are chosen, and what they say."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from al_bench.analysis.figures.curves import draw_curves
from al_bench.analysis.figures.value_axis import choose_axis
from al_bench.analysis.studies import studies
from al_bench.errors import InputError
from al_bench.metrics import METRICS, Metric
from tests.analysis.records import write_run

ACCURACY, NLL = METRICS["accuracy"], METRICS["nll"]
NEAR = [np.array([0.5, 0.9, 0.96])]


def test_equal_ratios_of_errors_are_equal_steps_up():
    axis = choose_axis("error", ACCURACY, [], False)
    places = axis.forward(np.array([90.0, 95.0, 97.5, 99.0]))
    assert np.diff(places)[:2] == pytest.approx([np.log10(2), np.log10(2)])
    assert (np.diff(places) > 0).all()
    assert axis.inverse(places) == pytest.approx([90, 95, 97.5, 99])


def test_an_accuracy_of_one_has_a_place():
    axis = choose_axis("error", ACCURACY, [], False)
    assert np.isfinite(axis.forward(np.array([100.0]))).all()
    assert axis.forward(np.array([100.0]))[0] > axis.forward(np.array([99.9]))[0]


def test_an_error_of_zero_is_drawn_at_half_a_test_points():
    axis = choose_axis("error", ACCURACY, [], False, resolution=1 / 50)
    assert axis.forward(np.array([100.0])) == pytest.approx(axis.forward(np.array([99.0])))


def test_a_loss_has_a_plain_logarithmic_axis():
    axis = choose_axis("error", NLL, [], False)
    assert axis.forward(np.array([0.01, 0.1, 1.0])) == pytest.approx([-2, -1, 0])
    assert axis.note == "log scale"


def test_a_logit_axis_treats_both_ends_alike():
    axis = choose_axis("logit", ACCURACY, [], False)
    places = axis.forward(np.array([1.0, 50.0, 99.0]))
    assert places == pytest.approx([-np.log10(99), 0, np.log10(99)])
    assert axis.inverse(places) == pytest.approx([1, 50, 99])


@pytest.mark.parametrize(
    ("metric", "values", "published", "chosen"),
    [
        (ACCURACY, NEAR, False, True),
        (ACCURACY, NEAR, True, False),
        (ACCURACY, [np.array([0.5, 0.9, 0.94])], False, False),
        (ACCURACY, [np.array([0.95, 0.96])], False, False),
        (ACCURACY, [np.array([np.nan, 0.5, 1.0])], False, True),
        (NLL, [np.array([1.0, 0.01])], False, False),
    ],
    ids=["near", "beside a paper's", "below 95 %", "errors alike", "with a gap", "a loss"],
)
def test_it_is_chosen_where_a_curve_comes_near_and_the_errors_differ_fivefold(metric, values, published, chosen):
    assert (choose_axis(None, metric, values, published) is not None) is chosen


@pytest.mark.parametrize(("asked", "metric"), [("logit", NLL), ("error", Metric("score", "", "Score", "", high=None))])
def test_a_metric_without_the_bounds_is_refused(asked, metric):
    with pytest.raises(InputError, match=f"--axis {asked} needs a metric with a best"):
        choose_axis(asked, metric, [], False)


@pytest.mark.parametrize(
    ("axis", "label"),
    [(None, "Test accuracy (%), log scale of the error"), ("linear", "Test accuracy (%)"),
     ("logit", "Test accuracy (%), logit scale")],
    ids=["by itself", "linear", "logit"],
)  # fmt: skip
def test_the_axis_label_says_the_scale_and_all_curves_are_within(tmp_path: Path, axis, label):
    write_run(tmp_path, [0.5, 0.8, 0.97], arm="random")
    write_run(tmp_path, [0.5, 0.9, 1.0], arm="bald")
    (panel,) = draw_curves(studies([tmp_path]), axis=axis).axes
    assert panel.get_ylabel() == label
    low, high = panel.get_ylim()
    assert low < 50
    assert high > (100 if axis == "linear" else 99.9)
    ticks = panel.get_yticks()
    assert len(ticks) >= 4
    assert sorted(ticks) == list(ticks)
