"""What the image networks of the dropout papers share: their two probabilities, and the check of the inputs."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections import OrderedDict
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

from al_bench import checks
from al_bench.errors import InputError

if TYPE_CHECKING:
    from torch import nn


def image_channels(model: str, shape: tuple[int, ...], smallest: int = 1) -> int:
    """The number of channels of an image shape.

    Args:
        model: The model's name in the message.
        shape: The shape of one input, [channels, height, width] for an image.
        smallest: The fewest pixels of height and of width that leave something after the last pooling.

    Raises:
        InputError: the inputs are not images, or too small for this model.
    """
    if len(shape) != 3:
        raise InputError(
            f"model={model} takes images [channels, height, width], but the dataset's inputs have shape "
            f"{list(shape)}; use model=mlp, which takes any shape"
        )
    channels, height, width = shape
    if min(height, width) < smallest:
        raise InputError(
            f"model={model} takes images of at least {smallest} x {smallest} pixels, but the dataset's have "
            f"{height} x {width}; use model=mlp or model=resnet_small, which take any size"
        )
    return channels


@dataclass
class ConvDropout(ABC):
    """A convolutional network with dropout in its convolutional and in its dense part.

    Args:
        dropout_conv: The probability of a zero in the convolutional part.
        dropout_dense: The probability of a zero after the dense layer.

    Raises:
        InputError: a probability outside [0, 1).
    """

    name: ClassVar[str]
    smallest: ClassVar[int]
    """The fewest pixels of height and of width."""
    dropout_conv: float = 0.5
    dropout_dense: float = 0.5

    def __post_init__(self) -> None:
        checks.fraction("model.dropout_conv", self.dropout_conv, one=False)
        checks.fraction("model.dropout_dense", self.dropout_dense, one=False)

    @abstractmethod
    def layers(self, channels: int, height: int, width: int, classes: int) -> Iterator[tuple[str, nn.Module]]:
        """The layers with their names, in calling order; the last is the linear layer `output`."""

    def build(self, shape: tuple[int, ...], classes: int) -> nn.Sequential:
        """A new network with weights from torch's global generator.

        Args:
            shape: [channels, height, width], at least `smallest` pixels high and wide.
            classes: C, the number of classes.

        Returns:
            Named children in calling order; the last, `output`, is linear and gives logits [n, C].

        Raises:
            InputError: the inputs are not images, or too small.
        """
        from torch import nn

        channels = image_channels(self.name, shape, self.smallest)
        _, height, width = shape
        return nn.Sequential(OrderedDict(self.layers(channels, height, width, classes)))
