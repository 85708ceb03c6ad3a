"""MaxHerding and UHerding: rows that cover the most, each weighed by its uncertainty, under a Gaussian kernel.

The objective is monotone and submodular: what a row would add only falls as others are picked. So a number from an
earlier pick bounds it, and only rows whose bound reaches the best are computed again (lazy greedy, Minoux 1978). The
bounds are computed in float32 with the rounding of the distances on the safe side, and what decides in float64.

Letters: N candidate rows, T targets, L labelled points, D features.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass

import torch
from torch import Tensor

from al_bench.errors import ScoreError
from al_bench.kernels.calibration import expected_calibration_error
from al_bench.kernels.distances import check_feature_pair, check_features
from al_bench.kernels.select import check_batch, tie_keys

BLOCK_ELEMENTS = 2**22
"""Elements of a block of kernel values: 16 MiB in float32."""

_EQUAL = 1e-9
"""Gains that differ by less than this share are equal, and so are those below 1e-12 of the targets' weight."""

_COPY = 1e-6
"""Unit vectors no farther apart than this are copies."""

_FIRST_GROUP, _LARGEST_GROUP, _EXACT_GROUP = 64, 4096, 8
"""Rows whose bounds are computed again together: few at first, more where one group did not decide the pick; and rows
whose gains are then computed."""

TEMPERATURES = tuple(round(1 + 0.1 * step, 1) for step in range(190))
"""The temperatures tried, as in the authors' code: 1.0, 1.1, … 19.9."""


@dataclass(frozen=True, eq=False)
class HerdingBatch:
    """A batch and what it covers.

    Args:
        rows: [B] int64, in the order picked.
        gains: [B] float64, what each row added to the mean coverage of the targets.
        coverage: The mean over the targets of u · max k after the batch, between 0 and 1.
        targets: T, the number of rows over which coverage is summed.
        evaluations: How many rows were evaluated in all, N at first included.
    """

    rows: Tensor
    gains: Tensor
    coverage: float
    targets: int
    evaluations: int


def select_herding(
    features_nd: Tensor,
    labelled_features_ld: Tensor,
    batch: int,
    generator: torch.Generator,
    *,
    radius: float = 1.0,
    weights_n: Tensor | None = None,
    max_targets: int | None = None,
    block_elements: int = BLOCK_ELEMENTS,
) -> HerdingBatch:
    """argmax_n Σ_t u_t [k(x_t, x_n) − max_{s ∈ S} k(x_t, x_s)]₊, again and again, S the labelled points and the picks.

    k(x, x') = exp(−‖x − x'‖² / σ²) on features divided by their Euclidean norm. N keys are drawn from the generator,
    and with more rows than `max_targets` a random subset of the rows, over which the sum goes. Of rows that add
    equally much (to 1e-9) the one with the lowest key is picked, so that once all is covered the rest is uniformly
    random.

    Args:
        features_nd: [N, D] features of the candidates.
        labelled_features_ld: [L, D] features of the labelled points; L may be 0.
        batch: B, 0 ≤ B ≤ N.
        generator: Source of the keys and of the subset.
        radius: σ > 0, in units of the normalised features.
        weights_n: [N] u ≥ 0, the uncertainty of each row; None: 1, which is MaxHerding.
        max_targets: T, the largest number of rows over which coverage is summed; None: all N.
        block_elements: Elements of a block of kernel values; the result does not depend on it.

    Returns:
        The batch. Cost: O((N + L) T D) at the start, O(T D) for each row evaluated again, in practice a few per cent of
        N a pick. Memory: a float32 copy of the features, a float64 copy of the targets, and two blocks.

    Raises:
        ValueError: the batch is negative or larger than N, the shapes do not match, or σ is no positive number.
        ScoreError: a feature is not finite, or a weight is no finite number of at least 0.

    Source: Bae, Noh & Sutherland 2024 (MaxHerding); Bae, Oliveira & Sutherland 2025 (UHerding); the Gaussian kernel
    without a factor ½ as in their code.
    Departures: Ties are broken at random; the subset of targets is not in the papers.
    """
    check_feature_pair(features_nd, labelled_features_ld)
    rows_count = len(features_nd)
    check_batch(batch, rows_count)
    if not 0 < radius < math.inf:
        raise ValueError(f"the radius is {radius}; it must be a number above 0")
    if max_targets is not None and max_targets < 1:
        raise ValueError(f"max_targets is {max_targets}; it must be at least 1")
    weights_n = _checked_weights(weights_n, rows_count)
    keys_n = tie_keys(rows_count, generator).cpu()
    targets = torch.arange(rows_count)
    if max_targets is not None and rows_count > max_targets:
        order = torch.randperm(rows_count, generator=generator, device=generator.device)
        targets = order[:max_targets].sort().values.cpu()
    coverage = _Coverage(features_nd, targets, weights_n[targets], radius, block_elements)
    coverage.cover(_units(labelled_features_ld))
    rows, gains = _lazy_greedy(coverage, batch, keys_n)
    total = max(float(len(targets)), 1.0)
    return HerdingBatch(
        torch.tensor(rows, dtype=torch.int64, device=features_nd.device),
        torch.tensor(gains, dtype=torch.float64) / total,
        float((coverage.weights_t * coverage.covered_t).sum()) / total,
        len(targets),
        coverage.evaluations,
    )


def least_distance(labelled_features_ld: Tensor, block_elements: int = BLOCK_ELEMENTS) -> float | None:
    """min_{i ≠ j} ‖x_i − x_j‖ over the labelled points, each divided by its norm: the radius of UHerding.

    Args:
        labelled_features_ld: [L, D] features.
        block_elements: Elements of a block of distances; the result does not depend on it.

    Returns:
        The least distance above 10⁻⁶, so that copies do not count; None where no two points differ.

    Raises:
        ValueError: the shape is not [L, D].
        ScoreError: a feature is not finite.

    Source: Bae, Oliveira & Sutherland 2025 (radius adaptation). Departures: Copies do not count; in the authors' code
    they make the radius 1.
    """
    check_features(labelled_features_ld, "labelled ")
    units_ld = _units(labelled_features_ld)
    least = math.inf
    for part in slices(len(units_ld), max(1, block_elements // max(1, len(units_ld)))):
        squared = 2 - 2 * (units_ld[part] @ units_ld.T)
        squared[squared <= _COPY**2] = math.inf
        nearest = int(squared.argmin())
        row, other = part.start + nearest // len(units_ld), nearest % len(units_ld)
        if squared.view(-1)[nearest] < math.inf:  # measured by difference: the product cancels
            least = min(least, float(torch.linalg.vector_norm(units_ld[row] - units_ld[other])))
    return least if least < math.inf else None


def calibrated_temperature(log_probs_lc: Tensor, labels_l: Tensor, bins: int = 15) -> float:
    """argmin_τ ECE(softmax(z / τ)) over τ = 1.0, 1.1, … 19.9, the lowest of equal ones; 1 where L is 0.

    Args:
        log_probs_lc: [L, C] log-probabilities of points on which the predictor was not trained, nats.
        labels_l: [L] their labels.
        bins: Of the expected calibration error.

    Raises:
        ScoreError: a prediction is NaN.

    Source: Bae, Oliveira & Sutherland 2025 (temperature scaling; the grid from their code); Guo et al. 2017.
    """
    if len(log_probs_lc) == 0:
        return 1.0
    if log_probs_lc.isnan().any():
        row = int(log_probs_lc.isnan().any(1).nonzero()[0, 0])
        raise ScoreError(f"the held-out prediction of labelled row {row} is NaN")
    log_probs_lc = log_probs_lc.double()
    errors = [
        expected_calibration_error((log_probs_lc / temperature).softmax(1), labels_l, bins)
        for temperature in TEMPERATURES
    ]
    best = min(errors)
    return next(t for t, error in zip(TEMPERATURES, errors, strict=True) if error <= best + 1e-12)


def _checked_weights(weights_n: Tensor | None, rows_count: int) -> Tensor:
    """[N] float64 weights on the CPU."""
    if weights_n is None:
        return torch.ones(rows_count, dtype=torch.float64)
    if weights_n.shape != (rows_count,):
        raise ValueError(f"weights of shape {list(weights_n.shape)}; one weight a row is needed, [{rows_count}]")
    bad = (~(weights_n.isfinite() & (weights_n >= 0))).nonzero()
    if len(bad):
        value = weights_n[bad[0, 0]].item()
        raise ScoreError(f"the weight of row {int(bad[0, 0])} is {value:.6g}; it must be a number of at least 0")
    return weights_n.detach().cpu().double()


def _units(features_nd: Tensor) -> Tensor:
    """[n, D] float64 on the CPU, each row divided by its norm; zeros stay zeros."""
    rows_nd = features_nd.detach().cpu().double()
    largest_n = rows_nd.abs().amax(1, keepdim=True) if rows_nd.shape[1] else rows_nd.new_ones(len(rows_nd), 1)
    rows_nd = rows_nd / largest_n.masked_fill(largest_n == 0, 1.0)
    norms_n = torch.linalg.vector_norm(rows_nd, dim=1, keepdim=True)
    return rows_nd / norms_n.masked_fill(norms_n == 0, 1.0)


class _Coverage:
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
        self._targets_td = _units(features_nd[targets.to(features_nd.device)])
        self._quick_td = self._targets_td.float()
        self._quick_nd = torch.empty(features_nd.shape, dtype=torch.float32)
        for part in slices(len(features_nd), max(1, block_elements // max(1, features_nd.shape[1]))):
            self._quick_nd[part] = _units(features_nd[part]).float()
        self._norms_n, self._norms_t = self._quick_nd.square().sum(1), self._quick_td.square().sum(1)
        self._precision = min(radius**-2, 1e30)  # float32 ends at 3e38
        self._rounding = 2 * (8 + 4 * math.sqrt(features_nd.shape[1])) * torch.finfo(torch.float32).eps
        self.covered_t = torch.zeros(len(targets), dtype=torch.float64)
        self.evaluations = 0

    def cover(self, units_sd: Tensor) -> None:
        """Take in further centres, float64 unit vectors [s, D]."""
        for part in slices(len(units_sd), self._rows_at_once(len(self._targets_td))):
            torch.maximum(self.covered_t, self._exact(units_sd[part]).amax(0), out=self.covered_t)

    def add(self, row: int) -> None:
        """Take in a row that was picked."""
        self.cover(_units(self._features_nd[row : row + 1]))

    def gains(self, rows: Tensor) -> Tensor:
        """[n] float64: Σ_t u_t [k(x_t, x_n) − covered_t]₊."""
        self.evaluations += len(rows)
        parts = rows.split(self._rows_at_once(len(self._targets_td)))
        units = (_units(self._features_nd[part.to(self._features_nd.device)]) for part in parts)
        sums = [((self._exact(part) - self.covered_t).clamp_(min=0.0) @ self.weights_t) for part in units]
        return torch.cat([*sums, torch.empty(0, dtype=torch.float64)])

    def bounds(self, rows: Tensor) -> Tensor:
        """[n] float64, at least `gains(rows)`: in float32, every distance shortened by what rounding may add to it."""
        self.evaluations += len(rows)
        upper_n = torch.zeros(len(rows), dtype=torch.float64)
        covered_t = (self.covered_t * (1 - 1e-6)).float()
        weights_t = self.weights_t.float()
        for columns in slices(len(self._quick_td), max(1, min(len(self._quick_td), 16384))):
            targets_td, norms_t = self._quick_td[columns], self._norms_t[columns] - self._rounding
            for part in slices(len(rows), self._rows_at_once(len(targets_td))):
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


def slices(count: int, size: int) -> Iterator[slice]:
    """The range from 0 to `count` in parts of `size`."""
    return (slice(start, min(start + size, count)) for start in range(0, count, size))


def _lazy_greedy(coverage: _Coverage, batch: int, keys_n: Tensor) -> tuple[list[int], list[float]]:
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
