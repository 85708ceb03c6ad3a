"""The expected calibration error against its twin, on bin edges, and hand-worked."""

from __future__ import annotations

import pytest
import torch

from al_bench import kernels
from tests.kernels.instances import DTYPES, mc_log_probs, seeded
from tests.reference import scores as twin


def test_equals_the_twin() -> None:
    for seed in range(100):
        kind = ("mild", "sharp", "extreme", "certain")[seed % 4]
        for dtype in DTYPES:
            probs = mc_log_probs(seed, 40, 1, 2 + seed % 5, dtype, kind)[:, 0].exp()
            labels = torch.randint(0, probs.shape[1], (40,), generator=seeded(seed))
            bins = (15, 10, 1, 20)[seed % 3]
            expected = twin.expected_calibration_error(probs.tolist(), labels.tolist(), bins)
            assert kernels.expected_calibration_error(probs, labels, bins) == pytest.approx(expected, abs=1e-12), (
                f"seed {seed}"
            )


def test_confidences_on_the_edges_belong_to_the_lower_bin() -> None:
    for bins in (10, 15):
        confidence = torch.arange(bins // 2 + 1, bins + 1, dtype=torch.float64) / bins
        probs = torch.stack([confidence, 1 - confidence], dim=1)
        labels = torch.arange(len(probs)) % 2
        expected = twin.expected_calibration_error(probs.tolist(), labels.tolist(), bins)
        assert kernels.expected_calibration_error(probs, labels, bins) == pytest.approx(expected, abs=1e-12)


def test_hand_worked() -> None:
    """Ten rows at 0.8, six right: a gap of 0.2; ten at 1.0, all right: none; the mean is 0.1."""
    probs = torch.tensor([[0.8, 0.2]] * 10 + [[1.0, 0.0]] * 10, dtype=torch.float64)
    labels = torch.tensor([0] * 6 + [1] * 4 + [0] * 10)
    assert kernels.expected_calibration_error(probs, labels) == pytest.approx(0.1)


def test_a_probability_rounded_above_one_is_counted() -> None:
    probs = torch.tensor([[1.0000001, 0.0]], dtype=torch.float32)
    assert kernels.expected_calibration_error(probs, torch.tensor([1])) == pytest.approx(1.0)


def test_faults_are_refused() -> None:
    with pytest.raises(ValueError, match="0 bins"):
        kernels.expected_calibration_error(torch.ones(1, 1), torch.zeros(1), 0)
    with pytest.raises(ValueError, match=r"\[0, 3\]"):
        kernels.expected_calibration_error(torch.ones(0, 3), torch.zeros(0))
    with pytest.raises(ValueError, match=r"\[2, 3\] and \[3\]"):
        kernels.expected_calibration_error(torch.ones(2, 3), torch.zeros(3))
