"""What encoders of images share: images of bytes, brought to the size and the scale that a network expects."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from al_bench import checks
from al_bench.data.encoders.item_encoder import FeatureNetwork, ItemEncoder
from al_bench.errors import InputError

if TYPE_CHECKING:
    import torch
    from torch import Tensor, nn

    from al_bench.data.dataset import Dataset


@dataclass
class ImageNetworkEncoder(ItemEncoder):
    """The features of each image by a frozen network.

    Args:
        size: Pixels a side that the network sees: every image is resized to it (bicubic, antialiased), whatever its
            own size and shape; null takes the network's own.
    """

    size: int | None = None

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.size is not None:
            checks.at_least("encoder.size", self.size, 8)

    def check_inputs(self, dataset: Dataset) -> None:
        import torch

        if dataset.is_text:
            raise InputError(f"this encoder reads images, and {dataset.name} holds texts; choose encoder=tfidf")
        shape = "×".join(map(str, dataset.shape))
        if len(dataset.shape) != 3 or dataset.inputs.dtype != torch.uint8:
            kind = str(dataset.inputs.dtype).removeprefix("torch.")
            raise InputError(
                f"this encoder reads images of bytes [channels, height, width], and {dataset.name} has {kind} of shape "
                f"{shape}; give images as uint8, or choose encoder=none"
            )
        if dataset.shape[0] not in (1, 3):
            raise InputError(
                f"this encoder reads images with 1 channel (grey) or 3 (red, green, blue), and {dataset.name} has "
                f"{dataset.shape[0]}"
            )

    def load(self, device: torch.device) -> FeatureNetwork:
        network = self.network()
        return ImageNetwork(network.to(device), device)

    @abstractmethod
    def network(self) -> Prepared:
        """The network, with what it expects of images."""


@dataclass
class Prepared:
    """A network and what it expects.

    Args:
        module: [n, 3, S, S] → [n, D].
        size: S, pixels a side.
        mean, std: Of the three channels on the scale [0, 1]: subtracted, and divided by.
    """

    module: nn.Module
    size: int
    mean: tuple[float, float, float]
    std: tuple[float, float, float]

    def to(self, device: torch.device) -> Prepared:
        """The same on a device, ready to run."""
        import torch

        frozen = self.module.eval().requires_grad_(False)
        self.module = frozen.to(device).to(memory_format=torch.channels_last)
        return self


class ImageNetwork(FeatureNetwork):
    """A network that takes images as they are: bytes, of any size."""

    def __init__(self, network: Prepared, device: torch.device) -> None:
        from al_bench.models.image_input import ImageInput

        self.network, self.device = network, device
        self.prepare = ImageInput(network.size, network.mean, network.std).to(device)

    def __call__(self, items: Sequence[Any], size: int) -> Tensor:
        import torch

        images = self.prepare(torch.stack(list(items)).to(self.device).float() / 255)
        return self.network.module(images.contiguous(memory_format=torch.channels_last))
