"""Warm-up equals its definition on curves with gaps and ties."""

from __future__ import annotations

import math

import numpy as np
import pytest

from al_bench.analysis.statistics.warm_up import ever_behind, warm_up
from tests.reference import warm_up as reference


@pytest.mark.parametrize("seed", range(60))
def test_it_is_the_definition_on_random_curves(seed: int) -> None:
    generator = np.random.default_rng(seed)
    curves, counts = generator.integers(1, 6), generator.integers(1, 9)
    labels = np.sort(generator.choice(100, counts, replace=False))
    ours, theirs = (generator.integers(0, 4, (curves, counts)) / 8 for _ in range(2))  # eighths: differences are exact
    gaps = generator.random((curves, counts)) < 0.3
    ahead = np.where(gaps, np.nan, ours - theirs)
    found = warm_up(labels, ahead)
    for row in range(curves):
        known = [None if gap else float(value) for gap, value in zip(gaps[row], ours[row], strict=True)]
        expected = reference.warm_up(labels.tolist(), known, theirs[row].tolist())
        assert (math.isnan(found[row]) and expected is None) or found[row] == expected
        assert bool(ever_behind(ahead)[row]) is reference.ever_behind(known, theirs[row].tolist())


def test_being_level_later_is_not_being_behind_but_being_level_is_not_ahead() -> None:
    labels = np.array([10, 20, 30, 40])
    assert warm_up(labels, np.array([[-1.0, 1.0, 0.0, 0.0], [0.0, 0.0, 0.0, 0.0], [1.0, 1.0, 1.0, -1.0]])).tolist() == [
        20, math.inf, math.inf,
    ]  # fmt: skip


def test_rounding_of_fractions_is_a_tie() -> None:
    level = 0.1 + 0.2 - 0.3  # 5.6e-17
    assert math.isinf(warm_up(np.array([10]), np.array([[level]]))[0])
    assert not ever_behind(np.array([[-level]]))[0]
