"""Krippendorff's α for nominal labels, literally: pairs of labels within items, counted one by one, in fractions."""

from __future__ import annotations

from collections import Counter
from collections.abc import Hashable, Sequence
from fractions import Fraction


def krippendorffs_alpha(items: Sequence[Sequence[Hashable]]) -> Fraction | None:
    """1 − observed over expected disagreement; None where all labels are the same.

    Args:
        items: The labels that each item got, of any number of annotators.
    """
    coincidences: Counter[tuple[Hashable, Hashable]] = Counter()
    for labels in items:
        if len(labels) < 2:
            continue
        for first in range(len(labels)):
            for second in range(len(labels)):
                if first != second:
                    coincidences[labels[first], labels[second]] += Fraction(1, len(labels) - 1)
    totals: Counter[Hashable] = Counter()
    for (label, _), count in coincidences.items():
        totals[label] += count
    n = sum(totals.values())
    observed = sum(count for (a, b), count in coincidences.items() if a != b)
    expected = sum(totals[a] * totals[b] for a in totals for b in totals if a != b)
    return None if not expected else 1 - (n - 1) * Fraction(observed) / expected
