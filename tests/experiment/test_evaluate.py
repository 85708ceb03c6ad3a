"""Test quality worked by hand, from a learner whose predictions are given."""

from __future__ import annotations

import math

import pytest
import torch

from al_bench.data.dataset import Dataset
from al_bench.experiment.evaluate import predict_test
from al_bench.metrics.measure import measure


class Given:
    """A learner that predicts given probabilities [T, K, C], by chunks of a size."""

    def __init__(self, probabilities, labels, chunk):
        self.log_probs, self.chunk = torch.tensor(probabilities).log(), chunk
        inputs = torch.arange(len(labels), dtype=torch.float32)[:, None]
        self.dataset = Dataset("t", inputs, torch.tensor(labels), inputs, torch.tensor(labels), ("a", "b"))

    def chunks(self, sampler, inputs, indices=None):
        for start in range(0, len(inputs), self.chunk):
            rows = slice(start, start + self.chunk)
            yield rows, self.log_probs[inputs[rows, 0].long()]


def evaluate(learner):
    return measure(predict_test(learner, None).double(), learner.dataset.test_labels).values


PROBABILITIES = [
    [[0.9, 0.1], [0.7, 0.3]],  # mean 0.8: right
    [[0.6, 0.4], [0.6, 0.4]],  # 0.6: wrong
    [[0.2, 0.8], [0.0, 1.0]],  # 0.9: right
]
LABELS = [0, 1, 1]


@pytest.mark.parametrize("chunk", [1, 2, 3])
def test_quality_by_hand(chunk):
    quality = evaluate(Given(PROBABILITIES, LABELS, chunk))
    assert quality["accuracy"] == pytest.approx(2 / 3)
    assert quality["nll"] == pytest.approx(-(math.log(0.8) + math.log(0.4) + math.log(0.9)) / 3)
    # Three bins of one point each: |1 − 0.8|, |0 − 0.6|, |1 − 0.9|.
    assert quality["ece"] == pytest.approx((0.2 + 0.6 + 0.1) / 3, abs=1e-6)


def test_the_mean_is_of_probabilities_and_not_of_votes_or_logarithms():
    """One draw is sure of b, two lean to a: the votes say a, the mean says b."""
    quality = evaluate(Given([[[0.55, 0.45], [0.55, 0.45], [0.01, 0.99]]], [1], 1))
    assert quality["accuracy"] == 1.0
    assert quality["nll"] == pytest.approx(-math.log((0.45 + 0.45 + 0.99) / 3))


def test_values_are_plain_numbers_that_json_takes():
    quality = evaluate(Given(PROBABILITIES, LABELS, 3))
    assert set(map(type, quality.values())) == {float}
