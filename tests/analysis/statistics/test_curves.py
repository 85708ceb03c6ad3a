"""Statistics over seeds, against numbers worked by hand."""

from __future__ import annotations

import math
from types import SimpleNamespace

import numpy as np
import pytest

from al_bench.analysis.statistics.curves import Curves, labels_to_target, quantile, stack, summarise
from al_bench.errors import InputError


def run(accuracy: list[float], labels: list[int] | None = None) -> SimpleNamespace:
    return SimpleNamespace(values=accuracy, labels=labels or [20 + 10 * step for step in range(len(accuracy))])


def test_statistics_of_four_seeds_by_hand() -> None:
    # Ordered 0.1 0.2 0.4 0.8: quartiles at places 0.75, 1.5, 2.25; deviations −.275 −.175 .025 .425 around
    # 0.375, squares .075625 + .030625 + .000625 + .180625 = .2875, sem = sqrt(.2875 / 3 / 4).
    summary = summarise(Curves(np.array([20]), np.array([[0.4], [0.1], [0.8], [0.2]])))
    assert summary.q25[0] == pytest.approx(0.175)
    assert summary.median[0] == pytest.approx(0.3)
    assert summary.q75[0] == pytest.approx(0.5)
    assert summary.mean[0] == pytest.approx(0.375)
    assert summary.sem[0] == pytest.approx(math.sqrt(0.2875 / 12))
    assert summary.n[0] == 4


def test_one_seed_has_quartiles_but_no_standard_error() -> None:
    summary = summarise(stack([run([0.5, 0.7])]))
    assert summary.q25.tolist() == summary.median.tolist() == summary.q75.tolist() == [0.5, 0.7]
    assert np.isnan(summary.sem).all()


LONG, SHORT = run([0.2, 0.4, 0.6, 0.8]), run([0.3, 0.9])


def test_common_ends_with_the_shortest_seed() -> None:
    curves = stack([LONG, SHORT])
    assert curves.labels.tolist() == [20, 30]
    assert curves.values.tolist() == [[0.2, 0.4], [0.3, 0.9]]


def test_pad_holds_the_last_accuracy() -> None:
    curves = stack([LONG, SHORT], "pad")
    assert curves.labels.tolist() == [20, 30, 40, 50]
    assert curves.values.tolist() == [[0.2, 0.4, 0.6, 0.8], [0.3, 0.9, 0.9, 0.9]]


def test_available_averages_whoever_is_left_and_says_how_many() -> None:
    summary = summarise(stack([LONG, SHORT], "available"))
    assert summary.n.tolist() == [2, 2, 1, 1]
    assert summary.mean.tolist() == pytest.approx([0.25, 0.65, 0.6, 0.8])
    assert np.isnan(summary.sem[2])


def test_stopping_on_success_does_not_make_the_common_curve_sag() -> None:
    # The quick seed stopped at 0.9. Averaging those left would fall from 0.65 to 0.6 though both seeds rise.
    assert np.all(np.diff(summarise(stack([LONG, SHORT])).mean) > 0)
    assert not np.all(np.diff(summarise(stack([LONG, SHORT], "available")).mean) > 0)


def test_nothing_is_interpolated_between_label_counts() -> None:
    coarse = run([0.2, 0.6], [20, 40])
    assert stack([LONG, coarse]).labels.tolist() == [20, 40]
    assert stack([LONG, coarse], "pad").labels.tolist() == [20, 40, 50]
    assert np.isnan(stack([LONG, coarse], "available").values[1, 1])


def test_stacks_that_make_no_sense_are_refused() -> None:
    with pytest.raises(InputError, match="share no label count"):
        stack([run([0.5], [20]), run([0.5], [25])])
    with pytest.raises(InputError, match="ends is 'nan'; allowed are common, pad, available"):
        stack([LONG], "nan")
    with pytest.raises(InputError, match="at least one evaluated round"):
        stack([LONG, run([])])


def test_first_and_sustained_crossing_of_a_noisy_curve() -> None:
    labels, accuracy = [20, 30, 40, 50, 60], [0.5, 0.91, 0.88, 0.92, 0.9]
    assert labels_to_target(labels, accuracy, 0.9) == 30
    assert labels_to_target(labels, accuracy, 0.9, "sustained") == 50
    assert labels_to_target(labels, accuracy, 0.95) == math.inf
    assert labels_to_target(labels, [*accuracy[:-1], 0.89], 0.9, "sustained") == math.inf


def test_a_crossing_of_the_median_curve_is_not_the_median_of_crossings() -> None:
    # Each seed peaks above 0.9 once, at another count; their median is above only at the end.
    labels = [20, 30, 40, 50]
    accuracy = np.array([[0.91, 0.5, 0.5, 0.95], [0.5, 0.91, 0.5, 0.95], [0.5, 0.5, 0.91, 0.2]])
    assert [labels_to_target(labels, row, 0.9) for row in accuracy] == [20, 30, 40]
    assert labels_to_target(labels, accuracy, 0.9, "median_curve") == 50
    assert labels_to_target(labels, accuracy, 0.9, "mean_curve") == math.inf
    assert labels_to_target(labels, accuracy, 0.7, "mean_curve") == 50


def test_unevaluated_rounds_neither_reach_nor_break_a_target() -> None:
    assert labels_to_target([20, 30, 40], [0.5, math.nan, 0.9], 0.9) == 40
    assert labels_to_target([20, 30, 40], [0.9, math.nan, 0.9], 0.9, "sustained") == 20


def test_a_target_met_exactly_counts_in_either_precision() -> None:
    assert labels_to_target([20], [float(np.float32(0.95))], 0.95) == 20
    assert labels_to_target([20], [0.9499], 0.95) == math.inf


def test_a_loss_reaches_a_target_from_above() -> None:
    labels, losses = [20, 30, 40, 50], [1.2, 0.4, 0.6, 0.3]
    assert labels_to_target(labels, losses, 0.5, sign=-1) == 30
    assert labels_to_target(labels, losses, 0.5, "sustained", sign=-1) == 50
    assert labels_to_target(labels, losses, 0.2, sign=-1) == math.inf


def test_rules_are_checked() -> None:
    with pytest.raises(InputError, match="rule is 'last'; allowed are first, sustained"):
        labels_to_target([20], [0.5], 0.5, "last")
    with pytest.raises(ValueError, match="differ in shape"):
        labels_to_target([20, 30], [0.5], 0.5)
    with pytest.raises(ValueError, match=r"needs accuracy \[S,T\]"):
        labels_to_target([20], [0.5], 0.5, "median_curve")


def test_quantiles_with_counts_that_were_never_reached() -> None:
    # BatchBALD's Table 1 style: 250 / 250 / not reached.
    counts = [260.0, 240.0, 260.0, 260.0, math.inf, math.inf]
    assert [quantile(counts, q) for q in (0.25, 0.5, 0.75)] == [260, 260, math.inf]
    assert quantile([10, 20, 40], 0.25) == 15
    assert quantile([10, math.inf, math.inf], 0.5) == math.inf
    assert quantile([math.inf, math.inf], 0.5) == math.inf
    assert quantile([10], 0.75) == 10
