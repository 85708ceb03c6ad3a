"""VGG networks for small images: VGG-16 and VGG-11."""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from al_bench import checks
from al_bench.models.conv_dropout import image_channels

if TYPE_CHECKING:
    from torch import nn


def _sixteen() -> list[list[int]]:
    return [[64, 64], [128, 128], [256, 256, 256], [512, 512, 512], [512, 512, 512]]


@dataclass
class Vgg:
    """Stages of (conv 3×3, BatchNorm, ReLU) and a max-pool 2, then (dense, ReLU, dropout) layers, then the output.

    Args:
        stages: The channels of each convolution, by stage; the default is VGG-16's.
        dense: The units of each hidden dense layer; may be empty.
        norm: BatchNorm after each convolution.
        dropout_dense: The probability of a zero after each hidden dense layer; 0 gives no posterior draws.

    Raises:
        InputError: a stage without convolutions, a layer without units, or a probability outside [0, 1).

    Source:
        Simonyan and Zisserman 2015, Very Deep Convolutional Networks for Large-Scale Image Recognition (1409.1556),
        configurations D and A.

    Departures:
        For 32×32 images: dense layers of 512 units and not 4,096; BatchNorm, which the paper precedes; weights start
        from torch's default initialisation.
    """

    stages: list[list[int]] = field(default_factory=_sixteen)
    dense: list[int] = field(default_factory=lambda: [512])
    norm: bool = True
    dropout_dense: float = 0.0

    def __post_init__(self) -> None:
        stages = list(self.stages)
        checks.require(bool(stages), "model.stages", stages, "a list of at least one stage, as in [[64,64],[128,128]]")
        for stage in self.stages:
            checks.sizes("model.stages", stage)
        checks.sizes("model.dense", self.dense, least=0)
        checks.fraction("model.dropout_dense", self.dropout_dense, one=False)

    def keys_without_effect(self) -> dict[str, str]:
        """The keys that nothing reads beside the other keys, each with the reason and what to set."""
        reason = "model.dense is empty, and dropout follows hidden dense layers; set 'model.dense=[512]'"
        return {} if self.dense else {"dropout_dense": reason}

    def build(self, shape: tuple[int, ...], classes: int) -> nn.Sequential:
        """A new network with weights from torch's global generator.

        Args:
            shape: [channels, height, width], at least 2^stages pixels either way.
            classes: C, the number of classes.

        Returns:
            Named children in calling order; the last, `output`, is linear and gives logits [n, C].

        Raises:
            InputError: the inputs are not images, or too small.
        """
        from torch import nn

        from al_bench.models.dropout import Dropout

        halvings = 2 ** len(self.stages)
        channels = image_channels("vgg", shape, smallest=halvings)
        children: OrderedDict[str, nn.Module] = OrderedDict()
        for stage, widths in enumerate(self.stages, start=1):
            for layer, width in enumerate(widths, start=1):
                name = f"{stage}_{layer}"
                children[f"conv{name}"] = nn.Conv2d(channels, width, 3, padding=1, bias=not self.norm)
                if self.norm:
                    children[f"norm{name}"] = nn.BatchNorm2d(width)
                children[f"relu{name}"] = nn.ReLU()
                channels = width
            children[f"pool{stage}"] = nn.MaxPool2d(2)
        children["flatten"] = nn.Flatten()
        width = channels * (shape[1] // halvings) * (shape[2] // halvings)
        for layer, units in enumerate(self.dense, start=1):
            children[f"dense{layer}"] = nn.Linear(width, units)
            children[f"relu_dense{layer}"] = nn.ReLU()
            children[f"dropout{layer}"] = Dropout(self.dropout_dense)
            width = units
        children["output"] = nn.Linear(width, classes)
        return nn.Sequential(children)
