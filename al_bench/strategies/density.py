"""Batches for few labels, by the density of the feature space: TypiClust and ProbCover."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from al_bench import kernels
from al_bench.errors import InputError
from al_bench.evidence import Evidence, Product
from al_bench.strategies.base import FeatureStrategy, Selection

if TYPE_CHECKING:
    import torch


@dataclass
class _Density(FeatureStrategy):
    """As FeatureStrategy, but auto takes the input while nothing is labelled, and the penultimate layer after that.

    The papers use features learned without labels: give them as a file where there are some.
    """

    features: str = "auto"

    def source(self, labelled: int) -> str:
        if self.features != "auto":
            return self.features
        return "penultimate" if labelled else "input"

    def needs(self, draws: bool) -> frozenset[Product]:
        return frozenset({Product.features, Product.labelled_features})


@dataclass
class TypiClust(_Density):
    """The most typical row of each cluster, clusters with the fewest labels first (Hacohen et al. 2022).

    Args:
        clusters_max: At most so many clusters; else as many as labelled points and batch together.
        neighbours: Nearest neighbours over which the typicality is averaged.
    """

    clusters_max: int = 500
    neighbours: int = 20

    def __post_init__(self) -> None:
        for key in ("clusters_max", "neighbours"):
            if getattr(self, key) < 1:
                raise InputError(f"strategy.{key} is {getattr(self, key)}; it must be at least 1")

    def select(self, evidence: Evidence, batch: int, generator: torch.Generator) -> Selection:
        chosen = kernels.select_typiclust(
            evidence.features,
            evidence.labelled_features,
            batch,
            generator,
            max_clusters=self.clusters_max,
            neighbours=self.neighbours,
        )
        return Selection(chosen.rows, notes={"clusters": chosen.clusters_used})


@dataclass
class ProbCover(_Density):
    """The rows whose δ-balls cover the most uncovered rows (Yehuda et al. 2022).

    Args:
        delta: δ, the radius, in the units of the features; null estimates it each round (see `purity`).
        purity: The largest radius is taken at which this share of the balls holds one pseudo-class (K-means) only.
        edges_max: Pairs within δ to keep; with more, δ is lowered, and the record says so.
    """

    delta: float | None = None
    purity: float = 0.95
    edges_max: int = 40_000_000

    def __post_init__(self) -> None:
        if self.delta is not None and not self.delta > 0:
            raise InputError(f"strategy.delta is {self.delta}; it must be above 0, or null to estimate it")
        if not 0 < self.purity <= 1:
            raise InputError(f"strategy.purity is {self.purity}; it must be above 0 and at most 1")
        if self.edges_max < 1:
            raise InputError(f"strategy.edges_max is {self.edges_max}; it must be at least 1")

    def select(self, evidence: Evidence, batch: int, generator: torch.Generator) -> Selection:
        delta = self.delta
        if delta is None:
            delta = kernels.estimate_delta(evidence.features, evidence.classes, generator, purity=self.purity)
        chosen = kernels.select_probcover(
            evidence.features, evidence.labelled_features, batch, delta, generator, max_edges=self.edges_max
        )
        notes = {
            "delta": chosen.delta,
            "estimated": self.delta is None,
            "capped": chosen.capped,
            "covered_before": chosen.covered_before,
            "filled_from": chosen.filled_from,
        }
        return Selection(chosen.rows, chosen.gains, notes)
