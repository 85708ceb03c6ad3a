"""Batches for few labels, by the density of the feature space: TypiClust and ProbCover."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from functools import cached_property
from typing import TYPE_CHECKING

from al_bench import checks, kernels
from al_bench.evidence import Evidence, Product
from al_bench.strategies.base import FeatureStrategy, Selection

if TYPE_CHECKING:
    import torch


@dataclass
class LowBudgetStrategy(FeatureStrategy):
    """A strategy for few labels, in a feature space.

    The papers use features learned without labels: choose an encoder, or give them as a file, where there are some.

    Args:
        features: auto: the encoder's features where there is an encoder; else the input while nothing is labelled, the
            input of the last linear layer (penultimate) after that. Or penultimate, a layer's name, input, or x.npy:
            see FeatureStrategy.
    """

    def feature_source(self, labelled: int) -> str:
        if self.features != "auto":
            return self.features
        return "penultimate" if labelled else "input"

    def needs(self, draws: bool) -> frozenset[Product]:
        return frozenset({Product.features, Product.labelled_features})


class Clustering(Enum):
    auto = "auto"
    full = "full"


FULL_UP_TO = 50
"""The number of clusters up to which `clustering=auto` is full K-means, as in the code of TypiClust's authors."""


@dataclass
class TypiClust(LowBudgetStrategy):
    """argmax of 1 / (mean distance to nearest neighbours) a cluster, least labelled first (Hacohen et al. 2022).

    Args:
        clusters_max: The largest number of clusters; else there are as many as labelled points and batch together.
        neighbours: The number of nearest neighbours over which the typicality is averaged.
        clustering: auto: full K-means up to 50 clusters, mini-batches of 5,000 rows above, as in the authors' code;
            full: at any number of clusters, as al-bench 0.2 had it.

    Cost:
        K-means with min(L + B, `clusters_max`) clusters, O((N + L) D (L + B)) an iteration (of mini-batches: for 5,000
        rows), then O(m² D) for each cluster visited, m its size; one pass over the N + L rows before. Memory: a few
        copies of the features.

    Source:
        Hacohen, Dekel and Weinshall 2022, Active Learning on a Budget: Opposite Strategies Suit High and Low Budgets
        (2202.02794), section 3.

    Departures:
        Without an encoder the features are the input or the network's, not self-supervised ones. Distances go to all
        points of a cluster, labelled or picked ones included.
        Made for the empty labelled set: `features=auto` then takes the input.
    """

    clusters_max: int = 500
    neighbours: int = 20
    clustering: Clustering = Clustering.auto

    def __post_init__(self) -> None:
        checks.at_least("strategy.clusters_max", self.clusters_max, 1)
        checks.at_least("strategy.neighbours", self.neighbours, 1)

    def select(self, evidence: Evidence, batch: int, generator: torch.Generator) -> Selection:
        chosen = kernels.select_typiclust(
            evidence.features,
            evidence.labelled_features,
            batch,
            generator,
            max_clusters=self.clusters_max,
            neighbours=self.neighbours,
            full_up_to=FULL_UP_TO if self.clustering is Clustering.auto else None,
        )
        return Selection(chosen.rows, notes={"clusters": chosen.clusters_used})


@dataclass
class ProbCover(LowBudgetStrategy):
    """argmax_x #{uncovered x': ‖h(x) − h(x')‖ ≤ δ}, again and again (Yehuda et al. 2022).

    Args:
        delta: δ, the radius, in the units of the features; null estimates it each round (see `purity`).
        purity: δ is the largest radius at which this share of the balls holds only one pseudo-class (K-means).
        edges_max: The largest number of pairs within δ; with more, δ is lowered, and the record says so.

    Cost:
        O(N² D) by blocks for the pairs within δ, O(N D C) an iteration for the estimate of δ, O(N) a pick and O(1) an
        edge; one pass over the N + L rows before. Memory: two copies of the features, and 12 bytes an edge. Where the
        features are the same in every round (an encoder's, a file's, the input) and all of the pool are candidates, the
        pairs are found twice in a run, not in every round, and kept at 16 bytes each.

    Source:
        Yehuda, Dekel, Hacohen and Weinshall 2022, Active Learning Through a Covering Lens (2205.11320), algorithm 1
        and the purity of balls.

    Departures:
        Without an encoder the features are the input or the network's, not self-supervised ones. δ is the quantile of
        2,000 distances to the nearest row of another pseudo-class, in place of a search over radii. The limit on
        edges, and random rows once all are covered, are not in the paper.
        Made for the empty labelled set: `features=auto` then takes the input.
    """

    delta: float | None = None
    purity: float = 0.95
    edges_max: int = 40_000_000

    def __post_init__(self) -> None:
        if self.delta is not None:
            checks.above("strategy.delta", self.delta, 0, ", or null to estimate it", finite=True)
        checks.fraction("strategy.purity", self.purity, zero=False)
        checks.at_least("strategy.edges_max", self.edges_max, 1)

    @cached_property
    def _pool(self) -> kernels.PoolPairs:
        return kernels.PoolPairs(1.1 if self.delta is None else 1.0)

    def keys_without_effect(self) -> dict[str, str]:
        """The keys that nothing reads beside the other keys, each with the reason and what to set."""
        reason = f"strategy.delta is {self.delta}, so it is not estimated; set strategy.delta=null"
        return {} if self.delta is None else {"purity": reason}

    def select(self, evidence: Evidence, batch: int, generator: torch.Generator) -> Selection:
        delta = self.delta
        if delta is None:
            delta = kernels.estimate_delta(evidence.features, evidence.classes, generator, purity=self.purity)
        chosen = kernels.select_probcover(
            evidence.features,
            evidence.labelled_features,
            batch,
            delta,
            generator,
            max_edges=self.edges_max,
            pool=self._pool,
        )
        notes = {
            "delta": chosen.delta,
            "estimated": self.delta is None,
            "capped": chosen.capped,
            "covered_before": chosen.covered_before,
            "filled_from": chosen.filled_from,
        }
        return Selection(chosen.rows, chosen.gains, notes)
