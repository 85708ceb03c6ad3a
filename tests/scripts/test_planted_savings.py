"""The planted study: its truth is what it says, and its arms share what paired runs share."""

from __future__ import annotations

import importlib.util
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest

SCRIPT = Path(__file__).resolve().parents[2] / "scripts" / "planted_savings.py"


@pytest.fixture(scope="module")
def planted() -> ModuleType:
    spec = importlib.util.spec_from_file_location("planted_savings", SCRIPT)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_the_noise_free_curves_cross_with_exactly_30_percent_fewer_labels(planted: ModuleType) -> None:
    def crossed(curve: np.ndarray) -> float:
        return float(np.interp(planted.TARGET, curve, planted.LABELS))  # both curves rise

    random, strategy = planted.mean_curve(planted.LABELS.astype(float)), planted.planted_curve()
    assert (np.diff(random) > 0).all()
    assert (np.diff(strategy) > 0).all()
    assert 1 - crossed(strategy) / crossed(random) == pytest.approx(0.3, abs=1e-9)


def test_arms_share_round_zero_and_nothing_later(planted: ModuleType) -> None:
    mean = planted.mean_curve(planted.LABELS.astype(float))
    one, other = planted.play([mean, mean], 8, 1.0, 10_000, np.random.default_rng(0))
    assert (one[:, 0] == other[:, 0]).all()
    assert (one[:, 1:] != other[:, 1:]).mean() > 0.9
    departures = one - mean
    lag = np.corrcoef(departures[:, 5:20].ravel(), departures[:, 6:21].ravel())[0, 1]
    assert 0.3 < lag < 0.9


def test_a_line_of_the_table(planted: ModuleType) -> None:
    line = planted.judge(5, "digits", 10_000, 12, np.random.default_rng(1))
    assert line["true_saved"] == 0.3
    assert line["interval"] == 1
    assert 0.5 <= line["coverage"] <= 1
    assert line["false_all_null"] <= 0.5
    assert line == planted.judge(5, "digits", 10_000, 12, np.random.default_rng(1))


def test_on_a_small_test_set_no_null_is_claimed_for_equal_differences(planted: ModuleType) -> None:
    line = planted.judge(3, "digits", 100, 100, np.random.default_rng(1))
    assert line["false_all_null"] <= 0.1  # one claim in five or more where the grain is not counted
