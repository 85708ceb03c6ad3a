"""Pairs of rows within a radius, from blocks of distances, and the graph that they form.

Letters: N rows, D features, E pairs.
"""

from __future__ import annotations

import math
from bisect import bisect_left
from typing import Any

import torch
from torch import Tensor

from al_bench.kernels.distances import Points

REDUCTION = 0.95
"""While there are more pairs than allowed, the radius is multiplied by this."""

MOST_REDUCTIONS = 100


class NeighbourPairs:
    """Pairs of candidates within a radius, which is reduced while there are more pairs than `cap`.

    Args:
        points: The candidates, and perhaps other points after them.
        delta: δ, the radius asked for, in the units of the features.
        cap: The largest number of pairs.

    Attributes:
        radius: The radius, multiplied by the scale of `points`; below 0: not even copies are within it.
        reductions: How many times the radius was multiplied by `REDUCTION`.
        count: The number of pairs so far.
    """

    def __init__(self, points: Points, delta: float, cap: int) -> None:
        self._points, self._asked, self._cap = points, delta, cap
        self._parts: list[tuple[Tensor, Tensor, Tensor]] = []
        self.radius = delta * points.scale
        self.reductions = 0
        self.count = 0

    def add(self, i: Tensor, j: Tensor, squared: Tensor) -> None:
        """Take in pairs within `radius`, no pair twice, with their quick squared distances: [n] each."""
        if len(i):
            self._parts.append((i.int(), j.int(), squared))
            self.count += len(i)
        if self.count > self._cap:
            # Reduced only as far as the pairs so far require: those still to come may require more, never less.
            fits = range(self.reductions + 1, MOST_REDUCTIONS + 1)
            self.reductions = fits.start + bisect_left(
                fits, True, key=lambda i: self._count(self._radius(i)) <= self._cap
            )
            self.radius = self._radius(self.reductions)
            self._parts = [within(self._points, *part, self.radius) for part in self._parts]
            self.count = sum(len(part[0]) for part in self._parts)

    @property
    def delta(self) -> float:
        """The radius in the units of the features; 0 where there is no pair at all."""
        return self._asked * REDUCTION**self.reductions if self.reductions <= MOST_REDUCTIONS else 0.0

    def _radius(self, reductions: int) -> float:
        """The scaled radius; below 0 after the last reduction, so that not even copies are within it."""
        return self._asked * REDUCTION**reductions * self._points.scale if reductions <= MOST_REDUCTIONS else -1.0

    def _count(self, radius: float) -> int:
        return sum(len(within(self._points, *part, radius)[0]) for part in self._parts)

    def take(self) -> tuple[Tensor, Tensor, Tensor]:
        """The rows i [E] and j [E] of all pairs, int32, and their quick squared distances; the list is emptied."""
        empty = torch.empty(0, dtype=torch.int32), torch.empty(0, dtype=torch.int32), self._points.norms_n[:0]
        i, j, squared = (torch.cat([empty[k], *(part[k] for part in self._parts)]) for k in range(3))
        self._parts = []
        return i, j, squared


def adjacency(i: Tensor, j: Tensor, rows_count: int) -> Any:
    """The symmetric matrix of the pairs (i, j), each given once: a scipy CSR array of int8."""
    import numpy as np
    from scipy.sparse import coo_array

    shape = (rows_count, rows_count)
    half = coo_array((np.ones(len(i), dtype=np.int8), (i.numpy(), j.numpy())), shape=shape).tocsr()
    return half + half.T.tocsr()


def slices(start: int, end: int, size: int) -> list[slice]:
    """The range from `start` to `end` in parts of `size`, the last one smaller where it does not divide."""
    return [slice(first, min(first + size, end)) for first in range(start, end, size)]


def pairs_within(points: Points, rows: slice, columns: slice, radius: float) -> tuple[Tensor, Tensor, Tensor]:
    """The pairs (i, j) of a block with ‖x_i − x_j‖ ≤ `radius`: i [E], j [E] and their quick squared distances [E].

    Args:
        points: The rows.
        rows: The rows i of the block.
        columns: The rows j of the block.
        radius: Multiplied by the scale of `points`.
    """
    if radius < 0:
        return torch.empty(0).long(), torch.empty(0).long(), points.norms_n[:0]
    lower_n = points.norms_n * (1 - points.rounding)
    block = torch.addmm(lower_n[columns], points.quick_nd[rows], points.quick_nd[columns].T, alpha=-2)
    # The rows' norms are on the right side, so that the comparison needs no sum of all three terms per element.
    i, j = (block <= squared_radius(points, radius) - lower_n[rows, None]).nonzero(as_tuple=True)
    squared = block[i, j] + points.norms_n[rows][i] + points.rounding * points.norms_n[columns][j]
    return within(points, i + rows.start, j + columns.start, squared, radius)


def within(points: Points, i: Tensor, j: Tensor, squared: Tensor, radius: float) -> tuple[Tensor, Tensor, Tensor]:
    """Those pairs whose distance is at most `radius`; where rounding leaves it open, the distance is measured.

    Args:
        points: The rows.
        i: [E] rows.
        j: [E] rows.
        squared: [E] quick squared distances, each off by at most `points.rounding` times the sum of the two norms.
        radius: Multiplied by the scale of `points`.
    """
    if radius < 0:
        return i[:0], j[:0], squared[:0]
    slack = points.rounding * (points.norms_n[i] + points.norms_n[j])
    within = squared + slack <= squared_radius(points, radius)
    doubtful = (~within & (squared - slack <= squared_radius(points, radius))).nonzero()[:, 0]
    within[doubtful] = points.exact(i[doubtful], j[doubtful]) <= radius
    return i[within], j[within], squared[within]


def squared_radius(points: Points, radius: float) -> float:
    """The squared radius, bounded by the largest possible distance, so that it is finite in float32."""
    return min(radius, 8.0 * math.sqrt(points.quick_nd.shape[1] + 1)) ** 2
