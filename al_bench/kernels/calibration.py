"""Calibration: whether 80 % of the predictions of confidence 0.8 are right."""

from __future__ import annotations

import torch
from torch import Tensor

from al_bench.errors import ScoreError

TEMPERATURES = tuple(round(1 + 0.1 * step, 1) for step in range(190))
"""The temperatures tried, as in the authors' code: 1.0, 1.1, … 19.9."""


def expected_calibration_error(probs_nc: Tensor, labels_n: Tensor, bins: int = 15) -> float:
    """ECE = Σ_m |B_m| / N · |acc(B_m) − conf(B_m)|, between 0 and 1.

    The confidence of a row is its largest probability, its prediction the class that has it (the lowest of
    several equal); B_m holds the rows with a confidence in ((m − 1)/M, m/M], m = 1 … M.

    Args:
        probs_nc: [N, C] probabilities of the prediction.
        labels_n: [N] true classes.
        bins: M, the number of equal bins.

    Returns:
        ECE, summed in float64.

    Raises:
        ValueError: there is no row, the shapes differ, or `bins` is not positive.

    Source: Guo et al. 2017, eq. 3 (15 bins in their Table 1).
    """
    if bins < 1:
        raise ValueError(f"{bins} bins; there must be at least one")
    if len(probs_nc) == 0 or probs_nc.ndim != 2 or labels_n.shape != probs_nc.shape[:1]:
        shapes = f"{list(probs_nc.shape)} and {list(labels_n.shape)}"
        raise ValueError(f"probabilities and labels of shapes {shapes}; [N, C] and [N] with N ≥ 1 are needed")
    highest = probs_nc.max(dim=1)
    confidence_n = highest.values.double()
    correct_n = (highest.indices == labels_n).double()
    edges_m = torch.arange(1, bins + 1, dtype=torch.float64, device=probs_nc.device) / bins
    # Bin m where edges[m − 1] < confidence ≤ edges[m]; a probability rounded above 1 belongs to the last bin.
    bin_n = torch.bucketize(confidence_n, edges_m).clamp_(max=bins - 1)
    gap_m = torch.zeros_like(edges_m).index_add_(0, bin_n, correct_n - confidence_n)
    return (gap_m.abs().sum() / len(probs_nc)).item()


def calibrated_temperature(log_probs_lc: Tensor, labels_l: Tensor, bins: int = 15) -> float:
    """argmin_τ ECE(softmax(z / τ)) over τ = 1.0, 1.1, … 19.9, the lowest of equal ones; 1 where L is 0.

    Args:
        log_probs_lc: [L, C] log-probabilities of points on which the predictor was not trained, nats.
        labels_l: [L] their labels.
        bins: Of the expected calibration error.

    Raises:
        ScoreError: a prediction is NaN.

    Source: Bae, Oliveira & Sutherland 2025 (temperature scaling; the grid from their code); Guo et al. 2017.
    """
    if len(log_probs_lc) == 0:
        return 1.0
    if log_probs_lc.isnan().any():
        row = int(log_probs_lc.isnan().any(1).nonzero()[0, 0])
        raise ScoreError(f"the held-out prediction of labelled row {row} is NaN")
    log_probs_lc = log_probs_lc.double()
    errors = [
        expected_calibration_error((log_probs_lc / temperature).softmax(1), labels_l, bins)
        for temperature in TEMPERATURES
    ]
    best = min(errors)
    return next(t for t, error in zip(TEMPERATURES, errors, strict=True) if error <= best + 1e-12)
