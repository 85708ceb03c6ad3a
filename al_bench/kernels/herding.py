"""MaxHerding and UHerding: rows that cover the most, each weighed by its uncertainty, under a Gaussian kernel.

Letters: N candidate rows, T targets, L labelled points, D features.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import torch
from torch import Tensor

from al_bench.kernels.distances import check_feature_pair, check_features
from al_bench.kernels.kernel_coverage import Coverage, lazy_greedy, unit_rows
from al_bench.kernels.neighbour_pairs import slices
from al_bench.kernels.row_weights import row_weights
from al_bench.kernels.select import check_batch, tie_keys

BLOCK_ELEMENTS = 2**22
"""Elements of a block of kernel values: 16 MiB in float32."""


_COPY = 1e-6
"""Unit vectors no farther apart than this are copies."""


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
    weights_n = row_weights(weights_n, rows_count).detach().cpu().double()
    keys_n = tie_keys(rows_count, generator).cpu()
    targets = torch.arange(rows_count)
    if max_targets is not None and rows_count > max_targets:
        order = torch.randperm(rows_count, generator=generator, device=generator.device)
        targets = order[:max_targets].sort().values.cpu()
    coverage = Coverage(features_nd, targets, weights_n[targets], radius, block_elements)
    coverage.cover(unit_rows(labelled_features_ld))
    rows, gains = lazy_greedy(coverage, batch, keys_n)
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
    units_ld = unit_rows(labelled_features_ld)
    least = math.inf
    for part in slices(0, len(units_ld), max(1, block_elements // max(1, len(units_ld)))):
        squared = 2 - 2 * (units_ld[part] @ units_ld.T)
        squared[squared <= _COPY**2] = math.inf
        nearest = int(squared.argmin())
        row, other = part.start + nearest // len(units_ld), nearest % len(units_ld)
        if squared.view(-1)[nearest] < math.inf:  # measured by difference: the product cancels
            least = min(least, float(torch.linalg.vector_norm(units_ld[row] - units_ld[other])))
    return least if least < math.inf else None
