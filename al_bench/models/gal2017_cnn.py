"""The MNIST network of Gal, Islam and Ghahramani 2017."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

from al_bench.models.conv_dropout import ConvDropout

if TYPE_CHECKING:
    from torch import nn


@dataclass
class Gal2017Cnn(ConvDropout):
    """conv 32@4×4, ReLU, conv 32@4×4, ReLU, max-pool 2, dropout, dense 128, ReLU, dropout, output.

    Convolutions are valid, so that 28×28 becomes 25, 22 and 11, and the dense layer sees 3,872 features.

    Args:
        dropout_conv: The probability of a zero after the pooling.
        dropout_dense: The probability of a zero after the dense layer.
        channelwise: True drops whole channels after the pooling instead of single values.

    Source:
        Gal, Islam and Ghahramani 2017, Deep Bayesian Active Learning with Image Data (1703.02910), s. 5.1.
    """

    name: ClassVar[str] = "gal2017_cnn"
    smallest: ClassVar[int] = 8
    dropout_conv: float = 0.25
    channelwise: bool = False

    def keys_without_effect(self) -> dict[str, str]:
        """The keys that nothing reads beside the other keys, each with the reason and what to set."""
        return {} if self.dropout_conv else {"channelwise": "model.dropout_conv is 0; set model.dropout_conv=0.25"}

    def layers(self, channels: int, height: int, width: int, classes: int) -> Iterator[tuple[str, nn.Module]]:
        from torch import nn

        from al_bench.models.dropout import Dropout

        height, width = ((side - 6) // 2 for side in (height, width))
        yield "conv1", nn.Conv2d(channels, 32, 4)
        yield "relu1", nn.ReLU()
        yield "conv2", nn.Conv2d(32, 32, 4)
        yield "relu2", nn.ReLU()
        yield "pool", nn.MaxPool2d(2)
        yield "dropout_conv", Dropout(self.dropout_conv, self.channelwise)
        yield "flatten", nn.Flatten()
        yield "dense1", nn.Linear(32 * height * width, 128)
        yield "relu3", nn.ReLU()
        yield "dropout_dense", Dropout(self.dropout_dense)
        yield "output", nn.Linear(128, classes)
