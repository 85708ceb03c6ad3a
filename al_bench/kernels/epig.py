"""EPIG: the information of a row's label about the predictions of target rows, in place of about the weights."""

from __future__ import annotations

import math

import torch
from torch import Tensor

from al_bench.kernels.scores import into_range

_PRODUCT_ELEMENTS = 1 << 17
"""Elements of one matrix product's result: in float32 512 KiB, which stays in a core's L2 cache."""


def expected_predictive_information_gain(
    mc_log_probs_nkc: Tensor, mc_target_log_probs_tkc: Tensor, chunk: int | None = None
) -> Tensor:
    """EPIG(x) = E_{x*} I[y; y*] in nats, between 0 and min(log K, log C).

    I[y; y*] = Σ_{y,y*} p(y) p(y*) R log R,   R = p(y, y*) / (p(y) p(y*)) = 1/K Σ_k q_k(y) q_k(y*),

    with q_k(y) = p(y | k) / p(y) and p(y) = 1/K Σ_k p(y | k): the ratio itself is one matrix product, so that
    small information does not drown in the difference of large entropies. The expectation is over the target
    rows x*, which stand for the inputs to be predicted.

    Args:
        mc_log_probs_nkc: [N, K, C] log-probabilities of K draws for the candidates.
        mc_target_log_probs_tkc: [T, K, C'] log-probabilities of the same K draws for the target rows.
        chunk: candidates per matrix product; by default as many as fit in cache. Scores differ between chunk
            sizes, and between copies of a row, by rounding only (about 1e-7 nats in float32).

    Returns:
        [N] scores. A NaN in a candidate gives a NaN score; one in a target row makes all scores NaN.

    Raises:
        ValueError: the draws differ in number, or there is no target row.

    Source: Bickford Smith et al. 2023, the estimator for classification with K draws shared by both predictions.
    Departures: None; the ratio R is computed in place of the difference of entropies, which is the same number.
    """
    if mc_log_probs_nkc.shape[1] != mc_target_log_probs_tkc.shape[1]:
        draws = f"{mc_log_probs_nkc.shape[1]} and {mc_target_log_probs_tkc.shape[1]}"
        raise ValueError(f"{draws} draws for candidates and target rows; they must be the same draws")
    if len(mc_target_log_probs_tkc) == 0:
        raise ValueError("there is no target row; EPIG needs at least one")
    _, draws_count, classes = mc_log_probs_nkc.shape
    target_ktc, target_mean_tc = _ratios(mc_target_log_probs_tkc)
    target_kx = target_ktc.flatten(1) / draws_count
    weight_x = target_mean_tc.flatten() / len(target_mean_tc)
    if chunk is None:
        chunk = max(1, _PRODUCT_ELEMENTS // (classes * len(weight_x)))
    tiny = torch.finfo(mc_log_probs_nkc.dtype).tiny
    scores = [mc_log_probs_nkc.new_empty(0)]
    for log_probs_bkc in mc_log_probs_nkc.split(chunk):
        ratio_kbc, mean_bc = _ratios(log_probs_bkc)
        joint_ratio_yx = ratio_kbc.flatten(1).T @ target_kx  # [b C, T C']
        rlogr_yx = joint_ratio_yx.clamp(min=tiny).log_().mul_(joint_ratio_yx)
        scores.append(((rlogr_yx @ weight_x).view_as(mean_bc) * mean_bc).sum(1))
    return into_range(torch.cat(scores), 0.0, math.log(min(draws_count, classes)))


def _ratios(log_probs_bkc: Tensor) -> tuple[Tensor, Tensor]:
    """p(y | k) / p(y) [K, b, C], 0 where p(y) is 0, and p(y) [b, C]."""
    probs_kbc = log_probs_bkc.exp().transpose(0, 1)
    mean_bc = probs_kbc.mean(0)
    return (probs_kbc / mean_bc).masked_fill_(mean_bc == 0, 0.0), mean_bc
