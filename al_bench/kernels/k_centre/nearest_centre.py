"""Distances of many rows to their nearest centre, computed where they decide which row is the farthest.

The distance to the nearest of the centres a row has been compared with bounds the distance to the nearest of all.
Centres are only added, so a bound stays true, and a row whose bound is below the greatest distance known is not
looked at again. Letters: N rows, D features, L labelled points, c centres.
"""

from __future__ import annotations

import math

import torch
from torch import Tensor

_DENSE = 64
"""Centres that every row is compared with; only rows that may be the farthest are compared with the others.

50,000 × 512 features against 1,000 labelled points: 2 to 5 % of the rows remain after 64 centres (features of a network
trained on 300 MNIST labels, and Gaussian noise); comparing all rows with all labelled points would be 16 times the
work.
"""

_FRONT = 4096
"""Size of the front: the rows of greatest bounds, among which the farthest is sought until the bounds have fallen below
those of the rows outside."""

_TOGETHER = 256
"""Rows whose bounds are lowered together."""


class NearestCentre:
    """The rows' distances to their nearest centres: bounds for all rows, exact distances where they decide.

    Args:
        features_nd: [N, D] the rows, finite, float32 or float64.
        labelled_features_ld: [L, D] the first centres.
        more: How many rows will become centres at most.
        keys_n: [N] float64 tie keys: of several rows equally far the one with the lowest key is the farthest.
        chunk: Rows, and centres, per block of distances.
    """

    def __init__(
        self, features_nd: Tensor, labelled_features_ld: Tensor, more: int, keys_n: Tensor, chunk: int
    ) -> None:
        self.features_nd, self.keys_n, self.chunk = features_nd, keys_n, chunk
        self.labelled = self.centres = len(labelled_features_ld)
        self.centres_cd = features_nd.new_empty(self.labelled + more, features_nd.shape[1])
        # Strided, so that the first few are from all over a set that was labelled in some order.
        stride = max(1, self.labelled // _DENSE)
        self.centres_cd[: self.labelled] = torch.cat([labelled_features_ld[i::stride] for i in range(stride)])
        self._origin_d = _origin(features_nd)
        self._centres_cd = self._shifted(self.centres_cd)
        self._centre_norms_c = self._centres_cd.square().sum(1)
        self._norms_n = features_nd.new_empty(len(features_nd))
        for rows in self._chunks(len(features_nd)):
            self._norms_n[rows] = torch.linalg.vector_norm(self._shifted(features_nd[rows]), dim=1).square_()
        # The squared distance to the nearest of the first seen_n centres, rounded.
        self.bound_n = torch.full_like(self._norms_n, math.inf)
        self._seen_n = torch.zeros_like(keys_n, dtype=torch.int64)
        # The rows outside the front have bounds of at most the floor.
        self._front, self._floor = self._seen_n.new_zeros(1), math.inf
        self._dense = 0
        self._see_all(min(_DENSE, self.labelled))
        # Rounding of a product of D terms, of the size of the norms involved; two of them may differ by twice that.
        sizes = [t.max().item() for t in (self._norms_n, self._centre_norms_c[: self.labelled]) if len(t)]
        rounding = 4 * torch.finfo(features_nd.dtype).eps * math.sqrt(features_nd.shape[1])
        self._slack_n = 2 * rounding * (self._norms_n + max(sizes, default=0.0))
        # The exact distance of each row to the nearest of the first `measured` centres.
        self._exact_n = torch.full_like(self._norms_n, math.inf, dtype=torch.float64)
        self._measured_n = torch.zeros_like(self._seen_n)

    def add(self, row: int) -> None:
        """Make row `row` a centre; it is no longer a candidate."""
        self.centres_cd[self.centres] = self.features_nd[row]
        self._centres_cd[self.centres] = self._shifted(self.features_nd[row])
        self._centre_norms_c[self.centres] = self._norms_n[row]
        self.centres += 1
        self.bound_n[row] = -math.inf
        if 2 * self._dense <= self.centres <= _DENSE:  # few centres: a new one is soon the nearest of many rows
            self._see_all(self.centres)

    def exclude(self, rows: Tensor) -> None:
        """Rows that are centres already are no candidates."""
        self.bound_n[rows] = -math.inf

    def farthest(self) -> tuple[int, float]:
        """The candidate farthest from its nearest centre, the lowest key among equals, and its distance."""
        if self.centres == 0:
            return int(self.keys_n.argmin()), math.inf
        while len(behind := self._behind()):
            self._advance(behind)
        rows = (self.bound_n >= self.bound_n.max() - self._slack_n).nonzero()[:, 0]
        # Rows last measured at the same time need the same new centres.
        for measured in self._measured_n[rows].unique().tolist():
            for group in rows[self._measured_n[rows] == measured].split(self.chunk):
                self._measure(group, measured)
        exact = self._exact_n[rows]
        radius = exact.max().item()
        equal = rows[exact >= radius * (1 - 1e-12)]
        return int(equal[self.keys_n[equal].argmin()]), radius

    def _behind(self) -> Tensor:
        """Rows that may be the farthest and were not compared with all centres: some of those of greatest bound."""
        while True:
            front = self.bound_n[self._front].topk(min(_TOGETHER, len(self._front)))
            rows = self._front[front.indices]
            stale = self._seen_n[rows] < self.centres
            met = front.values[~stale]
            if (met if len(met) else front.values)[0] >= self._floor:
                break
            best = self.bound_n.topk(min(_FRONT, len(self.bound_n)))
            self._front = best.indices
            self._floor = best.values[-1].item() if len(self._front) < len(self.bound_n) else -math.inf
        if len(met):
            stale &= front.values >= met[0] - self._slack_n[rows]
        return rows[stale]

    def _advance(self, rows: Tensor) -> None:
        """Lower the bounds of some rows: by all picks, or by up to four times the labelled points met so far."""
        seen = self._seen_n[rows]
        stage = seen.clamp(max=self.labelled)
        for at in stage.unique().tolist():
            group = rows[stage == at]
            start = at if at < self.labelled else int(seen[stage == at].min())
            end = min(self.labelled, 4 * at) if at < self.labelled else self.centres
            nearest = self._nearest(self.features_nd[group], self._norms_n[group], start, end)
            self.bound_n[group] = torch.minimum(self.bound_n[group], nearest)
            self._seen_n[group] = end

    def _see_all(self, end: int) -> None:
        """Compare every row with the centres up to `end`."""
        if end > self._dense:
            for rows in self._chunks(len(self.features_nd)):
                nearest_n = self._nearest(self.features_nd[rows], self._norms_n[rows], self._dense, end)
                torch.minimum(self.bound_n[rows], nearest_n, out=self.bound_n[rows])
            self._seen_n.clamp_(min=end)
            self._dense = end

    def _nearest(self, features_nd: Tensor, norms_n: Tensor, start: int, end: int) -> Tensor:
        """[n] squared distances to the nearest of the centres from `start` to `end`, rounded."""
        points_nd = self._shifted(features_nd)
        lowest_n = torch.full_like(norms_n, math.inf)
        for first in range(start, end, self.chunk):
            part = slice(first, min(first + self.chunk, end))
            partial_nc = torch.addmm(self._centre_norms_c[part], points_nd, self._centres_cd[part].T, alpha=-2)
            torch.minimum(lowest_n, partial_nc.amin(1), out=lowest_n)
        return lowest_n.add_(norms_n)

    def _measure(self, rows: Tensor, start: int) -> None:
        """Exact distances, by differences in float64, to those of the centres from `start` on that may be nearest."""
        points_rd, norms_r, exact_r = self.features_nd[rows], self._norms_n[rows], self._exact_n[rows]
        for first in range(start, self.centres, self.chunk):
            part = slice(first, min(first + self.chunk, self.centres))
            products_rc = self._shifted(points_rd) @ self._centres_cd[part].T
            squared_rc = torch.add(self._centre_norms_c[part], products_rc, alpha=-2) + norms_r[:, None]
            least_r = torch.minimum(squared_rc.amin(1), exact_r.square().to(squared_rc.dtype))
            pairs = (squared_rc <= (least_r + self._slack_n[rows])[:, None]).nonzero()
            for row, centre in (some.unbind(1) for some in pairs.split(self.chunk)):
                apart_d = points_rd[row].double() - self.centres_cd[part][centre].double()
                exact_r.scatter_reduce_(0, row, apart_d.norm(dim=1), "amin")
        self._exact_n[rows] = exact_r
        self._measured_n[rows] = self.centres

    def _shifted(self, points_nd: Tensor) -> Tensor:
        return points_nd if self._origin_d is None else points_nd - self._origin_d

    def _chunks(self, count: int) -> list[slice]:
        return [slice(start, start + self.chunk) for start in range(0, count, self.chunk)]


def _origin(features_nd: Tensor) -> Tensor | None:
    """The mean of a few rows where it is far from 0: distances by |x|² − 2 x·c + |c|² are rounded by the norms."""
    sample_nd = features_nd[:: max(1, len(features_nd) // 1024)].double()
    mean_d = sample_nd.mean(0) if len(sample_nd) else sample_nd.new_zeros(())
    if mean_d.square().sum() <= 4 * (sample_nd - mean_d).square().sum(1).mean() or not len(sample_nd):
        return None
    return mean_d.to(features_nd.dtype)
