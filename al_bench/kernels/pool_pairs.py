"""The pairs of a pool's rows, found once where the rows stay the same from round to round, as frozen features do.

Rows are known again by what they are, not by where they stand: a row that was labelled moves from the candidates to the
labelled points and is the same row. Equal rows are interchangeable. The first round only notes the rows; where the next
one has the same, the pairs of the whole pool are found once, within a radius a little larger than the one asked for,
and every round from then on takes from them the pairs that it has. Whether a pair is within a radius is decided as by a
new search: where rounding leaves it open, the distance is measured.

Letters: N candidates, L labelled points, D features, E pairs.
"""

from __future__ import annotations

from bisect import bisect_left
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from al_bench.kernels.distances import Points
from al_bench.kernels.neighbour_pairs import MOST_REDUCTIONS, REDUCTION, NeighbourPairs, squared_radius
from al_bench.kernels.neighbour_search import BLOCK, find_pairs

_HASHED_ROWS = 4096


class PoolPairs:
    """What is kept from round to round: 16 bytes a pair and 24 a row.

    Args:
        margin: What the radius is multiplied by when the pairs are found, so that a radius that is estimated anew in
            each round is within it; 1 where it is fixed.
    """

    def __init__(self, margin: float = 1.1) -> None:
        self._margin = margin
        self._rows: _Rows | None = None
        self._pairs: _Pairs | None = None
        self._too_many = False

    def of(self, points: Points, features_md: Tensor, delta: float, max_edges: int) -> RoundPairs | None:
        """The pairs of a round's rows; None where a search is due: rows not seen before, or too many pairs.

        Args:
            points: The candidates and the labelled points.
            features_md: [N + L, D] what they were made from.
            delta: δ, in the units of the features.
            max_edges: The most pairs that are kept.
        """
        hashes = _row_hashes(features_md)
        known = None if self._rows is None else self._rows.find(hashes)
        if known is None:
            self._rows, self._pairs, self._too_many = _Rows(hashes), None, False
            return None
        if self._pairs is None or delta > self._pairs.delta:
            if self._too_many:
                return None
            self._rows, known = _Rows(hashes), np.arange(len(points))
            found = NeighbourPairs(points, delta * self._margin, max_edges)
            find_pairs(points, len(points), found, BLOCK)
            if found.radius < 0 or found.delta < delta:
                self._too_many, self._pairs = True, None
                return None
            self._pairs = _Pairs.made(points, found)
        return self._pairs.of_round(points, known)


@dataclass(frozen=True, eq=False)
class RoundPairs:
    """Pairs of a round's rows, and which of them are within a radius.

    Args:
        points: The round's rows.
        i, j: [E] int32 rows, each pair once.
        squared, slack: [E] quick squared distances and their largest error, in the units of the pool's points.
        pool_scale: Of the pool's points.
    """

    points: Points
    i: Tensor
    j: Tensor
    squared: Tensor
    slack: Tensor
    pool_scale: float

    def among(self, chosen: Tensor) -> RoundPairs:
        """The pairs of a mask [E]."""
        i, j, squared, slack = (part[chosen] for part in (self.i, self.j, self.squared, self.slack))
        return RoundPairs(self.points, i, j, squared, slack, self.pool_scale)

    def within(self, delta: float) -> Tensor:
        """[E] bool: the distance is at most `delta`, in the units of the features; all False where that is below 0."""
        if delta < 0:
            return torch.zeros(len(self.i), dtype=torch.bool)
        limit = squared_radius(self.points, delta * self.pool_scale)
        inside = self.squared + self.slack <= limit
        open_ = (~inside & (self.squared - self.slack <= limit)).nonzero()[:, 0]
        if len(open_):
            exact = self.points.exact(self.i[open_].long(), self.j[open_].long())
            inside[open_] = exact <= delta * self.points.scale
        return inside

    def reduced(self, delta: float, cap: int) -> int:
        """How many times the radius has to be multiplied by `REDUCTION` for at most `cap` pairs."""
        return bisect_left(
            range(MOST_REDUCTIONS + 1), True, key=lambda i: int(self.within(delta * REDUCTION**i).sum()) <= cap
        )


@dataclass(frozen=True, eq=False)
class _Pairs:
    """All pairs of the `count` rows of the pool within `delta`, and what bounds the error of their distances."""

    count: int
    delta: float
    i: Tensor
    j: Tensor
    squared: Tensor
    slack: Tensor
    scale: float

    @staticmethod
    def made(points: Points, found: NeighbourPairs) -> _Pairs:
        i, j, squared = found.take()
        slack = points.rounding * (points.norms_n[i] + points.norms_n[j])
        return _Pairs(len(points), found.delta, i, j, squared, slack, points.scale)

    def of_round(self, points: Points, known: np.ndarray) -> RoundPairs:
        """Those of which a round has both rows, as rows of the round.

        Args:
            points: The round's rows.
            known: [N + L] which row of the pool each of them is.
        """
        place = np.full(self.count, -1, dtype=np.int32)
        place[known] = np.arange(len(known), dtype=np.int32)
        i, j = (torch.from_numpy(place[part.numpy()]) for part in (self.i, self.j))
        pairs = RoundPairs(points, i, j, self.squared, self.slack, self.scale)
        return pairs if len(known) == self.count else pairs.among((i >= 0) & (j >= 0))


class _Rows:
    """Rows by their hashes; rows that are equal are told apart by their order alone.

    Args:
        hashes: [M, 2] uint64.
    """

    def __init__(self, hashes: np.ndarray) -> None:
        self._order = np.argsort(hashes[:, 0], kind="stable")
        self._sorted = hashes[self._order]

    def find(self, hashes: np.ndarray) -> np.ndarray | None:
        """[m] which of these rows each of the given ones is, no row twice; None where one of them is not among them."""
        order = np.argsort(hashes[:, 0], kind="stable")
        wanted = hashes[order]
        first = np.searchsorted(wanted[:, 0], wanted[:, 0])
        at = np.searchsorted(self._sorted[:, 0], wanted[:, 0]) + np.arange(len(wanted)) - first
        if len(wanted) and (at.max() >= len(self._sorted) or not np.array_equal(self._sorted[at], wanted)):
            return None
        found = np.empty(len(wanted), dtype=np.int64)
        found[order] = self._order[at]
        return found


def _row_hashes(features_md: Tensor) -> np.ndarray:
    """[M, 2] uint64 of the bits of each row: sums with random odd numbers, modulo 2⁶⁴."""
    values = features_md.detach().cpu().contiguous().numpy()
    words = values.view(f"u{values.dtype.itemsize}")
    factors = np.random.default_rng(0).integers(2**63, size=(words.shape[1], 2), dtype=np.uint64) * np.uint64(
        2
    ) + np.uint64(1)
    parts = [words[start : start + _HASHED_ROWS].astype(np.uint64) for start in range(0, len(words), _HASHED_ROWS)]
    mixed = [(part ^ (part << np.uint64(29))) @ factors for part in parts]
    return np.concatenate([np.empty((0, 2), dtype=np.uint64), *mixed])
