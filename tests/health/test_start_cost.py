"""What a balanced start costs in random labels, against every order of the labels, and what is said of a start."""

from __future__ import annotations

import numpy as np
import pytest

from al_bench.health.start_cost import describe_start, labels_for_balanced_start
from tests.reference import start_cost as literal

POOLS = {
    "even": ([5, 5, 5], 6),
    "a rare class": ([12, 9, 1], 3),
    "two of a rare class": ([14, 2], 4),
    "more shares than points": ([8, 2, 6], 12),
    "a class without points": ([4, 0, 7, 3], 6),
    "a remainder": ([6, 4, 5], 8),
    "fewer points than classes": ([3, 1, 4, 2, 6], 3),
    "one point": ([3, 8], 1),
    "one class": ([9], 4),
    "the whole pool": ([3, 3, 3], 9),
}


@pytest.mark.parametrize(("counts", "size"), POOLS.values(), ids=POOLS)
def test_it_is_the_mean_over_every_order_of_the_labels(counts, size):
    expected = float(literal.labels_for_balanced_start(counts, size))
    assert labels_for_balanced_start(counts, size) == pytest.approx(expected, rel=1e-6)


@pytest.mark.parametrize(
    ("counts", "size"),
    [([5000, 3000, 2000, 17], 40), ([40_000] * 10, 20), ([1, 100_000, 100_000], 2), ([300] * 100, 30)],
    ids=["a rare class", "MNIST's", "not all classes needed", "many classes"],
)
def test_it_is_the_mean_of_random_orders_in_large_pools(counts, size):
    generator = np.random.default_rng(0)
    share, needed = max(1, size // len(counts)), min(size, len(counts))
    repeats = 3000
    # The k-th smallest of n uniform places, from a Gamma for the k below it and one for the rest.
    below = generator.gamma(share, size=(repeats, len(counts)))
    above = generator.gamma(np.array(counts) - share + 1.0, size=(repeats, len(counts)))
    ready = np.sort(below / (below + above), axis=1)[:, needed - 1] * (sum(counts) + 1)
    error = ready.std() / np.sqrt(repeats)
    assert labels_for_balanced_start(counts, size) == pytest.approx(ready.mean(), abs=4 * error)


def test_the_coupon_collector_is_its_limit():
    harmonic = sum(1 / k for k in range(1, 27))
    assert labels_for_balanced_start([1_000_000] * 26, 26) == pytest.approx(26 * harmonic, rel=1e-3)


@pytest.mark.parametrize(
    ("kind", "size", "pool", "classes", "sentence"),
    [
        ("balanced", 4, [6, 4], 2, "4 labels, 2 of each of 2 classes, drawn by the hidden labels; without them"),
        ("balanced", 5, [6, 4], None, "5 labels, 2 or more of each of 2 classes, drawn by the hidden labels; without"),
        ("balanced", 2, [6, 4, 5], 2, "2 labels, 2 classes with one each, drawn by the hidden labels; without them"),
        ("balanced", 4, None, 2, "4 labels, as many of each class, drawn by the hidden labels"),
        ("random", 4, [6, 4, 0], 1, "4 labels, drawn at random (1 of 2 classes); 2 of each of 2 classes would take"),
        ("random", 1, None, 1, "1 label, drawn at random (1 classes)"),
        ("clusters", 4, [6, 4], 2, "4 labels, one from each of as many clusters of inputs (2 of 2 classes); 2 of each"),
        ("named", 3, [6, 4], 2, "3 labels, as named (2 of 2 classes)"),
        ("random", 0, [6, 4], 0, "no labels: an untrained network picks the first batch"),
    ],
    ids=["balanced", "a remainder", "few", "unknown pool", "random", "random, unknown", "clusters", "named", "cold"],
)
def test_a_start_is_said_in_one_sentence(kind, size, pool, classes, sentence):
    assert describe_start(kind, size, pool, classes).startswith(sentence)


def test_the_cost_is_in_the_sentence():
    assert describe_start("balanced", 2, [1, 1], 2).endswith("without them that takes about 2 random labels")
