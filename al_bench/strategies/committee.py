"""Query by committee: the members of the posterior vote (Seung et al. 1992).

The committee is an ensemble whose members differ by seed, or by hyper-parameters and architecture (`posterior.vary`).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

from al_bench import kernels
from al_bench.evidence import Evidence, Product
from al_bench.strategies.base import ScoreStrategy

if TYPE_CHECKING:
    from torch import Tensor


@dataclass
class _Committee(ScoreStrategy):
    minimum_members: ClassVar[int] = 2

    def needs(self, draws: bool) -> frozenset[Product]:
        return frozenset({Product.member_log_probs})


@dataclass
class _Vote(_Committee):
    """A score of the vote shares.

    Args:
        soft: A vote is a member's whole prediction; False: one vote for its most probable class.
    """

    soft: bool = False


@dataclass
class QbcVoteEntropy(_Vote):
    """−Σ_c V_c log V_c of the vote shares V_c (Dagan & Engelson 1995)."""

    def score(self, evidence: Evidence) -> Tensor:
        return kernels.vote_entropy(evidence.member_log_probs, self.soft)


@dataclass
class QbcVoteMargin(_Vote):
    """1 − (V₁ − V₂) of the two most voted classes."""

    def score(self, evidence: Evidence) -> Tensor:
        return kernels.vote_margin(evidence.member_log_probs, self.soft)


@dataclass
class QbcConsensusKl(_Committee):
    """1/M Σ_m KL(p_m ‖ p̄), the members' mean divergence from their consensus (McCallum & Nigam 1998)."""

    def score(self, evidence: Evidence) -> Tensor:
        return kernels.consensus_kl(evidence.member_log_probs)
