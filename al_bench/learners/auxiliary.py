"""What a strategy may train together with a network: a module that reads the network's activations."""

from __future__ import annotations

from contextlib import AbstractContextManager
from typing import Protocol

from torch import Tensor, nn


class Auxiliary(Protocol):
    """A module trained together with one network, by a term added to the network's loss.

    A training step is `with auxiliary.capture(network): logits = network(x)`, then the loss is
    mean(losses) + weight · term(losses, fraction).

    Attributes:
        weight: λ, of the term.
    """

    weight: float

    def modules(self) -> nn.Module:
        """The trainable part; `models.reset.reset` initialises it again, and it joins the network's optimiser."""

    def capture(self, network: nn.Module) -> AbstractContextManager[None]:
        """Inside, the activations of a forward pass of the network are recorded for `term`."""

    def term(self, per_example_losses: Tensor, epoch_fraction: float) -> Tensor:
        """The scalar term for the pass captured last.

        Args:
            per_example_losses: [n] cross-entropies of that pass, nats.
            epoch_fraction: The fraction of the longest training that is done, in [0, 1).
        """

    def predict(self, network: nn.Module, inputs: Tensor) -> Tensor:
        """[n] scores of prepared inputs [n, *shape], in evaluation mode and without gradients."""
