"""A bound, not a method: acquisition by the true loss, with labels that no other strategy may read."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

from al_bench.evidence import Evidence, Product
from al_bench.strategies.base import ScoreStrategy

if TYPE_CHECKING:
    from torch import Tensor


@dataclass
class OracleLoss(ScoreStrategy):
    """−log p(true label), the loss that a label would reveal; marked as oracle in the run's header."""

    oracle: ClassVar[bool] = True

    def needs(self, draws: bool) -> frozenset[Product]:
        return frozenset({Product.mean_log_probs, Product.true_labels})

    def score(self, evidence: Evidence) -> Tensor:
        losses = -evidence.mean_log_probs.gather(1, evidence.true_labels[:, None])[:, 0]
        return losses.clamp(max=1e4)  # a probability of exactly 0 is the greatest loss, and a finite one
