"""Literal twins of the score, selection and calibration kernels: plain loops over Python floats (float64).

Arguments are nested lists of log-probabilities in nats. Written from the papers, not from the kernels.
"""

from __future__ import annotations

import math


def _p(log_p: float) -> float:
    return math.exp(log_p)


def _h(probs: list[float]) -> float:
    return -sum(p * math.log(p) for p in probs if p > 0)


def _mean_probs(draws: list[list[float]]) -> list[float]:
    classes = len(draws[0])
    return [sum(_p(draw[c]) for draw in draws) / len(draws) for c in range(classes)]


def entropy(row: list[float]) -> float:
    return _h([_p(v) for v in row])


def least_confidence(row: list[float]) -> float:
    return 1 - max(_p(v) for v in row)


def margin(row: list[float]) -> float:
    first, second = sorted((_p(v) for v in row), reverse=True)[:2]
    return 1 - (first - second)


def mean_log_probs(draws: list[list[float]]) -> list[float]:
    """Reduced around the largest term, so that probabilities below the float64 range keep their logarithm."""
    result = []
    for c in range(len(draws[0])):
        column = [draw[c] for draw in draws]
        top = max(column)
        if top == -math.inf:
            result.append(-math.inf)
        else:
            result.append(top + math.log(sum(math.exp(v - top) for v in column)) - math.log(len(draws)))
    return result


def mc_variation_ratio(draws: list[list[float]]) -> float:
    votes = [0] * len(draws[0])
    for draw in draws:
        votes[draw.index(max(draw))] += 1
    return 1 - max(votes) / len(draws)


def mean_std(draws: list[list[float]]) -> float:
    total = 0.0
    classes = len(draws[0])
    for c in range(classes):
        probs = [_p(draw[c]) for draw in draws]
        mean = sum(probs) / len(probs)
        total += math.sqrt(sum((p - mean) ** 2 for p in probs) / len(probs))
    return total / classes


def bald(draws: list[list[float]]) -> float:
    return _h(_mean_probs(draws)) - sum(entropy(draw) for draw in draws) / len(draws)


def expected_calibration_error(probs: list[list[float]], labels: list[int], bins: int) -> float:
    total = 0.0
    for m in range(1, bins + 1):
        members = [n for n, row in enumerate(probs) if (m - 1) / bins < max(row) <= m / bins]
        if members:
            accuracy = sum(probs[n].index(max(probs[n])) == labels[n] for n in members) / len(members)
            confidence = sum(max(probs[n]) for n in members) / len(members)
            total += len(members) / len(probs) * abs(accuracy - confidence)
    return total


def select_top(scores: list[float], keys: list[float], batch: int) -> list[int]:
    return sorted(range(len(scores)), key=lambda n: (-scores[n], keys[n], n))[:batch]
