"""Small data sets that break a kind of strategy: Honeypot (uncertainty) and Diverging Sine (coverage)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

import numpy as np
from numpy.typing import NDArray

from al_bench import checks

if TYPE_CHECKING:
    from al_bench.data.dataset import Dataset

MOST_POINTS = 1_000_000


@dataclass
class _Diagnostic:
    """Points in the plane, split at random into a training and a test part and scaled to [0, 1] by the former.

    Args:
        test_fraction: Of all points, for the test part.
        data_seed: Seed of points and split, independent of the run's seed.
    """

    test_fraction: float = 0.2
    data_seed: int = 0

    is_benchmark: ClassVar[bool] = True
    """It comes with al-bench: `initial.kind=auto` is balanced."""
    name: ClassVar[str] = ""

    def __post_init__(self) -> None:
        checks.fraction("dataset.test_fraction", self.test_fraction, zero=False, one=False)
        checks.at_least("dataset.data_seed", self.data_seed, 0)

    def points(self, generator: np.random.Generator) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
        """[n, 2] points and [n] classes, 0 or 1."""
        raise NotImplementedError

    def load(self) -> Dataset:
        """Draw the points: [N, 2] float32."""
        import torch

        from al_bench.data.dataset import Dataset
        from al_bench.rng import Streams

        streams = Streams(self.data_seed)
        points, labels = self.points(streams.numpy("points"))
        order = streams.numpy("split").permutation(len(points))
        test, train = np.split(order, [max(1, int(self.test_fraction * len(points)))])
        low, high = points[train].min(0), points[train].max(0)
        scaled = ((points - low) / (high - low)).astype(np.float32)
        return Dataset(
            name=self.name,
            inputs=torch.from_numpy(scaled[train]),
            hidden_labels=torch.from_numpy(labels[train]),
            test_inputs=torch.from_numpy(scaled[test]),
            test_labels=torch.from_numpy(labels[test]),
            class_names=("negative", "positive"),
        )


@dataclass
class Honeypot(_Diagnostic):
    """Two clusters that are told apart at once, and a third in which two classes lie on each other.

    positive: N((0, 0), I) and N((4, 3), I); negative: N((0, 6), I) and N((4, 3), I), as many points of each. A strategy
    that asks where the network is unsure keeps asking in the cluster at (4, 3), where no label helps; 75 % are right
    at best.

    Args:
        per_cluster: Points of each of the four clusters.

    Source:
        Werner, Burchert, Stubbemann and Schmidt-Thieme 2024 (A cross-domain benchmark for active learning).
    """

    per_cluster: int = 150

    name: ClassVar[str] = "honeypot"

    def __post_init__(self) -> None:
        super().__post_init__()
        rule = f"a whole number from 2 to {MOST_POINTS:,}"
        checks.require(2 <= self.per_cluster <= MOST_POINTS, "dataset.per_cluster", self.per_cluster, rule)

    def points(self, generator: np.random.Generator) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
        """The four clusters, one after another."""
        means = np.array([[0.0, 0.0], [4.0, 3.0], [0.0, 6.0], [4.0, 3.0]])
        centres = np.repeat(means, self.per_cluster, axis=0)
        return centres + generator.standard_normal(centres.shape), np.repeat([1, 1, 0, 0], self.per_cluster)


@dataclass
class DivergingSine(_Diagnostic):
    """Two sine curves that drift apart: y = sin(2 x) ± x / 2 + 0.3 · ε with ε ~ N(0, 1).

    x goes from 0 to 10 in equal steps, the same for both classes, positive above and negative below. Where they meet,
    at small x, labels decide; a strategy that covers the points asks mostly where the classes are far apart.

    Args:
        per_class: Points of each class.

    Source:
        Werner, Burchert, Stubbemann and Schmidt-Thieme 2024 (A cross-domain benchmark for active learning).
    """

    per_class: int = 100

    name: ClassVar[str] = "diverging_sine"

    def __post_init__(self) -> None:
        super().__post_init__()
        rule = f"a whole number from 2 to {MOST_POINTS:,}"
        checks.require(2 <= self.per_class <= MOST_POINTS, "dataset.per_class", self.per_class, rule)

    def points(self, generator: np.random.Generator) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
        """The curve above, then the curve below."""
        x = np.tile(np.linspace(0, 10, self.per_class), 2)
        labels = np.repeat([1, 0], self.per_class)
        y = np.sin(2 * x) + np.where(labels == 1, 0.5, -0.5) * x + 0.3 * generator.standard_normal(len(x))
        return np.stack([x, y], axis=1), labels
