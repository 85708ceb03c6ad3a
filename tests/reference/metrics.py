"""Literal twins of the metrics: loops over points and classes, from the definitions. No torch, no sorting tricks."""

from __future__ import annotations

import math
from collections.abc import Sequence

Rows = Sequence[Sequence[float]]


def predicted(probs: Rows) -> list[int]:
    return [max(range(len(row)), key=lambda c: (row[c], -c)) for row in probs]


def confusion(probs: Rows, labels: Sequence[int], classes: int) -> list[list[int]]:
    table = [[0] * classes for _ in range(classes)]
    for guess, label in zip(predicted(probs), labels, strict=True):
        table[label][guess] += 1
    return table


def recall(probs: Rows, labels: Sequence[int], classes: int) -> list[float | None]:
    table = confusion(probs, labels, classes)
    return [table[c][c] / sum(table[c]) if sum(table[c]) else None for c in range(classes)]


def precision(probs: Rows, labels: Sequence[int], classes: int) -> list[float | None]:
    table = confusion(probs, labels, classes)
    values: list[float | None] = []
    for c in range(classes):
        named = sum(row[c] for row in table)
        values.append(None if not sum(table[c]) else table[c][c] / named if named else 0.0)
    return values


def balanced_accuracy(probs: Rows, labels: Sequence[int], classes: int) -> float:
    return mean(recall(probs, labels, classes))


def macro_f1(probs: Rows, labels: Sequence[int], classes: int) -> float:
    values: list[float | None] = []
    for p, r in zip(precision(probs, labels, classes), recall(probs, labels, classes), strict=True):
        values.append(None if p is None or r is None else 2 * p * r / (p + r) if p + r else 0.0)
    return mean(values)


def auroc(probs: Rows, labels: Sequence[int], classes: int) -> list[float | None]:
    """The chance that a point of the class has a higher score than another: all pairs, ties a half."""
    values: list[float | None] = []
    for c in range(classes):
        own = [row[c] for row, label in zip(probs, labels, strict=True) if label == c]
        rest = [row[c] for row, label in zip(probs, labels, strict=True) if label != c]
        wins = sum(1.0 if a > b else 0.5 if a == b else 0.0 for a in own for b in rest)
        values.append(wins / (len(own) * len(rest)) if own and rest else None)
    return values


def average_precision(probs: Rows, labels: Sequence[int], classes: int) -> list[float | None]:
    """Σ over thresholds, from the highest score down, of (recall less the recall before) · precision."""
    values: list[float | None] = []
    for c in range(classes):
        scores = [row[c] for row in probs]
        positives = sum(label == c for label in labels)
        if not positives:
            values.append(None)
            continue
        total, before = 0.0, 0.0
        for threshold in sorted(set(scores), reverse=True):
            taken = [label for score, label in zip(scores, labels, strict=True) if score >= threshold]
            right = sum(label == c for label in taken)
            total += (right / positives - before) * (right / len(taken))
            before = right / positives
        values.append(total)
    return values


def brier(probs: Rows, labels: Sequence[int]) -> float:
    total = 0.0
    for row, label in zip(probs, labels, strict=True):
        total += sum((p - (c == label)) ** 2 for c, p in enumerate(row))
    return total / len(labels)


def nll(probs: Rows, labels: Sequence[int]) -> float:
    return -sum(math.log(row[label]) for row, label in zip(probs, labels, strict=True)) / len(labels)


def mean(values: Sequence[float | None]) -> float:
    there = [value for value in values if value is not None]
    return sum(there) / len(there)
