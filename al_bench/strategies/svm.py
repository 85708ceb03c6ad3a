"""Distance from the hyperplanes of a linear SVM on features (Tong & Koller 2001)."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from typing import TYPE_CHECKING

from al_bench import kernels
from al_bench.errors import InputError
from al_bench.evidence import Evidence, Product
from al_bench.strategies.base import FeatureStrategy, Selection, Setting

if TYPE_CHECKING:
    import torch


class SvmScore(Enum):
    distance = "distance"
    gap = "gap"


@dataclass
class SvmMargin(FeatureStrategy):
    """The rows nearest to a hyperplane of a linear SVM, one against the rest, on standardised features.

    score(x) = −min_c |f_c(x)| / ‖w_c‖, or by option −(f₁(x) − f₂(x)), the gap of the two largest decision values.
    The network stays the model that is evaluated.

    Args:
        score: distance or gap.
        regularisation: C of scikit-learn's LinearSVC.
    """

    score: SvmScore = SvmScore.distance
    regularisation: float = 1.0

    def __post_init__(self) -> None:
        if not self.regularisation > 0:
            raise InputError(f"strategy.regularisation is {self.regularisation}; it must be above 0")

    def check(self, setting: Setting) -> None:
        super().check(setting)
        if setting.labelled_classes < 2:
            raise InputError(
                f"strategy {setting.name} needs labels of two classes and round 0 has {setting.labelled_classes}: "
                "raise initial.size, with initial.kind=balanced"
            )

    def needs(self, draws: bool) -> frozenset[Product]:
        return frozenset({Product.features, Product.labelled_features, Product.labelled_labels})

    def select(self, evidence: Evidence, batch: int, generator: torch.Generator) -> Selection:
        scores = kernels.svm_scores(
            evidence.features,
            evidence.labelled_features,
            evidence.labelled_labels,
            self.regularisation,
            gap=self.score is SvmScore.gap,
        )
        rows = kernels.select_top(scores, batch, generator)
        return Selection(rows, scores[rows])
