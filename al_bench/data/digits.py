"""The 8 × 8 digits that ship with scikit-learn: real data without a download.

1,797 handwritten digits, pixels 0 … 16 (Alpaydin and Kaynak 1998, the test part of the UCI set "Optical
recognition of handwritten digits").
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

from al_bench.data.split import check_split, split_off_test_part

if TYPE_CHECKING:
    from al_bench.data.dataset import Dataset


@dataclass
class Digits:
    """Images [1797, 1, 8, 8] as float32 x / 16, in a fixed stratified split, whatever the run's seed.

    Args:
        test_fraction: The share of the rows in the test part, in (0, 1).
        split_seed: Seed of the choice of rows, independent of the run's seed.
    """

    test_fraction: float = 0.2
    split_seed: int = 0

    is_benchmark: ClassVar[bool] = True
    """It comes with al-bench: `initial.kind=auto` is balanced."""

    def __post_init__(self) -> None:
        check_split(self.test_fraction, self.split_seed)

    def load(self) -> Dataset:
        """The digits, 1,438 for training and 359 for the test by default."""
        import numpy as np
        import torch
        from sklearn.datasets import load_digits

        from al_bench.data.dataset import Dataset

        source = load_digits()
        inputs = torch.from_numpy((source.images / 16).astype(np.float32)).unsqueeze(1)
        labels = torch.from_numpy(source.target.astype(np.int64))
        train, test = split_off_test_part("digits", source.target, self.test_fraction, self.split_seed)
        return Dataset(
            name="digits",
            inputs=inputs[train],
            hidden_labels=labels[train],
            test_inputs=inputs[test],
            test_labels=labels[test],
            class_names=tuple("0123456789"),
        )
