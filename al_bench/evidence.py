"""What a strategy sees: exactly the products of the learner that it declared, and no label of the pool.

Letters: N candidate rows, K posterior draws, C classes, D features, L labelled points. `rows` are positions in
the evidence, never dataset indices.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import Enum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from torch import Tensor


class Product(Enum):
    """Something a learner can compute for a strategy; the value is its shape in words."""

    mean_log_probs = "[N, C] log of the posterior's mean prediction, or of the point prediction (nats)"
    mc_log_probs = "[N, K, C] log-probabilities of K posterior draws shared by all rows (nats)"


@dataclass(frozen=True)
class Evidence:
    """The declared products for N candidate rows.

    Reading a product that was not declared raises, so that declaration and use cannot drift apart.
    """

    rows: int
    products: dict[Product, Tensor] = field(default_factory=dict)

    def _read(self, product: Product) -> Tensor:
        if product not in self.products:
            declared = ", ".join(p.name for p in self.products) or "nothing"
            raise LookupError(f"the strategy read {product.name} and declared {declared}: add it to its needs")
        return self.products[product]

    @property
    def mean_log_probs(self) -> Tensor:
        """[N, C] log of the mean prediction, nats."""
        return self._read(Product.mean_log_probs)

    @property
    def mc_log_probs(self) -> Tensor:
        """[N, K, C] log-probabilities of the draws, nats."""
        return self._read(Product.mc_log_probs)
