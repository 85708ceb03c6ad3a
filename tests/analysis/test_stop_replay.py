"""Stopping rules replayed on records: against the numbers worked out by hand."""

from __future__ import annotations

import pytest

from al_bench.analysis.measured import ACCURACY
from al_bench.analysis.stop_replay import has_signals, replay, replays
from al_bench.analysis.tables.stopping import stopping_table
from al_bench.metrics import METRICS
from al_bench.stopping.rules import ClassificationChange, OverallUncertainty, StabilizingPredictions
from al_bench.storage.runs import find_runs
from tests.analysis.records import write_run

CHANGED = [None, 0.4, 0.2, 0.05, 0.0, 0.0]
ACCURACIES = [0.50, 0.70, 0.80, 0.84, 0.86, 0.865]


def recorded(tmp_path, changed=CHANGED, accuracies=ACCURACIES, **further):
    """One run of six rounds, 20 to 70 labels, whose predictions settle."""
    rounds = [
        {"accuracy": accuracy, "nll": 1 - accuracy, "stop_set": {"points": 100, "entropy": 1.0, "changed": share}}
        for accuracy, share in zip(accuracies, changed, strict=True)
    ]
    write_run(tmp_path, rounds, **further)
    return find_runs([tmp_path])


def test_a_replay_has_the_labels_of_the_round_and_what_was_lost(tmp_path):
    (run,) = recorded(tmp_path)
    result = replay(run, ClassificationChange(threshold=0.05), ACCURACY)
    assert (result.fired, result.labels, result.end) == (True, 50, 70)
    assert result.lost == pytest.approx(0.025)
    assert result.too_early
    assert result.saved == pytest.approx(2 / 7)
    assert result.needed == 60, "0.86 is within a point of 0.865, and 0.84 is not"
    assert result.regret == -10


def test_a_rule_that_never_fires_costs_every_label_and_loses_nothing(tmp_path):
    (run,) = recorded(tmp_path)
    result = replay(run, OverallUncertainty(), ACCURACY)
    assert (result.fired, result.labels, result.lost, result.saved, result.regret) == (False, 70, 0.0, 0.0, 10)
    assert not result.too_early


def test_firing_in_the_last_round_is_no_stop(tmp_path):
    (run,) = recorded(tmp_path, changed=[None, 0.4, 0.2, 0.05, 0.1, 0.0])
    assert not replay(run, ClassificationChange(), ACCURACY).fired


def test_a_metric_that_is_better_low_loses_by_rising(tmp_path):
    (run,) = recorded(tmp_path)
    result = replay(run, ClassificationChange(threshold=0.05), METRICS["nll"])
    assert result.lost == pytest.approx(0.025)


def test_a_dip_on_the_way_needs_the_labels_after_it(tmp_path):
    (run,) = recorded(tmp_path, accuracies=[0.5, 0.86, 0.7, 0.86, 0.86, 0.86])
    assert replay(run, ClassificationChange(), ACCURACY).needed == 50


@pytest.mark.parametrize(
    "further",
    [
        {"identity": {"schedule.stop_at_accuracy": 0.9}},
        {"identity": {"stopping.classification_change.threshold": 0.0}},
        {"reference": "full"},
    ],
    ids=["by an accuracy", "by a rule", "on the whole pool"],
)
def test_a_run_that_something_ended_is_not_replayed(tmp_path, further):
    (run,) = recorded(tmp_path, **further)
    assert not has_signals(run)


def test_a_run_of_a_version_without_signals_is_not_replayed(tmp_path):
    write_run(tmp_path, ACCURACIES)
    (run,) = find_runs([tmp_path])
    assert not has_signals(run)


def test_the_table_counts_runs_and_says_which_are_left_out(tmp_path):
    for seed in range(3):
        recorded(tmp_path, seed=seed)
    recorded(tmp_path, changed=[None, 0.4, 0.0, 0.05, 0.1, 0.1], seed=3)
    write_run(tmp_path, ACCURACIES, arm="random")
    rules = {"change": ClassificationChange(threshold=0.05), "kappa": StabilizingPredictions()}
    runs = find_runs([tmp_path])
    by_rule = replays(runs, rules, ACCURACY)
    table = stopping_table("Stopping", {(name,): r for name, r in by_rule.items()}, ("rule",), ACCURACY, 1)
    change, kappa = table.records
    assert (change["runs"], change["stopped"], change["labels"], change["too_early"]) == (4, 4, 50, 4)
    assert change["worst"] == pytest.approx(0.065)
    assert change["too_early_low"] == pytest.approx(0.025 ** (1 / 4)), "Clopper and Pearson, 4 of 4"
    assert (kappa["stopped"], kappa["saved"], kappa["too_early"]) == (0, 0, 0)
    assert "1 run is left out" in table.note
    assert table.rows[0][:4] == ("change", "4 of 4", "50", "29")


def test_no_run_gives_no_table():
    assert stopping_table("Stopping", {("change",): []}, ("rule",), ACCURACY, 2) is None
