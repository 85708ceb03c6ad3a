"""Random, and the strategies that score one row at a time by the uncertainty of its prediction.

p(c|x) is the prediction of a deterministic network or the mean over the posterior's K draws
p(c|x) = 1/K Σ_k p(c|x, w_k); all logarithms are natural.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

from al_bench import kernels
from al_bench.evidence import Evidence, Product
from al_bench.strategies.base import ScoreStrategy, Selection, Strategy

if TYPE_CHECKING:
    import torch
    from torch import Tensor


@dataclass
class Random(Strategy):
    """A uniformly random batch: the baseline. The pool is not scored."""

    def needs(self, draws: bool) -> frozenset[Product]:
        return frozenset()

    def select(self, evidence: Evidence, batch: int, generator: torch.Generator) -> Selection:
        import torch

        return Selection(torch.randperm(evidence.rows, generator=generator)[:batch])


@dataclass
class _MeanScore(ScoreStrategy):
    """A score of the mean prediction alone."""

    def needs(self, draws: bool) -> frozenset[Product]:
        return frozenset({Product.mean_log_probs})


@dataclass
class LeastConfidence(_MeanScore):
    """1 − max_c p(c|x) (Lewis & Gale 1994)."""

    def score(self, evidence: Evidence) -> Tensor:
        return kernels.least_confidence(evidence.mean_log_probs)


@dataclass
class Margin(_MeanScore):
    """1 − (p₁ − p₂), the two largest probabilities (Scheffer et al. 2001)."""

    def score(self, evidence: Evidence) -> Tensor:
        return kernels.margin(evidence.mean_log_probs)


@dataclass
class Entropy(_MeanScore):
    """H[p(·|x)] = −Σ_c p log p (Shannon 1948; "Max Entropy" in Gal et al. 2017)."""

    def score(self, evidence: Evidence) -> Tensor:
        return kernels.entropy(evidence.mean_log_probs)


@dataclass
class VariationRatio(ScoreStrategy):
    """1 − the share of the draws that vote for the modal class (Freeman 1965; Gal et al. 2017).

    On a point prediction, where there are no votes, it is 1 − max_c p(c|x).
    """

    def needs(self, draws: bool) -> frozenset[Product]:
        return frozenset({Product.mc_log_probs if draws else Product.mean_log_probs})

    def score(self, evidence: Evidence) -> Tensor:
        if Product.mc_log_probs in evidence.products:
            return kernels.mc_variation_ratio(evidence.mc_log_probs)
        return kernels.variation_ratio_point(evidence.mean_log_probs)


@dataclass
class _DrawScore(ScoreStrategy):
    """A score of the spread between draws; on a point prediction it would be identically zero."""

    minimum_draws: ClassVar[int] = 2

    def needs(self, draws: bool) -> frozenset[Product]:
        return frozenset({Product.mc_log_probs})


@dataclass
class MeanStd(_DrawScore):
    """1/C Σ_c √(E_k[p²] − E_k[p]²) (Kampffmeyer et al. 2016; "Mean STD" in Gal et al. 2017)."""

    def score(self, evidence: Evidence) -> Tensor:
        return kernels.mean_std(evidence.mc_log_probs)


@dataclass
class Bald(_DrawScore):
    """H[E_k p] − E_k H[p], the information between label and weights (Houlsby et al. 2011)."""

    def score(self, evidence: Evidence) -> Tensor:
        return kernels.bald(evidence.mc_log_probs)
