"""The entropy of classes relative to equal shares, by hand and against SciPy."""

from __future__ import annotations

import math

import pytest
from scipy.stats import entropy

from al_bench.health.class_balance import class_entropy, relative_class_entropy


def test_relative_class_entropy_by_hand():
    assert relative_class_entropy([5, 5, 5]) == pytest.approx(1)
    assert relative_class_entropy([7, 0, 0]) == 0
    assert relative_class_entropy([1, 1, 0, 0]) == pytest.approx(0.5)
    assert math.isnan(relative_class_entropy([0, 0]))
    assert math.isnan(relative_class_entropy([3]))


@pytest.mark.parametrize("counts", [[1, 2, 3], [10, 0, 5, 85], [7.5, 2.5]], ids=["three", "one empty", "shares"])
def test_both_are_scipys(counts):
    assert class_entropy(counts) == pytest.approx(entropy(counts), rel=1e-14)
    assert relative_class_entropy(counts) == pytest.approx(entropy(counts) / math.log(len(counts)), rel=1e-14)
