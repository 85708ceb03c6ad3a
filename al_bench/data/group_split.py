"""A split of labelled rows by group, such as a patient of several images: no group is in both parts."""

from __future__ import annotations

import math

import numpy as np

from al_bench.errors import InputError
from al_bench.rng import Streams

FREE_CHOICES = 50
"""The largest size, so many times, is left to dynamic programming where the first sizes are taken as they come."""


def group_split(
    where: str,
    labels: np.ndarray,
    groups: np.ndarray,
    test_fraction: float,
    split_seed: int,
    keep: np.ndarray | None = None,
) -> tuple[np.ndarray, np.ndarray]:
    """Split N rows so that every group is in one part, and the test part is as near its share as the groups allow.

    The test part has the number of rows nearest to round(test_fraction · N) that any choice of the groups free for it
    gives, the smaller one of two. Not free are, in a random order, the first group of each class that no group before
    has, so that every class is in the training part, and the groups of the rows `keep`.

    Args:
        where: The data set's name in the message.
        labels: [N] integers.
        groups: [N] the group of each row.
        test_fraction: In (0, 1).
        split_seed: Seed of the order of groups, independent of any run's seed.
        keep: [k] rows that stay in the training part.

    Returns:
        The rows [N − T] of the training part and [T] of the test part, both in ascending order.

    Raises:
        InputError: No group is free for the test part.
    """
    names, group_of_row = np.unique(groups, return_inverse=True)
    rows_of_group = np.bincount(group_of_row)
    order = Streams(split_seed).numpy("split").permutation(len(names))
    rank = np.empty(len(names), dtype=np.int64)
    rank[order] = np.arange(len(names))
    in_training = set(group_of_row[keep].tolist()) if keep is not None else set()
    for class_ in np.unique(labels):
        groups_of_class = np.unique(group_of_row[labels == class_])
        if not in_training.intersection(groups_of_class.tolist()):
            in_training.add(int(groups_of_class[rank[groups_of_class].argmin()]))
    free = np.array([group for group in order.tolist() if group not in in_training], dtype=np.int64)
    if not len(free):
        raise InputError(
            f"{where}: dataset.group leaves no group for a test part, as each of its {len(names)} groups is needed in "
            "the training part (for a class that no other group has, or for initial.rows); name a test part of its "
            "own, or another dataset.group"
        )
    wanted = round(test_fraction * len(labels))
    chosen = free[nearest_sum(rows_of_group[free], wanted)]
    in_test = np.isin(group_of_row, chosen)
    return np.flatnonzero(~in_test), np.flatnonzero(in_test)


def nearest_sum(sizes: np.ndarray, wanted: int) -> np.ndarray:
    """The sizes whose sum is nearest to the one wanted, at least one of them.

    Exact. Where the first sizes, and a choice of the following ones by dynamic programming, reach a sum than which
    none can be nearer, they are taken; else the dynamic programming goes over all sizes, in O(n · wanted) steps.

    Args:
        sizes: [n] positive integers.
        wanted: The sum.

    Returns:
        [k] positions in `sizes`, ascending: of the sum nearest to `wanted`, the smaller one of two.
    """
    step = math.gcd(*sizes.tolist())
    below = wanted - wanted % step
    best = below if below and wanted - below <= below + step - wanted else below + step
    sums = np.cumsum(sizes)
    first = int(np.searchsorted(sums, wanted - FREE_CHOICES * int(sizes.max()), side="right"))
    if 0 < first < len(sizes):
        taken = int(sums[first - 1])
        following = first + _subset_of_sum(sizes[first:], wanted - taken, best - taken)
        if taken + int(sizes[following].sum()) == best:
            return np.concatenate([np.arange(first), following])
    return _subset_of_sum(sizes, wanted, best)


def _subset_of_sum(sizes: np.ndarray, wanted: int, best: int) -> np.ndarray:
    """The sizes whose sum is nearest to the one wanted, by the sums that the first k of them reach (subset sum).

    Args:
        sizes: [n] positive integers.
        wanted: The sum.
        best: A sum than which none can be nearer: where it is reached, the rest is not looked at.
    """
    limit = max(2 * wanted, int(sizes.min()))
    reached = np.zeros(limit + 1, dtype=bool)
    reached[0] = True
    last = np.full(limit + 1, -1, dtype=np.int64)  # the size that reached a sum first; those before it reached the rest
    for position, size in enumerate(sizes.tolist()):
        if size > limit:
            continue
        new = np.zeros_like(reached)
        new[size:] = reached[:-size]
        new &= ~reached
        last[new] = position
        reached |= new
        if best <= limit and reached[best]:
            break
    sums = np.flatnonzero(reached[1:]) + 1
    total = int(sums[np.abs(sums - wanted).argmin()])
    chosen = []
    while total:
        chosen.append(int(last[total]))
        total -= int(sizes[chosen[-1]])
    return np.array(chosen[::-1], dtype=np.int64)
