"""Literal twins of ProbCover and of its ball purity: every ball as a set, counted anew at every pick."""

from __future__ import annotations

import math


def select_probcover(
    features: list[list[float]], labelled: list[list[float]], batch: int, delta: float, keys: list[float]
) -> tuple[list[int], list[int]]:
    """Rows and gains (Yehuda et al. 2022, algorithm 1)."""
    count = len(features)
    balls = [{m for m in range(count) if math.dist(features[n], features[m]) <= delta} for n in range(count)]
    covered = {n for n in range(count) if any(math.dist(features[n], point) <= delta for point in labelled)}
    rows: list[int] = []
    gains: list[int] = []
    for _ in range(batch):
        row = min((n for n in range(count) if n not in rows), key=lambda n: (-len(balls[n] - covered), keys[n]))
        rows.append(row)
        gains.append(len(balls[row] - covered))
        covered |= balls[row]
    return rows, gains


def pair_count(features: list[list[float]], delta: float) -> int:
    return sum(math.dist(a, b) <= delta for n, a in enumerate(features) for b in features[:n])


def pure_share(features: list[list[float]], labels: list[int], centres: list[int], delta: float) -> float:
    """The share of the centres around which all rows within δ have the centre's label."""
    pure = [
        all(labels[m] == labels[n] for m in range(len(features)) if math.dist(features[n], features[m]) <= delta)
        for n in centres
    ]
    return sum(pure) / len(pure)
