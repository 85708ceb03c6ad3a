"""A multi-layer perceptron with dropout after every hidden layer."""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from al_bench import checks

if TYPE_CHECKING:
    from torch import nn


@dataclass
class Mlp:
    """flatten, then (dense, ReLU, dropout) a hidden layer, then the output.

    Args:
        hidden: The units of each hidden layer; an empty list makes a logistic regression, without dropout.
        dropout_dense: The probability of a zero after each hidden activation.

    Raises:
        InputError: a layer without units, or a probability outside [0, 1).
    """

    hidden: list[int] = field(default_factory=lambda: [128, 128])
    dropout_dense: float = 0.5

    def __post_init__(self) -> None:
        checks.sizes("model.hidden", self.hidden, least=0)
        checks.fraction("model.dropout_dense", self.dropout_dense, one=False)

    def keys_without_effect(self) -> dict[str, str]:
        """The keys that nothing reads beside the other keys, each with the reason and what to set."""
        reason = "model.hidden is empty, and dropout follows hidden layers; set 'model.hidden=[128]'"
        return {} if self.hidden else {"dropout_dense": reason}

    def build(self, shape: tuple[int, ...], classes: int) -> nn.Sequential:
        """A new network for inputs of any `shape`, with weights from torch's global generator.

        Args:
            shape: The shape of one input.
            classes: C, the number of classes.

        Returns:
            Named children in calling order; the last, `output`, is linear and gives logits [n, C].
        """
        import math

        from torch import nn

        from al_bench.models.dropout import Dropout

        children: OrderedDict[str, nn.Module] = OrderedDict(flatten=nn.Flatten())
        width = math.prod(shape)
        for layer, units in enumerate(self.hidden, start=1):
            children[f"dense{layer}"] = nn.Linear(width, units)
            children[f"relu{layer}"] = nn.ReLU()
            children[f"dropout{layer}"] = Dropout(self.dropout_dense)
            width = units
        children["output"] = nn.Linear(width, classes)
        return nn.Sequential(children)
