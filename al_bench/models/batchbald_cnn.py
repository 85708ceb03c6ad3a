"""The MNIST and Repeated MNIST network of BatchBALD."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

from al_bench.models.conv_dropout import ConvDropout

if TYPE_CHECKING:
    from torch import nn


@dataclass
class BatchBaldCnn(ConvDropout):
    """Two of (conv 5×5, channel-wise dropout, max-pool 2, ReLU), then dense 128, dropout, ReLU, output.

    The convolutions have 32 and 64 channels and are valid, so that 28×28 becomes 12 and 4 after the poolings.

    Args:
        dropout_conv: The probability of a zeroed channel after each convolution.
        dropout_dense: The probability of a zero after the dense layer.

    Source:
        Kirsch, van Amersfoort and Gal 2019, BatchBALD (1906.08158), section 4; the order of the layers is
        that of the authors' experiments.
    """

    name: ClassVar[str] = "batchbald_cnn"
    smallest: ClassVar[int] = 16

    def layers(self, channels: int, height: int, width: int, classes: int) -> Iterator[tuple[str, nn.Module]]:
        from torch import nn

        from al_bench.models.dropout import Dropout

        height, width = (((side - 4) // 2 - 4) // 2 for side in (height, width))
        yield "conv1", nn.Conv2d(channels, 32, 5)
        yield "dropout_conv1", Dropout(self.dropout_conv, channelwise=True)
        yield "pool1", nn.MaxPool2d(2)
        yield "relu1", nn.ReLU()
        yield "conv2", nn.Conv2d(32, 64, 5)
        yield "dropout_conv2", Dropout(self.dropout_conv, channelwise=True)
        yield "pool2", nn.MaxPool2d(2)
        yield "relu2", nn.ReLU()
        yield "flatten", nn.Flatten()
        yield "dense1", nn.Linear(64 * height * width, 128)
        yield "dropout_dense", Dropout(self.dropout_dense)
        yield "relu3", nn.ReLU()
        yield "output", nn.Linear(128, classes)
