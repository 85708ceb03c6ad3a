"""The losses that train a loss-prediction module: pairwise ranking, and plain regression.

l_i is the true loss of the i-th point of a mini-batch (nats), l̂_i the module's prediction (any scale for the ranking,
nats for the regression). The true losses are targets: no gradient flows through them.
"""

from __future__ import annotations

from torch import Tensor


def ranking_loss(predicted_b: Tensor, true_b: Tensor, margin: float) -> Tensor:
    """2/B Σ_{i < B/2} max(0, −sign(l_i − l_j) (l̂_i − l̂_j) + ξ) with j = B − 1 − i.

    Adding a constant to all predictions changes nothing, and only the order of the true losses counts: their scale,
    which shrinks as training goes on, does not. In an odd batch the middle point has no partner and is left out.

    Args:
        predicted_b: [B] l̂.
        true_b: [B] l.
        margin: ξ, by which a pair should be apart.

    Returns:
        Scalar; 0, with gradient 0, for a batch of one or none.

    Raises:
        ValueError: the two are not vectors of one length.

    Source: Yoo & Kweon 2019, sec. 3.3 and eq. 2.
    Departures: For l_i = l_j the paper's indicator is −1, which would order equal losses by their position; here
    sign(0) = 0, and such a pair adds the constant ξ, without gradient.
    """
    _check(predicted_b, true_b)
    pairs = len(true_b) // 2
    true_b = true_b.detach()
    order_p = (true_b - true_b.flip(0))[:pairs].sign()
    gap_p = (predicted_b - predicted_b.flip(0))[:pairs]
    return (margin - order_p * gap_p).clamp_min(0).sum() / max(pairs, 1)


def mse_loss(predicted_b: Tensor, true_b: Tensor) -> Tensor:
    """1/B Σ_i (l̂_i − l_i)², the plain variant that the paper compares with; 0 for an empty batch.

    Args:
        predicted_b: [B] l̂, nats.
        true_b: [B] l, nats.

    Returns:
        Scalar, nats².

    Raises:
        ValueError: the two are not vectors of one length.

    Source: Yoo & Kweon 2019, sec. 3.3.
    """
    _check(predicted_b, true_b)
    return (predicted_b - true_b.detach()).square().sum() / max(len(true_b), 1)


def _check(predicted_b: Tensor, true_b: Tensor) -> None:
    if predicted_b.ndim != 1 or predicted_b.shape != true_b.shape:
        raise ValueError(
            f"predicted losses of shape {list(predicted_b.shape)} and true losses of shape {list(true_b.shape)}; "
            "both must be [B]"
        )
