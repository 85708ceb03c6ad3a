"""Query by committee: how much the members' votes disagree.

Letters: N rows, M members, C classes. A member's hard vote is its most probable class (the lowest of several
equally probable), its soft vote its whole prediction. V_c is the share of the votes for class c: of M hard
votes, or the mean of the soft ones, which is then the consensus p_C = 1/M Σ_m p_m.

Every score is [N], higher is more disagreement; a NaN in a row of the argument gives a NaN score.
"""

from __future__ import annotations

import math

import torch
from torch import Tensor

from al_bench.kernels.scores import bald, entropy, margin, mean_log_probs


def log_vote_shares(log_probs_nmc: Tensor, soft: bool = False) -> Tensor:
    """log V_c [N, C] in nats, −∞ for a class without votes.

    Args:
        log_probs_nmc: [N, M, C] log-probabilities of the members' predictions, nats.
        soft: whether a vote is the whole prediction.

    Returns:
        [N, C] in the dtype of the argument; NaN in the rows that have one.

    Source: Dagan & Engelson 1995 (V_c as a share of hard votes); soft votes are the members' mean prediction.
    """
    if soft:
        return mean_log_probs(log_probs_nmc)
    highest_nm = log_probs_nmc.max(dim=2)
    ones_nm = torch.ones_like(highest_nm.values)
    votes_nc = torch.zeros_like(log_probs_nmc[:, 0]).scatter_add_(1, highest_nm.indices, ones_nm)
    shares_nc = votes_nc / log_probs_nmc.shape[1]
    return shares_nc.log_().masked_fill_(highest_nm.values.isnan().any(1, keepdim=True), math.nan)


def vote_entropy(log_probs_nmc: Tensor, soft: bool = False) -> Tensor:
    """−Σ_c V_c log V_c [N] in nats, between 0 and log C (hard votes: log min(M, C)).

    Args:
        log_probs_nmc: [N, M, C] log-probabilities of the members' predictions, nats.
        soft: whether a vote is the whole prediction; the score is then the entropy of the consensus.

    Source: Dagan & Engelson 1995.
    Departures: Without the constant that normalises it to 1, which changes no order.
    """
    return entropy(log_vote_shares(log_probs_nmc, soft))


def vote_margin(log_probs_nmc: Tensor, soft: bool = False) -> Tensor:
    """1 − (V_1 − V_2) [N] of the two classes with the largest shares, between 0 and 1.

    Args:
        log_probs_nmc: [N, M, C] log-probabilities of the members' predictions, nats; C ≥ 2.
        soft: whether a vote is the whole prediction; the score is then the margin of the consensus.

    Source: Scheffer et al. 2001, the margin.
    Departures: The margin is of votes, there of probabilities.
    """
    return margin(log_vote_shares(log_probs_nmc, soft))


def consensus_kl(log_probs_nmc: Tensor) -> Tensor:
    """1/M Σ_m KL(p_m ‖ p_C) [N] in nats, between 0 and min(log M, log C).

    KL to the mean, averaged, is H[p_C] − 1/M Σ_m H[p_m]: the same number as BALD with the members as draws,
    and computed as such. (Of hard votes it would be the vote entropy.)

    Args:
        log_probs_nmc: [N, M, C] log-probabilities of the members' predictions, nats.

    Raises:
        ScoreError: as `bald`.

    Source: McCallum & Nigam 1998, sec. 3.
    Departures: Without their weighting by the density of the pool.
    """
    return bald(log_probs_nmc)
