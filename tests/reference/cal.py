"""Literal twin of CAL: how a row's prediction diverges from those of its nearest labelled points, in float64."""

from __future__ import annotations

import math

Rows = list[list[float]]


def divergence(p: list[float], log_p: list[float], log_q: list[float]) -> float:
    """KL(p ‖ q), nats; log 0 counts as −10⁴."""
    pairs = zip(p, log_p, log_q, strict=True)
    return math.fsum(a * (max(log_a, -1e4) - max(log_b, -1e4)) for a, log_a, log_b in pairs if a > 0)


def contrastive_scores(
    features: Rows, log_probs: Rows, labelled_features: Rows, labelled_log_probs: Rows, neighbours: int
) -> list[float]:
    """1/k Σ_i KL(p(·|x_i) ‖ p(·|x)) over the k labelled points nearest to x (Margatina et al. 2021)."""
    scores = []
    for x, log_q in zip(features, log_probs, strict=True):
        apart = [math.dist(x, y) for y in labelled_features]
        limit = sorted(apart)[:neighbours][-1]  # of points equally far the first are neighbours
        inside = [i for i, distance in enumerate(apart) if distance < limit * (1 - 1e-9)]
        equal = [i for i, distance in enumerate(apart) if math.isclose(distance, limit, rel_tol=1e-9)]
        nearest = (inside + equal)[:neighbours]
        values = [
            divergence([math.exp(v) for v in labelled_log_probs[i]], labelled_log_probs[i], log_q) for i in nearest
        ]
        scores.append(math.fsum(values) / len(nearest))
    return scores
