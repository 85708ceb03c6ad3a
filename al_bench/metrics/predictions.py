"""The predictions of a test part, with what several metrics are computed from, each part computed once."""

from __future__ import annotations

from functools import cached_property

import torch
from torch import Tensor

from al_bench import kernels


class Predictions:
    """Mean predictions and true classes. Letters: N test points, C classes.

    Args:
        log_probs_nc: [N, C] log-probabilities, float64, nats.
        labels_n: [N] true classes, int64.
    """

    def __init__(self, log_probs_nc: Tensor, labels_n: Tensor) -> None:
        self.log_probs_nc = log_probs_nc
        self.labels_n = labels_n

    @cached_property
    def probs_nc(self) -> Tensor:
        """[N, C] probabilities."""
        return self.log_probs_nc.exp()

    @cached_property
    def predicted_n(self) -> Tensor:
        """[N] the most probable class, the lowest of several equal ones."""
        return self.log_probs_nc.argmax(1)

    @property
    def classes(self) -> int:
        """C."""
        return self.log_probs_nc.shape[1]

    def _count(self, classes_n: Tensor) -> Tensor:
        return torch.bincount(classes_n, minlength=self.classes).cpu()

    @cached_property
    def tested_c(self) -> Tensor:
        """[C] test points of each class."""
        return self._count(self.labels_n)

    @cached_property
    def named_c(self) -> Tensor:
        """[C] test points for which each class was predicted."""
        return self._count(self.predicted_n)

    @cached_property
    def right_c(self) -> Tensor:
        """[C] test points of each class that were predicted right."""
        return self._count(self.labels_n[self.predicted_n == self.labels_n])

    @cached_property
    def present_c(self) -> Tensor:
        """[C] whether the test part has points of each class."""
        return self.tested_c > 0

    @cached_property
    def confusion_cc(self) -> Tensor:
        """[C, C] test points by true class (row) and predicted class (column)."""
        pairs = self.labels_n * self.classes + self.predicted_n
        return torch.bincount(pairs, minlength=self.classes**2).reshape(self.classes, self.classes).cpu()

    @cached_property
    def areas(self) -> tuple[Tensor, Tensor]:
        """AUROC [C] and average precision [C] of each class against the rest; NaN where there is none."""
        return kernels.one_against_rest(self.log_probs_nc, self.labels_n)
