"""BADGE: k-means++ on the gradients that the last layer would have, were the prediction the label."""

from __future__ import annotations

import torch
from torch import Tensor

from al_bench.kernels.badge.draws import draw_batch
from al_bench.kernels.badge.gradients import (
    check_finite,
    check_first_centre,
    gradient_norms,
    hypothetical_gradient,
    nearest_centre,
)
from al_bench.kernels.distances import safe_scale
from al_bench.kernels.select import check_batch

_ROWS = 4096
"""Rows per matrix product: with 512 features 8 MiB."""


def select_badge(
    log_probs_nc: Tensor,
    features_nd: Tensor,
    batch: int,
    generator: torch.Generator,
    *,
    first_centre: str = "uniform",
) -> Tensor:
    """P(x | S) ∝ min_{c ∈ S} ‖g_x − g_c‖², k-means++ sampling on the gradient embeddings g = a ⊗ h, row by row.

    ‖g_i − g_j‖² = ‖a_i‖²‖h_i‖² + ‖a_j‖²‖h_j‖² − 2 (a_i·a_j)(h_i·h_j) needs the two factors only, and no N × C·D
    tensor. A distance within rounding of 0 counts as 0; where all distances are 0, the pick is uniform among the rows
    not chosen yet. No row is chosen twice.

    The draw is by rejection: a row is proposed with the distances of the last update, which are at least the current
    ones, and accepted with probability current / last. The distribution is the same, and only the proposed row's
    current distance is computed. All distances are updated each time the number of centres has doubled, or after
    `_REJECTIONS` rejections in a row: the features are read about log₂ B times and not B times. Two uniform numbers
    are drawn from the generator per proposal, one for the first row and for a row drawn uniformly.

    Args:
        log_probs_nc: [N, C] log-probabilities of the prediction, nats.
        features_nd: [N, D] inputs of the last layer, in the same dtype; with a column of ones the gradient by
            the bias is part of the embedding.
        batch: B, 0 ≤ B ≤ N.
        generator: source of the uniform numbers; how many are drawn depends on the rejections.
        first_centre: "uniform" as in the paper's algorithm, or "largest_norm" as in the authors' code (equal
            norms: uniform among them).

    Returns:
        [B] int64 rows in the order drawn.

    Raises:
        ValueError: the batch is negative or larger than N, the shapes do not match, or `first_centre` is unknown.
        ScoreError: an embedding is not finite.

    Source: Ash et al. 2020, algorithm 1; Arthur & Vassilvitskii 2007.
    Departures: None of the law of the draws; the paper does not say what follows once all distances are 0.
    """
    rows_count = len(log_probs_nc)
    check_batch(batch, rows_count)
    if log_probs_nc.ndim != 2 or features_nd.ndim != 2 or len(features_nd) != rows_count:
        shapes = f"{list(log_probs_nc.shape)} and {list(features_nd.shape)}"
        raise ValueError(f"log-probabilities and features of shapes {shapes}; [N, C] and [N, D] are needed")
    check_first_centre(first_centre)
    a_nc = hypothetical_gradient(log_probs_nc)
    if (scale := safe_scale(features_nd)) != 1:
        features_nd = features_nd / scale  # the probabilities depend on ratios of distances only
    norms_n = gradient_norms(a_nc, features_nd)
    check_finite(norms_n)
    return draw_batch(_Held(a_nc, features_nd, norms_n), batch, generator, first_centre)


class _Held:
    """Embeddings whose two factors are held."""

    def __init__(self, a_nc: Tensor, features_nd: Tensor, norms_n: Tensor) -> None:
        self.a_nc, self.features_nd, self.norms_n = a_nc, features_nd, norms_n

    def new(self) -> Tensor:
        return torch.full_like(self.norms_n, torch.inf)

    def squared_norms(self) -> Tensor:
        return self.norms_n

    def lower(self, squared_n: Tensor, centres: list[int]) -> None:
        for start in range(0, len(squared_n), _ROWS):
            part = slice(start, start + _ROWS)
            torch.minimum(squared_n[part], self._squared_distances(part, centres), out=squared_n[part])

    def squared_distance(self, row: int, centres: list[int]) -> float:
        return self._squared_distances(slice(row, row + 1), centres).item()

    def _squared_distances(self, part: slice, centres: list[int]) -> Tensor:
        """[n] squared distances of some rows to the nearest of some centres, float64."""
        sum_nb = self.norms_n[part, None] + self.norms_n[centres]
        product_nb = (self.a_nc[part] @ self.a_nc[centres].T).double()
        product_nb *= self.features_nd[part] @ self.features_nd[centres].T
        return nearest_centre(sum_nb, product_nb, self.features_nd)
