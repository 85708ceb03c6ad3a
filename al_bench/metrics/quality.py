"""The metrics' functions. Letters: N test points, C classes; log-probabilities are float64, in nats."""

from __future__ import annotations

from torch import Tensor

from al_bench import kernels


def accuracy(log_probs_nc: Tensor, labels_n: Tensor) -> float:
    """Share of the points whose most probable class is the true one: mean of 1[argmax_c p_nc = y_n]."""
    return (log_probs_nc.argmax(1) == labels_n).double().mean().item()


def negative_log_likelihood(log_probs_nc: Tensor, labels_n: Tensor) -> float:
    """−mean of log p_n(y_n), nats."""
    return -log_probs_nc.gather(1, labels_n[:, None]).mean().item()


def calibration_error(log_probs_nc: Tensor, labels_n: Tensor) -> float:
    """Expected calibration error over 15 bins of equal width (Guo et al. 2017, eq. 3), between 0 and 1."""
    return kernels.expected_calibration_error(log_probs_nc.exp(), labels_n)
