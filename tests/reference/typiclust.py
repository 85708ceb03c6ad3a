"""Literal twin of TypiClust, given the clusters: every distance within a cluster, loops over picks."""

from __future__ import annotations

import math


def mean_distance(n: int, members: list[int], features: list[list[float]], neighbours: int) -> float:
    """1 / typicality: the mean distance to the nearest members (Hacohen et al. 2022, eq. 4)."""
    nearest = sorted(math.dist(features[n], features[m]) for m in members if m != n)[:neighbours]
    return sum(nearest) / len(nearest) if nearest else math.inf


def select_typiclust(
    features: list[list[float]],
    assignments: list[int],
    batch: int,
    keys: list[float],
    small: int,
    neighbours: int,
) -> tuple[list[int], list[float]]:
    """Rows and their mean distances; the first len(keys) points are candidates, the rest is labelled."""
    members = {c: [n for n, a in enumerate(assignments) if a == c] for c in set(assignments)}
    labelled = {c: sum(n >= len(keys) for n in members[c]) for c in members}
    order = sorted(members, key=lambda c: (labelled[c], -len(members[c]), c))
    rows: list[int] = []
    distances: list[float] = []
    for queue in ([c for c in order if len(members[c]) > small], [c for c in order if len(members[c]) <= small]):
        for _ in range(len(keys)):  # rounds
            for c in queue:
                left = [n for n in members[c] if n < len(keys) and n not in rows]
                if not left or len(rows) == batch:
                    continue
                means = {n: mean_distance(n, members[c], features, neighbours) for n in left}
                middle = [
                    sum(column) / len(members[c]) for column in zip(*(features[n] for n in members[c]), strict=True)
                ]
                radius = max(math.dist(features[n], middle) for n in members[c])
                equal = [n for n in left if means[n] <= min(means.values()) + 1e-6 * radius]
                rows.append(min(equal, key=lambda n: keys[n]))
                distances.append(means[rows[-1]])
    return rows, distances
