"""The table of metrics: values worked by hand, labels and directions, and no torch until a value is computed."""

from __future__ import annotations

import math
import subprocess
import sys

import pytest
import torch

from al_bench.metrics import METRICS, Metric

LOG_PROBS = torch.tensor([[0.8, 0.2], [0.6, 0.4], [0.1, 0.9]], dtype=torch.float64).log()
LABELS = torch.tensor([0, 1, 1])


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("accuracy", 2 / 3),
        ("nll", -(math.log(0.8) + math.log(0.4) + math.log(0.9)) / 3),
        ("ece", (0.2 + 0.6 + 0.1) / 3),  # three bins of one point each: |1 − 0.8|, |0 − 0.6|, |1 − 0.9|
    ],
)
def test_a_metric_by_hand(name, value):
    computed = METRICS[name].compute(LOG_PROBS, LABELS)
    assert type(computed) is float
    assert computed == pytest.approx(value)


def test_fractions_are_shown_in_per_cent_and_nats_as_they_are():
    assert (METRICS["accuracy"].scale, METRICS["accuracy"].axis_label) == (100, "Test accuracy (%)")
    assert (METRICS["nll"].scale, METRICS["nll"].axis_label) == (1, "Negative log-likelihood (nats)")
    assert Metric("rank", lambda p, y: 1.0, "Rank", unit="").axis_label == "Rank"


def test_accuracy_goes_up_and_losses_go_down():
    assert {name for name, metric in METRICS.items() if not metric.higher_is_better} == {"nll", "ece", "brier"}


def test_the_table_is_read_without_torch():
    program = "import sys; from al_bench.metrics import METRICS; print('torch' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", program], capture_output=True, text=True).stdout == "False\n"
