"""The MNIST and Repeated MNIST network of BatchBALD."""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import dataclass
from typing import TYPE_CHECKING

from al_bench.models import checks

if TYPE_CHECKING:
    from torch import nn


@dataclass
class BatchBaldCnn:
    """Two of (conv 5×5, channel-wise dropout, max-pool 2, ReLU), then dense 128, dropout, ReLU, output.

    The convolutions have 32 and 64 channels and are valid, so that 28×28 becomes 12 and 4 after the poolings.

    Args:
        dropout_conv: The probability of a zeroed channel after each convolution.
        dropout_dense: The probability of a zero after the dense layer.

    Raises:
        InputError: a probability outside [0, 1).

    Source:
        Kirsch, van Amersfoort and Gal 2019, BatchBALD (1906.08158), section 4; the order of the layers is
        that of the authors' experiments.
    """

    dropout_conv: float = 0.5
    dropout_dense: float = 0.5

    def __post_init__(self) -> None:
        checks.probability("model.dropout_conv", self.dropout_conv)
        checks.probability("model.dropout_dense", self.dropout_dense)

    def build(self, shape: tuple[int, ...], classes: int) -> nn.Sequential:
        """A new network with weights from torch's global generator.

        Args:
            shape: [channels, height, width], at least 16×16.
            classes: C, the number of classes.

        Returns:
            Named children in calling order; the last, `output`, is linear and gives logits [n, C].

        Raises:
            InputError: the inputs are not images, or smaller than 16×16.
        """
        from torch import nn

        from al_bench.models.dropout import Dropout

        channels = checks.image("batchbald_cnn", shape, smallest=16)
        height, width = (((side - 4) // 2 - 4) // 2 for side in shape[1:])
        children: OrderedDict[str, nn.Module] = OrderedDict()
        children["conv1"] = nn.Conv2d(channels, 32, 5)
        children["dropout_conv1"] = Dropout(self.dropout_conv, channelwise=True)
        children["pool1"] = nn.MaxPool2d(2)
        children["relu1"] = nn.ReLU()
        children["conv2"] = nn.Conv2d(32, 64, 5)
        children["dropout_conv2"] = Dropout(self.dropout_conv, channelwise=True)
        children["pool2"] = nn.MaxPool2d(2)
        children["relu2"] = nn.ReLU()
        children["flatten"] = nn.Flatten()
        children["dense1"] = nn.Linear(64 * height * width, 128)
        children["dropout_dense"] = Dropout(self.dropout_dense)
        children["relu3"] = nn.ReLU()
        children["output"] = nn.Linear(128, classes)
        return nn.Sequential(children)
