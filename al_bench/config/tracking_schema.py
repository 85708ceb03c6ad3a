"""The keys of `tracker`: where runs are shown."""

from __future__ import annotations

from dataclasses import dataclass, field

from al_bench import checks

TRACKERS = ("mlflow", "tensorboard", "wandb")
"""Tools in which runs can be shown."""


@dataclass
class Tracking:
    """Where runs are shown beside their records. No result depends on it.

    Args:
        to: mlflow, tensorboard or wandb, several at once or none; tracker=mlflow and tracker=[mlflow,wandb] are short
            for it.
        items: Whether the report that a tracker keeps shows pictures, texts and names of items.
    """

    to: list[str] = field(default_factory=list)
    items: bool = False

    def __post_init__(self) -> None:
        for name in self.to:
            checks.one_of("tracker", name, TRACKERS)
