"""What a strategy sees: the products that it declared, and no label of an unlabelled point.

Letters: N candidate rows, K posterior draws, M members of the posterior, C classes, D features, L labelled points,
T target points. `rows` are positions in the evidence, never dataset indices.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from enum import Enum
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from torch import Tensor


class Product(Enum):
    """A tensor that can be computed for a strategy; the value describes it, with its shape."""

    mean_log_probs = "[N, C] log of the mean prediction over the posterior's draws, nats"
    mc_log_probs = "[N, K, C] log-probabilities of K posterior draws, the same functions for all rows, nats"
    member_log_probs = "[N, M, C] log of each member's mean prediction, nats"
    target_mc_log_probs = "[T, K, C] as mc_log_probs, for random points of the pool, nats"
    point_log_probs = "[N, C] log of the prediction with dropout off (the mean over members), nats"
    features = "[N, D] features of the first member with dropout off, or of the inputs, or of a file"
    last_layer = "[C, D + 1] weights of the first member's last linear layer, its bias as last column"
    predicted_loss = "[N] the loss that a loss-prediction module predicts, dropout off"
    labelled_point_log_probs = "[L, C] as point_log_probs, for the labelled points, nats"
    labelled_features = "[L, D] as features, for the labelled points"
    labelled_labels = "[L] int64 labels of the labelled points"
    held_out_log_probs = (
        "[L, C] of labelled points, predicted by learners trained without them; [0, C] if too few, nats"
    )
    true_labels = "[N] int64 labels of the candidates: for strategies marked oracle only"


FIXED = frozenset(
    {
        Product.target_mc_log_probs,
        Product.labelled_point_log_probs,
        Product.labelled_features,
        Product.labelled_labels,
        Product.held_out_log_probs,
        Product.last_layer,
    }
)
"""The products that do not depend on the candidates: the same for every chunk of them."""

FROM_DRAWS = frozenset({Product.mean_log_probs, Product.mc_log_probs, Product.member_log_probs})
"""The products of the candidates that are a function of the posterior's draws."""


class _Read:
    """The product of the attribute's name; reading it raises LookupError if the strategy did not declare it."""

    def __set_name__(self, owner: type, name: str) -> None:
        self.product = Product[name]

    def __get__(self, evidence: Evidence, owner: type | None = None) -> Tensor:
        if self.product not in evidence.products:
            declared = ", ".join(product.name for product in evidence.products) or "nothing"
            raise LookupError(f"the strategy read {self.product.name} and declared {declared}: add it to its needs")
        return evidence.products[self.product]


@dataclass(frozen=True, eq=False)
class Screen:
    """Result of screening: which candidates' evidence was kept when a strategy caps their number.

    Args:
        scores: [N] the strategy's `screening_score` of every candidate.
        candidates: [n] int64 the candidates whose evidence was kept, in ascending order: those of highest score, and
            among equal scores those of lowest tie key (`kernels.tie_keys` of the selection's generator in its first
            state). Row i of the evidence is candidate `candidates[i]`.
    """

    scores: Tensor
    candidates: Tensor


class Passes(Protocol):
    """The candidates of a strategy that does not hold their evidence: it is computed again whenever they are read."""

    count: int
    """How often all of them were read so far."""

    def scores(self, score: Callable[[Evidence], Tensor]) -> Tensor:
        """[N] what `score` makes of the evidence of each chunk of n candidates, [n]."""

    def highest(self, score: Callable[[Evidence], Tensor], count: int, keys: Tensor) -> Evidence:
        """The evidence of the `count` candidates that come first by (score descending, key ascending); see `Screen`."""

    def at(self, row: int) -> Evidence:
        """The evidence of one candidate."""


@dataclass(frozen=True)
class Evidence:
    """The declared products of N candidate rows, or of the n of them that `screen` names.

    Reading a product that was not declared raises LookupError, so that declaration and use cannot drift apart.
    """

    rows: int
    products: dict[Product, Tensor] = field(default_factory=dict)
    classes: int = 0
    """C, the number of classes, for a strategy that reads no product with C columns."""
    screen: Screen | None = None
    """Set only where the strategy caps the number of candidates and there are more than that."""
    reduced: dict[str, Tensor] = field(default_factory=dict)
    """What the strategy's `reduce` made of the rows, [N, ...] each, in place of the products that depend on them."""
    passes: Passes | None = None
    """Set only where the strategy's `reads_in_passes` says so: what it reads the candidates through."""
    trial: Callable[[Sequence[int]], float] | None = None
    """From rows to the test accuracy that the learner has once it is trained with their labels, too: for oracles."""

    mean_log_probs = _Read()
    mc_log_probs = _Read()
    member_log_probs = _Read()
    target_mc_log_probs = _Read()
    point_log_probs = _Read()
    features = _Read()
    last_layer = _Read()
    predicted_loss = _Read()
    labelled_point_log_probs = _Read()
    labelled_features = _Read()
    labelled_labels = _Read()
    held_out_log_probs = _Read()
    true_labels = _Read()
