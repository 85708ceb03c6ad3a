"""Annotators item by item, written from their formulas."""

from __future__ import annotations

import math
from fractions import Fraction

import numpy as np


def other_class(true: int, classes: int, uniform: float) -> int:
    """The ⌊u (C − 1)⌋-th of the classes without the true one."""
    return [label for label in range(classes) if label != true][int(uniform * (classes - 1))]


def difficulty(features: np.ndarray, classes: list[int], count: int) -> tuple[list[float], list[int]]:
    """Share of easier items and nearest other class, with distances taken one by one."""
    scaled = [[value / (spread or 1.0) for value, spread in zip(row, features.std(0), strict=True)] for row in features]
    means = {}
    for label in range(count):
        members = [row for row, of in zip(scaled, classes, strict=True) if of == label]
        if members:
            means[label] = [sum(column) / len(members) for column in zip(*members, strict=True)]
    harder, rivals = [], []
    for row, of in zip(scaled, classes, strict=True):
        away = {label: math.dist(row, mean) ** 2 for label, mean in means.items()}
        rival = min((label for label in away if label != of), key=lambda label, away=away: (away[label], label))
        harder.append(away[of] - away[rival])
        rivals.append(rival)
    shares = [
        float(sum(other < value for other in harder) + Fraction(sum(other == value for other in harder), 2))
        / len(harder)
        for value in harder
    ]
    return shares, rivals


def vote(answers: list[int], weights: list[float], classes: int) -> set[int]:
    """The classes with the highest sum of weights."""
    sums = [sum(weight for answer, weight in zip(answers, weights, strict=True) if answer == label) for label in
            range(classes)]  # fmt: skip
    return {label for label in range(classes) if sums[label] >= max(sums) - 1e-9}
