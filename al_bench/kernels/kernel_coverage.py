"""How much of some targets chosen rows cover under a Gaussian kernel, and the rows that add most, by lazy greedy.

The objective is monotone and submodular: what a row would add only falls as others are picked. So a number from an
earlier pick bounds it, and only rows whose bound reaches the best are computed again (lazy greedy, Minoux 1978). The
bounds are computed in float32 with the rounding of the distances on the safe side, and what decides in float64.

Letters: N candidate rows, T targets, S centres, D features.
"""

from __future__ import annotations

import math

import torch
from torch import Tensor

from al_bench.kernels.neighbour_pairs import slices

_EQUAL = 1e-9
"""Gains that differ by less than this share are equal, and so are those below 1e-12 of the targets' weight."""

_FIRST_GROUP, _LARGEST_GROUP, _EXACT_GROUP = 64, 4096, 8
"""Rows whose bounds are computed again together: few at first, more where one group did not decide the pick; and rows
whose gains are then computed."""


def unit_rows(features_nd: Tensor) -> Tensor:
    """[n, D] float64 on the CPU, each row divided by its norm; zeros stay zeros."""
    rows_nd = features_nd.detach().cpu().double()
    largest_n = rows_nd.abs().amax(1, keepdim=True) if rows_nd.shape[1] else rows_nd.new_ones(len(rows_nd), 1)
    rows_nd = rows_nd / largest_n.masked_fill(largest_n == 0, 1.0)
    norms_n = torch.linalg.vector_norm(rows_nd, dim=1, keepdim=True)
    return rows_nd / norms_n.masked_fill(norms_n == 0, 1.0)


class Coverage:
    """How much each target is covered, and what a row would add.

    Args:
        features_nd: [N, D] features of the candidates.
        targets: [T] rows.
        weights_t: [T] float64.
        radius: σ.
        block_elements: Elements of a block of kernel values.

    Attributes:
        covered_t: [T] float64, max k over the labelled points and the picks so far.
        evaluations: Rows whose gain was computed.
    """

    def __init__(
        self, features_nd: Tensor, targets: Tensor, weights_t: Tensor, radius: float, block_elements: int
    ) -> None:
        self._features_nd, self.weights_t = features_nd, weights_t
        self._block = block_elements
        self._targets_td = unit_rows(features_nd[targets.to(features_nd.device)])
        self._quick_td = self._targets_td.float()
        self._quick_nd = torch.empty(features_nd.shape, dtype=torch.float32)
        for part in slices(0, len(features_nd), max(1, block_elements // max(1, features_nd.shape[1]))):
            self._quick_nd[part] = unit_rows(features_nd[part]).float()
        self._norms_n, self._norms_t = self._quick_nd.square().sum(1), self._quick_td.square().sum(1)
        self._precision = min(radius**-2, 1e30)  # float32 ends at 3e38
        self._rounding = 2 * (8 + 4 * math.sqrt(features_nd.shape[1])) * torch.finfo(torch.float32).eps
        self.covered_t = torch.zeros(len(targets), dtype=torch.float64)
        self.evaluations = 0

    def cover(self, units_sd: Tensor) -> None:
        """Take in further centres, float64 unit vectors [s, D]."""
        for part in slices(0, len(units_sd), self._rows_at_once(len(self._targets_td))):
            torch.maximum(self.covered_t, self._exact(units_sd[part]).amax(0), out=self.covered_t)

    def add(self, row: int) -> None:
        """Take in a row that was picked."""
        self.cover(unit_rows(self._features_nd[row : row + 1]))

    def gains(self, rows: Tensor) -> Tensor:
        """[n] float64: Σ_t u_t [k(x_t, x_n) − covered_t]₊."""
        self.evaluations += len(rows)
        parts = rows.split(self._rows_at_once(len(self._targets_td)))
        units = (unit_rows(self._features_nd[part.to(self._features_nd.device)]) for part in parts)
        sums = [((self._exact(part) - self.covered_t).clamp_(min=0.0) @ self.weights_t) for part in units]
        return torch.cat([*sums, torch.empty(0, dtype=torch.float64)])

    def bounds(self, rows: Tensor) -> Tensor:
        """[n] float64, at least `gains(rows)`: in float32, every distance shortened by what rounding may add to it."""
        self.evaluations += len(rows)
        upper_n = torch.zeros(len(rows), dtype=torch.float64)
        covered_t = (self.covered_t * (1 - 1e-6)).float()
        weights_t = self.weights_t.float()
        for columns in slices(0, len(self._quick_td), max(1, min(len(self._quick_td), 16384))):
            targets_td, norms_t = self._quick_td[columns], self._norms_t[columns] - self._rounding
            for part in slices(0, len(rows), self._rows_at_once(len(targets_td))):
                squared = torch.addmm(norms_t, self._quick_nd[rows[part]], targets_td.T, alpha=-2)
                squared += self._norms_n[rows[part], None]
                values = squared.clamp_(min=0.0).mul_(-self._precision).exp_()
                upper_n[part] += (values.sub_(covered_t[columns]).clamp_(min=0.0) @ weights_t[columns]).double()
        return upper_n * (1 + 1e-4) + 1e-30

    def _exact(self, units_sd: Tensor) -> Tensor:
        """[s, T] kernel values in float64."""
        norms_s, norms_t = units_sd.square().sum(1), self._targets_td.square().sum(1)
        squared = torch.addmm(norms_t, units_sd, self._targets_td.T, alpha=-2) + norms_s[:, None]
        return squared.clamp_(min=0.0).mul_(-self._precision).exp_()

    def _rows_at_once(self, targets: int) -> int:
        return max(1, self._block // max(1, targets))


def lazy_greedy(coverage: Coverage, batch: int, keys_n: Tensor) -> tuple[list[int], list[float]]:
    """The rows that add most, one after another, and what each adds."""
    count = len(keys_n)
    upper_n = coverage.bounds(torch.arange(count)) if batch else torch.empty(0, dtype=torch.float64)
    exact_n = torch.full((count,), -1, dtype=torch.int64)  # the pick at which upper_n became the gain itself
    fresh_n = torch.zeros(count, dtype=torch.int64)  # the pick at which upper_n was computed
    floor = 1e-12 * float(coverage.weights_t.sum())
    rows: list[int] = []
    gains: list[float] = []
    for pick in range(batch):
        size = _FIRST_GROUP
        while True:
            top = upper_n.topk(min(size, count))
            best, known = float(top.values[0]), exact_n[top.indices] == pick
            open_ = ~known & (top.values > -math.inf)
            if known[0]:  # nothing is larger; is anything equal?
                limit = best * (1 - _EQUAL) - floor
                open_ &= top.values >= limit
                if not open_.any():
                    if len(known) == count or top.values[-1] < limit:
                        break
                    size = min(2 * size, count)
                    continue
            group = top.indices[open_]
            stale = group[fresh_n[group] < pick]
            if len(stale) and (known[0] or stale[0] == top.indices[0]):
                upper_n[stale] = torch.minimum(upper_n[stale], coverage.bounds(stale))
                fresh_n[stale] = pick
                size = min(2 * size, _LARGEST_GROUP)
            else:
                group = group[fresh_n[group] == pick][:_EXACT_GROUP]
                upper_n[group] = coverage.gains(group)
                exact_n[group] = pick
        if best <= floor:  # all is covered, and no row will add anything any more
            free = (upper_n > -math.inf).nonzero()[:, 0]
            rows += free[keys_n[free].argsort(stable=True)][: batch - pick].tolist()
            gains += [0.0] * (batch - pick)
            break
        equal = ((exact_n == pick) & (upper_n >= best * (1 - _EQUAL) - floor)).nonzero()[:, 0]
        row = int(equal[keys_n[equal].argmin()])
        rows.append(row)
        gains.append(float(upper_n[row]))
        coverage.add(row)
        upper_n[row] = -math.inf
    return rows, gains
