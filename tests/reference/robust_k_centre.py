"""Literal twin of robust k-centre: every batch of the size asked for, and its radius from all distances."""

from __future__ import annotations

import math
from collections.abc import Sequence
from itertools import combinations


def radius(features: list[list[float]], labelled: list[list[float]], rows: Sequence[int], outliers: int) -> float:
    """The (outliers + 1)-th greatest distance of a row to its nearest centre."""
    centres = labelled + [features[row] for row in rows]
    nearest = [min((math.dist(point, centre) for centre in centres), default=math.inf) for point in features]
    return sorted(nearest, reverse=True)[outliers] if outliers < len(nearest) else 0.0


def optimum(features: list[list[float]], labelled: list[list[float]], batch: int, outliers: int) -> float:
    return min(radius(features, labelled, rows, outliers) for rows in combinations(range(len(features)), batch))
