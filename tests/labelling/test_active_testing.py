"""The active audit's formulas: unbiased over every possible draw, and exact intervals where weights are equal."""

from __future__ import annotations

import math
from collections import Counter

import numpy as np
import pytest

from al_bench.labelling.active_testing import (
    FLOOR,
    UNSEEN,
    draw,
    lure_accuracy,
    lure_weights,
    ratio_accuracy,
)
from al_bench.labelling.audit_statistics import clopper_pearson
from tests.reference import audit as literal


@pytest.mark.parametrize("drawn", [1, 2, 3, 5], ids=lambda count: f"{count} of 5")
def test_the_estimate_is_unbiased_over_every_sequence_of_draws_although_the_model_changes(drawn):
    models = np.array([[1, 1, 1, 1, 1.0], [0.9, 0.1, 0.0, 0.2, 0.3], [0.0, 0.6, 0.5, 0.1, 0.9]])
    losses = np.array([1.0, 0.0, 1.0, 0.0, 0.25])  # of the last model

    def q(rows, left):
        steered = models[min(len(rows), 2)].copy()
        steered += 0.3 * losses[list(rows)].sum()  # even by the labels seen so far
        return literal.proposal(steered[left], FLOOR)

    mean = math.fsum(
        probability * float(lure_weights(np.array(steps), 5) @ losses[list(rows)]) / drawn
        for rows, steps, probability in literal.every_draw(5, drawn, q)
    )
    assert mean == pytest.approx(losses.mean(), abs=1e-12)


def test_the_weights_are_those_of_the_paper_term_by_term():
    generator = np.random.default_rng(0)
    rows, q = zip(*draw(generator.random(30), 12, generator), strict=True)
    losses = generator.random(30)[list(rows)]
    assert lure_weights(np.array(q), 30) @ losses / 12 == pytest.approx(literal.lure(q, losses, 30), abs=1e-14)


def test_uniform_draws_have_weight_one_and_the_exact_interval():
    rows, q = zip(*draw(np.ones(200), 50, np.random.default_rng(0)), strict=True)
    weights = lure_weights(np.array(q), 200)
    assert weights == pytest.approx(1, abs=1e-12)
    for faults in (0, 1, 13, 49, 50):
        wrong = np.arange(50) < faults
        exact = clopper_pearson(50 - faults, 50)
        for value, ends in (lure_accuracy(weights, wrong, 200), ratio_accuracy(weights, wrong, 200)):
            assert (value, *ends.at()) == pytest.approx((exact.value, exact.low, exact.high), abs=1e-9)
    assert len(set(rows)) == 50


@pytest.mark.parametrize("faults", [0, 1, 4, 15, 29, 30], ids=lambda count: f"{count} faults")
@pytest.mark.parametrize("size", [60, 300], ids=lambda count: f"of {count}")
def test_accuracies_and_the_ends_of_their_intervals_are_those_of_the_formulas(faults, size):
    generator = np.random.default_rng(faults)
    weights = lure_weights(np.array([q for _, q in draw(generator.random(size), 30, generator)]), size)
    wrong = generator.permutation(np.arange(30) < faults)
    value, ends = lure_accuracy(weights, wrong, size)
    assert (value, *ends.at()) == pytest.approx(literal.lure_interval(weights, wrong, size, UNSEEN), abs=1e-9)
    part = np.arange(30) % 3 > 0
    reserve = size * weights[part].sum() / 30
    value, ends = ratio_accuracy(weights[part], wrong[part], reserve)
    expected = literal.ratio_interval(weights[part], wrong[part], reserve, UNSEEN)
    assert (value, *ends.at()) == pytest.approx(expected, abs=1e-9)


@pytest.mark.parametrize(
    "loss", [[0.0, 0.1, 0.4, 0.5], [0.0, 0.0, 0.0, 0.3], [0.0] * 4], ids=["unlike", "one above 0", "all 0"]
)
def test_sequences_of_draws_have_the_probabilities_that_are_recorded(loss):
    loss, repetitions = np.array(loss), 6_000
    expected = {
        rows: (steps, probability)
        for rows, steps, probability in literal.every_draw(4, 3, lambda _, left: literal.proposal(loss[left], FLOOR))
    }
    counts = Counter()
    for seed in range(repetitions):
        rows, q = zip(*draw(loss, 3, np.random.default_rng(seed)), strict=True)
        counts[rows] += 1
        assert q == pytest.approx(expected[rows][0])
    chances = np.array([probability for _, probability in expected.values()]) * repetitions
    seen = np.array([counts[rows] for rows in expected])
    assert ((seen - chances) ** 2 / chances).sum() < 50.1  # chi-square, 23 degrees of freedom: 99.9 %


def test_no_weight_exceeds_what_the_floor_allows():
    generator = np.random.default_rng(1)
    _, q = zip(*draw(generator.random(300) ** 8, 150, generator), strict=True)
    assert lure_weights(np.array(q), 300).max() <= 1 / FLOOR + 1e-9


def test_a_model_that_is_sure_of_all_is_audited_uniformly():
    assert [q for _, q in draw(np.zeros(4), 4, np.random.default_rng(0))] == pytest.approx([1 / 4, 1 / 3, 1 / 2, 1])


@pytest.mark.parametrize("is_wrong", [False, True], ids=["all right", "all wrong"])
def test_all_wrong_and_all_right_have_intervals_within_bounds(is_wrong):
    weights, wrong = np.array([0.6, 1.4] * 20), np.full(40, is_wrong)
    for value, ends in (lure_accuracy(weights, wrong, 400), ratio_accuracy(weights, wrong, 400)):
        share = ends.share(value, 40)
        assert 0 <= share.low <= share.value <= share.high <= 1
        assert share.high - share.low > 0.05
