"""Annotators against their formulas item by item: what they say, how often they err, what it costs."""

from __future__ import annotations

import math
import re

import numpy as np
import pytest

from al_bench.annotators.abstaining import Abstaining, Unanswered
from al_bench.annotators.annotator import NO_LABEL, Items, Perfect
from al_bench.annotators.difficulty import difficulty
from al_bench.annotators.noisy import Errors, Noisy
from al_bench.annotators.panel import Panel, Vote
from al_bench.data.wrong_labels import other_class
from al_bench.errors import InputError
from al_bench.rng import Streams
from tests.reference import annotators as reference

C = 4


def items(count: int = 4000, seed: int = 0, outside: int = 0) -> Items:
    """Blobs of C classes, in blocks; the last `outside` of them are of none of the classes."""
    generator = np.random.default_rng(seed)
    classes = generator.integers(0, C, count)
    features = generator.normal(size=(count, 3)) * [1.0, 5.0, 0.2] + classes[:, None]
    classes[count - outside :] = NO_LABEL
    blocks = [features[start : start + 700] for start in range(0, count, 700)]
    return Items(classes, tuple("abcd"), lambda: iter(blocks))


def given(annotator, asked: Items, seed: int = 0) -> np.ndarray:
    return annotator.answers(asked, Streams(seed)).labels


def test_a_perfect_annotator_says_the_true_class_at_the_price():
    asked = items(outside=5)
    answers = Perfect(price=7).answers(asked, Streams(0))
    assert (answers.labels == asked.classes).all()
    assert (answers.prices == 7).all()


def test_a_price_by_class_is_that_of_the_true_class_and_of_no_class_the_other():
    asked = items(outside=5)
    prices = Noisy(price=9, class_prices=[1, 2, 3, 4]).answers(asked, Streams(0)).prices
    assert prices.tolist() == [9 if label == NO_LABEL else label + 1 for label in asked.classes.tolist()]


def test_uniform_errors_fall_on_every_other_class_alike():
    asked = items(40_000)
    labels = given(Noisy(rate=0.3), asked)
    wrong = labels != asked.classes
    assert wrong.mean() == pytest.approx(0.3, abs=0.01)
    for true in range(C):
        shares = (
            np.bincount(labels[wrong & (asked.classes == true)], minlength=C) / (wrong & (asked.classes == true)).sum()
        )
        assert shares[true] == 0
        assert np.delete(shares, true) == pytest.approx(1 / 3, abs=0.03)


def test_the_other_class_is_that_of_the_list_without_the_true_one():
    generator = np.random.default_rng(1)
    classes, uniform = generator.integers(0, C, 300), generator.random(300)
    expected = [reference.other_class(true, C, share) for true, share in zip(classes.tolist(), uniform, strict=True)]
    assert other_class(classes, C, uniform).tolist() == expected


def test_a_confusion_matrix_is_what_the_answers_have():
    asked = items(40_000)
    matrix = [[0.7, 0.3, 0, 0], [0, 1, 0, 0], [0.1, 0.2, 0.3, 0.4], [0, 0, 0.5, 0.5]]
    labels = given(Noisy(errors=Errors.confusion, confusion=matrix), asked)
    for true in range(C):
        shares = np.bincount(labels[asked.classes == true], minlength=C) / (asked.classes == true).sum()
        assert shares == pytest.approx(np.array(matrix[true]), abs=0.015)
        assert not (shares[np.array(matrix[true]) == 0]).any()


def test_difficulty_is_that_of_distances_taken_one_by_one():
    asked = items(150)
    hard = difficulty(asked)
    features = np.concatenate(list(asked.features()))
    shares, rivals = reference.difficulty(features, asked.classes.tolist(), C)
    assert hard.share == pytest.approx(np.array(shares))
    assert hard.rival.tolist() == rivals


def test_a_class_without_items_is_nobodys_rival():
    asked = items(400)
    asked = Items(np.where(asked.classes == 2, 1, asked.classes), asked.class_names, asked.features)
    assert 2 not in difficulty(asked).rival


def test_harder_items_are_wronger_and_the_rate_is_the_mean():
    asked = items(40_000)
    labels = given(Noisy(rate=0.25, errors=Errors.harder), asked)
    wrong, hard = labels != asked.classes, difficulty(asked)
    assert wrong.mean() == pytest.approx(0.25, abs=0.01)
    assert wrong[hard.share < 0.1].mean() == pytest.approx(0.025, abs=0.01)
    assert wrong[hard.share > 0.9].mean() == pytest.approx(0.475, abs=0.02)
    assert (labels[wrong] == hard.rival[wrong]).all()


@pytest.mark.parametrize("which", Unanswered, ids=lambda which: which.value)
def test_an_abstaining_annotator_says_nothing_at_the_rate_and_else_the_truth(which):
    asked = items(40_000)
    labels = given(Abstaining(rate=0.25, items=which), asked)
    silent = labels == NO_LABEL
    assert silent.mean() == pytest.approx(0.25, abs=0.01)
    assert (labels[~silent] == asked.classes[~silent]).all()
    easy = difficulty(asked).share < 0.1
    assert silent[easy].mean() == pytest.approx(0.25 if which is Unanswered.any else 0.025, abs=0.02)


@pytest.mark.parametrize("vote", Vote, ids=lambda vote: vote.value)
def test_a_panels_label_has_most_votes_of_the_answers_drawn(vote):
    asked, accuracies = items(500), [0.9, 0.6, 0.3, 0.55]
    labels = given(Panel(accuracies=accuracies, vote=vote), asked)
    generator = Streams(0).numpy("annotator")
    drawn = []
    for accuracy in accuracies:
        errs, which = generator.random(500), generator.random(500)
        drawn.append([
            reference.other_class(true, C, share) if err < 1 - accuracy else true
            for true, err, share in zip(asked.classes.tolist(), errs, which, strict=True)
        ])  # fmt: skip
    weights = [math.log(a * (C - 1) / (1 - a)) if vote is Vote.weighted else 1.0 for a in accuracies]
    ties = 0
    for label, answers in zip(labels.tolist(), zip(*drawn, strict=True), strict=True):
        allowed = reference.vote(list(answers), weights, C)
        assert label in allowed
        ties += len(allowed) > 1
    assert ties or vote is Vote.weighted


def test_votes_that_are_equal_are_decided_at_random():
    asked = items(20_000)
    labels = given(Panel(accuracies=[1e-9, 1e-9]), asked)  # both wrong, each alike: a tie where they differ
    assert np.bincount(labels, minlength=C) / len(labels) == pytest.approx(0.25, abs=0.02)


def test_a_panel_is_paid_for_every_member():
    assert (Panel(price=5).answers(items(), Streams(0)).prices == 15).all()


def test_an_annotator_who_is_always_right_decides_a_weighted_vote():
    asked = items()
    assert (given(Panel(accuracies=[1.0, 0.99, 0.99], vote=Vote.weighted), asked) == asked.classes).all()


EVERY = {
    "noisy": Noisy(),
    "harder": Noisy(errors=Errors.harder),
    "confusion": Noisy(errors=Errors.confusion, confusion=[[0.25] * 4] * 4),
    "abstaining": Abstaining(),
    "panel": Panel(),
}


@pytest.mark.parametrize("annotator", EVERY.values(), ids=EVERY)
def test_answers_belong_to_the_seed_and_items_outside_get_none(annotator):
    asked = items(outside=100)
    first = given(annotator, asked)
    assert (first == given(annotator, asked)).all()
    assert (first != given(annotator, asked, seed=1)).any()
    assert (first[-100:] == NO_LABEL).all()
    assert first.min() >= NO_LABEL
    assert first.max() < C


REFUSED = {
    "price": (lambda: Perfect(price=0), "annotator.price is 0; it must be a whole number from 1"),
    "class price": (lambda: Perfect(class_prices=[1, 0]), "annotator.class_prices is 0"),
    "rate": (lambda: Noisy(rate=1.5), "annotator.rate is 1.5"),
    "rate of harder": (lambda: Noisy(rate=0.6, errors=Errors.harder), "at most 0.5 with annotator.errors=harder"),
    "no matrix": (lambda: Noisy(errors=Errors.confusion), "annotator.confusion=[[0.9,0.1],[0.2,0.8]]"),
    "matrix": (lambda: Noisy(errors=Errors.confusion, confusion=[[0.9, 0.2], [0, 1]]), "rows of probabilities"),
    "words": (lambda: Noisy(errors=Errors.confusion, confusion=[["a", 1]]), "rows of probabilities"),
    "all abstain": (lambda: Abstaining(rate=1.0), "annotator.rate is 1.0"),
    "nobody": (lambda: Panel(accuracies=[]), "annotator.accuracies is []"),
}


@pytest.mark.parametrize(("make", "line"), REFUSED.values(), ids=REFUSED)
def test_a_value_that_has_no_meaning_is_refused(make, line):
    with pytest.raises(InputError, match=re.escape(line)):
        make()


@pytest.mark.parametrize(
    "annotator",
    [Perfect(class_prices=[1, 2]), Noisy(errors=Errors.confusion, confusion=[[0.5, 0.5], [0, 1]])],
    ids=["prices", "matrix"],
)
def test_a_list_for_other_classes_is_refused(annotator):
    with pytest.raises(InputError, match="has 2 entries and there are 4 classes: give one for each of a, b, c, d"):
        given(annotator, items())
