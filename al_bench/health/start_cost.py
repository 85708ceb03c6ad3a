"""What a start costs in labels: how many random ones until the classes have their examples, and what to say of it.

Letters: C classes, n_c points of class c in the pool, N points in all.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

_PIECES, _NODES = 40, 16
"""Pieces of the integral, each by Gauss and Legendre's rule of so many nodes."""


def labels_for_balanced_start(counts: Sequence[int] | NDArray[np.int64], size: int) -> float:
    """Expected number of random labels until all C classes have ⌊L / C⌋ examples, or if L < C until L classes have one.

    The points are labelled in random order. Give each a place in that order that is uniform in [0, 1]: the place of the
    k-th point of a class has the distribution function F_c(t) = I_t(k, n_c − k + 1), the regularised incomplete beta
    function, and the classes are independent. With T the first t at which enough classes have their k-th point,

        E[labels] = (N + 1) E[T],    E[T] = ∫₀¹ P(T > t) dt,

    since a point at rank r has the mean place r / (N + 1). P(T > t) is the probability that fewer classes than needed
    have F_c(t) as their chance of success: 1 − Π_c F_c(t) where all are needed. No random number is drawn.

    Args:
        counts: [C] points of each class in the pool; classes without any are left out. A class of fewer points than
            its share needs all of them.
        size: L, points of the start, at least 1.

    Returns:
        Labels, between L (or what the shares add up to) and N.
    """
    from scipy.special import betainc, betaincinv

    points = np.asarray(counts, dtype=np.float64)
    points = points[points > 0]
    needed = min(size, len(points))
    share = np.minimum(max(1, size // len(points)), points)
    pairs, times = np.unique(np.stack([share, points - share + 1]), axis=1, return_counts=True)
    first, end = (float(edge) for edge in (betaincinv(*pairs, 1e-6).min(), betaincinv(*pairs, 1 - 1e-12).max()))
    edges = np.concatenate([[0.0], np.geomspace(first, end, _PIECES)])
    nodes, weights = np.polynomial.legendre.leggauss(_NODES)
    half = np.diff(edges)[:, None] / 2
    places = (edges[:-1, None] + half * (nodes + 1)).ravel()
    integrand = _fewer_than(needed, betainc(pairs[0], pairs[1], places[:, None]), times)
    return float((points.sum() + 1) * ((half * weights).ravel() * integrand).sum())


def _fewer_than(needed: int, chances: NDArray[np.float64], times: NDArray[np.int64]) -> NDArray[np.float64]:
    """[T] the probability that fewer than `needed` of independent events happen.

    Args:
        chances: [T, U] the chance of each kind of event.
        times: [U] events of each kind.
    """
    if needed == times.sum():
        return 1 - np.prod(chances**times, axis=1)
    happened = np.zeros((len(chances), needed))  # [T, m] m events so far
    happened[:, 0] = 1
    for kind, repeats in enumerate(times.tolist()):
        chance = chances[:, kind, None]
        for _ in range(repeats):
            more = happened[:, :-1] * chance
            happened *= 1 - chance
            happened[:, 1:] += more
    return happened.sum(axis=1)


def describe_start(
    kind: str, size: int, pool: Sequence[int] | NDArray[np.int64] | None, labelled_classes: int | str | None = None
) -> str:
    """A start in one sentence: how it is drawn, how many classes it has, what a balanced one costs in random labels.

    Args:
        kind: balanced, random, clusters, or named for points that the user names.
        size: L, its points.
        pool: [C] points of each class in the pool; None where that is not known.
        labelled_classes: Classes that the start has, as in `7` or `7 to 9`; None where it is not drawn yet.
    """
    if size == 0:
        return "no labels: an untrained network picks the first batch"
    labels = f"{size:,} label{'' if size == 1 else 's'}"
    counts = None if pool is None else np.asarray(pool)
    present = None if counts is None else int((counts > 0).sum())
    has = "" if labelled_classes is None else f" ({labelled_classes}{f' of {present}' if present else ''} classes)"
    if kind == "named":
        return f"{labels}, as named{has}"
    if kind != "balanced" and present is not None:
        size = max(size, present)  # of what every class has one at least
    share = "as many of each class" if present is None else _share(size, present)
    cost = None if counts is None else f"about {labels_for_balanced_start(counts, size):,.0f} random labels"
    if kind == "balanced":
        hidden = f"{labels}, {share}, drawn by the hidden labels"
        return f"{hidden}; without them that takes {cost}" if cost else hidden
    how = "drawn at random" if kind == "random" else "one from each of as many clusters of inputs"
    return f"{labels}, {how}{has}" + (f"; {share} would take {cost}" if cost else "")


def _share(size: int, classes: int) -> str:
    """What a balanced start of `size` points has."""
    if size < classes:
        return f"{size} classes with one each"
    return f"{size // classes}{' or more' if size % classes else ''} of each of {classes} classes"
