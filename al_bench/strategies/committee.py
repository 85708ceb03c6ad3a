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
    """−Σ_c V_c log V_c of the vote shares V_c, nats (Dagan & Engelson 1995).

    Cost:
        O(N M C) for M members, after M trainings a round and one pass over the N rows a member and draw.

    Source:
        Dagan and Engelson 1995, Committee-Based Sampling for Training Probabilistic Classifiers; the committee Seung,
        Opper and Sompolinsky 1992.

    Departures:
        Without the paper's division by the logarithm of the number of members, which changes no order. The members
        are networks trained from different seeds, not drawn from a posterior over the parameters.
        Works from an empty labelled set, on the predictions of an untrained network.
    """

    def score(self, evidence: Evidence) -> Tensor:
        return kernels.vote_entropy(evidence.member_log_probs, self.soft)


@dataclass
class QbcVoteMargin(_Vote):
    """1 − (V₁ − V₂) of the two most voted classes (the margin of Scheffer et al. 2001, on votes).

    Cost:
        O(N M C) for M members, after M trainings a round and one pass over the N rows a member and draw.

    Source:
        Seung, Opper and Sompolinsky 1992, Query by Committee, for the committee; Scheffer, Decomain and Wrobel 2001 for
        the margin, there of probabilities.

    Departures:
        The members are networks trained from different seeds. Hard votes of M members give few different scores: ties
        are broken at random. Works from an empty labelled set, on the predictions of an untrained network.
    """

    def score(self, evidence: Evidence) -> Tensor:
        return kernels.vote_margin(evidence.member_log_probs, self.soft)


@dataclass
class QbcConsensusKl(_Committee):
    """1/M Σ_m KL(p_m ‖ p̄), the members' mean divergence from their consensus p̄, nats (McCallum & Nigam 1998).

    The same number as BALD with the members as draws.

    Cost:
        O(N M C) for M members, after M trainings a round and one pass over the N rows a member and draw.

    Source:
        McCallum and Nigam 1998, Employing EM and Pool-Based Active Learning for Text Classification, section 3.

    Departures:
        Without the paper's weighting by the density of the pool, and without EM. The members are networks trained from
        different seeds, not drawn from a posterior over the parameters.
        Works from an empty labelled set, on the predictions of an untrained network.
    """

    def score(self, evidence: Evidence) -> Tensor:
        return kernels.consensus_kl(evidence.member_log_probs)
