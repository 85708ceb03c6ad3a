"""Checks against what random points show, and classes never labelled; all in words that need no statistics."""

from __future__ import annotations

import itertools
import math
import re
from typing import Any

import pytest

from al_bench.health.checks import Context, RandomRounds, acquired_classes, findings, values
from al_bench.health.class_balance import class_entropy
from al_bench.health.measures import class_kl, random_class_kl
from al_bench.health.thresholds import Health
from al_bench.records import HealthRecord, RoundRecord

HEALTH = Health()
NAMES = ("ant", "bee", "cow", "dog")


def entry(
    counts: list[int] | None = None,
    shares: dict[str, float] | None = None,
    random: dict[str, float] | None = None,
    batch: int = 4,
    **health: Any,
) -> RoundRecord:
    """A round that picked a batch and has the health given."""
    recorded = HealthRecord(near_duplicates=shares, near_duplicates_random=random, **health)
    return RoundRecord(
        round=1, labelled=8, accuracy=None, class_counts=counts or [], acquired=list(range(batch)), health=recorded
    )


def picked(acquired: list[int], pool: list[int]) -> tuple[RoundRecord, Context]:
    """A round whose record has the divergence of what was picked, and its context."""
    measured = {
        "acquired_kl": class_kl(acquired, pool),
        "acquired_kl_random": random_class_kl(sum(acquired), pool),
    }
    return entry(**measured), Context(acquired=acquired, pool=pool, test=pool, class_names=NAMES[: len(pool)])


def mean_entropy(points: int, pool: list[int]) -> float:
    """E[H] of so many random points, drawn with replacement: every sequence of classes with its probability."""
    shares = [count / sum(pool) for count in pool]
    total = 0.0
    for sequence in itertools.product(range(len(pool)), repeat=points):
        probability = math.prod(shares[label] for label in sequence)
        total += probability * class_entropy([sequence.count(label) for label in range(len(pool))])
    return total


# Balance


@pytest.mark.parametrize(
    ("acquired", "pool"),
    [
        ([4, 0, 1], [50, 50, 50]),
        ([0, 5, 0], [80, 15, 5]),
        ([1, 2, 3], [90, 5, 5]),
        ([6, 0], [60, 40]),
        ([2, 2], [9, 1]),
    ],
    ids=["even pool", "a middle class", "the rare ones", "one of two", "more even than the pool"],
)
def test_imbalance_is_the_smaller_of_divergence_and_loss_of_evenness(acquired, pool):
    points = sum(acquired)
    divergence = class_kl(acquired, pool) - random_class_kl(points, pool)
    loss = mean_entropy(points, pool) - class_entropy(acquired)
    record, context = picked(acquired, pool)
    assert values(record, HEALTH, context)["class_kl"] == pytest.approx(min(divergence, loss), abs=1e-9)


def test_in_a_pool_of_even_classes_both_are_the_same():
    record, context = picked([7, 1, 0, 2], [25, 25, 25, 25])
    assert values(record, HEALTH, context)["class_kl"] == pytest.approx(values(record, HEALTH)["class_kl"])


@pytest.mark.parametrize(
    ("acquired", "pool", "found"),
    [
        ([10, 10, 10], [900, 50, 50], False),
        ([2, 12, 12], [960, 20, 20], False),
        ([1, 1, 10], [500, 300, 200], True),
        ([20, 0, 0, 0], [25, 25, 25, 25], True),
        ([0, 14, 0], [40, 40, 40], True),
    ],
    ids=["all alike", "the rare ones", "a middle one", "one of four", "one of three"],
)
def test_leaving_the_pools_shares_for_even_ones_is_no_finding_and_collapsing_is(acquired, pool, found):
    record, context = picked(acquired, pool)
    assert values(record, HEALTH)["class_kl"] > 0.2, "the picks are far from the pool's shares"
    limits = Health(class_kl=0.2)
    assert ["class_kl"] * found == [each.check for each in findings(record, limits, context)]


def test_the_class_of_most_picks_is_named_with_what_random_points_would_have():
    record, context = picked([1, 18, 1, 0], [100, 100, 100, 100])
    (found,) = findings(record, HEALTH, context)
    assert found.sentence == (
        "18 of the 20 points picked so far are of class 'bee', where random points would have 5; 1 of 4 classes "
        "not picked yet"
    )
    assert found.measure.startswith("KL(picked ‖ pool) = 0.99 nats, of random points 0.08; less even by 0.91 nats")


# Random's rounds

CASES = {
    "below": ([0.3, 0.6, 0.5], 0.55, False),
    "as high": ([0.3, 0.6, 0.5], 0.6, False),
    "above": ([0.3, 0.6, 0.5], 0.65, True),
    "above a quiet Random": ([0.0, 0.1], 0.3, True),
    "above Random, below the threshold": ([0.0], 0.15, False),
}


@pytest.mark.parametrize("check", ["near_duplicates", "class_kl"])
@pytest.mark.parametrize(("random", "value", "found"), CASES.values(), ids=CASES)
def test_a_finding_is_above_every_round_of_random(check, random, value, found):
    context = Context(random=RandomRounds({check: [(4, each) for each in random]}))
    record = (
        entry(shares={"0.99": value})
        if check == "near_duplicates"
        else entry(acquired_kl=value + 0.1, acquired_kl_random=0.1)
    )
    assert [each.check for each in findings(record, Health(class_kl=0.2), context)] == [check] * found


def test_rounds_of_as_large_a_batch_come_first():
    random = RandomRounds({"near_duplicates": [(4, 0.1), (100, 0.8)]})
    assert random.highest("near_duplicates", 4) == 0.1
    assert random.highest("near_duplicates", 100) == 0.8
    assert random.highest("near_duplicates", 7) == 0.8, "none is as large: all of them"
    assert random.highest("class_kl", 4) is None


def test_random_itself_is_the_measure_of_these_checks_and_has_no_finding():
    record = entry(shares={"0.99": 0.9}, acquired_kl=3.0, acquired_kl_random=0.1, drawn_by_lot=1.0)
    assert [each.check for each in findings(record, HEALTH, Context(is_random=True))] == ["drawn_by_lot"]


@pytest.mark.parametrize(
    ("share", "random", "found"),
    [(0.5, 0.4, False), (0.7, 0.4, True), (0.25, 0.0, True), (0.25, None, True), (0.15, None, False)],
    ids=["as random points", "above them", "above none", "not on record", "few, not on record"],
)
def test_without_random_in_the_study_random_points_of_the_pool_are_compared_with(share, random, found):
    record = entry(shares={"0.99": share}, random=None if random is None else {"0.99": random})
    assert [each.check for each in findings(record, HEALTH)] == ["near_duplicates"] * found


@pytest.mark.parametrize(
    ("random", "context", "words"),
    [
        ({"0.99": 0.1}, Context(), "(of random points 10 %)"),
        (None, Context(random=RandomRounds({"near_duplicates": [(4, 0.3)]})), "(of Random's batches at most 30 %)"),
        (None, Context(), "(how many of random points is not on record)"),
    ],
    ids=["expected", "Random", "neither"],
)
def test_near_copies_are_said_beside_those_of_random_points(random, context, words):
    (found,) = findings(entry(shares={"0.99": 0.7}, random=random), HEALTH, context)
    assert found.sentence.startswith(f"70 % of the batch are near-copies of a point picked before them {words}")


# Classes never labelled


@pytest.mark.parametrize(
    ("counts", "pool", "test", "sentence"),
    [
        ([3, 0, 5, 0], [90, 4, 50, 6], [20, 1, 9, 0], "no label at the end of 2 of 4 classes: 'bee', 'dog'; "
         "they have 10 of the pool's 150 points and 1 of the test points (3.3 %), each of them an error"),
        ([3, 0, 5, 1], [90, 0, 50, 6], [20, 5, 9, 2], "no label at the end of 1 of 4 classes: 'bee'; they have 0 of "
         "the pool's 146 points and 5 of the test points (13.9 %), each of them an error; the pool has none of 'bee'"),
        ([3, 0, 5, 1], [90, 7, 50, 6], [20, 0, 9, 2], "no label at the end of 1 of 4 classes: 'bee'; "
         "they have 7 of the pool's 153 points"),
        ([3, 0, 5, 1], [90, 0, 50, 6], [20, 0, 9, 2], None),
        ([3, 1, 5, 1], [90, 7, 50, 6], [20, 5, 9, 2], None),
        ([3, 0, 5, 1], [], [], "no label at the end of 1 of 4 classes: 'bee'"),
    ],
    ids=["two", "in the test part alone", "not in the test part", "nowhere", "none missing", "a former record"],
)  # fmt: skip
def test_classes_without_a_label_are_counted_named_and_priced(counts, pool, test, sentence):
    context = Context(pool=pool, test=test, class_names=NAMES, is_last=True)
    found = findings(entry(counts), HEALTH, context)
    assert [each.sentence for each in found] == ([] if sentence is None else [sentence])
    assert {each.check for each in found} <= {"missing_classes"}


def test_only_the_end_of_a_run_is_asked_for_missing_classes():
    assert findings(entry([1, 0]), HEALTH, Context()) == []


@pytest.mark.parametrize(("threshold", "found"), [(1, 1), (2, 1), (3, 0), (0, 0), (None, 0)])
def test_from_how_many_classes_on_can_be_set(threshold, found):
    context = Context(is_last=True)
    assert len(findings(entry([4, 0, 0, 2]), Health(missing_classes=threshold), context)) == found


def test_of_many_missing_classes_the_first_are_named():
    context = Context(class_names=[f"c{n}" for n in range(30)], is_last=True)
    (found,) = findings(entry([1] + [0] * 29), HEALTH, context)
    assert found.sentence == "no label at the end of 29 of 30 classes: 'c1', 'c2', 'c3', 'c4', 'c5' and 24 more"


# What else


@pytest.mark.parametrize(
    ("counts", "labels", "initial", "expected"),
    [
        ([3, 2, 1], [0, 0, 2], [1, 1, 1], [4, 1, 1]),
        ([1, 1], [], [1, 1], [0, 0]),
        ([], [0], [], []),
        ([3, 2], None, [1, 1], []),
        ([0, 2], [1], [1, 1], []),
        ([3, 2], [7], [1, 1], [2, 1]),
    ],
    ids=["a batch", "the last of none", "no counts", "the end", "of another run", "a label beyond the classes"],
)
def test_what_was_acquired_is_what_is_labelled_less_the_start_with_the_batch(counts, labels, initial, expected):
    record = RoundRecord(round=1, labelled=5, accuracy=None, class_counts=counts, acquired=None, acquired_labels=labels)
    assert acquired_classes(record, initial) == expected


def test_no_sentence_has_a_word_for_experts():
    every = {
        "chance": 0.5, "accuracy_drop": 0.4, "validation": 99, "acquired_kl": 2.0, "acquired_kl_random": 0.1,
        "drawn_by_lot": 1.0, "score_spread": 0.0, "ranking_change": 1.0, "saturated": 1.0,
    }  # fmt: skip
    record = entry([5, 0], shares={"0.99": 1.0}, **every)
    from msgspec.structs import replace

    from al_bench.health.checks import TITLES
    from al_bench.records import FitRecord

    found = findings(replace(record, accuracy=0.5, fit=[FitRecord()]), HEALTH, Context(is_last=True))
    assert {each.check for each in found} == set(TITLES)
    for each in found:
        assert not re.search(r"\bKL\b|nats|cosine|quantile|entropy|threshold", each.sentence), each.sentence
        assert "threshold" in each.measure
