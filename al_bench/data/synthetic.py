"""Gaussian blobs: generated in milliseconds, the harder to classify the smaller `separation` is."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

from al_bench import checks

if TYPE_CHECKING:
    from torch import Tensor

    from al_bench.data.dataset import Dataset


LARGEST = 1e30
"""The largest separation: float32 holds the inputs."""


@dataclass
class Synthetic:
    """One Gaussian of unit variance a class, around centres drawn uniformly on a sphere.

    x = separation · u_y + ε with u_c uniform on the unit sphere of R^D and ε ~ N(0, I). The classes are as
    balanced as the numbers allow, in random order.

    Args:
        points: N, the training part.
        test_points: T, the test part.
        classes: C.
        features: D, for inputs of shape [D]; not used where `shape` is given.
        shape: The shape of an input instead, e.g. [1, 8, 8] for images.
        separation: Radius of the sphere, in standard deviations.
        data_seed: Seed of the centres and points, independent of the run's seed.
    """

    points: int = 500
    test_points: int = 200
    classes: int = 4
    features: int = 16
    shape: list[int] | None = None
    separation: float = 3.0
    data_seed: int = 0

    is_benchmark: ClassVar[bool] = True
    """It comes with al-bench: `initial.kind=auto` is balanced."""

    def __post_init__(self) -> None:
        checks.at_least("dataset.classes", self.classes, 2)
        checks.at_least("dataset.points", self.points, self.classes, ", a point for each of dataset.classes")
        checks.at_least("dataset.test_points", self.test_points, self.classes, ", a point for each of dataset.classes")
        checks.at_least("dataset.features", self.features, 1)
        if self.shape is not None:
            checks.sizes("dataset.shape", self.shape)
        checks.at_least("dataset.separation", self.separation, 0, finite=True)
        checks.require(self.separation <= LARGEST, "dataset.separation", self.separation, f"at most {LARGEST:g}")
        checks.at_least("dataset.data_seed", self.data_seed, 0)

    def keys_without_effect(self) -> dict[str, str]:
        """The keys that nothing reads beside the other keys, each with the reason and what to set."""
        reason = f"dataset.shape is {self.shape}; set dataset.shape=null"
        return {} if self.shape is None else {"features": reason}

    @property
    def generated_bytes(self) -> int:
        """Bytes of both parts while they are drawn, float64."""
        rows = self.points + self.test_points + self.classes
        return 8 * rows * math.prod(self.shape or [self.features])

    def load(self) -> Dataset:
        """Draw the centres and the points: [N, D] or [N, *shape] float32.

        Raises:
            InputError: They do not fit into the memory.
        """
        from al_bench.data.size_limits import check_generated

        check_generated("dataset.points, dataset.features and dataset.classes", self.generated_bytes)
        import numpy as np
        import torch

        from al_bench.data.dataset import Dataset
        from al_bench.rng import Streams

        shape = self.shape or [self.features]
        streams = Streams(self.data_seed)
        centres = streams.numpy("centres").standard_normal((self.classes, math.prod(shape)))
        centres *= self.separation / np.linalg.norm(centres, axis=1, keepdims=True)

        def draw(stream: str, number: int) -> tuple[Tensor, Tensor]:
            generator = streams.numpy(stream)
            labels = generator.permutation(np.arange(number) % self.classes)
            inputs = centres[labels] + generator.standard_normal((number, math.prod(shape)))
            return torch.from_numpy(inputs.astype(np.float32)).reshape(-1, *shape), torch.from_numpy(labels)

        inputs, labels = draw("train", self.points)
        test_inputs, test_labels = draw("test", self.test_points)
        return Dataset(
            name="synthetic",
            inputs=inputs,
            hidden_labels=labels,
            test_inputs=test_inputs,
            test_labels=test_labels,
            class_names=tuple(f"blob {number}" for number in range(self.classes)),
        )
