"""Batches that cover the feature space: core-sets, K-means, and their uncertainty-weighted relatives."""

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
class _Covering(FeatureStrategy):
    def needs(self, draws: bool) -> frozenset[Product]:
        return frozenset({Product.features, Product.labelled_features})


@dataclass
class CoresetGreedy(_Covering):
    """Greedy k-centre: again and again the row farthest from all centres (Sener & Savarese 2018, algorithm 1)."""

    def select(self, evidence: Evidence, batch: int, generator: torch.Generator) -> Selection:
        chosen = kernels.select_k_centre(evidence.features, evidence.labelled_features, batch, generator)
        return Selection(chosen.rows, notes={"radius": float(chosen.radii[-1])})


@dataclass
class CoresetRobust(_Covering):
    """k-centre with an outlier budget, by mixed-integer programs (Sener & Savarese 2018, section 4.2).

    Args:
        outliers: Ξ: a count where it is at least 1, else a fraction of the candidates (then at least one point).
        time_limit: Seconds a round for the solver; the record says how far the batch may be from the optimum.
        candidates_max: A larger pool is first reduced to so many points by the greedy solution.
    """

    outliers: float = 1e-4
    time_limit: float = 600.0
    candidates_max: int = 5_000

    def __post_init__(self) -> None:
        if not self.outliers >= 0 or (self.outliers >= 1 and self.outliers != int(self.outliers)):
            raise InputError(f"strategy.outliers is {self.outliers}; give a whole number, or a fraction below 1")
        if not self.time_limit > 0:
            raise InputError(f"strategy.time_limit is {self.time_limit}; it must be above 0 seconds")
        if self.candidates_max < 1:
            raise InputError(f"strategy.candidates_max is {self.candidates_max}; it must be at least 1")

    def select(self, evidence: Evidence, batch: int, generator: torch.Generator) -> Selection:
        budget = int(self.outliers) if self.outliers >= 1 else kernels.outlier_budget(evidence.rows, self.outliers)
        chosen = kernels.select_robust_k_centre(
            evidence.features,
            evidence.labelled_features,
            batch,
            generator,
            outliers=budget,
            time_limit=self.time_limit,
            candidates=max(self.candidates_max, batch),
        )
        notes = {
            "radius": chosen.radius,
            "greedy_radius": chosen.greedy_radius,
            "lower_bound": chosen.lower_bound,
            "gap": chosen.gap,
            "optimal": chosen.optimal,
            "prefiltered": chosen.prefiltered,
        }
        return Selection(chosen.rows, notes=notes)


@dataclass
class KMeans(FeatureStrategy):
    """The rows nearest to the means of B clusters."""

    def needs(self, draws: bool) -> frozenset[Product]:
        return frozenset({Product.features})

    def select(self, evidence: Evidence, batch: int, generator: torch.Generator) -> Selection:
        return Selection(kernels.kmeans_batch(evidence.features, batch, generator))


@dataclass
class DiverseMinibatch(FeatureStrategy):
    """K-means on the β·B rows of the smallest margin, weighted by it (Zhdanov 2019).

    Args:
        beta: β, how many times the batch passes the prefilter.
        weighted: Weigh the rows by 1 − (p₁ − p₂) in K-means.
    """

    beta: float = 10.0
    weighted: bool = True

    def __post_init__(self) -> None:
        if not self.beta >= 1:
            raise InputError(f"strategy.beta is {self.beta}; it must be at least 1: the prefilter keeps beta × batch")

    def needs(self, draws: bool) -> frozenset[Product]:
        return frozenset({Product.mean_log_probs, Product.features})

    def select(self, evidence: Evidence, batch: int, generator: torch.Generator) -> Selection:
        scores = kernels.margin(evidence.mean_log_probs)
        rows = kernels.diverse_minibatch(scores, evidence.features, batch, self.beta, generator, weighted=self.weighted)
        return Selection(rows, scores[rows])


@dataclass
class Clue(FeatureStrategy):
    """K-means on the whole pool, weighted by predictive entropy (Prabhu et al. 2021).

    Args:
        temperature: Of the softmax whose entropy weighs the rows.
    """

    temperature: float = 1.0

    def __post_init__(self) -> None:
        if not self.temperature > 0:
            raise InputError(f"strategy.temperature is {self.temperature}; it must be above 0")

    def needs(self, draws: bool) -> frozenset[Product]:
        return frozenset({Product.point_log_probs, Product.features})

    def select(self, evidence: Evidence, batch: int, generator: torch.Generator) -> Selection:
        weights = kernels.tempered_entropy(evidence.point_log_probs, self.temperature)
        rows = kernels.clue(evidence.features, weights, batch, generator)
        return Selection(rows, weights[rows])
