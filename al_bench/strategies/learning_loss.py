"""Learning loss: acquire the points of largest loss, as predicted by a module that is trained with the network."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from functools import partial
from typing import TYPE_CHECKING, ClassVar

from al_bench import checks, kernels
from al_bench.errors import InputError
from al_bench.evidence import Evidence, Product
from al_bench.strategies.base import RunFacts, ScoreStrategy

if TYPE_CHECKING:
    from torch import Tensor, nn

    from al_bench.learners.loss_prediction import LossPrediction


class Variant(Enum):
    ranking = "ranking"
    mse = "mse"


@dataclass
class LearningLoss(ScoreStrategy):
    """l̂(x), the loss that a module reading the network's hidden activations predicts (Yoo & Kweon 2019).

    The module is trained with the network, on 1/B Σ_i l_i + λ · 2/B Σ_pairs max(0, −sign(l_i − l_j) (l̂_i − l̂_j) + ξ).
    With several members in the posterior each has a module, and l̂ is their mean; dropout is off in the prediction.

    Args:
        margin: ξ, the difference that the predictions of a pair should have; the mse variant does not use it.
        weight: λ, the weight of the term in the loss.
        cut: The fraction of the training after which the term no longer changes the network, only the module: with 0
            it never changes the network, with 1 throughout. A fraction of the longest training where `training.stop` is
            fitted or early.
        variant: ranking: pairs of the mini-batch (the i-th with the i-th from the end). mse: (l̂_i − l_i)² instead.
        width: Units of the module's layer on each activation.
        layers: Layers of the model whose outputs the module reads; null: the last block of each stage of a ResNet,
            every activation layer of another model.

    Cost:
        Training: a linear layer on each activation. Scoring: one forward pass with dropout off.

    Source:
        Yoo and Kweon 2019, Learning Loss for Active Learning (1905.03677), sections 3.2 and 3.3. They train 200
        epochs, cut after 120, and score 10,000 random points of the pool: `schedule.candidates=10000`.

    Departures:
        In an odd mini-batch the middle point has no pair; a batch of one does not train the module. A
        pair of equal losses gives no gradient (the paper's indicator would order it by position).
    """

    scores_at_least_zero: ClassVar[bool] = False
    margin: float = 1.0
    weight: float = 1.0
    cut: float = 0.6
    variant: Variant = Variant.ranking
    width: int = 128
    layers: list[str] | None = None

    def __post_init__(self) -> None:
        super().__post_init__()
        checks.above("strategy.margin", self.margin, 0, finite=True)
        checks.above("strategy.weight", self.weight, 0, finite=True)
        checks.fraction("strategy.cut", self.cut)
        checks.at_least("strategy.width", self.width, 1)
        if self.layers is not None and not 0 < len(self.layers) == len(set(self.layers)):
            raise InputError(
                f"strategy.layers is {list(self.layers)}; name one or more layers, each once, or give null to let the "
                "model decide"
            )

    def keys_without_effect(self) -> dict[str, str]:
        idle = super().keys_without_effect()
        if self.variant is not Variant.ranking:
            idle["margin"] = f"strategy.variant is {self.variant.name}; set strategy.variant=ranking"
        return idle

    def needs(self, draws: bool) -> frozenset[Product]:
        return frozenset({Product.predicted_loss})

    def score(self, evidence: Evidence) -> Tensor:
        return evidence.predicted_loss

    def check(self, facts: RunFacts) -> None:
        """Refuse an initial set on which the module cannot be trained: fewer than two points, or one for mse."""
        super().check(facts)
        least = 2 if self.variant is Variant.ranking else 1
        if facts.labelled < least:
            raise InputError(
                f"strategy {facts.name} learns to predict losses from labelled points, at least {least} of them, and "
                f"round 0 has {facts.labelled}: set initial.size={least} or more"
            )

    def auxiliary(self, network: nn.Module, row: Tensor) -> LossPrediction:
        """The module for one network.

        Args:
            network: On its device.
            row: [1, *shape] one prepared input, on the same device.

        Raises:
            InputError: the model lacks the layers.
        """
        from al_bench.learners.loss_prediction import LossPrediction

        ranking = self.variant is Variant.ranking
        loss = partial(kernels.ranking_loss, margin=self.margin) if ranking else kernels.mse_loss
        return LossPrediction(network, row, self.layers, loss, self.weight, self.cut, self.width)
