"""Warm-up, written from its definition, one label count at a time."""

from __future__ import annotations


def warm_up(labels: list[int], ours: list[float | None], theirs: list[float | None]) -> float | None:
    """The smallest label count at which we are ahead and from which we are behind at none; infinity if there is none.

    None where the two were never evaluated at one label count.
    """
    both = [(count, a - b) for count, a, b in zip(labels, ours, theirs, strict=True) if a is not None and b is not None]
    if not both:
        return None
    for count, difference in both:
        later = [other for place, other in both if place >= count]
        if difference > 0 and all(other >= 0 for other in later):
            return count
    return float("inf")


def ever_behind(ours: list[float | None], theirs: list[float | None]) -> bool:
    """Whether we are behind anywhere."""
    pairs = zip(ours, theirs, strict=True)
    return any(a < b for a, b in pairs if a is not None and b is not None)
