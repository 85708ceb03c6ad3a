"""Batches by how predictions differ from one another: Falcun, within the batch, and CAL, from labelled neighbours."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from al_bench import checks, kernels
from al_bench.evidence import Evidence, Product
from al_bench.strategies.base import FeatureStrategy, RunFacts, ScoreStrategy, Selection, Strategy
from al_bench.strategies.last_layer import require_labelled

if TYPE_CHECKING:
    import torch
    from torch import Tensor


@dataclass
class Falcun(Strategy):
    """P(x | S) ∝ (d̂_S(x) + u(x))^γ, u = 1 − (p₁ − p₂), d̂ the scaled distance of predictions (Gilhuber et al. 2024).

    d is u at first and min(d, ‖p(x) − p(s)‖₁) after each pick s; d̂ is d scaled to [0, 1] among the rows left.

    Args:
        gamma: γ: 0 is a uniformly random batch, ∞ the largest sum.

    Cost:
        O(N C B), after one pass over the N rows for each of the K draws. No features.

    Source:
        Gilhuber, Beer, Ma and Seidl 2024, FALCUN: A Simple and Efficient Deep Active Learning Strategy (ECML PKDD);
        γ = 10.

    Departures:
        None known. Works from an empty labelled set, on the predictions of an untrained network.
    """

    gamma: float = 10.0

    def __post_init__(self) -> None:
        checks.at_least("strategy.gamma", self.gamma, 0, finite=True)

    def needs(self, draws: bool) -> frozenset[Product]:
        return frozenset({Product.mean_log_probs})

    def select(self, evidence: Evidence, batch: int, generator: torch.Generator) -> Selection:
        return Selection(kernels.select_falcun(evidence.mean_log_probs, batch, generator, gamma=self.gamma))


@dataclass
class Cal(ScoreStrategy, FeatureStrategy):
    """1/k Σ_i KL(p(·|x_i) ‖ p(·|x)) over the k labelled points x_i nearest to x, nats (Margatina et al. 2021).

    Args:
        neighbours: k.

    Cost:
        O(N L (D + C)) by chunks of rows, after one pass over the N + L rows.

    Source:
        Margatina, Vernikos, Barrault and Aletras 2021, Active Learning by Acquiring Contrastive Examples (2109.03764):
        k = 10, on the features of the network.

    Departures:
        Dropout is off. With several members p is their mean and the features are the first one's. Needs a labelled
        point.
    """

    neighbours: int = 10

    def __post_init__(self) -> None:
        super().__post_init__()
        checks.at_least("strategy.neighbours", self.neighbours, 1)

    def check(self, facts: RunFacts) -> None:
        super().check(facts)
        require_labelled(facts)

    def needs(self, draws: bool) -> frozenset[Product]:
        return frozenset(
            {
                Product.features,
                Product.point_log_probs,
                Product.labelled_features,
                Product.labelled_point_log_probs,
            }
        )

    def score(self, evidence: Evidence) -> Tensor:
        return kernels.contrastive_scores(
            evidence.features,
            evidence.point_log_probs,
            evidence.labelled_features,
            evidence.labelled_point_log_probs,
            neighbours=self.neighbours,
        )
