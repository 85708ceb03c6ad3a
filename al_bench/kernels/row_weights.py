"""Weights of rows, as selections that weigh rows take them."""

from __future__ import annotations

import torch
from torch import Tensor

from al_bench.errors import ScoreError


def row_weights(weights_n: Tensor | None, rows_count: int) -> Tensor:
    """[N] the weights given, or 1 for every row.

    Args:
        weights_n: [N]; None: 1 each.
        rows_count: N.

    Raises:
        ValueError: there is not one weight a row.
        ScoreError: a weight is not a finite number of at least 0.
    """
    if weights_n is None:
        return torch.ones(rows_count)
    if weights_n.shape != (rows_count,):
        raise ValueError(f"weights of shape {list(weights_n.shape)}; one weight a row is needed, [{rows_count}]")
    bad = (~(weights_n.isfinite() & (weights_n >= 0))).nonzero()
    if len(bad):
        value = weights_n[bad[0, 0]].item()
        raise ScoreError(f"the weight of row {int(bad[0, 0])} is {value:.6g}; it must be a number of at least 0")
    return weights_n
