"""Literal twin of BADGE: materialised gradient embeddings, distances by differences, rejection by loops."""

from __future__ import annotations

import math
from collections.abc import Callable


def embedding(log_probs: list[float], features: list[float]) -> list[float]:
    label = log_probs.index(max(log_probs))
    return [(math.exp(v) - (c == label)) * h for c, v in enumerate(log_probs) for h in features]


def select_badge(
    embeddings: list[list[float]], batch: int, uniform: Callable[[], float], largest_norm: bool, zero: float
) -> list[int]:
    """Rows drawn by D², proposed by weights that are renewed when the centres have doubled, or after 16 refusals.

    Squared distances below `zero` times the squared norms are 0. Every distance to every centre at every pick.
    """

    def norm(n: int) -> float:
        return sum(v * v for v in embeddings[n])

    def squared(i: int, j: int) -> float:
        value = math.dist(embeddings[i], embeddings[j]) ** 2
        return 0.0 if value <= zero * (norm(i) + norm(j)) else value

    def nearest(n: int) -> float:
        return 0.0 if n in rows else min(squared(n, row) for row in rows)

    rows: list[int] = []
    proposing: list[float] = []
    renewed_at = 0
    while len(rows) < batch:
        if not rows:
            free = list(range(len(embeddings)))
            if largest_norm:
                free = [n for n in free if norm(n) == max(norm(m) for m in free)]
            rows.append(free[int(uniform() * len(free))])
            continue
        weights = [nearest(n) for n in range(len(embeddings))]
        refused = 0
        if len(rows) >= 2 * renewed_at:
            proposing, renewed_at = weights, len(rows)
        while sum(proposing) > 0:
            if refused == 16:
                proposing, renewed_at = weights, len(rows)
                refused = 0
                continue
            threshold, accept = uniform() * sum(proposing), uniform()
            cumulative, row = 0.0, -1
            for n, weight in enumerate(proposing):
                cumulative += weight
                if cumulative > threshold:
                    row = n
                    break
            if renewed_at == len(rows) or accept * proposing[row] < weights[row]:
                rows.append(row)
                break
            refused += 1
        else:
            free = [n for n in range(len(embeddings)) if n not in rows]
            rows.append(free[int(uniform() * len(free))])
    return rows
