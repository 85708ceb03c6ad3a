"""Greedy k-centre: every pick is the row farthest from its nearest centre, so that the batch covers the pool."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from al_bench.kernels.distances import check_feature_pair, safe_scale
from al_bench.kernels.k_centre.nearest_centre import NearestCentre
from al_bench.kernels.select import check_batch, tie_keys


@dataclass(frozen=True, eq=False)
class KCentreBatch:
    """A batch and how well it covers.

    Args:
        rows: [B] int64, in the order picked.
        radii: [B] float64, after each pick the greatest distance of a row to its nearest centre, in the units of the
            features.
    """

    rows: Tensor
    radii: Tensor


def select_k_centre(
    features_nd: Tensor,
    labelled_features_ld: Tensor,
    batch: int,
    generator: torch.Generator,
    *,
    chunk: int = 1024,
) -> KCentreBatch:
    """argmax_n min_c ‖x_n − c‖ over the centres c, which are the labelled points and the rows picked before.

    Of several rows equally far (to 1e-12) the one with the lowest of N random keys is picked; with no labelled
    point all rows are infinitely far, so the first centre is uniformly random. Every row is compared with the first
    64 centres. Its distance to the nearest of these bounds its distance to the nearest of all, and only rows whose
    bound reaches the greatest distance are compared with the others: the same picks as from all O(N (L + B) D)
    distances, for the cost of reading the features about twice. No N × N tensor exists. Rows whose distance is within
    rounding of the greatest are measured again in float64 by differences, so that neither the picks nor the radii
    depend on the precision of the product.

    Args:
        features_nd: [N, D] features of the candidates, float32 or float64.
        labelled_features_ld: [L, D] features of the labelled points; L may be 0.
        batch: B, 0 ≤ B ≤ N.
        generator: source of the keys.
        chunk: rows, and centres, per block of distances.

    Returns:
        The batch. Memory: a few numbers a row, the centres twice, and chunk × max(chunk, D).

    Raises:
        ValueError: the batch is negative or larger than N, or the shapes do not match.
        ScoreError: a feature is not finite.

    Source: Sener & Savarese 2018, algorithm 1 (k-Center-Greedy); Gonzalez 1985.
    Departures: Rows equally far are chosen among at random; the paper does not say which is picked.
    """
    rows_count = len(features_nd)
    check_batch(batch, rows_count)
    check_feature_pair(features_nd, labelled_features_ld)
    keys_n = tie_keys(rows_count, generator)
    scale = safe_scale(features_nd, labelled_features_ld)
    if scale != 1:
        features_nd, labelled_features_ld = features_nd / scale, labelled_features_ld / scale
    distances = NearestCentre(features_nd, labelled_features_ld, batch, keys_n.to(features_nd.device), chunk)
    rows: list[int] = []
    radii: list[float] = []
    row, _ = distances.farthest() if batch else (0, 0.0)
    while len(rows) < batch:
        rows.append(row)
        distances.add(row)
        row, radius = distances.farthest() if len(rows) < rows_count else (0, 0.0)
        radii.append(radius * scale)
    return KCentreBatch(
        torch.tensor(rows, dtype=torch.int64, device=features_nd.device),
        torch.tensor(radii, dtype=torch.float64),
    )
