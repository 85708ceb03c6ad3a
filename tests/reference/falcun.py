"""Literal twin of Falcun: distances in the space of predictions, one draw after another, in float64."""

from __future__ import annotations

import math


def uncertainty(probs: list[float]) -> float:
    """1 − (p₁ − p₂)."""
    first, second = sorted(probs, reverse=True)[:2]
    return 1 - (first - second)


def weights(distances: dict[int, float], uncertain: list[float], gamma: float) -> dict[int, float]:
    """(d̂ + u)^γ of the rows left, d̂ being d scaled to [0, 1] among them (Gilhuber et al. 2024)."""
    low, high = min(distances.values()), max(distances.values())
    span = high - low if high > low else 1.0
    return {n: ((d - low) / span + uncertain[n]) ** gamma for n, d in distances.items()}


def select_falcun(probs: list[list[float]], batch: int, gamma: float, uniforms: list[float]) -> list[int]:
    """Rows drawn one after another with probability ∝ (d̂ + u)^γ, where d starts as u and falls to ‖p − p_picked‖₁."""
    uncertain = [uncertainty(row) for row in probs]
    distances = dict(enumerate(uncertain))
    rows: list[int] = []
    for number in range(batch):
        if rows:
            for n in distances:
                apart = math.fsum(abs(p - q) for p, q in zip(probs[n], probs[rows[-1]], strict=True))
                distances[n] = min(distances[n], apart)
        weighed = weights(distances, uncertain, gamma)
        total = math.fsum(weighed.values())
        if total <= 0:
            weighed, total = dict.fromkeys(weighed, 1.0), float(len(weighed))
        reached, row = 0.0, max(weighed)
        for n, weight in sorted(weighed.items()):
            reached += weight
            if reached > uniforms[number] * total:
                row = n
                break
        rows.append(row)
        del distances[row]
    return rows
