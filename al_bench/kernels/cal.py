"""CAL: rows predicted otherwise than the labelled points near them."""

from __future__ import annotations

import torch
from torch import Tensor

from al_bench.errors import ScoreError
from al_bench.kernels.distances import check_feature_pair, power_scale
from al_bench.kernels.probabilities import LOG_ZERO

BLOCK_ELEMENTS = 2**22
"""Elements of a block of distances: 32 MiB in float64."""


def contrastive_scores(
    features_nd: Tensor,
    log_probs_nc: Tensor,
    labelled_features_ld: Tensor,
    labelled_log_probs_lc: Tensor,
    *,
    neighbours: int = 10,
    block_elements: int = BLOCK_ELEMENTS,
) -> Tensor:
    """1/k Σ_i KL(p(·|x_i) ‖ p(·|x)) [N] over the k labelled points x_i nearest to x, nats, at least 0.

    Of labelled points equally near (to 1e-13) the first is the neighbour. A log-probability below −10⁴ counts as −10⁴.

    Args:
        features_nd: [N, D] features of the rows.
        log_probs_nc: [N, C] log-probabilities of their predictions, nats.
        labelled_features_ld: [L, D] features of the labelled points, L ≥ 1.
        labelled_log_probs_lc: [L, C] log-probabilities of their predictions, nats.
        neighbours: k; all labelled points where there are fewer.
        block_elements: Elements of a block of distances; the result does not depend on it.

    Returns:
        [N] float32. Cost: O(N L (D + C)). Memory: the labelled points in float64, and three blocks.

    Raises:
        ValueError: the shapes do not match, L is 0, or `neighbours` is below 1.
        ScoreError: a feature or a prediction is not finite.

    Source: Margatina, Vernikos, Barrault & Aletras 2021 (CAL).
    Departures: None known.
    """
    check_feature_pair(features_nd, labelled_features_ld)
    if len(log_probs_nc) != len(features_nd) or len(labelled_log_probs_lc) != len(labelled_features_ld):
        raise ValueError(
            f"{len(features_nd)} and {len(labelled_features_ld)} rows of features, {len(log_probs_nc)} and "
            f"{len(labelled_log_probs_lc)} predictions"
        )
    if neighbours < 1 or not len(labelled_features_ld):
        raise ValueError(f"{neighbours} neighbours among {len(labelled_features_ld)} labelled points; at least 1 of 1")
    for name, log_probs in (("", log_probs_nc), ("labelled ", labelled_log_probs_lc)):
        if (bad := log_probs.isnan().any(1).nonzero()).numel():
            raise ScoreError(f"the prediction of {name}row {int(bad[0, 0])} is NaN ({len(bad)} rows are bad)")
    device = features_nd.device
    scale = power_scale(features_nd, labelled_features_ld)
    centres_ld = labelled_features_ld.to(device).double() / scale
    origin_d = centres_ld.mean(0)
    centres_ld = centres_ld - origin_d
    log_p_lc = labelled_log_probs_lc.to(device).double().clamp(min=LOG_ZERO)
    p_lc = log_p_lc.exp()
    negative_entropy_l = (p_lc * log_p_lc).sum(1)
    count = min(neighbours, len(centres_ld))
    scores = [torch.empty(0, dtype=torch.float64, device=device)]
    size = max(1, block_elements // len(centres_ld))
    for part_nd, part_nc in zip(features_nd.split(size), log_probs_nc.split(size), strict=True):
        rows_nd = part_nd.double() / scale - origin_d
        near_nl = _nearest(rows_nd, centres_ld, count)
        divergence_nl = negative_entropy_l - part_nc.double().clamp(min=LOG_ZERO) @ p_lc.T
        scores.append(divergence_nl.mul_(near_nl).sum(1) / count)
    return torch.cat(scores).clamp_(min=0.0).float()


def _nearest(rows_nd: Tensor, centres_ld: Tensor, count: int) -> Tensor:
    """[n, L] whether a centre is one of the `count` nearest to a row, of equal ones (to rounding) the first."""
    norms_l = centres_ld.square().sum(1)
    squared_nl = torch.addmm(norms_l, rows_nd, centres_ld.T, alpha=-2)  # without the row's norm
    limit_n1 = squared_nl.topk(count, largest=False).values[:, -1:]
    rounding_n1 = 1e-13 * (rows_nd.square().sum(1, keepdim=True) + norms_l.max())
    inside_nl, equal_nl = squared_nl < limit_n1 - rounding_n1, (squared_nl - limit_n1).abs() <= rounding_n1
    room_n1 = count - inside_nl.sum(1, keepdim=True)
    return inside_nl | (equal_nl & (equal_nl.cumsum(1) <= room_n1))
