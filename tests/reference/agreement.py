"""Cohen's kappa, literally: pairs counted one by one, in exact fractions."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction


def cohens_kappa(first: Sequence[int], second: Sequence[int]) -> Fraction:
    rows = len(first)
    observed = Fraction(sum(a == b for a, b in zip(first, second, strict=True)), rows)
    expected = Fraction(sum(a == b for a in first for b in second), rows * rows)  # of all pairs of a row and a row
    if expected == 1:  # all rows in one class, for both
        return Fraction(1)
    return (observed - expected) / (1 - expected)
