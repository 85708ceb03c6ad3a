"""All pairs of rows within a radius, with far fewer products than all pairs of rows and all features need.

Three bounds leave pairs out, each with what rounding may add on the safe side, so that the pairs found are exactly
those that all distances would give:

1. Rows are sorted into cells, by halving at medians of their leading principal axes. Two cells whose bounding boxes are
   further apart than the radius have no pair: in few dimensions, or where the rows lie in groups, most cells.
2. A distance along the first k axes is at most the whole distance. Where that of a pair is above the radius its other
   features are not read. k is chosen from a sample of pairs.
3. The distances of what is left are measured from all features.

In few dimensions the time grows with the rows and the pairs found, up to a logarithm. No exact method is known to stay
below N² in many dimensions; there the second bound divides the cost by D / k, and the work needs no memory but a block.

Letters: N rows, D features, k axes, E pairs.
"""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor

from al_bench.kernels.distances import Points
from al_bench.kernels.neighbour_pairs import NeighbourPairs, slices, squared_radius, within

BLOCK = (1024, 4096)
"""Rows and columns of a block of distances: 16 MiB in float32."""

_CELL_ROWS = 256
_BOX_AXES = 16
"""Axes of the bounding boxes; rows are sorted by these."""
_SAMPLE_ROWS, _SAMPLE_PAIRS = 4096, 16384
_WHOLE_BLOCK = 0.02
"""A block of which a larger share is left after the second bound is measured as a whole."""
_ORTHONORMAL = 1e-12
"""How far from orthonormal the axes may be."""
_PRODUCT, _ELEMENT, _GATHERED = 0.03, 1.0, 1.0
"""Relative costs: a multiplication in a matrix product, what is done for an element of a block beside it, and a feature
of a pair that is read by itself."""


def find_pairs(points: Points, count: int, pairs: NeighbourPairs, block: tuple[int, int] = BLOCK) -> None:
    """Give `pairs` all pairs of the first `count` points that are within its radius, which it may reduce meanwhile.

    Args:
        points: The rows.
        count: N; further points are no part of it.
        pairs: Of these points.
        block: The most rows and columns of a block; the result does not depend on it.
    """
    if count < 2 or pairs.radius < 0:
        return
    search = _Search(points, count, pairs.radius)
    height, width = block
    for first in range(0, count, search.cell_rows):
        for rows in slices(first, min(first + search.cell_rows, count), height):
            for columns in search.columns(rows, pairs.radius, width):
                pairs.add(*search.pairs(rows, columns, pairs.radius))


class _Search:
    """Rows in the order of their cells, with their leading coordinates."""

    def __init__(self, points: Points, count: int, radius: float) -> None:
        self._points = points
        axes = _principal_axes(points.quick_nd[:count])
        self._axes = _axes_needed(points, count, axes, radius)
        kept = max(self._axes, min(_BOX_AXES, axes.shape[1]))
        coordinates = torch.empty(count, kept, dtype=points.quick_nd.dtype)
        for part in slices(0, count, 8192):
            coordinates[part] = points.quick_nd[part].double() @ axes[:, :kept]
        self.cell_rows = _CELL_ROWS
        boxed = min(_BOX_AXES, kept)
        self._order = _cells(coordinates[:, :boxed].contiguous(), self.cell_rows)
        coordinates = coordinates[self._order]
        starts = range(0, count, self.cell_rows)
        parts = [coordinates[start : start + self.cell_rows, :boxed] for start in starts]
        self._low, self._high = torch.stack([p.amin(0) for p in parts]), torch.stack([p.amax(0) for p in parts])
        self._coordinates = coordinates[:, : self._axes].contiguous()
        norms = points.norms_n[self._order]
        # Along the axes, ‖x‖² is at most what it is in whole, but rounding depends on the latter.
        self._slack = (2 * points.rounding + _ORTHONORMAL) * norms
        self._lower = self._coordinates.square().sum(1) - self._slack
        self._largest_slack = 4 * float(self._slack.max())

    def columns(self, rows: slice, radius: float, width: int) -> list[slice]:
        """Positions from the rows' own on, in runs of cells whose boxes are within the radius of the rows' box."""
        cell = rows.start // self.cell_rows
        gaps = torch.maximum(self._low[cell:] - self._high[cell], self._low[cell] - self._high[cell:]).clamp_(min=0)
        limit = squared_radius(self._points, radius) + self._largest_slack
        near = ((gaps.double().square().sum(1) <= limit).nonzero()[:, 0] + cell).numpy()
        ends = np.flatnonzero(np.diff(near) != 1)
        runs = zip(near[np.append(0, ends + 1)], near[np.append(ends, len(near) - 1)] + 1, strict=True)
        count = len(self._order)
        parts = [slice(first * self.cell_rows, min(end * self.cell_rows, count)) for first, end in runs]
        parts = [slice(max(int(part.start), rows.start), int(part.stop)) for part in parts]
        return [run for part in parts for run in slices(part.start, part.stop, width)]

    def pairs(self, rows: slice, columns: slice, radius: float) -> tuple[Tensor, Tensor, Tensor]:
        """Pairs of a block, each once, as rows of the points, with their quick squared distances."""
        limit = squared_radius(self._points, radius)
        products = torch.addmm(self._lower[columns], self._coordinates[rows], self._coordinates[columns].T, alpha=-2)
        near = (products <= limit - self._lower[rows, None]).numpy()
        if columns.start < rows.stop:  # each pair once: only those above the diagonal
            near &= np.arange(columns.start, columns.stop) > np.arange(rows.start, rows.stop)[:, None]
        flat = np.flatnonzero(near)
        if len(flat) > _WHOLE_BLOCK * near.size:
            i, j, squared = self._whole(near, rows, columns, limit)
        else:
            i, j = (torch.from_numpy(part) for part in np.divmod(flat, near.shape[1]))
            i, j = self._order[i + rows.start], self._order[j + columns.start]
            squared = _quick(self._points, i, j)
        return within(self._points, i, j, squared, radius)

    def _whole(self, near: np.ndarray, rows: slice, columns: slice, limit: float) -> tuple[Tensor, Tensor, Tensor]:
        """What `pairs` tests in the end, from the product of all features."""
        points, given, others = self._points, self._order[rows], self._order[columns]
        norms_i, norms_j = points.norms_n[given], points.norms_n[others]
        squared = torch.addmm(norms_j, points.quick_nd[given], points.quick_nd[others].T, alpha=-2)
        squared += norms_i[:, None]
        possible = squared - points.rounding * norms_j <= limit + points.rounding * norms_i[:, None]
        i, j = (possible & torch.from_numpy(near)).nonzero(as_tuple=True)
        return given[i], others[j], squared[i, j]


def _quick(points: Points, i: Tensor, j: Tensor) -> Tensor:
    """[n] squared distances of rows i and j from all features, in the features' dtype."""
    size = max(1, 2**22 // max(1, points.quick_nd.shape[1]))
    parts = zip(i.split(size), j.split(size), strict=True)
    values = [(points.quick_nd[a] - points.quick_nd[b]).square_().sum(1) for a, b in parts]
    return torch.cat([points.norms_n[:0], *values])


def _principal_axes(rows_nd: Tensor) -> Tensor:
    """[D, at most D] float64 orthonormal axes, those of most variance of some rows first."""
    sample = rows_nd[:: max(1, len(rows_nd) // _SAMPLE_ROWS)][:_SAMPLE_ROWS].double()
    if sample.shape[1] > 1024:  # more features: the axes of as many rows
        sample = sample[:: max(1, len(sample) // 1024)][:1024]
        inner = (sample - sample.mean(0)).T
        _, vectors = torch.linalg.eigh(inner.T @ inner)
        return torch.linalg.qr(inner @ vectors.flip(1))[0]
    sample = sample - sample.mean(0)
    return torch.linalg.eigh(sample.T @ sample)[1].flip(1)


def _axes_needed(points: Points, count: int, axes: Tensor, radius: float) -> int:
    """k: the number of axes that costs least, by the share of sampled pairs that each number leaves."""
    features = points.quick_nd.shape[1]
    i = torch.arange(_SAMPLE_PAIRS) * count // _SAMPLE_PAIRS
    j = (i + 1 + torch.arange(_SAMPLE_PAIRS) * 7919 % max(1, count - 1)) % count
    along = (points.quick_nd[i].double() - points.quick_nd[j].double()) @ axes
    left = (along.square_().cumsum_(1) <= squared_radius(points, radius)).double().mean(0)
    numbers = torch.arange(1, axes.shape[1] + 1, dtype=torch.float64)
    measured = torch.where(left > _WHOLE_BLOCK, features * _PRODUCT + _ELEMENT, left * features * _GATHERED)
    costs = numbers * _PRODUCT + _ELEMENT + measured
    return int(costs.argmin()) + 1


def _cells(coordinates: Tensor, size: int) -> Tensor:
    """[N] the order of the rows in which each run of `size` is a cell: halved at the median of the widest axis."""
    order = np.arange(len(coordinates))
    values = coordinates.numpy()
    parts = [(0, len(order))]
    while parts:
        first, end = parts.pop()
        if end - first <= size:
            continue
        rows = order[first:end]
        part = values[rows]
        # A multiple of the cell's size on the left, so that cells are runs of equal length.
        half = max(size, (end - first) // 2 // size * size)
        axis = int(np.argmax(part.max(0) - part.min(0)))
        order[first:end] = rows[np.argpartition(part[:, axis], half)]
        parts += [(first, first + half), (first + half, end)]
    return torch.from_numpy(order)
