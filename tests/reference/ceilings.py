"""Literal twins of the bounds, given the rows tried and what training with them would reach."""

from __future__ import annotations

from collections.abc import Callable, Sequence

Trial = Callable[[Sequence[int]], float]


def greedy_oracle(tried: list[list[int]], by_margin: list[int], trial: Trial) -> tuple[list[int], list[float], int]:
    """Pick after pick the row tried that raises the accuracy most, else that of smallest margin (Werner et al. 2024).

    Args:
        tried: For each pick the rows that are tried, in their order: of equal ones the first counts.
        by_margin: All rows, of smallest margin first.
        trial: From rows to the accuracy after training with them.

    Returns:
        The rows, the accuracy after each, and how many are of smallest margin.
    """
    rows: list[int] = []
    accuracies: list[float] = []
    fallbacks, current = 0, trial([])
    for candidates in tried:
        best = max(candidates, key=lambda row: trial([*rows, row]))
        if trial([*rows, best]) <= current:
            best = next(row for row in by_margin if row not in rows)
            fallbacks += 1
        rows.append(best)
        current = trial(rows)
        accuracies.append(current)
    return rows, accuracies, fallbacks


def best_batch(batches: list[tuple[str, list[int]]], trial: Trial) -> tuple[str, list[int]]:
    """The batch of highest accuracy, of equal ones the first, and whose it is."""
    return max(batches, key=lambda entry: trial(entry[1]))
