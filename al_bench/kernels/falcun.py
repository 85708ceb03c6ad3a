"""Falcun: rows drawn by uncertainty and by distance in the space of predictions."""

from __future__ import annotations

import math

import torch
from torch import Tensor

from al_bench.kernels.scores import check_scores, margin
from al_bench.kernels.select import check_batch


def select_falcun(log_probs_nc: Tensor, batch: int, generator: torch.Generator, *, gamma: float = 10.0) -> Tensor:
    """P(x | S) ∝ (d̂_S(x) + u(x))^γ, row by row without replacement, u = 1 − (p₁ − p₂).

    d is u at first and min(d, ‖p(x) − p(s)‖₁) after each pick s; d̂ is d scaled to [0, 1] among the rows left, 0
    where all are equal. Where all weights are 0 the draw is uniform. B uniform numbers are drawn from the generator.

    Args:
        log_probs_nc: [N, C] log-probabilities of the prediction, nats; C ≥ 2.
        batch: B, 0 ≤ B ≤ N.
        generator: Source of the draws.
        gamma: γ ≥ 0; 0: uniform, ∞: the largest.

    Returns:
        [B] int64 rows in the order drawn. Cost: O(N C) a pick. Memory: the probabilities, and a few numbers a row.

    Raises:
        ValueError: the batch is negative or larger than N, the shape is not [N, C], or γ is negative or not finite.
        ScoreError: a prediction is NaN.

    Source: Gilhuber, Beer, Ma & Seidl 2024 (FALCUN).
    Departures: None known; what is drawn where all weights are 0 is not in the paper.
    """
    if not 0 <= gamma < math.inf:
        raise ValueError(f"gamma is {gamma}; it must be a number of at least 0")
    uncertainty_n = margin(log_probs_nc).double()
    check_batch(batch, len(uncertainty_n))
    check_scores(uncertainty_n, 0.0, 1.0, "the margin")
    probs_nc = log_probs_nc.exp()
    distance_n, left_n = uncertainty_n.clone(), torch.ones_like(uncertainty_n, dtype=torch.bool)
    uniforms = torch.rand(batch, generator=generator, dtype=torch.float64, device=generator.device).tolist()
    rows: list[int] = []
    for uniform in uniforms:
        if rows:
            apart_n = (probs_nc - probs_nc[rows[-1]]).abs_().sum(1, dtype=torch.float64)
            torch.minimum(distance_n, apart_n, out=distance_n)
        rows.append(_draw(distance_n, uncertainty_n, left_n, gamma, uniform))
        left_n[rows[-1]] = False
    return torch.tensor(rows, dtype=torch.int64, device=log_probs_nc.device)


def _draw(distance_n: Tensor, uncertainty_n: Tensor, left_n: Tensor, gamma: float, uniform: float) -> int:
    """The row at the share `uniform` of the weights (d̂ + u)^γ of the rows left."""
    among = distance_n[left_n]
    low, high = float(among.min()), float(among.max())
    sums_n = (distance_n - low) / (high - low if high > low else 1.0) + uncertainty_n
    largest = float(sums_n[left_n].max())
    weights_n = (sums_n / largest).pow_(gamma) if largest > 0 else torch.ones_like(sums_n)  # a ratio: no overflow
    cumulative_n = weights_n.masked_fill_(~left_n, 0.0).cumsum(0)
    # A row of weight 0 repeats the sum of the row before it, so that it is never drawn.
    row = int(torch.searchsorted(cumulative_n, uniform * float(cumulative_n[-1]), right=True))
    return row if row < len(left_n) else int(weights_n.nonzero()[-1, 0])
