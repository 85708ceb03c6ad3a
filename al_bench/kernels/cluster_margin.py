"""Cluster-Margin: the rows of smallest margin, in rounds over their clusters by average linkage."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from al_bench.kernels.distances import Points, check_features
from al_bench.kernels.select import check_batch, select_top, tie_keys

_CHUNK_ELEMENTS = 2**22


@dataclass(frozen=True, eq=False)
class ClusterMarginBatch:
    """A batch and where it comes from.

    Args:
        rows: [B] int64, in the order picked.
        clustered: The number of rows that were clustered.
        clusters: The number of clusters of these.
        met: The number of clusters among the rows of smallest margin.
    """

    rows: Tensor
    clustered: int
    clusters: int
    met: int


def select_cluster_margin(
    features_nd: Tensor,
    scores_n: Tensor,
    batch: int,
    generator: torch.Generator,
    *,
    factor: float = 10.0,
    cluster_size: float = 10.0,
    max_rows: int = 5_000,
) -> ClusterMarginBatch:
    """A random row of each cluster in turn, the smallest cluster first, among the ⌈f B⌉ rows of highest score.

    Of the N rows at most `max_rows` random ones are clustered, by average linkage into ⌈n / `cluster_size`⌉ clusters;
    any other row belongs to the cluster of the nearest of them, which is looked up for the ⌈f B⌉ rows only. The size
    of a cluster is its number of rows among these. N keys, then what `select_top` draws, are drawn from the
    generator.

    Args:
        features_nd: [N, D] features.
        scores_n: [N] 1 − (p₁ − p₂), higher is less certain.
        batch: B, 0 ≤ B ≤ N.
        generator: Source of the keys.
        factor: f ≥ 1.
        cluster_size: The mean number of clustered rows in a cluster, at least 1.
        max_rows: The largest number of rows that are clustered.

    Returns:
        The batch. Cost: O(m² D) for m = min(N, `max_rows`), then O(f B m D). Memory: 8 m² bytes, and a block.

    Raises:
        ValueError: the batch is negative or larger than N, the shapes do not match, or an argument is out of range.
        ScoreError: a feature or a score is not finite.

    Source: Citovsky et al. 2021 (Cluster-Margin).
    Departures: The limit on clustered rows; a number of clusters in place of a threshold on the distance, which cuts
    the same tree; clusters of one size are in random order.
    """
    check_features(features_nd)
    check_batch(batch, len(features_nd))
    if scores_n.shape != (len(features_nd),):
        raise ValueError(f"scores of shape {list(scores_n.shape)}; one score a row is needed, [{len(features_nd)}]")
    if not 1 <= factor < math.inf or not 1 <= cluster_size < math.inf or max_rows < 1:
        raise ValueError(f"factor {factor}, cluster_size {cluster_size}, max_rows {max_rows}; 1 at least")
    keys_n = tie_keys(len(features_nd), generator).cpu()
    uncertain = select_top(scores_n, min(len(features_nd), math.ceil(factor * batch)), generator).cpu()
    if batch == 0:
        return ClusterMarginBatch(uncertain.to(features_nd.device), 0, 0, 0)
    sampled = keys_n.argsort(stable=True)[:max_rows].sort().values
    points = Points(features_nd)
    clusters = math.ceil(len(sampled) / cluster_size)
    assignment_m = _average_linkage(points.quick_nd[sampled], clusters)
    cluster_n = assignment_m[_nearest(points, uncertain, sampled)]
    rows = _in_rounds(uncertain, cluster_n, batch, keys_n)
    clusters = int(assignment_m.max()) + 1
    return ClusterMarginBatch(rows.to(features_nd.device), len(sampled), clusters, len(cluster_n.unique()))


def _average_linkage(rows_md: Tensor, clusters: int) -> Tensor:
    """[m] clusters from 0, by SciPy's average linkage on Euclidean distances."""
    if len(rows_md) == 1:
        return torch.zeros(1, dtype=torch.int64)
    from scipy.cluster.hierarchy import fcluster, linkage

    tree = linkage(rows_md.double().numpy(), method="average")
    labels = fcluster(tree, clusters, criterion="maxclust")
    return torch.from_numpy(labels).long() - 1


def _nearest(points: Points, rows: Tensor, sampled: Tensor) -> Tensor:
    """[n] the position among the sampled rows of the one nearest to each row; a sampled row is its own."""
    position_n = torch.full((len(points),), -1, dtype=torch.int64)
    position_n[sampled] = torch.arange(len(sampled))
    nearest_n = position_n[rows]
    others = (nearest_n < 0).nonzero()[:, 0]
    norms_m, sampled_md = points.norms_n[sampled], points.quick_nd[sampled]
    for part in others.split(max(1, _CHUNK_ELEMENTS // len(sampled))):
        nearest_n[part] = torch.addmm(norms_m, points.quick_nd[rows[part]], sampled_md.T, alpha=-2).argmin(1)
    return nearest_n


def _in_rounds(rows: Tensor, clusters: Tensor, batch: int, keys_n: Tensor) -> Tensor:
    """[B] rows: the one of lowest key of each cluster, smallest cluster first, then the next of each, and so on.

    Clusters of one size are in the order of their lowest key.
    """
    order = keys_n[rows].argsort(stable=True)
    rows, clusters = rows[order], clusters[order]
    sizes_c = clusters.bincount()
    by_cluster = clusters.argsort(stable=True)  # within a cluster by key
    starts_c = sizes_c.cumsum(0) - sizes_c
    turn = torch.empty_like(rows)
    turn[by_cluster] = torch.arange(len(rows)) - starts_c.repeat_interleave(sizes_c)
    lowest = keys_n[rows[by_cluster[starts_c[clusters]]]]
    in_turn = np.lexsort((lowest.numpy(), sizes_c[clusters].numpy(), turn.numpy()))  # by the last of them first
    return rows[torch.from_numpy(in_turn)[:batch]]
