"""Random-effects analysis of variance, by sums over cells as the definition has them."""

from __future__ import annotations

from collections.abc import Sequence


def variances(values: Sequence[float], factors: dict[str, Sequence[int]]) -> dict[str, float]:
    """The variance of every factor and of the rest; a negative one is 0."""
    count = len(values)
    mean = sum(values) / count
    total = sum((value - mean) ** 2 for value in values)
    mean_squares, sums, freedom = {}, 0.0, 0
    for name, levels in factors.items():
        groups: dict[int, list[float]] = {}
        for value, level in zip(values, levels, strict=True):
            groups.setdefault(level, []).append(value)
        between = sum(len(group) * (sum(group) / len(group) - mean) ** 2 for group in groups.values())
        mean_squares[name] = (between / (len(groups) - 1), count / len(groups))
        sums, freedom = sums + between, freedom + len(groups) - 1
    error = (total - sums) / (count - 1 - freedom)
    return {name: max((square - error) / size, 0.0) for name, (square, size) in mean_squares.items()} | {"rest": error}
