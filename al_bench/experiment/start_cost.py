"""What a balanced start costs somebody who cannot see the labels: random labels until every class has its share."""

from __future__ import annotations

import numpy as np

DRAWS = 2000
"""Simulated orders; the mean of 2,000 has a standard error of about 1 %."""


def labels_for_balanced_start(counts: np.ndarray, size: int) -> float:
    """Expected number of random labels until every class has ⌊size / C⌋ examples (at least one).

    With the points in random order, at places that are uniform in [0, 1], the k-th of the n points of a class is at a
    place with the distribution Beta(k, n − k + 1); the answer is N times the mean of the largest of these places.

    Args:
        counts: [C] points of each class in the pool; classes without any are left out.
        size: L, points of the start.
    """
    present = counts[counts > 0].astype(np.float64)
    share = np.minimum(max(1, size // len(present)), present)
    places = np.random.default_rng(0).beta(share, present - share + 1, size=(DRAWS, len(present)))
    return float(places.max(axis=1).mean() * (present.sum() + 1))
