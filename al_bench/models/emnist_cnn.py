"""The EMNIST network of BatchBALD."""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import dataclass
from typing import TYPE_CHECKING

from al_bench.models import checks

if TYPE_CHECKING:
    from torch import nn


@dataclass
class EmnistCnn:
    """Three 3×3 convolutions of 32, 64 and 128 channels with channel-wise dropout, dense 512, dropout, output.

    conv, dropout, pool 2, ReLU; conv, dropout, ReLU; conv, dropout, pool 2, ReLU; all convolutions are valid, so that
    28×28 becomes 13, 11 and 4, and 2,048 values reach the dense layer.

    Args:
        dropout_conv: The probability of a zeroed channel after each convolution.
        dropout_dense: The probability of a zero after the dense layer.

    Raises:
        InputError: a probability outside [0, 1).

    Source:
        Kirsch, van Amersfoort and Gal 2019, BatchBALD (1906.08158), section 4.3; the layers are those of the authors'
        experiments.
    """

    dropout_conv: float = 0.5
    dropout_dense: float = 0.5

    def __post_init__(self) -> None:
        checks.probability("model.dropout_conv", self.dropout_conv)
        checks.probability("model.dropout_dense", self.dropout_dense)

    def build(self, shape: tuple[int, ...], classes: int) -> nn.Sequential:
        """A new network with weights from torch's global generator.

        Args:
            shape: [channels, height, width], at least 14×14.
            classes: C, the number of classes.

        Returns:
            Named children in calling order; the last, `output`, is linear and gives logits [n, C].

        Raises:
            InputError: the inputs are not images, or smaller than 14×14.
        """
        from torch import nn

        from al_bench.models.dropout import Dropout

        channels = checks.image("emnist_cnn", shape, smallest=14)
        height, width = (((side - 2) // 2 - 4) // 2 for side in shape[1:])
        children: OrderedDict[str, nn.Module] = OrderedDict()
        for layer, (units, pooled) in enumerate(((32, True), (64, False), (128, True)), start=1):
            children[f"conv{layer}"] = nn.Conv2d(channels, units, 3)
            children[f"dropout_conv{layer}"] = Dropout(self.dropout_conv, channelwise=True)
            if pooled:
                children[f"pool{layer}"] = nn.MaxPool2d(2)
            children[f"relu{layer}"] = nn.ReLU()
            channels = units
        children["flatten"] = nn.Flatten()
        children["dense1"] = nn.Linear(channels * height * width, 512)
        children["dropout_dense"] = Dropout(self.dropout_dense)
        children["relu4"] = nn.ReLU()
        children["output"] = nn.Linear(512, classes)
        return nn.Sequential(children)
