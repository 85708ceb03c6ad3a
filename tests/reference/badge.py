"""Literal twin of BADGE: materialised gradient embeddings, distances by differences, loops."""

from __future__ import annotations

import math


def embedding(log_probs: list[float], features: list[float]) -> list[float]:
    label = log_probs.index(max(log_probs))
    return [(math.exp(v) - (c == label)) * h for c, v in enumerate(log_probs) for h in features]


def select_badge(embeddings: list[list[float]], uniforms: list[float], largest_norm: bool, zero: float) -> list[int]:
    """One row for each uniform number; squared distances below `zero` times the squared norms are 0."""

    def norm(n: int) -> float:
        return sum(v * v for v in embeddings[n])

    def squared(i: int, j: int) -> float:
        value = math.dist(embeddings[i], embeddings[j]) ** 2
        return 0.0 if value <= zero * (norm(i) + norm(j)) else value

    rows: list[int] = []
    for uniform in uniforms:
        free = [n for n in range(len(embeddings)) if n not in rows]
        if not rows and largest_norm:
            free = [n for n in free if norm(n) == max(norm(m) for m in free)]
        weights = {n: min(squared(n, row) for row in rows) for n in free} if rows else {}
        total = sum(weights.values())
        if total == 0:
            rows.append(free[int(uniform * len(free))])
            continue
        cumulative = 0.0
        for n in free:
            cumulative += weights[n]
            if cumulative > uniform * total:
                rows.append(n)
                break
    return rows
