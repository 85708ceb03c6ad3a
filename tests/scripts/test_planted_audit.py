"""The planted audits: their truth is what they say, a line can be made again, and the committed table holds."""

from __future__ import annotations

import csv
from pathlib import Path

import numpy as np
import pytest

from scripts import planted_audit

COMMITTED = Path(__file__).resolve().parents[2] / "results" / "planted_audit.csv"


def committed() -> list[dict[str, str]]:
    with COMMITTED.open(newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


@pytest.mark.parametrize("error", [0.4, 0.1], ids=lambda error: f"error {error}")
def test_the_truth_is_that_of_very_many_items(error):
    e, right, classes = planted_audit.items(error, 2_000_000, np.random.default_rng(0))
    recalls = [right[classes == name].mean() for name in (0, 1)]
    seen = {"accuracy": right.mean(), "recall, rare class": recalls[1], "balanced accuracy": np.mean(recalls)}
    assert planted_audit.truth(error) == pytest.approx(seen, abs=0.003)
    assert planted_audit.second_moment(error) == pytest.approx((e**2).mean(), abs=0.002)


@pytest.mark.parametrize("model", planted_audit.MODELS)
def test_what_a_model_says_of_itself_is_a_probability(model):
    generator = np.random.default_rng(0)
    e, _, _ = planted_audit.items(0.2, 5_000, generator)
    said = planted_audit.own_account(model, e, 0.2, generator)
    assert said.shape == e.shape
    assert said.min() >= 0
    assert said.max() <= 1


def test_every_kind_of_audit_gives_intervals_around_its_estimates():
    for kind, play in planted_audit.KINDS.items():
        for share, target in play("noisy", 100, 0.2, np.random.default_rng(1)).values():
            assert 0 < target < 1, kind
            assert share is not None, kind
            assert 0 <= share.low <= share.value <= share.high <= 1, kind


def test_what_is_saved_is_nothing_at_a_random_audits_own_width():
    width = planted_audit.expected_width(50, 0.2)
    assert planted_audit.saved(50, 0.2, width) == pytest.approx(0, abs=0.02)
    assert planted_audit.saved(50, 0.2, 0.8 * width) > 0.2
    assert planted_audit.saved(50, 0.2, 1.2 * width) < -0.2


def test_every_interval_of_the_committed_table_covers_in_93_of_100_audits():
    lines = [line for line in committed() if line["coverage"] and not line["audit"].startswith("(")]
    assert {line["audit"] for line in lines} == {kind for kind in planted_audit.KINDS if not kind.startswith("(")}
    for line in lines:
        assert int(line["intervals"]) >= 1_000
        assert float(line["coverage"]) >= 0.93, line


def test_the_committed_estimates_of_accuracy_have_no_bias():
    lines = [line for line in committed() if line["measure"] == "accuracy" and not line["audit"].startswith("(")]
    off = np.array([float(line["bias"]) / float(line["bias_se"]) for line in lines])
    assert np.abs(off).max() < 4
    assert (off**2).sum() < len(off) + 4 * np.sqrt(2 * len(off))  # chi-square


@pytest.mark.slow
def test_a_committed_line_can_be_made_again():
    (line,) = (
        line
        for line in committed()
        if (line["audit"], line["labels"], line["accuracy"], line["measure"]) == ("random", "50", "0.9", "accuracy")
    )
    made = planted_audit.cell(("random", "any", 50, 0.9, 1_200, 0))[0]
    assert {name: str(value) for name, value in made.items()} == {name: line[name] for name in made}
