"""What every tracker does, and where each lives."""

from __future__ import annotations

import importlib
import importlib.util
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

from al_bench.errors import InputError
from al_bench.records import RoundRecord

TRACKERS = {
    "mlflow": ("mlflow", "al_bench.trackers.mlflow_tracker:MlflowTracker"),
    "tensorboard": ("tensorboard", "al_bench.trackers.tensorboard_tracker:TensorBoardTracker"),
    "wandb": ("wandb", "al_bench.trackers.wandb_tracker:WandbTracker"),
}
"""Name to the package that it needs, which is also the name of al-bench's extra, and to its class."""


@dataclass(frozen=True)
class TrackedRun:
    """A run as a tracker shows it.

    Args:
        folder: Of its record.
        study, dataset, arm, strategy, seed: What it is.
        parameters: Key to value, paths cut to their last part.
    """

    folder: Path
    study: str
    dataset: str
    arm: str
    strategy: str
    seed: int
    parameters: Mapping[str, Any]

    @property
    def name(self) -> str:
        """What the tracker calls it."""
        return f"{self.dataset}/{self.arm}/seed-{self.seed}"

    @property
    def tags(self) -> dict[str, str]:
        """By what runs are grouped."""
        return {key: str(getattr(self, key)) for key in ("study", "dataset", "arm", "strategy", "seed")}


class Tracker(Protocol):
    """Where a run is shown. Any method may raise whatever it likes: the run goes on without the tracker."""

    def begin(self, run: TrackedRun, key: str | None) -> str:
        """Begin to show a run, or go on.

        Args:
            run: The run.
            key: What this returned when the run began; None for a new one.

        Returns:
            By what the tracker finds the run again.
        """

    def log(self, labels: int, values: Mapping[str, float]) -> None:
        """Show the values of a round.

        Args:
            labels: The labelled points of the round: what curves run over.
            values: Finite numbers by name.
        """

    def attach(self, files: Sequence[Path]) -> None:
        """Keep figures and a report."""

    def end(self, status: str) -> None:
        """End: complete, failed or interrupted."""


def make_tracker(name: str) -> Tracker:
    """The tracker of a name, without telling anybody."""
    module, _, kind = TRACKERS[name][1].partition(":")
    tracker: Tracker = getattr(importlib.import_module(module), kind)()
    return tracker


def check_installed(names: Sequence[str]) -> None:
    """Refuse a tracker whose package is not there, before anything runs.

    Raises:
        InputError: naming the extra to install.
    """
    for name in names:
        package = TRACKERS[name][0]
        if importlib.util.find_spec(package) is None:
            raise InputError(
                f"tracker={name} needs the package {package}, which is not installed: pip install 'al-bench[{name}]'"
            )


def round_values(record: RoundRecord, class_names: Sequence[str]) -> dict[str, float]:
    """The numbers of a round: its metrics, those by class, seconds and memory.

    Args:
        record: The round.
        class_names: Of the data set.

    Returns:
        `accuracy`, `nll` (nats) and the other metrics as they are recorded, `recall/CLASS`,
        `system/seconds/STAGE`, `system/peak_memory_bytes/STAGE`, and `cost` of all labels so far where one is recorded;
        what is not known is left out.
    """
    values: dict[str, float | None] = {"round": float(record.round)}
    values |= {name: getattr(record, name) for name in ("accuracy", "nll", "ece", "validation_accuracy")}
    values |= dict(record.metrics)
    for name, by_class in record.class_metrics.items():
        labels = class_names if len(class_names) == len(by_class) else [str(label) for label in range(len(by_class))]
        values |= {f"{name}/{label}": value for label, value in zip(labels, by_class, strict=True)}
    values |= {f"system/seconds/{stage}": value for stage, value in record.seconds.items()}
    values |= {f"system/peak_memory_bytes/{stage}": float(value) for stage, value in record.peak_memory_bytes.items()}
    if record.annotation is not None:
        values["cost"] = float(record.annotation.cost)
    return {name: float(value) for name, value in values.items() if value is not None}
