"""Duplicates and near-duplicates in the training part."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from al_bench import checks
from al_bench.conditions.stress import Stress
from al_bench.data.size_limits import check_generated

if TYPE_CHECKING:
    from al_bench.data.dataset import Dataset

MOST_COPIES = 1_000


@dataclass
class Duplicates(Stress):
    """Adds m − 1 copies of a share p of the training points: x + ν · σ · ε, ε ~ N(0, 1), with ν = 0 the point itself.

    σ is the standard deviation of each feature over the training part. Copies have the class of their point, come
    after all points, and are drawn once for all seeds. The test part stays as it is.

    Args:
        copies: m, how often such a point occurs in all, at least 2.
        share: p, of the points that have copies.
        noise: ν; 0 for exact duplicates. Images of bytes are rounded.

    Source:
        Repeated MNIST, Kirsch, van Amersfoort and Gal 2019 (BatchBALD), with m = 3, p = 1 and ν = 0.1 on standardised
        pixels.
    Departures:
        There every copy has noise; here the points themselves stay as they are.
    """

    copies: int = 2
    share: float = 1.0
    noise: float = 0.0

    def __post_init__(self) -> None:
        super().__post_init__()
        rule = f"a whole number from 2 to {MOST_COPIES:,}"
        checks.require(2 <= self.copies <= MOST_COPIES, "stress.copies", self.copies, rule)
        checks.fraction("stress.share", self.share, zero=False)
        checks.at_least("stress.noise", self.noise, 0, finite=True)

    def apply(self, dataset: Dataset) -> Dataset:
        """The data set with copies after its points.

        Raises:
            InputError: The inputs take no noise, or the copies do not fit into the memory.
        """
        import torch

        from al_bench.conditions.rows import disturbed, held_out_rows, numbers_of, spread, take_training

        generator = self.generator()
        free = np.setdiff1d(np.arange(dataset.size), held_out_rows(dataset))
        chosen = np.sort(generator.choice(free, max(1, round(self.share * len(free))), replace=False))
        copies = np.repeat(chosen, self.copies - 1)
        if isinstance(dataset.inputs, torch.Tensor):
            check_generated(f"stress.copies={self.copies}", len(copies) * dataset.inputs[:1].nbytes)
        repeated = take_training(dataset, np.concatenate([np.arange(dataset.size), copies]))
        if not self.noise:
            return repeated
        inputs = numbers_of(repeated.inputs, "stress.noise", dataset)
        scale = self.noise * spread(numbers_of(dataset.inputs, "stress.noise", dataset))
        added = disturbed(inputs[dataset.size :], scale, generator)
        return replace(repeated, inputs=torch.cat([inputs[: dataset.size], added]))

    def describe(self, before: Dataset, after: Dataset) -> str:
        """How many copies there are."""
        near = "near-copies" if self.noise else "copies"
        return f"stress=duplicates: {before.size:,} training points and {after.size - before.size:,} {near} of them"
