"""Warm-up: how many labels a strategy takes until it is ahead of its baseline for good, and where it is ever behind."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from al_bench.analysis.statistics import Counts, Floats

_TIE = 1e-12


def warm_up(labels: Counts, ahead: Floats) -> Floats:
    """The first label count at which each curve is ahead, and behind at none after it, of those that were evaluated.

    w = min {b_k : d_k > 0 and d_j ≥ 0 for all j > k}. To be level later is not to be behind.

    Args:
        labels: b, label counts, increasing, [B].
        ahead: d, differences to the baseline, above 0 where better; NaN where not evaluated, [S, B].

    Returns:
        [S]; inf where there is none, NaN for a curve without any evaluation.

    Source: the warm-up of Ghose & Nguyen 2024 (On the fragility of active learners), for paired curves.
    """
    counts = np.full(len(ahead), np.nan)
    for seed, row in enumerate(ahead):
        known = np.flatnonzero(~np.isnan(row))
        if len(known):
            behind = known[row[known] < -_TIE]
            since = known[known > behind[-1]] if len(behind) else known
            first = since[row[since] > _TIE]
            counts[seed] = labels[first[0]] if len(first) else math.inf
    return counts


def ever_behind(ahead: Floats) -> NDArray[np.bool_]:
    """Whether each curve is behind anywhere, [S]; the arguments are those of `warm_up`."""
    return np.asarray((np.nan_to_num(ahead, nan=0.0) < -_TIE).any(axis=1))
