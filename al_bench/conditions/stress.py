"""What every stress is: from a data set to the same data set with one thing wrong."""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from al_bench import checks

if TYPE_CHECKING:
    from al_bench.data.dataset import Dataset


@dataclass
class Stress(ABC):
    """Changes a data set before a run begins.

    Args:
        data_seed: Seed of what is chosen at random; it is part of the data, and independent of the run's seed.
    """

    data_seed: int = 0

    def __post_init__(self) -> None:
        checks.at_least("stress.data_seed", self.data_seed, 0)

    def generator(self) -> np.random.Generator:
        """The generator of the stress."""
        from al_bench.rng import Streams

        return Streams(self.data_seed).numpy("stress")

    @abstractmethod
    def apply(self, dataset: Dataset) -> Dataset:
        """The data set with the stress.

        Args:
            dataset: With raw inputs, all its true labels readable.

        Raises:
            InputError: A key does not fit the data set.
        """

    @abstractmethod
    def describe(self, before: Dataset, after: Dataset) -> str:
        """What was changed, in one line; empty for nothing."""


@dataclass
class NoStress(Stress):
    """Leaves the data set as it is."""

    def apply(self, dataset: Dataset) -> Dataset:
        """The data set itself."""
        return dataset

    def describe(self, before: Dataset, after: Dataset) -> str:
        """Nothing."""
        return ""

    def keys_without_effect(self) -> dict[str, str]:
        """The keys that nothing reads beside the other keys, each with the reason and what to set."""
        return {"data_seed": "stress=none changes nothing; set stress=imbalance"}
