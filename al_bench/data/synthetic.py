"""Gaussian blobs: made in milliseconds, as hard as `separation` says."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

from al_bench.errors import InputError

if TYPE_CHECKING:
    from al_bench.data.dataset import Dataset


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
        data_seed: Which centres and points: independent of the run's seed.
    """

    points: int = 500
    test_points: int = 200
    classes: int = 4
    features: int = 16
    shape: list[int] | None = None
    separation: float = 3.0
    data_seed: int = 0

    def __post_init__(self) -> None:
        for key, least in (("points", 1), ("test_points", 1), ("classes", 2), ("features", 1), ("data_seed", 0)):
            if getattr(self, key) < least:
                raise InputError(f"dataset.{key} is {getattr(self, key)}; it must be at least {least}")
        for key in ("points", "test_points"):
            if getattr(self, key) < self.classes:
                raise InputError(
                    f"dataset.{key} is {getattr(self, key)}; it must be at least dataset.classes={self.classes}"
                )
        if self.shape is not None and (not self.shape or min(self.shape) < 1):
            raise InputError(f"dataset.shape is {list(self.shape)}; it must list whole numbers of at least 1")
        if not 0 <= self.separation < math.inf:
            raise InputError(f"dataset.separation is {self.separation}; it must be finite and not negative")

    def load(self) -> Dataset:
        """Draw the centres and the points."""
        import numpy as np
        import torch

        from al_bench.data.dataset import Dataset
        from al_bench.rng import Streams

        shape = self.shape or [self.features]
        streams = Streams(self.data_seed)
        centres = streams.numpy("centres").standard_normal((self.classes, math.prod(shape)))
        centres *= self.separation / np.linalg.norm(centres, axis=1, keepdims=True)
        parts = []
        for name, number in (("train", self.points), ("test", self.test_points)):
            generator = streams.numpy(name)
            labels = generator.permutation(np.arange(number) % self.classes)
            inputs = centres[labels] + generator.standard_normal((number, math.prod(shape)))
            parts.append((torch.from_numpy(inputs.astype(np.float32)).reshape(-1, *shape), torch.from_numpy(labels)))
        return Dataset(
            name="synthetic",
            inputs=parts[0][0],
            hidden_labels=parts[0][1],
            test_inputs=parts[1][0],
            test_labels=parts[1][1],
            class_names=tuple(f"blob {number}" for number in range(self.classes)),
        )
