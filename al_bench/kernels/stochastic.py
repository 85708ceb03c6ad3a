"""Stochastic batches: rows drawn without replacement in proportion to weights of their scores, by Gumbel-top-k."""

from __future__ import annotations

import math

import torch
from torch import Tensor

from al_bench.errors import ScoreError
from al_bench.kernels.select import select_top

MODES = ("power", "softmax", "softrank")


def select_stochastic(scores_n: Tensor, batch: int, mode: str, beta: float, generator: torch.Generator) -> Tensor:
    """P(x | S) = w_x / Σ_{x' ∉ S} w_x', row by row without replacement, with the weight w of a row's score s:

        power     s^β          (score 0: drawn only when no other row is left; β = 0: all rows alike)
        softmax   exp(β s)
        softrank  r^−β         r = 1 … N the rank by descending score, equal scores ranked at random

    The batch is the B highest of log w + Gumbel noise (Gumbel-top-k), which gives the same distribution over ordered
    batches. β = 0 is a uniform batch, β → ∞ the highest scores.

    Args:
        scores_n: [N] scores, higher is better; not negative under "power".
        batch: B, 0 ≤ B ≤ N.
        mode: one of `MODES`.
        beta: β ≥ 0, the inverse temperature (the paper's default is 1).
        generator: source of the noise and of the order of equal scores.

    Returns:
        [B] int64 rows in the order drawn.

    Raises:
        ValueError: the batch is negative or larger than N, the mode is unknown, or β is negative or not finite.
        ScoreError: a score is not finite, or negative under "power".

    Source: Kirsch et al. 2023, power, softmax and soft-rank acquisition; Kool et al. 2019 (Gumbel-top-k).
    """
    if mode not in MODES:
        raise ValueError(f"the mode is {mode!r}; it must be one of {', '.join(MODES)}")
    if not 0 <= beta < math.inf:
        raise ValueError(f"beta is {beta}; it must be a number of at least 0")
    bad = (~scores_n.isfinite() | ((scores_n < 0) if mode == "power" else False)).nonzero()
    if len(bad):
        row = int(bad[0, 0])
        kind = "a number of at least 0" if mode == "power" else "finite"
        raise ScoreError(
            f"the score of row {row} is {scores_n[row].item():.6g} ({len(bad)} rows are bad); "
            f"under {mode!r} it must be {kind}"
        )
    if mode == "softrank":
        order = select_top(scores_n, len(scores_n), generator)
        ranks_n = torch.empty_like(scores_n, dtype=torch.float64)
        ranks_n[order] = torch.arange(1, len(order) + 1, dtype=torch.float64, device=scores_n.device)
        log_weights_n = -beta * ranks_n.log()
    elif mode == "power":
        log_weights_n = torch.xlogy(beta, scores_n.double())  # 0 where β = 0, even of score 0
    else:
        log_weights_n = beta * scores_n.double()
    noise_n = torch.empty(len(scores_n), dtype=torch.float64, device=generator.device)
    gumbel_n = noise_n.exponential_(generator=generator).log_().neg_()
    return select_top(log_weights_n + gumbel_n.to(scores_n.device), batch, generator)
