"""Literal twins of the cluster batches: given the clusters, every distance of every row to every mean."""

from __future__ import annotations

import math


def weighted_mean(members: list[list[float]], weights: list[float]) -> list[float]:
    total = math.fsum(weights)
    columns = zip(*members, strict=True)
    return [math.fsum(w * v for w, v in zip(weights, column, strict=True)) / total for column in columns]


def prefilter(scores: list[float], size: int, keys: list[float]) -> list[int]:
    """The most informative rows (Zhdanov 2019, step 1), equal scores by their keys."""
    return sorted(range(len(scores)), key=lambda n: (-scores[n], keys[n], n))[:size]


def nearest_to_means(
    features: list[list[float]], assignments: list[int], weights: list[float], batch: int, keys: list[float]
) -> list[int]:
    """The row nearest to each weighted mean, heaviest cluster first, then the rows left by their keys."""
    members = {c: [n for n, a in enumerate(assignments) if a == c] for c in set(assignments) - {-1}}
    sizes = {c: sum(weights[n] for n in members[c]) for c in members}
    rows: list[int] = []
    for c in sorted(members, key=lambda c: (-sizes[c], c)):
        mean = weighted_mean([features[n] for n in members[c]], [weights[n] for n in members[c]])
        distances = {n: math.dist(features[n], mean) for n in range(len(features)) if n not in rows}
        nearest = min(distances.values())
        limit = nearest + 1e-12 * (nearest + math.dist(mean, features[0]))
        rows.append(min((n for n, d in distances.items() if d <= limit), key=lambda n: keys[n]))
    free = sorted((n for n in range(len(features)) if n not in rows), key=lambda n: keys[n])
    return rows + free[: batch - len(rows)]
