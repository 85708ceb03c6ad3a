"""The MNIST network of Gal, Islam and Ghahramani 2017."""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import dataclass
from typing import TYPE_CHECKING

from al_bench.models import checks

if TYPE_CHECKING:
    from torch import nn


@dataclass
class Gal2017Cnn:
    """conv 32@4×4, ReLU, conv 32@4×4, ReLU, max-pool 2, dropout, dense 128, ReLU, dropout, output.

    Convolutions are valid, so that 28×28 becomes 25, 22 and 11, and the dense layer sees 3,872 features.

    Args:
        dropout_conv: The probability of a zero after the pooling.
        dropout_dense: The probability of a zero after the dense layer.
        channelwise: True drops whole channels after the pooling instead of single values.

    Raises:
        InputError: a probability outside [0, 1).

    Source:
        Gal, Islam and Ghahramani 2017, Deep Bayesian Active Learning with Image Data (1703.02910), s. 5.1.
    """

    dropout_conv: float = 0.25
    dropout_dense: float = 0.5
    channelwise: bool = False

    def __post_init__(self) -> None:
        checks.probability("model.dropout_conv", self.dropout_conv)
        checks.probability("model.dropout_dense", self.dropout_dense)

    def build(self, shape: tuple[int, ...], classes: int) -> nn.Sequential:
        """A new network with weights from torch's global generator.

        Args:
            shape: [channels, height, width], at least 8×8.
            classes: C, the number of classes.

        Returns:
            Named children in calling order; the last, `output`, is linear and gives logits [n, C].

        Raises:
            InputError: the inputs are not images, or smaller than 8×8.
        """
        from torch import nn

        from al_bench.models.dropout import Dropout

        channels = checks.image("gal2017_cnn", shape, smallest=8)
        height, width = ((side - 6) // 2 for side in shape[1:])
        children: OrderedDict[str, nn.Module] = OrderedDict()
        children["conv1"] = nn.Conv2d(channels, 32, 4)
        children["relu1"] = nn.ReLU()
        children["conv2"] = nn.Conv2d(32, 32, 4)
        children["relu2"] = nn.ReLU()
        children["pool"] = nn.MaxPool2d(2)
        children["dropout_conv"] = Dropout(self.dropout_conv, self.channelwise)
        children["flatten"] = nn.Flatten()
        children["dense1"] = nn.Linear(32 * height * width, 128)
        children["relu3"] = nn.ReLU()
        children["dropout_dense"] = Dropout(self.dropout_dense)
        children["output"] = nn.Linear(128, classes)
        return nn.Sequential(children)
