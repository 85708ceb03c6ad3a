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
    """B rows, all batches of B equally probable: the baseline. The pool is not scored.

    Cost:
        O(N); no forward pass.

    Source:
        None: passive learning, what every method is compared with.

    Departures:
        None. Works from an empty labelled set.
    """

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
    """1 − max_c p(c|x) (Lewis & Gale 1994).

    Cost:
        O(N C), after one pass over the N rows for each of the K draws.

    Source:
        Lewis and Gale 1994, A Sequential Algorithm for Training Text Classifiers: uncertainty sampling.

    Departures:
        The paper has two classes and takes the rows whose probability is nearest to 1/2, which for two classes is
        this order. Works from an empty labelled set, on the predictions of an untrained network.
    """

    def score(self, evidence: Evidence) -> Tensor:
        return kernels.least_confidence(evidence.mean_log_probs)


@dataclass
class Margin(_MeanScore):
    """1 − (p₁ − p₂), the two largest probabilities (Scheffer et al. 2001).

    Cost:
        O(N C), after one pass over the N rows for each of the K draws.

    Source:
        Scheffer, Decomain and Wrobel 2001, Active Hidden Markov Models for Information Extraction; for images Joshi
        et al. 2009, Multi-class Active Learning for Image Classification ("best versus second best").

    Departures:
        1 − margin in place of the margin, so that higher is more informative and no score is negative.
        Works from an empty labelled set, on the predictions of an untrained network.
    """

    def score(self, evidence: Evidence) -> Tensor:
        return kernels.margin(evidence.mean_log_probs)


@dataclass
class Entropy(_MeanScore):
    """H[p(·|x)] = −Σ_c p log p, nats (Shannon 1948; "Max Entropy" in Gal et al. 2017).

    Cost:
        O(N C), after one pass over the N rows for each of the K draws.

    Source:
        Shannon 1948; Gal, Islam and Ghahramani 2017, Deep Bayesian Active Learning with Image Data (1703.02910),
        section 4.

    Departures:
        None. Works from an empty labelled set, on the predictions of an untrained network.
    """

    def score(self, evidence: Evidence) -> Tensor:
        return kernels.entropy(evidence.mean_log_probs)


@dataclass
class VariationRatio(ScoreStrategy):
    """1 − the share of the draws that vote for the modal class (Freeman 1965; Gal et al. 2017).

    On a point prediction, where there are no votes, it is 1 − max_c p(c|x).

    Cost:
        O(N K C) by chunks of rows, after one pass over the N rows for each of the K draws.

    Source:
        Freeman 1965, Elementary Applied Statistics; Gal, Islam and Ghahramani 2017 (1703.02910), section 4.

    Departures:
        That section writes 1 − max_c p(c|x) of the mean prediction, which is `least_confidence` here; the votes of
        the draws are Freeman's definition. K draws give K scores at most: ties are broken at random.
        Works from an empty labelled set, on the predictions of an untrained network.
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
    """1/C Σ_c √(E_k[p²] − E_k[p]²) (Kampffmeyer et al. 2016; "Mean STD" in Gal et al. 2017).

    Cost:
        O(N K C) by chunks of rows, after one pass over the N rows for each of the K draws.

    Source:
        Kampffmeyer, Salberg and Jenssen 2016; Gal, Islam and Ghahramani 2017 (1703.02910), section 4.

    Departures:
        None: the variance is divided by K, and computed from deviations, which do not cancel. Works from an empty
        labelled set, on the predictions of an untrained network.
    """

    def score(self, evidence: Evidence) -> Tensor:
        return kernels.mean_std(evidence.mc_log_probs)


@dataclass
class Bald(_DrawScore):
    """H[E_k p] − E_k H[p], the information between label and weights, nats (Houlsby et al. 2011).

    `power_bald`, `softmax_bald` and `softrank_bald` are this score with `stochastic` set: the B rows are then drawn one
    after another with probabilities proportional to score^β, exp(β·score) or rank^−β among the rows left, so that a
    batch does not hold B copies of one highest row.

    Cost:
        O(N K C) by chunks of rows, after one pass over the N rows for each of the K draws; a draw of the batch O(N).

    Source:
        Houlsby, Huszár, Ghahramani and Lengyel 2011, Bayesian Active Learning for Classification and Preference
        Learning (1112.5745), equation 2; with MC dropout Gal, Islam and Ghahramani 2017 (1703.02910), section 4; the
        stochastic batches Kirsch et al. 2023, Stochastic Batch Acquisition (2106.12059).

    Departures:
        The B highest scores are one batch, where the paper adds one point at a time. Works from an empty labelled
        set, on the predictions of an untrained network.
    """

    def score(self, evidence: Evidence) -> Tensor:
        return kernels.bald(evidence.mc_log_probs)
