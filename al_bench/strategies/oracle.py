"""Acquisition by the true loss: a bound, not a method, as it reads labels that no other strategy may read."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

from al_bench.evidence import Evidence, Product
from al_bench.strategies.base import ScoreStrategy

if TYPE_CHECKING:
    from torch import Tensor


@dataclass
class OracleLoss(ScoreStrategy):
    """−log p(y|x) of the true label y, the loss that it would reveal, nats; marked as oracle in the run's header.

    Cost:
        O(N), after one pass over the N rows for each of the K draws, and the labels of the pool.

    Source:
        None: a bound for strategies that rank by an estimate of the loss, such as `learning_loss`.

    Departures:
        It reads labels that no method may read. The highest losses are not the best batch: mislabelled points have
        high losses too.
        A loss above 10⁴ nats counts as 10⁴.
        Works from an empty labelled set, on the predictions of an untrained network.
    """

    oracle: ClassVar[bool] = True

    def needs(self, draws: bool) -> frozenset[Product]:
        return frozenset({Product.mean_log_probs, Product.true_labels})

    def score(self, evidence: Evidence) -> Tensor:
        losses = -evidence.mean_log_probs.gather(1, evidence.true_labels[:, None])[:, 0]
        # A mean of draws may round to more than 1; a probability of 0 is the greatest loss, and a finite one.
        return losses.clamp(0, 1e4)
