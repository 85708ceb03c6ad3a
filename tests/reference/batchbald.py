"""Literal twin of BatchBALD: joint entropies by full enumeration of labels, every candidate at every pick."""

from __future__ import annotations

import itertools
import math


def joint_information(probs: list[list[list[float]]], rows: list[int]) -> float:
    """I[y_rows; k] = H[y_rows] − E_k H[y_rows | k] with `probs[n][k][c]` (Kirsch et al. 2019, eq. 8 to 11)."""
    draws, classes = len(probs[0]), len(probs[0][0])
    joint = 0.0
    for labels in itertools.product(range(classes), repeat=len(rows)):
        total = 0.0
        for k in range(draws):
            product = 1.0
            for n, c in zip(rows, labels, strict=True):
                product *= probs[n][k][c]
            total += product
        p = total / draws
        if p > 0:
            joint -= p * math.log(p)
    conditional = 0.0
    for n in rows:
        for k in range(draws):
            conditional -= sum(p * math.log(p) for p in probs[n][k] if p > 0) / draws
    return joint - conditional


def select_batchbald(
    probs: list[list[list[float]]], batch: int, keys: list[float], tie: float
) -> tuple[list[int], list[float]]:
    """Rows and the joint information after each pick; among gains within `tie` of the best, the lowest key."""
    rows: list[int] = []
    information: list[float] = []
    for _ in range(batch):
        values = {n: joint_information(probs, [*rows, n]) for n in range(len(probs)) if n not in rows}
        best = max(values.values())
        row = min((n for n, value in values.items() if value >= best - tie), key=lambda n: keys[n])
        rows.append(row)
        information.append(values[row])
    return rows, information
