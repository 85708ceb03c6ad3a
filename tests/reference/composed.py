"""Literal twins of what spreads a batch: over classes, one label after another, and over clusters, by equal steps."""

from __future__ import annotations

import math


def balanced_classes(labelled: list[int], available: list[int], batch: int, keys: list[float]) -> list[int]:
    """The class of each pick: always one that has fewest labels and picks so far, among those with rows left.

    Of classes that have equally many the one of lowest key comes first.
    """
    have, left = list(labelled), list(available)
    sequence: list[int] = []
    for _ in range(batch):
        open_ = [c for c in range(len(have)) if left[c]]
        chosen = min(open_, key=lambda c: (have[c], keys[c]))
        sequence.append(chosen)
        have[chosen] += 1
        left[chosen] -= 1
    return sequence


def systematic(
    clusters: list[int], batch: int, cluster_keys: list[float], keys: list[float], start: float
) -> list[int]:
    """Rows in a random order within random clusters, of which every (N / B)-th is taken (Madow & Madow 1944)."""
    order = sorted(range(len(clusters)), key=lambda n: (cluster_keys[clusters[n]], keys[n]))
    return [order[math.floor((start + i) * len(order) / batch)] for i in range(batch)]
