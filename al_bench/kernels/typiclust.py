"""TypiClust: the most typical row of each cluster that holds the fewest labelled points."""

from __future__ import annotations

import math
from dataclasses import dataclass

import torch
from torch import Tensor

from al_bench.kernels.clusters import k_means
from al_bench.kernels.distances import Points, check_feature_pair
from al_bench.kernels.select import check_batch, tie_keys

BLOCK_ELEMENTS = 2**24
"""Elements of a block of distances: 128 MiB in float64."""

MINIBATCH = 5_000
"""Rows of a mini-batch of K-means, as in the authors' code."""


@dataclass(frozen=True, eq=False)
class TypiClustBatch:
    """A batch and where it comes from.

    Args:
        rows: [B] int64, in the order picked.
        mean_distances: [B] float64, 1 / typicality: the mean distance to the nearest neighbours in the cluster, in the
            units of the features; ∞ for the only point of a cluster.
        clusters: [B] int64, the cluster of each row.
        clusters_used: the number of clusters that are not empty.
    """

    rows: Tensor
    mean_distances: Tensor
    clusters: Tensor
    clusters_used: int


def select_typiclust(
    features_nd: Tensor,
    labelled_features_ld: Tensor,
    batch: int,
    generator: torch.Generator,
    *,
    max_clusters: int = 500,
    small: int = 5,
    neighbours: int = 20,
    threads: int = 1,
    full_up_to: int | None = None,
    block_elements: int = BLOCK_ELEMENTS,
) -> TypiClustBatch:
    """argmax_{x ∈ cluster} 1 / (1/K Σ_{x' ∈ K-NN(x)} ‖x − x'‖), one row a cluster, least labelled clusters first.

    The clusters are min(L + B, `max_clusters`) of K-means over the pool and the labelled points together. N keys and
    one integer (K-means' seed) are drawn from the generator. `pick_typical` then picks the rows.

    Args:
        features_nd: [N, D] features of the candidates.
        labelled_features_ld: [L, D] features of the labelled points; L may be 0.
        batch: B, 0 ≤ B ≤ N.
        generator: source of the keys and of K-means' seed.
        max_clusters: the largest number of clusters.
        small: clusters of at most this many points are visited last.
        neighbours: K, the number of nearest neighbours over which distances are averaged.
        threads: of K-means.
        full_up_to: the number of clusters above which K-means goes by mini-batches of `MINIBATCH` rows; None: never.
        block_elements: elements of a block of distances; the result does not depend on it.

    Returns:
        The batch. Cost: O((N + L) D (L + B)) an iteration of K-means, and Σ m² D over the clusters visited, m their
        sizes. Memory: a few copies of the features, and blocks of distances of 128 MiB.

    Raises:
        ValueError: the batch is negative or larger than N, or the shapes do not match.
        ScoreError: a feature is not finite.

    Source: Hacohen, Dekel & Weinshall 2022, sec. 3 (TypiClust with K-means) and their code for the constants.
    Departures: their code averages squared distances, to neighbours that are neither labelled nor picked, half of a
    small cluster at most. Here distances (the paper's typicality) go to all points of the cluster, so that labels do
    not change density. Their code has full K-means up to 50 clusters.
    """
    check_feature_pair(features_nd, labelled_features_ld)
    rows_count, labelled_count = len(features_nd), len(labelled_features_ld)
    check_batch(batch, rows_count)
    if min(max_clusters, neighbours) < 1 or small < 0:
        raise ValueError(f"max_clusters {max_clusters}, neighbours {neighbours}, small {small}; 1, 1 and 0 at least")
    keys_n = tie_keys(rows_count, generator).cpu()
    all_features = torch.cat([features_nd, labelled_features_ld.to(features_nd)])
    assignments = torch.zeros(len(all_features), dtype=torch.int64)
    clusters = min(labelled_count + batch, max_clusters)
    if batch:
        minibatch = None if full_up_to is None or clusters <= full_up_to else MINIBATCH
        assignments = k_means(all_features, clusters, generator, threads=threads, minibatch=minibatch)
    result = pick_typical(
        all_features,
        assignments,
        batch,
        keys_n,
        small=small,
        neighbours=neighbours,
        block_elements=block_elements,
    )
    return TypiClustBatch(
        result.rows.to(features_nd.device), result.mean_distances, result.clusters, result.clusters_used
    )


def pick_typical(
    all_features: Tensor,
    assignments: Tensor,
    batch: int,
    keys_n: Tensor,
    *,
    small: int,
    neighbours: int,
    block_elements: int = BLOCK_ELEMENTS,
) -> TypiClustBatch:
    """The batch of `select_typiclust`, given the clusters.

    Clusters of more than `small` points are visited in the order of fewest labelled points, then most points, then
    lowest number, and again from the first when all have been visited; clusters without a candidate left are skipped.
    Small clusters are visited, in the same way, only when no other has a candidate left. A visit picks the candidate
    with the smallest mean distance to its min(`neighbours`, m − 1) nearest points of the m in the cluster; of
    candidates equal to 1e-6 of the cluster's radius (its largest distance to the mean) the one with the lowest key.

    Args:
        all_features: [N + L, D] finite features, the candidates first.
        assignments: [N + L] int64 clusters.
        batch: B ≤ N.
        keys_n: [N] random keys.
        small: Clusters of at most this many points are visited last.
        neighbours: The number of nearest neighbours over which distances are averaged.
        block_elements: Elements of a block of distances.

    Returns:
        The batch, on the CPU.
    """
    points = Points(all_features)
    rows_count = len(keys_n)
    sizes = assignments.bincount()
    labelled_counts = assignments[rows_count:].bincount(minlength=len(sizes))
    order = sorted(sizes.nonzero()[:, 0].tolist(), key=lambda c: (int(labelled_counts[c]), -int(sizes[c]), c))
    visits = [[c for c in order if sizes[c] > small], [c for c in order if sizes[c] <= small]]
    visited: dict[int, _Cluster] = {}
    rows: list[int] = []
    distances: list[float] = []
    clusters: list[int] = []
    for queue in visits:
        while queue and len(rows) < batch:
            for c in queue[: batch - len(rows)]:
                if c not in visited:
                    members_m = (assignments == c).nonzero()[:, 0]
                    visited[c] = _Cluster(points, members_m, keys_n, neighbours, block_elements)
                if visited[c].left:
                    row, distance = visited[c].take()
                    rows.append(row)
                    distances.append(distance / points.scale)
                    clusters.append(c)
            queue = [c for c in queue if c not in visited or visited[c].left]
    return TypiClustBatch(
        torch.tensor(rows, dtype=torch.int64),
        torch.tensor(distances, dtype=torch.float64),
        torch.tensor(clusters, dtype=torch.int64),
        len(order),
    )


class _Cluster:
    """The candidates of a cluster with their mean distances, and which of them are left."""

    def __init__(self, points: Points, members_m: Tensor, keys_n: Tensor, neighbours: int, block_elements: int) -> None:
        self._rows = members_m[members_m < len(keys_n)]  # candidates come before labelled points
        self._keys = keys_n[self._rows]
        self._free = torch.ones_like(self._rows, dtype=torch.bool)
        self.left = len(self._rows)
        members_md = points.from_first(members_m)
        members_md -= members_md.mean(0)
        norms_m = members_md.square().sum(1)
        self._tie = 1e-6 * norms_m.max().sqrt()
        self._distances = _mean_distances(members_md, norms_m, self.left, neighbours, block_elements)

    def take(self) -> tuple[int, float]:
        """The most typical candidate left, and its mean distance."""
        nearest = self._distances[self._free].min()
        equal = (self._free & (self._distances <= nearest + self._tie)).nonzero()[:, 0]
        position = int(equal[self._keys[equal].argmin()])
        distance = self._distances[position].item()
        self._free[position] = False
        self.left -= 1
        return int(self._rows[position]), distance


def _mean_distances(
    members_md: Tensor, norms_m: Tensor, candidates: int, neighbours: int, block_elements: int
) -> Tensor:
    """[candidates] mean distance of the first members to their nearest others, by blocks of rows."""
    count = min(neighbours, len(members_md) - 1)
    if count == 0:
        return torch.full((candidates,), math.inf, dtype=torch.float64)
    zero = (8 + 4 * math.sqrt(members_md.shape[1])) * torch.finfo(torch.float64).eps
    means: list[Tensor] = []
    chunk = max(1, block_elements // len(members_md))
    for start in range(0, candidates, chunk):
        part = slice(start, min(start + chunk, candidates))
        sums_nm = norms_m[part, None] + norms_m
        squared_nm = torch.addmm(sums_nm, members_md[part], members_md.T, alpha=-2)
        squared_nm.masked_fill_(squared_nm <= zero * sums_nm, 0.0)
        squared_nm.diagonal(start).fill_(math.inf)
        means.append(squared_nm.topk(count, largest=False, sorted=False).values.sqrt_().mean(1))
    return torch.cat(means) if means else torch.empty(0, dtype=torch.float64)
