"""Greedy k-centre on a pool that is not held: a part of it is, and a bound says when the pool must be read again."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import NamedTuple

import torch
from torch import Tensor

from al_bench.errors import ScoreError
from al_bench.kernels.distances import safe_scale
from al_bench.kernels.k_centre.greedy import KCentreBatch
from al_bench.kernels.k_centre.nearest_centre import NearestCentre
from al_bench.kernels.select import check_batch, tie_keys


class HeldRows(NamedTuple):
    """What a pass leaves.

    Args:
        scores: [N] of all rows.
        rows: [m] int64 ascending, those that come first by (score descending, key ascending).
        features: [m, D] theirs.
    """

    scores: Tensor
    rows: Tensor
    features: Tensor


Read = Callable[[Callable[[Tensor], Tensor], int, Tensor], HeldRows]
"""One pass: of a function from the features [n, D] of some rows to their scores [n], of m, and of the keys [N]."""


def select_k_centre_in_passes(
    rows_count: int,
    read: Read,
    labelled_features_ld: Tensor,
    batch: int,
    generator: torch.Generator,
    *,
    held: int,
    chunk: int = 1024,
) -> KCentreBatch:
    """`select_k_centre` of a pool of which the features of `held` rows are in memory at a time.

    A pass computes the distance u_n of every row to its nearest centre and keeps the rows of the greatest. Distances
    only fall as centres are added, so that no row left out is farther than δ = max u_n over them: while the farthest
    of the rows kept is, it is the farthest of the pool. When it no longer is, the pool is read again, with all centres.

    u_n is computed in float64 and rounded to float32; of rows whose distances differ by less than that (6e-8 of them)
    and of which some are left out, those with the lowest keys are kept. Otherwise the picks are those of
    `select_k_centre` from the same generator.

    Args:
        rows_count: N.
        read: Reads the pool.
        labelled_features_ld: [L, D] features of the labelled points; L may be 0.
        batch: B, 0 ≤ B ≤ N.
        generator: Source of the keys.
        held: m, at least 1. With it grows memory, and the number of passes falls.
        chunk: As of `select_k_centre`.

    Returns:
        The batch. Memory: two numbers a row and what `read` holds, m (D + 8) numbers, and the centres twice.

    Raises:
        ValueError: the batch is negative or larger than N, or `held` is below 1.
        ScoreError: a distance is not finite.

    Source: As of `select_k_centre`.
    Departures: As of `select_k_centre`.
    """
    check_batch(batch, rows_count)
    if held < 1:
        raise ValueError(f"{held} rows held; there must be at least one")
    keys_n = tie_keys(rows_count, generator)
    front = _Front(read, labelled_features_ld, batch, held, keys_n, chunk)
    rows: list[int] = []
    radii: list[float] = []
    while len(rows) < batch:
        rows.append(front.pick())
        radii.append(front.radius() if len(rows) < rows_count else 0.0)
    return KCentreBatch(
        torch.tensor(rows, dtype=torch.int64, device=labelled_features_ld.device),
        torch.tensor(radii, dtype=torch.float64),
    )


@dataclass(frozen=True)
class _LeftOut:
    """The row that comes first of those that a pass left out, with the distance that it had then."""

    distance: float
    key: float


class _Front:
    """The rows kept by the last pass, and the farthest of the pool among them."""

    def __init__(
        self, read: Read, labelled_features_ld: Tensor, batch: int, held: int, keys_n: Tensor, chunk: int
    ) -> None:
        self._read, self._batch, self._held, self._keys_n, self._chunk = read, batch, held, keys_n, chunk
        self._centres_cd = labelled_features_ld
        self._picked: list[int] = []
        self._next: tuple[int, float] | None = None  # a position among the rows kept, and its distance
        self._renew()

    def pick(self) -> int:
        """The farthest row of the pool, which becomes a centre."""
        position, _ = self._farthest()
        self._next = None
        row = int(self._rows[position])
        self._picked.append(row)
        self._centres_cd = torch.cat([self._centres_cd, self._features_md[position : position + 1]])
        self._distances.add(position)
        self._free -= 1
        return row

    def radius(self) -> float:
        """The greatest distance of a row of the pool to its nearest centre."""
        return self._farthest()[1]

    def _farthest(self) -> tuple[int, float]:
        """Which of the rows kept is the farthest of the pool, and its distance; reads the pool again if need be."""
        if self._next is None:
            if self._free and self._is_first(found := self._measured()):
                self._next = found
            else:
                self._renew()
        assert self._next is not None
        return self._next

    def _measured(self) -> tuple[int, float]:
        position, distance = self._distances.farthest()
        return position, distance * self._scale

    def _is_first(self, found: tuple[int, float]) -> bool:
        """Whether a row kept comes before all rows left out, which are no farther than they were."""
        if (left := self._left_out) is None:
            return True
        position, distance = found
        rounded, key = float(_rounded(torch.tensor(distance))), float(self._keys_m[position])
        return rounded > left.distance or (rounded == left.distance and key < left.key)

    def _renew(self) -> None:
        """Read the pool, with all centres: the farthest row comes first, so that it is among those kept."""
        centres_cd = self._centres_cd
        scores_n, self._rows, self._features_md = self._read(
            lambda features_nd: _to_nearest(features_nd, centres_cd), self._held + len(self._picked), self._keys_n
        )
        bad = (~scores_n.isfinite()).nonzero()
        if len(bad):
            raise ScoreError(f"the distance of row {int(bad[0, 0])} is not finite ({len(bad)} rows are bad)")
        self._left_out = self._first_left_out(scores_n) if len(centres_cd) else _LeftOut(math.inf, -math.inf)
        self._keys_m = self._keys_n[self._rows.to(self._keys_n.device)].to(self._features_md.device)
        self._scale = safe_scale(self._features_md, centres_cd)
        scaled_md, scaled_cd = self._features_md, centres_cd
        if self._scale != 1:
            scaled_md, scaled_cd = scaled_md / self._scale, scaled_cd / self._scale
        more = self._batch - len(self._picked)
        self._distances = NearestCentre(scaled_md, scaled_cd, more, self._keys_m, self._chunk)
        taken = torch.isin(self._rows.cpu(), torch.tensor(self._picked, dtype=torch.int64)).nonzero()[:, 0]
        self._distances.exclude(taken.to(self._features_md.device))
        self._free = len(self._rows) - len(taken)
        self._next = self._measured()

    def _first_left_out(self, scores_n: Tensor) -> _LeftOut | None:
        left_n = torch.ones_like(scores_n, dtype=torch.bool)
        left_n[self._rows] = False
        if not left_n.any():
            return None
        greatest = scores_n[left_n].max()
        equal_n = left_n & (scores_n == greatest)
        return _LeftOut(float(greatest), float(self._keys_n[equal_n.to(self._keys_n.device)].min()))


def _to_nearest(features_nd: Tensor, centres_cd: Tensor) -> Tensor:
    """[n] float32 distances of some rows to the nearest centre, 0 where that is within rounding; 0 without centres."""
    if not len(centres_cd):
        return features_nd.new_zeros(len(features_nd), dtype=torch.float32)
    origin_d = centres_cd[0].double()
    points_nd, points_cd = features_nd.double() - origin_d, centres_cd.double() - origin_d
    norms_n, norms_c = points_nd.square().sum(1), points_cd.square().sum(1)
    squared_nc = torch.addmm(norms_c, points_nd, points_cd.T, alpha=-2).add_(norms_n[:, None])
    least_n = squared_nc.min(dim=1)
    rounding = 4 * torch.finfo(torch.float64).eps * math.sqrt(features_nd.shape[1])
    zero_n = least_n.values <= rounding * (norms_n + norms_c[least_n.indices])
    return _rounded(least_n.values.masked_fill(zero_n, 0.0).sqrt())


def _rounded(distances_n: Tensor) -> Tensor:
    """To float32, as the rows' order is by these and not by the last bits of a product."""
    return distances_n.float()
