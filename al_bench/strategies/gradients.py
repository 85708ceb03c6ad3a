"""Batches by the gradients and the Fisher information of the last layer: BADGE and BAIT."""

from __future__ import annotations

import math
from dataclasses import dataclass
from enum import Enum
from typing import TYPE_CHECKING, ClassVar

from al_bench import checks, kernels
from al_bench.errors import BenchError
from al_bench.evidence import Evidence, Product
from al_bench.strategies.base import FeatureStrategy, Selection
from al_bench.strategies.in_passes import PassesStrategy

if TYPE_CHECKING:
    from collections.abc import Callable

    import torch
    from torch import Tensor


class FirstCentre(Enum):
    uniform = "uniform"
    largest_norm = "largest_norm"


class Fisher(Enum):
    full = "full"
    block_diagonal = "block_diagonal"


class LabelledWeighting(Enum):
    paper = "paper"
    sum = "sum"


@dataclass
class Badge(PassesStrategy):
    """k-means++ on the gradient embeddings (p − onehot(argmax p)) ⊗ h (Ash et al. 2020).

    Args:
        first_centre: uniform as in the paper's algorithm, largest_norm as in the authors' code.

    Cost:
        O(B N (C + D)), reading the features about log₂ B times, after one pass over the N rows. Memory: a few numbers a
        row beside the evidence; the N × C·D embeddings are never built, as ‖a⊗h − a'⊗h'‖² needs the factors only. With
        `features_held` log₂ B passes or a few more, and 24 bytes a row in all; nothing but the B centres is held.

    Source:
        Ash et al. 2020, Deep Batch Active Learning by Diverse, Uncertain Gradient Lower Bounds (1906.03671),
        algorithm 1; the sampling Arthur and Vassilvitskii 2007, k-means++.

    Departures:
        The gradient by the last layer's bias is left out. Dropout is off; with several members p is their mean and h
        the first one's. No row is drawn twice; where all distances are 0 the rest is uniformly random.
        Works from an empty labelled set, on the gradients of an untrained network.
    """

    last_layer: ClassVar[bool] = True
    first_centre: FirstCentre = FirstCentre.uniform

    def needs(self, draws: bool) -> frozenset[Product]:
        return frozenset({Product.point_log_probs, Product.features})

    def select(self, evidence: Evidence, batch: int, generator: torch.Generator) -> Selection:
        first_centre = self.first_centre.value
        if (passes := evidence.passes) is None:
            return Selection(
                kernels.select_badge(
                    evidence.point_log_probs, evidence.features, batch, generator, first_centre=first_centre
                )
            )

        def read(score: Callable[[Tensor, Tensor], Tensor]) -> Tensor:
            return passes.scores(lambda chunk: score(chunk.point_log_probs, chunk.features))

        def at(row: int) -> tuple[Tensor, Tensor]:
            found = passes.at(row)
            return found.point_log_probs[0], found.features[0]

        rows = kernels.select_badge_in_passes(evidence.rows, read, at, batch, generator, first_centre=first_centre)
        return Selection(rows, notes={"passes": passes.count})


@dataclass
class Bait(FeatureStrategy):
    """argmin_S tr((M + v Σ_S I(x))⁻¹ F) by forward and backward greedy search (Ash et al. 2021).

    I(x) = (diag(p) − p pᵀ) ⊗ h hᵀ is the last layer's Fisher information, M = λ·1 + w Σ_labelled I(x),
    and F the pool's mean of I(x). With L labelled points and a batch of B, w = 1 / (L + B) and v = B / (L + B).

    Args:
        regulariser: λ, added to the diagonal of M.
        oversample: The forward search picks this times the batch, the backward search removes the rest.
        fisher: full, or block_diagonal: only the blocks of each class by itself, for many classes.
        labelled_weighting: paper: w and v as above, as the authors' code has them; sum: w = v = 1, so that a labelled
            point counts like a pick, as al-bench 0.2 had it.
        memory_gb: Where the matrices would take more than this, the run ends with an error that says so.

    Cost:
        O((N + L) C² D²) at the start, then O(N D C²) a pick, `oversample` · B picks, after one pass over the
        N + L rows. Memory: four float64 matrices of (C D)², and 2 N (C − 1)² numbers.

    Source:
        Ash et al. 2021, Gone Fishing: Neural Active Learning with Fisher Embeddings (2106.09675), algorithm 1; the
        weights w and v are those of the authors' code.

    Departures:
        F is of the candidates alone (in the authors' code of all points). What each row would add is updated by
        matrices of low rank, which changes choices by rounding only. Dropout is off; with several members p is
        their mean and h the first one's. Works from an empty labelled set: M = λ·1.
    """

    last_layer: ClassVar[bool] = True
    regulariser: float = 1.0
    oversample: float = 2.0
    fisher: Fisher = Fisher.full
    labelled_weighting: LabelledWeighting = LabelledWeighting.paper
    memory_gb: float = 8.0

    def __post_init__(self) -> None:
        checks.above("strategy.regulariser", self.regulariser, 0, finite=True)
        checks.at_least("strategy.oversample", self.oversample, 1, finite=True)

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
        from al_bench.progress import bar

        (rows_count, classes), features = evidence.point_log_probs.shape, evidence.features.shape[1]
        blocks = 1 if self.fisher is Fisher.full else classes
        full = self.fisher is Fisher.full
        width = classes - 1 if full else 1  # columns of a row's factor, a block
        held = rows_count * (width * classes + 2 * width**2 if full else 3 * classes)
        backward = 4 * blocks * (min(rows_count, math.ceil(self.oversample * batch)) * width) ** 2
        gigabytes = 8 * (4 * blocks * (classes * features / blocks) ** 2 + held + backward) / 1e9
        if gigabytes > self.memory_gb:
            raise BenchError(
                f"BAIT's matrices for {classes} classes, {features} features and {rows_count:,} candidates take "
                f"{gigabytes:.1f} GB, more than strategy.memory_gb ({self.memory_gb:g}): set "
                "strategy.fisher=block_diagonal or fewer schedule.candidates, or raise the limit"
            )
        with bar("BAIT", min(rows_count, math.ceil(self.oversample * batch)), "picks") as picks:
            chosen = kernels.select_bait(
                evidence.point_log_probs,
                evidence.features,
                evidence.labelled_point_log_probs,
                evidence.labelled_features,
                batch,
                generator,
                regulariser=self.regulariser,
                oversample=self.oversample,
                fisher=self.fisher.value,
                labelled_weighting=self.labelled_weighting.value,
                picked=picks.update,
            )
        return Selection(chosen)
