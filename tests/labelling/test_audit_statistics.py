"""What a random audit says, against the definitions."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.stats import binom

from al_bench.labelling.audit_statistics import clopper_pearson, exact_ends, melded_mean
from tests.reference import audit as literal


@pytest.mark.parametrize(("right", "items"), [(0, 1), (0, 20), (7, 20), (20, 20), (93, 100), (199, 200)])
def test_the_exact_interval_is_that_of_the_definition(right, items):
    share = clopper_pearson(right, items)
    assert share.value == right / items
    assert (share.low, share.high) == pytest.approx(literal.clopper_pearson(right, items), abs=1e-10)


@pytest.mark.parametrize("items", [10, 50, 100])
def test_the_exact_interval_covers_every_accuracy_at_its_level(items):
    right = np.arange(items + 1)
    shares = [clopper_pearson(int(k), items) for k in right]
    low, high = np.array([share.low for share in shares]), np.array([share.high for share in shares])
    for accuracy in np.linspace(0.005, 0.995, 199):
        assert binom.pmf(right, items, accuracy) @ ((low <= accuracy) & (accuracy <= high)) >= 0.95


def test_the_mean_of_recalls_is_that_whatever_the_classes_sizes():
    share = melded_mean([(0.9, exact_ends(81, 90)), (0.5, exact_ends(5, 10))], 100, np.random.default_rng(0))
    assert share.value == pytest.approx((0.9 + 0.5) / 2)
    assert share.low < 0.6 < 0.8 < share.high
    assert share.items == 100


def test_the_mean_of_one_recall_has_its_interval():
    share = melded_mean([(0.7, exact_ends(14, 20))], 20, np.random.default_rng(0))
    exact = clopper_pearson(14, 20)
    assert (share.low, share.high) == pytest.approx((exact.low, exact.high), abs=0.02)


def test_a_melded_interval_is_that_of_the_convolution_of_its_distributions():
    ends = [exact_ends(9, 12), exact_ends(30, 31), exact_ends(20, 20)]
    share = melded_mean([(0.75, ends[0]), (30 / 31, ends[1]), (1.0, ends[2])], 63, np.random.default_rng(0))
    assert (share.low, share.high) == pytest.approx(literal.melded([(9, 12), (30, 31), (20, 20)]), abs=0.006)


@pytest.mark.parametrize(
    "recalls", [(0.5, 0.9), (0.98, 0.7), (0.9, 0.9, 0.9), (0.99, 0.99)], ids=lambda recalls: " ".join(map(str, recalls))
)
def test_a_melded_interval_covers_at_its_level(recalls):
    generator = np.random.default_rng(0)
    sizes, target, covered = (10, 40, 25)[: len(recalls)], np.mean(recalls), 0
    for _ in range(400):
        right = [int(generator.binomial(items, recall)) for items, recall in zip(sizes, recalls, strict=True)]
        parts = [(k / items, exact_ends(k, items)) for k, items in zip(right, sizes, strict=True)]
        share = melded_mean(parts, sum(sizes), generator)
        covered += share.low <= target <= share.high
    assert covered / 400 >= 0.95 - 2 * np.sqrt(0.95 * 0.05 / 400)
