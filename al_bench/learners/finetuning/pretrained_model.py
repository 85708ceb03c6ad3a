"""What models with pretrained weights share: where these are, what they are known by, and a new last layer."""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

from al_bench import checks
from al_bench.errors import InputError

if TYPE_CHECKING:
    from torch import nn

    from al_bench.data.dataset import Dataset
    from al_bench.models.pretrained import PretrainedBody


@dataclass
class PretrainedModel(ABC):
    """A pretrained network with a new last layer; every training from scratch begins with the pretrained weights.

    Args:
        dropout_dense: The probability of a zero before the last layer; 0 gives no posterior draws.
        digest: What the weights must hash to; null takes them as they are.

    Attributes:
        packages: The installed packages on whose versions the network depends.
        option: What the model is called in messages.
        kind_of_learner: Its default space in `tuning.spaces`.
    """

    packages: ClassVar[tuple[str, ...]] = ("torch",)
    option: ClassVar[str] = "model"
    kind_of_learner: ClassVar[str] = "finetuning"
    dropout_dense: float = 0.5
    digest: str | None = None

    def __post_init__(self) -> None:
        checks.fraction("model.dropout_dense", self.dropout_dense, one=False)

    @abstractmethod
    def read(self, dataset: Dataset) -> Dataset:
        """The data set as the network sees it.

        Args:
            dataset: Raw inputs, on the CPU.

        Raises:
            InputError: the inputs are of a kind that the network cannot read.
        """

    @abstractmethod
    def path(self) -> Path:
        """The file or folder of weights.

        Raises:
            InputError: they are not here, and cannot be had.
        """

    @abstractmethod
    def load(self, shape: tuple[int, ...]) -> PretrainedBody:
        """The network without its last layer, with its weights, on the CPU.

        Args:
            shape: Of one input.

        Raises:
            InputError: the weights cannot be loaded.
        """

    def facts(self) -> dict[str, Any]:
        """What the weights are known by, for the run's header: their digest, and versions."""
        if not hasattr(self, "_facts"):
            from al_bench.data.encoders.weights import check_digest
            from al_bench.storage.environment import package_versions

            weights = check_digest(self.path(), self.digest, "model.digest")
            self._facts = {"weights": weights, "versions": package_versions(self.packages)}
        return self._facts

    def build(self, shape: tuple[int, ...], classes: int) -> nn.Sequential:
        """A new network, its last layer drawn from torch's global generator.

        Args:
            shape: The shape of one input.
            classes: C, the number of classes.

        Returns:
            Named children in calling order: body, dropout_dense, and output, which is linear and gives logits [n, C].

        Raises:
            InputError: the weights cannot be loaded, or the network draws random numbers that no mask holds.
        """
        import torch

        from al_bench.models.pretrained import classifier

        if not hasattr(self, "_body"):
            self.facts()  # before anything is loaded: other weights than those of the digest are refused
            with torch.random.fork_rng(devices=[]):
                self._body = self.load(shape)
                self._body.eval()
                with torch.no_grad():
                    features = self._body(self.example(shape))
            if features.ndim != 2:
                raise InputError(
                    f"{self.option}: the network gives features of shape {list(features.shape[1:])} a point; choose a "
                    "network that gives one row of numbers"
                )
            self._width = features.shape[1]
        return classifier(self._body, self._width, classes, self.dropout_dense)

    def example(self, shape: tuple[int, ...]) -> Any:
        """[1, *shape] an input by which the number of features is found."""
        import torch

        return torch.ones((1, *shape))
