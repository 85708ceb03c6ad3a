"""The contract of an encoder: its options as fields, a data set in, the same data set with features as inputs out."""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import torch

    from al_bench.data.dataset import Dataset


def _cpu() -> torch.device:
    import torch

    return torch.device("cpu")


@dataclass(frozen=True)
class Workspace:
    """Where features are computed and stored.

    Args:
        device: The device that networks run on.
        cache: Folder of what runs share; None: nothing is read or stored.
        own_code: Digest of the files of an encoder of the user's own; None for al-bench's.
    """

    device: torch.device = field(default_factory=_cpu)
    cache: Path | None = None
    own_code: str | None = None


@dataclass
class Encoder(ABC):
    """A frozen function from raw inputs to features [N, D].

    Every strategy and learner sees the features in the place of the inputs. The fields of the class are the keys of the
    config group `encoder`.
    """

    @abstractmethod
    def encode(self, dataset: Dataset, workspace: Workspace) -> Dataset:
        """The same data set with features as inputs, test part included; labels, origins and class names stay.

        Args:
            dataset: Raw inputs, on the CPU.
            workspace: Where features are computed and stored.

        Raises:
            InputError: the inputs are of a kind that the encoder cannot read, or something it needs is missing.
        """

    def describe(self, dataset: Dataset, workspace: Workspace) -> str:
        """What `al-bench check` says of the features, as far as that takes no time.

        Raises:
            InputError: as `encode`.
        """
        return "its features are computed when a run starts"


@dataclass
class NoEncoder(Encoder):
    """The inputs as they are."""

    def encode(self, dataset: Dataset, workspace: Workspace) -> Dataset:
        return dataset
