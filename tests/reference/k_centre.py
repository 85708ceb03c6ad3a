"""Literal twin of greedy k-centre: every distance of every row to every centre at every pick."""

from __future__ import annotations

import math


def select_k_centre(
    features: list[list[float]], labelled: list[list[float]], batch: int, keys: list[float]
) -> tuple[list[int], list[float]]:
    """Rows, and the covering radius after each pick (Sener & Savarese 2018, algorithm 1)."""

    def to_nearest(n: int) -> float:
        centres = labelled + [features[row] for row in rows]
        return min((math.dist(features[n], centre) for centre in centres), default=math.inf)

    rows: list[int] = []
    radii: list[float] = []
    for _ in range(batch):
        distances = {n: to_nearest(n) for n in range(len(features)) if n not in rows}
        farthest = max(distances.values())
        equal = [n for n, distance in distances.items() if distance >= farthest * (1 - 1e-12)]
        rows.append(min(equal, key=lambda n: keys[n]))
        radii.append(max((to_nearest(n) for n in range(len(features)) if n not in rows), default=0.0))
    return rows, radii
