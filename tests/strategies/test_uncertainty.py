"""The uncertainty strategies on predictions worked by hand."""

from __future__ import annotations

import math

import pytest
import torch

from al_bench.evidence import Evidence, Product
from al_bench.strategies.uncertainty import (
    Bald,
    Entropy,
    LeastConfidence,
    Margin,
    MeanStd,
    Random,
    VariationRatio,
)

POINTS = [[0.5, 0.3, 0.2], [0.9, 0.1, 0.0], [1 / 3, 1 / 3, 1 / 3], [1.0, 0.0, 0.0]]
DRAWS = [  # [N, K, C]
    [[1.0, 0.0], [0.0, 1.0], [1.0, 0.0], [0.0, 1.0]],  # certain draws that disagree: all is information
    [[0.5, 0.5], [0.5, 0.5], [0.5, 0.5], [0.5, 0.5]],  # undecided draws that agree: none is
    [[0.75, 0.25], [0.75, 0.25], [0.25, 0.75], [0.75, 0.25]],
]


def points():
    return Evidence(4, {Product.mean_log_probs: torch.tensor(POINTS).log()})


def draws():
    return Evidence(3, {Product.mc_log_probs: torch.tensor(DRAWS).log()})


def h(*probabilities):
    return -sum(p * math.log(p) for p in probabilities if p)


@pytest.mark.parametrize(
    ("strategy", "scores"),
    [
        (LeastConfidence(), [0.5, 0.1, 2 / 3, 0.0]),
        (Margin(), [0.8, 0.2, 1.0, 0.0]),
        (Entropy(), [h(0.5, 0.3, 0.2), h(0.9, 0.1), math.log(3), 0.0]),
        (VariationRatio(), [0.5, 0.1, 2 / 3, 0.0]),
    ],
    ids=["least confidence", "margin", "entropy", "variation ratio"],
)
def test_scores_of_point_predictions(strategy, scores):
    assert strategy.score(points()).tolist() == pytest.approx(scores, abs=1e-6)
    assert strategy.select(points(), 2, torch.Generator()).rows.tolist() == [2, 0]


# Row 2: the mean prediction is (0.625, 0.375), each draw has the entropy of (0.75, 0.25).
# Its deviations from the mean are 0.125 three times and 0.375 once: σ = √((3 · 0.015625 + 0.140625) / 4).
@pytest.mark.parametrize(
    ("strategy", "scores"),
    [
        (VariationRatio(), [0.5, 0.0, 0.25]),
        (MeanStd(), [0.5, 0.0, math.sqrt(0.1875 / 4)]),
        (Bald(), [math.log(2), 0.0, h(0.625, 0.375) - h(0.75, 0.25)]),
    ],
    ids=["variation ratio", "mean std", "BALD"],
)
def test_scores_of_draws(strategy, scores):
    assert strategy.score(draws()).tolist() == pytest.approx(scores, abs=1e-6)
    assert strategy.select(draws(), 2, torch.Generator()).rows.tolist() == [0, 2]


def test_variation_ratio_reads_votes_where_there_are_draws_and_else_the_mean():
    assert VariationRatio().needs(True) == {Product.mc_log_probs}
    assert VariationRatio().needs(False) == {Product.mean_log_probs}


def test_entropy_of_the_mean_does_not_tell_disagreement_from_doubt_and_bald_does():
    both = draws()
    mean = Evidence(3, {Product.mean_log_probs: both.mc_log_probs.exp().mean(1).log()})
    entropy, bald = Entropy().score(mean), Bald().score(both)
    assert entropy[0] == pytest.approx(entropy[1])
    assert bald[0] > bald[1] + 0.6


def test_random_reads_nothing_and_every_row_comes_as_often():
    assert Random().needs(True) == Random().needs(False) == frozenset()
    generator = torch.Generator().manual_seed(0)
    counts = torch.zeros(8)
    for _ in range(2000):
        counts[Random().select(Evidence(8), 2, generator).rows] += 1
    # 500 each in expectation, binomial with standard deviation √(2000 · ¼ · ¾) ≈ 19.4.
    assert (counts - 500).abs().max() < 4.5 * 19.4


def test_random_has_no_scores():
    assert Random().select(Evidence(8), 2, torch.Generator()).scores is None
