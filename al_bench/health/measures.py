"""What can be said of a round in numbers: pure functions of counts, features and scores.

Letters: N candidate rows, B batch, C classes, D features, n points acquired.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import torch
from torch import Tensor

from al_bench.health.class_balance import class_entropy as class_entropy

EXACT = 2_000
"""Points up to which the mean KL of a random sample is summed exactly."""


def class_kl(counts: Sequence[int], pool: Sequence[int]) -> float:
    """KL(p ‖ q) = Σ_c p_c log(p_c / q_c), nats, of a batch's classes p from the pool's q.

    Args:
        counts: [C] points of each class acquired.
        pool: [C] points of each class in the pool that they come from; not 0 where `counts` is not.
    """
    total, size = sum(counts), sum(pool)
    pairs = zip(counts, pool, strict=True)
    return max(0.0, math.fsum(n / total * math.log(n / total * size / q) for n, q in pairs if n))


def random_class_kl(points: int, pool: Sequence[int]) -> float:
    """E[KL(p ‖ q)], nats, of `points` random points: what is no imbalance, but few points.

    Exact for draws with replacement, Σ_c Σ_x Bin(x; n, q_c) x/n log(x / (n q_c)), up to `EXACT` points; above, its
    limit (C − 1) / (2 n) (Miller 1955), C the classes that the pool has.

    Args:
        points: n, at least 1.
        pool: [C] points of each class.
    """
    present = torch.tensor([count for count in pool if count], dtype=torch.float64)
    if points > EXACT:
        return (len(present) - 1) / (2 * points)
    shares, times = (present / present.sum()).unique(return_counts=True)  # few distinct ones
    x = torch.arange(1, points + 1, dtype=torch.float64)[:, None]
    choose = math.lgamma(points + 1) - torch.lgamma(x + 1) - torch.lgamma(points - x + 1)
    log_binomial = choose + torch.xlogy(x, shares) + torch.xlogy(points - x, 1 - shares)
    terms = log_binomial.exp() * (x / points) * (x / (points * shares)).log()
    return max(0.0, float((terms.sum(0) * times).sum()))


def near_duplicates(features: Tensor, cosines: Sequence[float], block: int = 1024) -> list[float]:
    """For each cosine t, the share of the rows that have cosine ≥ t with a row before them: labels spent on copies.

    A row of zeros equals another such row and no other.

    Args:
        features: [B, D] in the order picked.
        cosines: Thresholds t.
        block: Rows compared at a time, for memory of block × B.

    Returns:
        One share a threshold, each at most (B − 1) / B.
    """
    features = features.double().flatten(1)
    norms = features.norm(dim=1, keepdim=True)
    units = torch.cat([features / norms.clamp(min=torch.finfo(torch.float64).tiny), (norms == 0).double()], 1)
    highest = torch.full((len(units),), -1.0, dtype=torch.float64)
    for start in range(0, len(units), block):
        part = units[start : start + block]
        earlier = units[: start + len(part)]
        matrix = part @ earlier.t()
        position = torch.arange(start, start + len(part), device=units.device)[:, None]
        matrix.masked_fill_(torch.arange(len(earlier), device=units.device) >= position, -1.0)
        highest[start : start + len(part)] = matrix.amax(1).cpu()
    return [float((highest >= threshold).double().mean()) for threshold in cosines]


def tied(scores: Tensor) -> float:
    """The share of the scores [N] that equal another one."""
    _, counts = scores.unique(return_counts=True)
    return float(counts[counts > 1].sum()) / len(scores)


def drawn_by_lot(scores: Tensor, batch: int) -> float:
    """The share of the batch of highest scores [N] that was picked at random among equals.

    With t the B-th highest score: 0 where no other row has it, else #{rows of the batch of score t} / B where there
    are more rows of score t than places for them.
    """
    threshold = scores.topk(batch).values[-1]
    above, equal = int((scores > threshold).sum()), int((scores == threshold).sum())
    return (batch - above) / batch if equal > batch - above else 0.0


def spread(scores: Tensor) -> float:
    """(max − min) / max(|max|, |min|) of the scores [N]: 0 where all are one, at most 2."""
    low, high = float(scores.min()), float(scores.max())
    magnitude = max(abs(low), abs(high))
    return (high - low) / magnitude if magnitude else 0.0
