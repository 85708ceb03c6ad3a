"""Runs read at common costs, written from the rule one cost at a time."""

from __future__ import annotations

from fractions import Fraction
from statistics import median


def common_costs(costs: list[list[int]]) -> list[int]:
    """low + k (high − low) / (n − 1) for every whole k that lies between the lowest and the highest cost."""
    first, last = min(min(row) for row in costs), max(max(row) for row in costs)
    low, high = max(min(row) for row in costs), min(max(row) for row in costs)
    if low < high:
        number = round(median(len([cost for cost in row if low <= cost <= high]) for row in costs))
    else:
        low, high, number = first, last, max(len(row) for row in costs)
    step = max(Fraction(high - low, max(number - 1, 1)), Fraction(1))
    grid, place = set(), Fraction(low)
    while place >= first:
        grid.add(round(place))
        place -= step
    place = Fraction(low)
    while place <= last:
        grid.add(round(place))
        place += step
    return sorted(grid)


def value_at(costs: list[int], values: list[float], cost: int) -> float | None:
    """The value of the last network that had been paid for; None before the first and beyond the last cost."""
    paid = [value for spent, value in zip(costs, values, strict=True) if spent <= cost]
    return paid[-1] if paid and cost <= costs[-1] else None
