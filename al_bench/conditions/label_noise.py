"""Label noise in the training part: wrong labels that belong to the data, whoever is asked."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from al_bench import checks
from al_bench.conditions.stress import Stress
from al_bench.data.wrong_labels import other_class

if TYPE_CHECKING:
    from al_bench.data.dataset import Dataset


@dataclass
class LabelNoise(Stress):
    """Gives a share r of the training points another class, each of the others alike: P(ỹ = c) = r / (C − 1), c ≠ y.

    The wrong labels are the data's: they are the same for all seeds, count as true in records, and oracles read them.
    `annotator=noisy` draws errors by the run's seed instead, and knows them as errors. The test part stays as it is.

    Args:
        rate: r.

    Source:
        Uniform (symmetric) label noise, Frénay and Verleysen 2014 (Classification in the presence of label noise: a
        survey).
    """

    rate: float = 0.2

    def __post_init__(self) -> None:
        super().__post_init__()
        checks.fraction("stress.rate", self.rate)

    def apply(self, dataset: Dataset) -> Dataset:
        """The data set with other labels."""
        import torch

        labels, generator = dataset.hidden_labels.cpu().numpy(), self.generator()
        wrong, which = generator.random(dataset.size) < self.rate, generator.random(dataset.size)
        noisy = np.where(wrong, other_class(labels, dataset.classes, which), labels)
        return replace(dataset, hidden_labels=torch.from_numpy(noisy).to(dataset.hidden_labels.device))

    def describe(self, before: Dataset, after: Dataset) -> str:
        """How many labels are wrong."""
        wrong = int((before.hidden_labels != after.hidden_labels).sum())
        return f"stress=label_noise: {wrong:,} of {after.size:,} training points have another class"
