"""Rows whose prediction changes when the input of the last layer does: DropQuery and ALFA-Mix."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

from al_bench import checks, kernels
from al_bench.errors import InputError
from al_bench.evidence import Evidence, Product
from al_bench.strategies.base import FeatureStrategy, RunFacts, Selection

if TYPE_CHECKING:
    import torch


@dataclass
class DropQuery(FeatureStrategy):
    """One row a cluster of those with Σ_m 1[ŷ_m(x) ≠ ŷ(x)] > M/2, ŷ_m with dropout of the features (Gupte et al. 2024).

    The threshold is lowered until there are `candidates_factor` · B such rows. K-means with B clusters on features
    divided by their norm, and the row nearest to each mean. While nothing is labelled, the whole pool is clustered.

    Args:
        draws: M, the number of dropout masks.
        dropout: The share of the features that a mask sets to 0.
        candidates_factor: How many rows there should be to choose from, in batches.

    Cost:
        O(M N D C), then K-means on the rows that changed; one pass over the N rows before. Memory: a few copies of the
        features of the rows that are clustered.

    Source:
        Gupte, Aklilu, Nirschl and Yeung-Levy 2024, Revisiting Active Learning in the Era of Vision Foundation Models
        (2401.14555): M = 3, dropout 0.75, 25 batches of candidates.

    Departures:
        Without an encoder the features are the last hidden layer's, not a foundation model's. With several members the
        first one's head is used. The nearest row not taken yet stands for each mean. Works from an empty labelled set.
    """

    last_layer: ClassVar[bool] = True
    draws: int = 3
    dropout: float = 0.75
    candidates_factor: float = 25.0

    def __post_init__(self) -> None:
        checks.at_least("strategy.draws", self.draws, 1)
        checks.fraction("strategy.dropout", self.dropout, one=False)
        checks.at_least("strategy.candidates_factor", self.candidates_factor, 1, finite=True)

    def needs(self, draws: bool) -> frozenset[Product]:
        return frozenset({Product.features, Product.last_layer, Product.labelled_labels})

    def select(self, evidence: Evidence, batch: int, generator: torch.Generator) -> Selection:
        nothing_labelled = len(evidence.labelled_labels) == 0
        chosen = kernels.select_dropquery(
            evidence.features,
            evidence.last_layer,
            batch,
            generator,
            draws=self.draws,
            dropout=self.dropout,
            factor=self.candidates_factor,
            whole_pool=nothing_labelled,
        )
        return Selection(chosen.rows, notes={"candidates": chosen.candidates, "threshold": chosen.threshold})


@dataclass
class AlfaMix(FeatureStrategy):
    """One row a cluster of those whose argmax changes at α z* + (1 − α) z, z* a class mean (Parvaneh et al. 2022).

    α = ε/√D · ‖z* − z‖ ∇ℓ / (‖∇ℓ‖ (z* − z)), coordinate by coordinate: the features z of a row are mixed with the
    mean z* of the labelled points of each class, as far as the loss of the predicted label rises most. K-means with B
    clusters on features divided by their norm, and the row nearest to each mean.

    Args:
        epsilon: ε, how far the features may be mixed.

    Cost:
        O(N C² D), then K-means on the rows that changed; one pass over the N + L rows before. Memory: a few copies of
        the features of the rows that are clustered.

    Source:
        Parvaneh, Abbasnejad, Teney, Haffari, van den Hengel and Shi 2022, Active Learning by Feature Mixing
        (2203.07034), its closed form of α; ε = 0.2.

    Departures:
        The authors' code raises ε until enough rows change; here ε stays, and a batch that lacks rows is filled with
        random ones. With several members the first one's head is used. The nearest row not taken yet stands for each
        mean. Needs a labelled point.
    """

    last_layer: ClassVar[bool] = True
    epsilon: float = 0.2

    def __post_init__(self) -> None:
        checks.above("strategy.epsilon", self.epsilon, 0, finite=True)

    def check(self, facts: RunFacts) -> None:
        super().check(facts)
        require_labelled(facts)

    def needs(self, draws: bool) -> frozenset[Product]:
        return frozenset(
            {Product.features, Product.last_layer, Product.labelled_features, Product.labelled_labels},
        )

    def select(self, evidence: Evidence, batch: int, generator: torch.Generator) -> Selection:
        chosen = kernels.select_alfamix(
            evidence.features,
            evidence.last_layer,
            evidence.labelled_features,
            evidence.labelled_labels,
            batch,
            generator,
            epsilon=self.epsilon,
        )
        return Selection(chosen.rows, notes={"candidates": chosen.candidates})


def require_labelled(facts: RunFacts) -> None:
    """Refuse an empty initial set.

    Raises:
        InputError: naming the key.
    """
    if facts.labelled < 1:
        raise InputError(
            f"strategy {facts.name} compares with labelled points and round 0 has none: set initial.size=1 or more"
        )
