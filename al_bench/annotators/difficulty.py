"""How hard an item is for an annotator: how much nearer its features lie to another class than to its own."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from al_bench.annotators.annotator import NO_LABEL, Floats, Items, Labels


@dataclass(frozen=True, eq=False)
class Difficulty:
    """How hard every item is, and what it is mistaken for.

    Args:
        share: [N] the share of the items of any class that are easier, in (0, 1); ties share their mean.
        rival: [N] the class that it is mistaken for: of the others, that with the nearest mean.
    """

    share: Floats
    rival: Labels


def difficulty(items: Items) -> Difficulty:
    """How hard every item is.

    h_i = ‖x_i − μ_y‖² − min_{c ≠ y} ‖x_i − μ_c‖², with μ_c the mean of the features of class c over all training
    points, each feature divided by its standard deviation. The share is (rank of h_i − ½) / N.

    Args:
        items: With the features of every item.

    Returns:
        Shares and rivals; of an item of none of the classes the share ½ and rival 0, which nobody reads.

    Source: Labels whose noise depends on the instance, near the borders of the classes, as in Menon, van Rooyen and
        Natarajan 2018 (Learning from binary labels with instance-dependent noise); the nearest mean stands for their
        score.
    """
    from scipy.stats import rankdata

    classes, count = items.classes, len(items.class_names)
    known = classes != NO_LABEL
    means, scale, empty = _means(items, count)
    harder, rival = np.zeros(len(classes)), np.zeros(len(classes), dtype=np.int64)
    start = 0
    for block in items.features():
        rows = slice(start, start + len(block))
        start += len(block)
        scaled = block / scale
        squares = (scaled**2).sum(1)[:, None] - 2 * scaled @ means.T + (means**2).sum(1)[None, :]  # [n, C]
        own = np.where(known[rows], classes[rows], 0)
        at = np.arange(len(block))
        to_own = squares[at, own].copy()
        squares[:, empty] = np.inf
        squares[at, own] = np.inf
        rival[rows] = squares.argmin(1)
        harder[rows] = to_own - squares.min(1)
    share = np.full(len(classes), 0.5)
    share[known] = (rankdata(harder[known]) - 0.5) / max(int(known.sum()), 1)
    return Difficulty(share, rival)


def _means(items: Items, count: int) -> tuple[Floats, Floats, NDArray[np.bool_]]:
    """[C, D] the mean features of every class over their standard deviations, these [D], and which class is empty."""
    start, sums, total, square = 0, 0.0, 0.0, 0.0
    for block in items.features():
        members = items.classes[start : start + len(block), None] == np.arange(count)  # [n, C]
        sums = sums + members.T.astype(np.float64) @ block
        total, square = total + block.sum(0), square + (block**2).sum(0)
        start += len(block)
    spread = np.sqrt(np.maximum(square / start - (total / start) ** 2, 0))
    scale = np.where(spread > 0, spread, 1.0)
    points = np.bincount(items.classes[items.classes != NO_LABEL], minlength=count)
    return sums / np.maximum(points, 1)[:, None] / scale, scale, points == 0
