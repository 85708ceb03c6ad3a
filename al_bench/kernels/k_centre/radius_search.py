"""The smallest radius within which b centres cover all rows but Ξ, searched over the distinct distances.

Whether a radius δ can be reached is a feasibility problem (Sener & Savarese 2018, eq. 6), here over the set U of
the rows farther than δ from every labelled point:

    Σ_{j : d_ij ≤ δ} u_j + ξ_i ≥ 1 for i in U,   Σ_j u_j ≤ b,   Σ_i w_i ξ_i ≤ Ξ,   u binary, 0 ≤ ξ ≤ 1

with w_i the number of rows of the pool that row i represents. Only pairs within δ have an entry, an optimal ξ is 0 or 1
without being declared so, and columns that cover nothing are left out. The optimum is one of the distances, and a
binary search finds it between the radius reached and the radius proven impossible. Greedy coverage is tried first, as
it may reach a radius without a program. Every solution is measured, and its own radius bounds the search from above.

Letters: m rows.
"""

from __future__ import annotations

import math
import time

import numpy as np
from scipy import optimize, sparse

EXACT = 1e-7
"""Relative rounding of distances: they are compared in float32."""


class RadiusSearch:
    """Binary search over the distinct distances of the rows; the best batch so far and what is proven.

    Args:
        distances_mm: [m, m] float32 distances between the rows.
        to_labelled_m: [m] float32 distances to the nearest labelled point, ∞ where there is none.
        weight_m: [m] float64 w, the number of rows of the pool that each row represents.
        batch: b.
        outliers: Ξ.
        pairs: A radius with more pairs within it is not given to the solver.

    Attributes:
        chosen: The rows of the best batch.
        best: Its radius.
        proven: No batch has a smaller radius.
        programs: The number of programs solved or given up.
    """

    def __init__(
        self,
        distances_mm: np.ndarray,
        to_labelled_m: np.ndarray,
        weight_m: np.ndarray,
        batch: int,
        outliers: int,
        pairs: int,
    ) -> None:
        self.distances_mm, self.to_labelled_m, self.weight_m = distances_mm, to_labelled_m, weight_m
        self.batch, self.outliers, self.pairs = batch, outliers, pairs
        self.chosen: list[int] = []
        self.best = math.inf
        self.proven = 0.0
        self.programs = 0

    def run(self, start: list[int], proven: float, time_limit: float) -> list[int]:
        """The rows of the best batch.

        Args:
            start: The rows of a batch to improve.
            proven: A lower bound of the radius.
            time_limit: Seconds.
        """
        deadline = time.monotonic() + time_limit
        self._offer(start)
        ends = np.array([0.0, self.best], np.float32)
        rows = [row_m[n:] for n, row_m in enumerate(self.distances_mm)]
        values = np.unique(
            np.concatenate([_between(part, proven, self.best) for part in (ends, self.to_labelled_m, *rows)])
        )
        low, high = 0, len(values) - 1  # the smallest radius not proven impossible, and the smallest reached
        untested = low
        while untested < high and time.monotonic() < deadline:
            middle = (untested + high) // 2
            if self._offer(self._greedy_coverage(values[middle])):
                high = int(np.searchsorted(values, self.best))
            else:
                untested = middle + 1
        given_up: list[int] = []
        while low < high and (remaining := deadline - time.monotonic()) > 0:
            # First above the radii given up, which may give a better batch; then below them, which may give a proof.
            above = max(given_up, default=low - 1) + 1
            first, last = (above, high) if above < high else (low, min(given_up))
            if first == last:
                break
            middle = (first + last) // 2
            answer = self._program(values[middle], min(remaining, max(remaining / 4, time_limit / 16)))
            if isinstance(answer, list) and self._offer(answer):
                high = int(np.searchsorted(values, self.best))
            elif answer == "infeasible":
                low = middle + 1
            else:
                given_up.append(middle)
            given_up = [index for index in given_up if low <= index < high]
        self.proven = float(values[min(low, high)])
        return self.chosen

    def _offer(self, chosen: list[int]) -> bool:
        """Fill the batch greedily and measure it; whether it is better than the best so far, which it then replaces."""
        nearest_m = self.to_labelled_m.copy()
        for row in chosen:
            np.minimum(nearest_m, self.distances_mm[row], out=nearest_m)
        free_m = np.ones(len(nearest_m), dtype=bool)
        free_m[chosen] = False
        while len(chosen) < self.batch:
            row = int(np.where(free_m, nearest_m, -1).argmax())
            chosen = [*chosen, row]
            free_m[row] = False
            np.minimum(nearest_m, self.distances_mm[row], out=nearest_m)
        order = (-nearest_m).argsort(kind="stable")
        beyond = self.weight_m[order].cumsum() > self.outliers
        radius = float(nearest_m[order[beyond.argmax()]]) if beyond.any() else 0.0
        if radius < self.best:
            self.chosen, self.best = chosen, radius
            return True
        return False

    def _greedy_coverage(self, radius: np.float32) -> list[int]:
        """The batch of B times the row with the greatest weight of uncovered rows within the radius."""
        uncovered = np.flatnonzero(self.to_labelled_m > radius)
        gain_m = np.zeros(len(self.weight_m))
        for row in uncovered:
            gain_m += (self.distances_mm[row] <= radius) * self.weight_m[row]
        chosen: list[int] = []
        while len(chosen) < self.batch and len(uncovered):
            chosen.append(int(gain_m.argmax()))
            covers = self.distances_mm[chosen[-1], uncovered] <= radius
            for row in uncovered[covers]:
                gain_m -= (self.distances_mm[row] <= radius) * self.weight_m[row]
            uncovered = uncovered[~covers]
        return chosen

    def _program(self, radius: np.float32, seconds: float) -> list[int] | str:
        """The centres of a solution, "infeasible", or "unknown"."""
        uncovered = np.flatnonzero(self.to_labelled_m > radius)
        columns = [np.flatnonzero(self.distances_mm[row] <= radius) for row in uncovered]
        entries = np.array([len(c) for c in columns])
        if entries.sum() > self.pairs:
            return "unknown"
        self.programs += 1
        size, count = len(self.weight_m), len(uncovered)
        starts = np.concatenate([[0], entries.cumsum()])
        near = sparse.csr_array((np.ones(starts[-1]), np.concatenate(columns), starts), shape=(count, size))
        useful = np.flatnonzero(np.bincount(near.indices, minlength=size))  # the others cover nothing
        weights = self.weight_m[uncovered]
        may_miss = np.flatnonzero(weights <= self.outliers)
        slack = sparse.eye_array(count, format="csc")[:, may_miss]
        budget = np.concatenate([np.ones(len(useful)), np.zeros(len(may_miss))])
        missed = np.concatenate([np.zeros(len(useful)), weights[may_miss]])
        answer = optimize.milp(
            np.zeros(len(budget)),
            integrality=budget,
            bounds=optimize.Bounds(0, 1),
            constraints=[
                optimize.LinearConstraint(sparse.hstack([near[:, useful], slack], format="csc"), 1, np.inf),
                optimize.LinearConstraint(np.stack([budget, missed]), -np.inf, [self.batch, self.outliers]),
            ],
            options={"time_limit": max(seconds, 0.1)},
        )
        if answer.x is not None:
            return [int(j) for j in useful[answer.x[: len(useful)] > 0.5]][: self.batch]
        return "infeasible" if answer.status == 2 else "unknown"


def _between(distances: np.ndarray, low: float, high: float) -> np.ndarray:
    """The distinct distances from the lower bound, minus its rounding, to the radius reached."""
    return np.unique(distances[(distances >= low * (1 - EXACT)) & (distances <= np.float32(high))])
