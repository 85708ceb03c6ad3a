"""Claims judged by another metric in the place of accuracy."""

from __future__ import annotations

import pytest
from msgspec.structs import replace

from al_bench.analysis.measured import measured, metric_named
from al_bench.reproduce.effects import compute_effect
from al_bench.storage.runs import Run
from tests.reproduce import planted


def with_balanced(runs: dict[int, Run], by: float) -> dict[int, Run]:
    """The runs with a balanced accuracy that is the accuracy plus `by`, as `--metric balanced_accuracy` sees them."""
    views = {}
    for seed, run in runs.items():
        rounds = tuple(
            replace(record, metrics={"balanced_accuracy": (record.accuracy or 0) + by}) for record in run.rounds
        )
        whole = Run(run.folder, run.header, run.status, rounds, run.torn)
        views[seed] = measured(whole, metric_named("balanced_accuracy", [whole]))
    return views


def test_the_effect_is_that_of_the_metric():
    claim = planted.claim(metric="accuracy_difference", arm="one", versus="other", at=100, band=[0, 100])
    arms = {
        "one": with_balanced(planted.flat("one", [80, 81, 82]), 0.1),
        "other": with_balanced(planted.flat("other", [80, 81, 82]), 0.05),
    }
    assert compute_effect(claim, arms).value == pytest.approx(5)


def test_labels_are_those_to_a_value_of_the_metric():
    claim = planted.claim(metric="labels", arm="one", target=0.9, band=[0, 1000])
    arms = {"one": with_balanced(planted.rising("one", [200, 200, 200]), 0.05)}
    assert compute_effect(claim, arms).value == pytest.approx(150)  # accuracy is 5 points behind there
