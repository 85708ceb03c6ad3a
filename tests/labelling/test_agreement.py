"""How far people agree: published examples, the definition in fractions, and the interval's coverage."""

from __future__ import annotations

import numpy as np
import pytest

from al_bench.labelling.agreement import agreement, alpha_with_interval, describe, nominal_alpha
from al_bench.labelling.answers import Answer, Answers
from tests.reference.krippendorff import krippendorffs_alpha

# Krippendorff 2011, Computing Krippendorff's Alpha-Reliability: a row an annotator, a blank where he gave no label.
BINARY = ("0100000010", "1110010000")
NOMINAL = ("aabbdcccedda", "babbbccceddd")
MISSING = ("123321412   ", "1233224125 3", " 3332342251 ", "12332441251 ")


def columns(rows: tuple[str, ...]) -> list[list[str]]:
    return [[label for label in column if label != " "] for column in zip(*rows, strict=True)]


def counts_of(items: list[list[str]]) -> np.ndarray:
    classes = sorted({label for labels in items for label in labels})
    counts = np.array([[labels.count(name) for name in classes] for labels in items], dtype=float)
    return counts[counts.sum(1) >= 2]


@pytest.mark.parametrize(
    ("rows", "published"),
    [(BINARY, 0.095), (NOMINAL, 0.692), (MISSING, 0.743)],
    ids=["two annotators, two classes", "two annotators, five classes", "four annotators, labels missing"],
)
def test_published_examples_come_out(rows, published):
    assert nominal_alpha(counts_of(columns(rows)))[0] == pytest.approx(published, abs=5e-4)


@pytest.mark.parametrize("seed", range(20))
def test_the_definition_and_the_formula_agree(seed):
    generator = np.random.default_rng(seed)
    classes = generator.integers(2, 6)
    items = [[str(label) for label in generator.integers(0, classes, generator.integers(1, 6))] for _ in range(30)]
    assert nominal_alpha(counts_of(items))[0] == pytest.approx(float(krippendorffs_alpha(items)), abs=1e-12)


def test_a_weighted_sample_is_the_sample_written_out():
    items = columns(MISSING)
    counts = counts_of(items)
    weights = np.random.default_rng(1).multinomial(len(counts), np.full(len(counts), 1 / len(counts)), size=5)
    written_out = [nominal_alpha(np.repeat(counts, row, axis=0))[0] for row in weights]
    np.testing.assert_allclose(nominal_alpha(counts, weights), written_out, atol=1e-12)


def test_labels_that_are_all_the_same_have_no_alpha():
    assert krippendorffs_alpha([["a", "a"]] * 12) is None
    assert alpha_with_interval(np.array([[2.0]] * 12), 0).value is None
    assert str(alpha_with_interval(np.array([[2.0]] * 12), 0)) == "undefined (all labels are the same)"


def test_fewer_than_ten_items_have_no_interval():
    alpha = alpha_with_interval(counts_of(columns(BINARY))[:9], 0)
    assert alpha.value is not None
    assert alpha.low is None


def test_the_same_seed_gives_the_same_interval_and_it_contains_the_value():
    first, second = (alpha_with_interval(counts_of(columns(NOMINAL)), 7) for _ in range(2))
    assert first == second
    assert first.low < first.value < first.high


def test_the_interval_covers_the_alpha_of_many_more_items():
    """Two annotators err on a fifth of 60 items each, at random among three classes; 200 such studies."""

    def study(generator: np.random.Generator, items: int) -> np.ndarray:
        truth = generator.integers(0, 3, items)
        counts = np.zeros((items, 3))
        for _ in range(2):
            label = np.where(generator.random(items) < 0.2, generator.integers(0, 3, items), truth)
            counts[np.arange(items), label] += 1
        return counts

    true = nominal_alpha(study(np.random.default_rng(99), 400_000))[0]
    intervals = [alpha_with_interval(study(np.random.default_rng(seed), 60), seed) for seed in range(200)]
    covered = np.mean([alpha.low <= true <= alpha.high for alpha in intervals])
    assert 0.89 <= covered <= 0.99  # 95 % give or take three standard errors of 200 studies


def given(*rows: tuple[str, str, str]) -> Answers:
    return Answers.of(Answer(item, label, "file.csv", annotator=annotator) for item, annotator, label in rows)


def test_skipped_items_and_items_of_one_annotator_do_not_count():
    answers = given(("a", "ann", "x"), ("a", "bob", "y"), ("b", "ann", "x"), ("c", "ann", "skip"), ("c", "bob", "x"))
    result = agreement(answers)
    assert (result.items, result.annotators) == (1, 2)
    assert agreement(given(("a", "ann", "x"), ("b", "bob", "y"))) is None


def test_each_class_is_judged_against_the_rest():
    items = columns(NOMINAL)
    answers = given(*((str(i), str(who), label) for i, labels in enumerate(items) for who, label in enumerate(labels)))
    result = agreement(answers)
    for name, alpha in result.by_class.items():
        against_rest = [[label == name for label in labels] for labels in items]
        assert alpha.value == pytest.approx(float(krippendorffs_alpha(against_rest)), abs=1e-12)
    first, second = describe(result)
    assert "2 annotators gave 12 items two labels or more; Krippendorff's α 0.692 [" in first
    assert second.startswith("α of each class against the rest: a ")
