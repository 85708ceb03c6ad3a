"""Class imbalance: a long tail of rare classes in the training part."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from al_bench import checks
from al_bench.conditions.stress import Stress
from al_bench.errors import InputError

if TYPE_CHECKING:
    from al_bench.conditions.rows import Rows
    from al_bench.data.dataset import Dataset


def class_sizes(counts: Rows, ratio: float) -> Rows:
    """[C] points of every class, most frequent first: n_k = n_0 · ρ^(−k / (C − 1)), rounded, 1 at least.

    n_0 is the largest number for which every class has points enough.

    Args:
        counts: [C] the points that every class has, in that order.
        ratio: ρ, of the most frequent to the rarest class.
    """
    falls = ratio ** (-np.arange(len(counts)) / max(len(counts) - 1, 1))
    largest = (counts / falls).min()
    return np.maximum(np.round(largest * falls), 1).astype(np.int64)


@dataclass
class Imbalance(Stress):
    """Leaves n_k = n_0 · ρ^(−k / (C − 1)) points of the k-th class, so that the rarest has 1/ρ of the most frequent.

    Which class is how rare, and which points stay, is drawn by `data_seed`; n_0 is the largest number for which every
    class has points enough. The test part stays as it is.

    Args:
        ratio: ρ, at least 1.

    Source:
        The exponential profile of Cui et al. 2019 (Class-balanced loss based on effective number of samples).
    """

    ratio: float = 10.0

    def __post_init__(self) -> None:
        super().__post_init__()
        checks.at_least("stress.ratio", self.ratio, 1, finite=True)

    def apply(self, dataset: Dataset) -> Dataset:
        """The data set with fewer training points."""
        from al_bench.conditions.rows import held_out_rows, take_training

        labels, generator = dataset.hidden_labels.cpu().numpy(), self.generator()
        free = np.setdiff1d(np.arange(dataset.size), held_out_rows(dataset))
        order = generator.permutation(dataset.classes)
        counts = np.bincount(labels[free], minlength=dataset.classes)[order]
        if not counts.all():
            name = dataset.class_names[order[int(np.argmin(counts))]]
            raise InputError(f"stress=imbalance leaves points of every class, and {dataset.name} has none of {name!r}")
        stays = [held_out_rows(dataset)]
        for label, size in zip(order, class_sizes(counts, self.ratio), strict=True):
            stays.append(generator.choice(free[labels[free] == label], size, replace=False))
        return take_training(dataset, np.sort(np.concatenate(stays)))

    def describe(self, before: Dataset, after: Dataset) -> str:
        """How many points of which class are left."""
        counts = np.bincount(after.hidden_labels.cpu().numpy(), minlength=after.classes)
        rare, most = int(counts.argmin()), int(counts.argmax())
        return (
            f"stress=imbalance: {after.size:,} of {before.size:,} training points stay, {counts[most]:,} of "
            f"{after.class_names[most]} to {counts[rare]:,} of {after.class_names[rare]}"
        )
