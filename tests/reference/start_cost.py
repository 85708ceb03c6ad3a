"""Literal twin of the cost of a balanced start: every order in which the classes can come, each as likely as it is."""

from __future__ import annotations

from fractions import Fraction
from functools import cache


def labels_for_balanced_start(counts: list[int], size: int) -> Fraction:
    """The expected number of draws without replacement until enough classes have their share, by first principles.

    E(drawn) = 0 where enough classes have their share, else 1 + Σ_c P(the next is of class c) E(drawn and one of c).
    """
    present = [count for count in counts if count]
    shares = [min(max(1, size // len(present)), count) for count in present]
    needed = min(size, len(present))

    @cache
    def more(drawn: tuple[int, ...]) -> Fraction:
        if sum(got >= share for got, share in zip(drawn, shares, strict=True)) >= needed:
            return Fraction(0)
        left = sum(present) - sum(drawn)
        expected = Fraction(1)
        for place, (got, count) in enumerate(zip(drawn, present, strict=True)):
            if got < count:
                after = (*drawn[:place], got + 1, *drawn[place + 1 :])
                expected += Fraction(count - got, left) * more(after)
        return expected

    return more((0,) * len(present))
