"""Predictions to try metrics on: with ties, with classes that the test part lacks, sure and unsure ones."""

from __future__ import annotations

import torch
from torch import Tensor

KINDS = ("smooth", "tied", "sure", "absent", "never named")


def predictions(seed: int, kind: str, rows: int = 60, classes: int = 5) -> tuple[Tensor, Tensor]:
    """Log-probabilities [N, C], float64, and classes [N]."""
    generator = torch.Generator().manual_seed(seed)
    labels = torch.randint(0, classes, (rows,), generator=generator)
    scores = torch.randn(rows, classes, generator=generator, dtype=torch.float64)
    scores[range(rows), labels] += 1.0
    if kind == "tied":  # few different values
        scores = scores.round()
    if kind == "sure":
        scores *= 30
    if kind == "absent":
        labels[labels == 1] = 2
        labels[labels == 4] = 0
    if kind == "never named":
        scores[:, 3] -= 50
    return scores.log_softmax(1), labels
