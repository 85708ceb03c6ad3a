"""Literal twins of the vote scores, EPIG and the probabilities of stochastic batches."""

from __future__ import annotations

import math


def vote_shares(members: list[list[float]], soft: bool) -> list[float]:
    """The share of each class, of `members[m][c]` probabilities."""
    shares = [0.0] * len(members[0])
    for probs in members:
        if soft:
            shares = [share + p / len(members) for share, p in zip(shares, probs, strict=True)]
        else:
            shares[probs.index(max(probs))] += 1 / len(members)
    return shares


def vote_entropy(members: list[list[float]], soft: bool) -> float:
    return -sum(v * math.log(v) for v in vote_shares(members, soft) if v > 0)


def vote_margin(members: list[list[float]], soft: bool) -> float:
    first, second = sorted(vote_shares(members, soft), reverse=True)[:2]
    return 1 - (first - second)


def consensus_kl(members: list[list[float]]) -> float:
    consensus = vote_shares(members, soft=True)
    total = 0.0
    for probs in members:
        total += sum(p * math.log(p / c) for p, c in zip(probs, consensus, strict=True) if p > 0)
    return total / len(members)


def epig(pool: list[list[list[float]]], target: list[list[list[float]]]) -> list[float]:
    """Mean over targets of KL(p(y, y*) ‖ p(y) p(y*)), with `pool[n][k][c]` and `target[t][k][c]` probabilities."""
    draws = range(len(target[0]))
    scores = []
    for row in pool:
        total = 0.0
        for goal in target:
            for c in range(len(row[0])):
                for d in range(len(goal[0])):
                    joint = sum(row[k][c] * goal[k][d] for k in draws) / len(draws)
                    p = sum(row[k][c] for k in draws) / len(draws)
                    q = sum(goal[k][d] for k in draws) / len(draws)
                    if joint > 0:
                        total += joint * math.log(joint / (p * q))
        scores.append(total / len(target))
    return scores


def probability_of_order(weights: list[float], rows: list[int]) -> float:
    """Of drawing `rows` in this order without replacement, each by its weight among those left."""
    probability, left = 1.0, sum(weights)
    for row in rows:
        probability *= weights[row] / left
        left -= weights[row]
    return probability
