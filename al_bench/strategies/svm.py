"""Distance from the hyperplanes of a linear SVM on features (Tong & Koller 2001)."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from typing import TYPE_CHECKING

from al_bench import checks, kernels
from al_bench.errors import InputError
from al_bench.evidence import Evidence, Product
from al_bench.strategies.base import FeatureStrategy, RunFacts, Selection

if TYPE_CHECKING:
    import torch


class SvmScore(Enum):
    distance = "distance"
    gap = "gap"


@dataclass
class SvmMargin(FeatureStrategy):
    """−min_c |f_c(x)| / ‖w_c‖, the distance from the hyperplanes of a linear SVM (Tong & Koller 2001).

    The SVM, one class against the rest, is trained on the standardised features of the labelled points. By option the
    score is −(f₁(x) − f₂(x)), the gap of the two largest decision values. The network stays the model evaluated.

    Args:
        score: distance or gap.
        regularisation: C of scikit-learn's LinearSVC.

    Cost:
        C linear SVMs on [L, D], then O(N C D), after one pass over the N + L rows.

    Source:
        Tong and Koller 2001, Support Vector Machine Active Learning with Applications to Text Classification (simple
        margin); one class against the rest Joshi et al. 2009.

    Departures:
        The paper has two classes, and kernels; here the kernel is what the features are. The squared hinge loss of
        LinearSVC. Needs labels of two classes: an empty labelled set is refused.
    """

    score: SvmScore = SvmScore.distance
    regularisation: float = 1.0

    def __post_init__(self) -> None:
        checks.above("strategy.regularisation", self.regularisation, 0, finite=True)

    def check(self, facts: RunFacts) -> None:
        super().check(facts)
        if facts.labelled_classes < 2:
            raise InputError(
                f"strategy {facts.name} needs labels of two classes and round 0 has {facts.labelled_classes}: "
                "raise initial.size, or set initial.kind=balanced, which reads the labels"
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
