"""Literal twin of Cluster-Margin: average linkage by its definition, then rounds over clusters, in float64."""

from __future__ import annotations

import math
from itertools import combinations

Rows = list[list[float]]


def average_linkage(features: Rows, clusters: int) -> list[int]:
    """Clusters of the rows: the two of least mean distance between their rows are merged until so many are left."""
    groups = [[n] for n in range(len(features))]
    while len(groups) > clusters:
        _, a, b = min(
            (
                math.fsum(math.dist(features[i], features[j]) for i in groups[a] for j in groups[b])
                / (len(groups[a]) * len(groups[b])),
                a,
                b,
            )
            for a, b in combinations(range(len(groups)), 2)
        )
        groups[a] += groups.pop(b)
    assignment = [0] * len(features)
    for number, group in enumerate(groups):
        for n in group:
            assignment[n] = number
    return assignment


def round_robin(rows: list[int], clusters: list[int], batch: int, keys: list[float]) -> list[int]:
    """One random row of each cluster in turn, the smallest cluster first, until there are enough.

    Clusters of one size are in the order of their lowest key, and so are the rows of a cluster.
    """
    members: dict[int, list[int]] = {}
    for row, cluster in zip(rows, clusters, strict=True):
        members.setdefault(cluster, []).append(row)
    queues = [sorted(group, key=lambda n: keys[n]) for group in members.values()]
    queues.sort(key=lambda queue: (len(queue), keys[queue[0]]))
    picked: list[int] = []
    while len(picked) < batch:
        for queue in queues:
            if queue and len(picked) < batch:
                picked.append(queue.pop(0))
    return picked


def select_cluster_margin(
    features: Rows,
    scores: list[float],
    sampled: list[int],
    clusters: int,
    batch: int,
    factor: float,
    order: list[int],
    keys: list[float],
) -> list[int]:
    """The rows of smallest margin, in rounds over their clusters (Citovsky et al. 2021).

    Args:
        sampled: The rows that are clustered; any other row belongs to the cluster of the nearest of them.
        order: All rows, of highest score first.
    """
    assignment = dict(zip(sampled, average_linkage([features[n] for n in sampled], clusters), strict=True))
    kept = order[: min(len(features), math.ceil(factor * batch))]
    of_row = [
        assignment[n]
        if n in assignment
        else assignment[min(sampled, key=lambda m: (math.dist(features[n], features[m]), m))]
        for n in kept
    ]
    return round_robin(kept, of_row, batch, keys)
