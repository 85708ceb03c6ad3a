"""Mean ranks of arms over datasets, and the difference in rank that could be chance."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from scipy import stats

from al_bench.analysis.statistics import Floats
from al_bench.analysis.statistics.paired import LEVEL


@dataclass(frozen=True)
class Ranks:
    """Arms ranked on each of N datasets.

    Args:
        mean: Mean rank of each of A arms, [A]; 1 is best, ties share their ranks' mean.
        datasets: N.
        critical: Nemenyi's critical difference at 5 %: mean ranks that differ by less could be chance.
        p: Friedman's test that all arms rank alike; NaN for fewer than 3 arms or 2 datasets.
        cliques: Sets of arms (by number, best first) whose mean ranks lie within the critical difference.
    """

    mean: Floats
    datasets: int
    critical: float
    p: float
    cliques: tuple[tuple[int, ...], ...]


def ranks(scores: Floats) -> Ranks:
    """Rank the arms on every dataset by score and compare the mean ranks.

    CD = q · √(A(A+1) / 6N), where q is the 95 % point of the studentised range of A means over √2.

    Args:
        scores: [N, A], higher is better; a dataset counts once, however many seeds are behind its score.

    Raises:
        ValueError: Fewer than 2 arms or no dataset.

    Source: Demšar 2006 (Statistical comparisons of classifiers over multiple data sets), sec. 3.2.
    """
    datasets, arms = scores.shape
    if arms < 2 or datasets < 1:
        raise ValueError(f"no ranks of {arms} arms on {datasets} datasets")
    mean = stats.rankdata(-scores, axis=1).mean(axis=0)
    quantile = float(stats.studentized_range.ppf(1 - LEVEL, arms, np.inf)) / math.sqrt(2)
    critical = quantile * math.sqrt(arms * (arms + 1) / (6 * datasets))
    different = arms > 2 and datasets > 1 and bool((scores != scores[:, :1]).any())
    p = float(stats.friedmanchisquare(*scores.T).pvalue) if different else math.nan
    return Ranks(mean, datasets, critical, p, cliques(mean, critical))


def cliques(mean: Floats, critical: float) -> tuple[tuple[int, ...], ...]:
    """The largest runs of neighbouring arms, by rank, that the critical difference does not tell apart.

    Args:
        mean: Mean ranks, [A].
        critical: Two arms differ where their mean ranks differ by more.

    Returns:
        The numbers of two arms or more each, best first; none lies within another.
    """
    order = [int(arm) for arm in np.argsort(mean, kind="stable")]
    sets: list[tuple[int, ...]] = []
    furthest = 0
    for start in range(len(order)):
        end = start
        while end + 1 < len(order) and mean[order[end + 1]] - mean[order[start]] <= critical + 1e-12:
            end += 1
        if end > start and end > furthest:
            sets.append(tuple(order[start : end + 1]))
            furthest = end
    return tuple(sets)
