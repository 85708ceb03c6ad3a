"""The gradient embeddings of BADGE by their two factors, and distances between them."""

from __future__ import annotations

import math

import torch
from torch import Tensor

from al_bench.errors import ScoreError

FIRST_CENTRES = ("uniform", "largest_norm")

_NORM_ROWS = 1024
"""Rows whose norms are computed together, in float64: what torch converts for that should stay in a core's cache."""


def hypothetical_gradient(log_probs_nc: Tensor) -> Tensor:
    """a = p − onehot(argmax_c p) [N, C], the gradient of the cross-entropy with the prediction as its label.

    This is the gradient with respect to the logits. With respect to the last layer's weights it is a ⊗ h [N, C, D] with
    h the layer's input, with respect to its bias a itself. Of several equally probable classes the lowest is the label.

    Args:
        log_probs_nc: [N, C] log-probabilities of the prediction, nats.

    Returns:
        [N, C] in the dtype of the argument, each row of sum 0.

    Source: Ash et al. 2020, eq. 1.
    """
    highest_n = log_probs_nc.max(dim=1)
    # p − 1 by expm1: exact to rounding where p is nearly 1 and the embedding nearly 0.
    return log_probs_nc.exp().scatter_(1, highest_n.indices[:, None], highest_n.values.expm1()[:, None])


def squared_norms(vectors_nd: Tensor) -> Tensor:
    """[N] in float64, without a float64 copy of all the vectors."""
    parts = (torch.linalg.vector_norm(part, dim=1, dtype=torch.float64) for part in vectors_nd.split(_NORM_ROWS))
    return torch.cat([*parts, vectors_nd.new_empty(0, dtype=torch.float64)]).square_()


def gradient_norms(a_nc: Tensor, h_nd: Tensor) -> Tensor:
    """[n] ‖a‖²‖h‖² in float64."""
    return squared_norms(a_nc) * squared_norms(h_nd)


def nearest_centre(sum_nb: Tensor, product_nb: Tensor, features_nd: Tensor) -> Tensor:
    """[n] min_b ‖g_n‖² + ‖g_b‖² − 2 g_n·g_b, 0 where it is within the rounding of the features' dtype.

    Args:
        sum_nb: The sums of the squared norms.
        product_nb: The products g_n·g_b.
        features_nd: For their dtype and number.
    """
    rounding = (8 + math.sqrt(features_nd.shape[1])) * torch.finfo(features_nd.dtype).eps
    squared_nb = sum_nb - 2 * product_nb
    return squared_nb.masked_fill_(squared_nb <= rounding * sum_nb, 0.0).amin(1)


def check_finite(values_n: Tensor) -> None:
    """Refuse squared norms or distances [N] that are not finite.

    Raises:
        ScoreError: names the first such row and how many there are.
    """
    bad = (~values_n.isfinite()).nonzero()
    if len(bad):
        raise ScoreError(f"the gradient of row {int(bad[0, 0])} is not finite ({len(bad)} rows are bad)")


def check_first_centre(first_centre: str) -> None:
    """Refuse a rule for the first centre that there is not.

    Raises:
        ValueError: it is none of `FIRST_CENTRES`.
    """
    if first_centre not in FIRST_CENTRES:
        raise ValueError(f"first_centre is {first_centre!r}; it must be one of {', '.join(FIRST_CENTRES)}")
