"""k-means++ on gradient embeddings by rejection, whether they are held or computed again in every pass."""

from __future__ import annotations

from typing import Protocol

import torch
from torch import Tensor

_REJECTIONS = 16
"""Proposals rejected in a row before all distances are updated."""


class Gradients(Protocol):
    """The embeddings of N rows, by their distances."""

    def new(self) -> Tensor:
        """[N] float64, infinite."""

    def squared_norms(self) -> Tensor:
        """[N] float64."""

    def lower(self, squared_n: Tensor, centres: list[int]) -> None:
        """Lower squared distances of all rows to those to the nearest of some centres, in place."""

    def squared_distance(self, row: int, centres: list[int]) -> float:
        """Of a row to the nearest of some centres."""


def draw_batch(gradients: Gradients, batch: int, generator: torch.Generator, first_centre: str) -> Tensor:
    """The rows drawn one after another."""
    nearest = _Nearest(gradients)
    free_n = torch.ones_like(nearest.squared_n, dtype=torch.bool)
    rows: list[int] = []
    while len(rows) < batch:
        row = nearest.draw(rows, generator) if rows else None
        if row is None:
            allowed_n = free_n
            if not rows and first_centre == "largest_norm":
                norms_n = gradients.squared_norms()
                allowed_n = norms_n == norms_n.max()
            row = _pick(allowed_n, _uniform_number(generator))
        rows.append(row)
        free_n[row] = False
    return torch.tensor(rows, dtype=torch.int64, device=free_n.device)


class _Nearest:
    """Squared distances of the rows to the nearest of the first `num_centres` centres, from which rows are drawn."""

    def __init__(self, gradients: Gradients) -> None:
        self.gradients = gradients
        self.squared_n = gradients.new()
        self.cumulative_n = self.squared_n
        self.num_centres = 0

    def draw(self, centres: list[int], generator: torch.Generator) -> int | None:
        """A row drawn in proportion to its squared distance, or None where all distances are 0."""
        if len(centres) >= 2 * self.num_centres:
            self._update(centres)
        rejections = 0
        while (total := self.cumulative_n[-1].item()) > 0:
            propose, accept = _uniform_number(generator), _uniform_number(generator)
            # A row of weight 0 repeats the cumulative sum of the row before it, so that it is never proposed.
            at = int(torch.searchsorted(self.cumulative_n, propose * total, right=True))
            row = at if at < len(self.squared_n) else int(self.squared_n.nonzero()[-1, 0])
            if len(centres) == self.num_centres:
                return row
            now = self.gradients.squared_distance(row, centres[self.num_centres :])
            if row not in centres and accept * self.squared_n[row].item() < now:
                return row
            rejections += 1
            if rejections == _REJECTIONS:
                self._update(centres)
        return None

    def _update(self, centres: list[int]) -> None:
        """Take the new centres into all distances."""
        self.gradients.lower(self.squared_n, centres[self.num_centres :])
        self.squared_n[centres] = 0.0
        self.cumulative_n = self.squared_n.cumsum(0)
        self.num_centres = len(centres)


def _uniform_number(generator: torch.Generator) -> float:
    """A uniform number from [0, 1)."""
    return torch.rand((), generator=generator, dtype=torch.float64, device=generator.device).item()


def _pick(allowed_n: Tensor, uniform: float) -> int:
    """The allowed row at the share `uniform` ∈ [0, 1) of the allowed rows, in their order."""
    rows = allowed_n.nonzero()[:, 0]
    return int(rows[int(uniform * len(rows))])
