"""ResNets for small images: ResNet-18 with a CIFAR stem, and narrow ones."""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from al_bench import checks
from al_bench.models.conv_dropout import image_channels

if TYPE_CHECKING:
    from torch import nn


@dataclass
class ResNet:
    """conv 3×3, stages of residual blocks, global average pooling, dropout, output.

    Args:
        widths: The channels of each stage; every stage but the first halves the image.
        blocks: Residual blocks a stage.
        dropout_dense: The probability of a zero before the output; 0 gives no posterior draws.

    Raises:
        InputError: a stage without channels or blocks, or a probability outside [0, 1).

    Source:
        He, Zhang, Ren and Sun 2016, Deep Residual Learning for Image Recognition (1512.03385).

    Departures:
        The stem is one 3×3 convolution of stride 1 without pooling, as is usual for 32×32 images; weights
        start from torch's default initialisation.
    """

    widths: list[int] = field(default_factory=lambda: [64, 128, 256, 512])
    blocks: int = 2
    dropout_dense: float = 0.0

    def __post_init__(self) -> None:
        checks.sizes("model.widths", self.widths)
        checks.at_least("model.blocks", self.blocks, 1)
        checks.fraction("model.dropout_dense", self.dropout_dense, one=False)

    def build(self, shape: tuple[int, ...], classes: int) -> nn.Sequential:
        """A new network with weights from torch's global generator.

        Args:
            shape: [channels, height, width], of any height and width.
            classes: C, the number of classes.

        Returns:
            Named children in calling order, the residual blocks among them; the last, `output`, is linear and
            gives logits [n, C].

        Raises:
            InputError: the inputs are not images.
        """
        from torch import nn

        from al_bench.models.dropout import Dropout
        from al_bench.models.residual import ResidualBlock

        channels = image_channels("resnet", shape)
        width = self.widths[0]
        children: OrderedDict[str, nn.Module] = OrderedDict()
        children["stem_conv"] = nn.Conv2d(channels, width, 3, padding=1, bias=False)
        children["stem_norm"] = nn.BatchNorm2d(width)
        children["stem_relu"] = nn.ReLU()
        for stage, wider in enumerate(self.widths, start=1):
            for block in range(1, self.blocks + 1):
                stride = 2 if stage > 1 and block == 1 else 1
                children[f"stage{stage}_block{block}"] = ResidualBlock(width, wider, stride)
                width = wider
        children["pool"] = nn.AdaptiveAvgPool2d(1)
        children["flatten"] = nn.Flatten()
        children["dropout_dense"] = Dropout(self.dropout_dense)
        children["output"] = nn.Linear(width, classes)
        return nn.Sequential(children)
