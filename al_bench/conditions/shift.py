"""Shift between the pool and the test part: other shares of the classes, or noise in the inputs."""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import Enum
from typing import TYPE_CHECKING

import numpy as np

from al_bench import checks
from al_bench.conditions.imbalance import class_sizes
from al_bench.conditions.stress import Stress
from al_bench.errors import InputError

if TYPE_CHECKING:
    from al_bench.data.dataset import Dataset


class Kind(Enum):
    """What shifts."""

    classes = "classes"
    noise = "noise"


@dataclass
class Shift(Stress):
    """Changes the test part alone, so that the pool is drawn from another distribution than what is judged.

    classes leaves n_k = n_0 · ρ^(−k / (C − 1)) test points of the k-th class, in an order drawn by `data_seed`: label
    shift. noise adds ν · σ · ε with ε ~ N(0, 1) to every number of the test inputs, σ the standard deviation of each
    feature over the training part: covariate shift.

    Args:
        kind: classes or noise.
        ratio: ρ, of the most frequent to the rarest class of the test part.
        noise: ν, in standard deviations.

    Source:
        Label and covariate shift as in Quiñonero-Candela et al. 2009 (Dataset shift in machine learning); noise on
        images as in Hendrycks and Dietterich 2019 (Benchmarking neural network robustness).
    """

    kind: Kind = Kind.classes
    ratio: float = 10.0
    noise: float = 0.5

    def __post_init__(self) -> None:
        super().__post_init__()
        checks.at_least("stress.ratio", self.ratio, 1, finite=True)
        checks.at_least("stress.noise", self.noise, 0, finite=True)

    def keys_without_effect(self) -> dict[str, str]:
        """The keys that nothing reads beside the other keys, each with the reason and what to set."""
        idle, other = ("noise", Kind.noise) if self.kind is Kind.classes else ("ratio", Kind.classes)
        return {idle: f"stress.kind is {self.kind.value}; set stress.kind={other.value}"}

    def apply(self, dataset: Dataset) -> Dataset:
        """The data set with another test part.

        Raises:
            InputError: The test part lacks a class, or the inputs take no noise.
        """
        import torch

        from al_bench.conditions.rows import disturbed, numbers_of, spread, take_inputs

        generator = self.generator()
        if self.kind is Kind.noise:
            scale = self.noise * spread(numbers_of(dataset.inputs, "stress.noise", dataset))
            inputs = numbers_of(dataset.test_inputs, "stress.noise", dataset)
            return replace(dataset, test_inputs=disturbed(inputs, scale, generator))
        labels, order = dataset.test_labels.cpu().numpy(), generator.permutation(dataset.classes)
        counts = np.bincount(labels, minlength=dataset.classes)[order]
        if not counts.all():
            name = dataset.class_names[order[int(np.argmin(counts))]]
            raise InputError(
                f"stress.kind=classes leaves test points of every class, and the test part of {dataset.name} has none "
                f"of {name!r}"
            )
        stays = [
            generator.choice(np.flatnonzero(labels == label), size, replace=False)
            for label, size in zip(order, class_sizes(counts, self.ratio), strict=True)
        ]
        rows = np.sort(np.concatenate(stays))
        return replace(
            dataset,
            test_inputs=take_inputs(dataset.test_inputs, rows),
            test_labels=dataset.test_labels[torch.from_numpy(rows)],
            test_origins=None if dataset.test_origins is None else dataset.test_origins[rows],
        )

    def describe(self, before: Dataset, after: Dataset) -> str:
        """What is another in the test part."""
        if self.kind is Kind.noise:
            return f"stress=shift: the test inputs have noise of {self.noise:g} standard deviations"
        counts = np.bincount(after.test_labels.cpu().numpy(), minlength=after.classes)
        return (
            f"stress=shift: {len(after.test_labels):,} of {len(before.test_labels):,} test points stay, "
            f"{counts.min():,} to {counts.max():,} a class"
        )
