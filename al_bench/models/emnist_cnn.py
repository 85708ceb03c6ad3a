"""The EMNIST network of BatchBALD."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

from al_bench.models.conv_dropout import ConvDropout

if TYPE_CHECKING:
    from torch import nn


@dataclass
class EmnistCnn(ConvDropout):
    """Three 3×3 convolutions of 32, 64 and 128 channels with channel-wise dropout, dense 512, dropout, output.

    conv, dropout, pool 2, ReLU; conv, dropout, ReLU; conv, dropout, pool 2, ReLU; all convolutions are valid, so that
    28×28 becomes 13, 11 and 4, and 2,048 values reach the dense layer.

    Args:
        dropout_conv: The probability of a zeroed channel after each convolution.
        dropout_dense: The probability of a zero after the dense layer.

    Source:
        Kirsch, van Amersfoort and Gal 2019, BatchBALD (1906.08158), section 4.3; the layers are those of the authors'
        experiments.
    """

    name: ClassVar[str] = "emnist_cnn"
    smallest: ClassVar[int] = 14

    def layers(self, channels: int, height: int, width: int, classes: int) -> Iterator[tuple[str, nn.Module]]:
        from torch import nn

        from al_bench.models.dropout import Dropout

        height, width = (((side - 2) // 2 - 4) // 2 for side in (height, width))
        for layer, (units, pooled) in enumerate(((32, True), (64, False), (128, True)), start=1):
            yield f"conv{layer}", nn.Conv2d(channels, units, 3)
            yield f"dropout_conv{layer}", Dropout(self.dropout_conv, channelwise=True)
            if pooled:
                yield f"pool{layer}", nn.MaxPool2d(2)
            yield f"relu{layer}", nn.ReLU()
            channels = units
        yield "flatten", nn.Flatten()
        yield "dense1", nn.Linear(channels * height * width, 512)
        yield "dropout_dense", Dropout(self.dropout_dense)
        yield "relu4", nn.ReLU()
        yield "output", nn.Linear(512, classes)
