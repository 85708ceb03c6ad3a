"""Calibration: whether 80 % of the predictions of confidence 0.8 are right."""

from __future__ import annotations

import torch
from torch import Tensor


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
