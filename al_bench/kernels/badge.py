"""BADGE: k-means++ on the gradients that the last layer would have, were the prediction the label."""

from __future__ import annotations

import math

import torch
from torch import Tensor

from al_bench.errors import ScoreError

FIRST_CENTRES = ("uniform", "largest_norm")


def hypothetical_gradient(log_probs_nc: Tensor) -> Tensor:
    """a = p − onehot(argmax_c p) [N, C], the gradient of the cross-entropy with the prediction as its label.

    The gradient by the logits; by the last layer's weights it is a ⊗ h [N, C, D] with h the layer's input, by
    its bias a itself. Of several equally probable classes the lowest is the label.

    Args:
        log_probs_nc: [N, C] log-probabilities of the prediction, nats.
    """
    highest_n = log_probs_nc.max(dim=1)
    # p − 1 by expm1: exact to rounding where p is nearly 1 and the embedding nearly 0.
    return log_probs_nc.exp().scatter_(1, highest_n.indices[:, None], highest_n.values.expm1()[:, None])


def select_badge(
    log_probs_nc: Tensor,
    features_nd: Tensor,
    batch: int,
    generator: torch.Generator,
    *,
    first_centre: str = "uniform",
) -> Tensor:
    """A batch by k-means++ sampling on the gradient embeddings g = a ⊗ h.

    After the first centre a row is drawn with probability proportional to the squared distance of its embedding
    to the nearest one chosen. ‖g_i − g_j‖² = ‖a_i‖²‖h_i‖² + ‖a_j‖²‖h_j‖² − 2 (a_i·a_j)(h_i·h_j) needs the two
    factors only: O(N (C + D)) a pick, and no N × C·D tensor. B uniform numbers are drawn from the generator at
    the start, one a pick. A distance within rounding of 0 is 0; where all are, the pick is uniform among the
    rows not chosen yet. No row is chosen twice.

    Args:
        log_probs_nc: [N, C] log-probabilities of the prediction, nats.
        features_nd: [N, D] inputs of the last layer, in the same dtype; with a column of ones the gradient by
            the bias is part of the embedding.
        batch: B, 0 ≤ B ≤ N.
        generator: source of the uniform numbers.
        first_centre: "uniform" as in the paper's algorithm, or "largest_norm" as in the authors' code (equal
            norms: uniform among them).

    Returns:
        [B] int64 rows in the order drawn.

    Raises:
        ValueError: the batch is negative or larger than N, the shapes do not match, or `first_centre` is unknown.
        ScoreError: an embedding is not finite.

    Source: Ash et al. 2020, algorithm 1; Arthur & Vassilvitskii 2007.
    """
    rows_count = len(log_probs_nc)
    if not 0 <= batch <= rows_count:
        raise ValueError(f"a batch of {batch} rows cannot be chosen from {rows_count} rows")
    if log_probs_nc.ndim != 2 or features_nd.ndim != 2 or len(features_nd) != rows_count:
        shapes = f"{list(log_probs_nc.shape)} and {list(features_nd.shape)}"
        raise ValueError(f"log-probabilities and features of shapes {shapes}; [N, C] and [N, D] are needed")
    if first_centre not in FIRST_CENTRES:
        raise ValueError(f"first_centre is {first_centre!r}; it must be one of {', '.join(FIRST_CENTRES)}")
    a_nc = hypothetical_gradient(log_probs_nc)
    norms_n = _squared_norms(a_nc) * _squared_norms(features_nd)
    bad = (~norms_n.isfinite()).nonzero()
    if len(bad):
        raise ScoreError(f"the gradient of row {int(bad[0, 0])} is not finite ({len(bad)} rows are bad)")
    uniform_b = torch.rand(batch, generator=generator, dtype=torch.float64, device=generator.device).tolist()
    rounding = (8 + math.sqrt(features_nd.shape[1])) * torch.finfo(features_nd.dtype).eps
    free_n = torch.ones(rows_count, dtype=torch.bool, device=log_probs_nc.device)
    nearest_n = torch.full_like(norms_n, torch.inf)
    rows: list[int] = []
    for uniform in uniform_b:
        if rows:
            row = _draw(nearest_n, free_n, uniform)
        elif first_centre == "largest_norm":
            row = _uniform(norms_n == norms_n.max(), uniform)
        else:
            row = _uniform(free_n, uniform)
        rows.append(row)
        free_n[row] = False
        sum_n = norms_n + norms_n[row]
        product_n = (a_nc @ a_nc[row]).double() * (features_nd @ features_nd[row]).double()
        squared_n = sum_n - 2 * product_n
        squared_n[squared_n <= rounding * sum_n] = 0.0
        torch.minimum(nearest_n, squared_n, out=nearest_n)
        nearest_n[row] = 0.0
    return torch.tensor(rows, dtype=torch.int64, device=log_probs_nc.device)


def _draw(weights_n: Tensor, free_n: Tensor, uniform: float) -> int:
    """The first row where the running sum of the weights exceeds `uniform` of the total."""
    cumulative_n = weights_n.cumsum(0)
    total = cumulative_n[-1]
    if total <= 0:
        return _uniform(free_n, uniform)
    # Rows of weight 0 repeat the sum before them and are passed over.
    row = int(torch.searchsorted(cumulative_n, (uniform * total).view(1), right=True))
    return row if row < len(weights_n) else int(weights_n.nonzero()[-1, 0])


def _uniform(allowed_n: Tensor, uniform: float) -> int:
    """One of the allowed rows, in their order."""
    rows = allowed_n.nonzero()[:, 0]
    return int(rows[int(uniform * len(rows))])


def _squared_norms(vectors_nd: Tensor) -> Tensor:
    """[N] in float64, without a float64 copy of the vectors."""
    return torch.linalg.vector_norm(vectors_nd, dim=1, dtype=torch.float64).square()
