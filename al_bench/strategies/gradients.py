"""Batches by the gradients and the Fisher information of the last layer: BADGE and BAIT."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from typing import TYPE_CHECKING

from al_bench import kernels
from al_bench.errors import InputError
from al_bench.evidence import Evidence, Product
from al_bench.strategies.base import FeatureStrategy, Selection

if TYPE_CHECKING:
    import torch


class FirstCentre(Enum):
    uniform = "uniform"
    largest_norm = "largest_norm"


class Fisher(Enum):
    full = "full"
    block_diagonal = "block_diagonal"


@dataclass
class Badge(FeatureStrategy):
    """k-means++ on the gradient embeddings (p − onehot(argmax p)) ⊗ h (Ash et al. 2020).

    Args:
        first_centre: uniform as in the paper's algorithm, largest_norm as in the authors' code.
    """

    first_centre: FirstCentre = FirstCentre.uniform

    def needs(self, draws: bool) -> frozenset[Product]:
        return frozenset({Product.point_log_probs, Product.features})

    def select(self, evidence: Evidence, batch: int, generator: torch.Generator) -> Selection:
        return Selection(
            kernels.select_badge(
                evidence.point_log_probs, evidence.features, batch, generator, first_centre=self.first_centre.value
            )
        )


@dataclass
class Bait(FeatureStrategy):
    """Forward and backward greedy search for the batch that minimises tr(M⁻¹ F) (Ash et al. 2021).

    Args:
        regulariser: λ, added to the diagonal of M.
        oversample: The forward search picks this times the batch, the backward search removes the rest.
        fisher: full, or block_diagonal: the classes' blocks alone, for many classes.
    """

    regulariser: float = 1.0
    oversample: float = 2.0
    fisher: Fisher = Fisher.full

    def __post_init__(self) -> None:
        if not self.regulariser > 0:
            raise InputError(f"strategy.regulariser is {self.regulariser}; it must be above 0")
        if not self.oversample >= 1:
            raise InputError(f"strategy.oversample is {self.oversample}; it must be at least 1")

    def needs(self, draws: bool) -> frozenset[Product]:
        return frozenset(
            {
                Product.point_log_probs,
                Product.features,
                Product.labelled_point_log_probs,
                Product.labelled_features,
            }
        )

    def select(self, evidence: Evidence, batch: int, generator: torch.Generator) -> Selection:
        rows = kernels.select_bait(
            evidence.point_log_probs,
            evidence.features,
            evidence.labelled_point_log_probs,
            evidence.labelled_features,
            batch,
            generator,
            regulariser=self.regulariser,
            oversample=self.oversample,
            fisher=self.fisher.value,
        )
        return Selection(rows)
