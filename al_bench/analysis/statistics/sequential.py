"""Looks at paired differences while seeds are added: limits with which all looks together err as rarely as one may.

Whoever looks after every few seeds and stops at the first significant result claims falsely more often than the level
says. Here a level is spent over the looks (Lan & DeMets 1983): after a share s of all seeds, `spent(level, s)` of it.
Each look has a limit such that the chance of having passed any limit so far is just that, where there is no difference.
The spending function is level · s² (Kim & DeMets 1987), between that of O'Brien & Fleming (1979), which allows next to
nothing at the first look, and that of Pocock (1977), which needs more seeds in the end.

Letters: L looks.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from functools import lru_cache

import numpy as np
from scipy import special

from al_bench.analysis.statistics import Floats

DRAWS = 2**20
"""Simulated studies behind the limits of t."""
_CHUNK = 2**18
_POWER = 2


def spent(level: float, share: float) -> float:
    """The part of a level that is spent when a share of all seeds is there: level · share²."""
    return float(level * share**_POWER)


@lru_cache(maxsize=64)
def t_limits(looks: tuple[int, ...], level: float, draws: int = DRAWS) -> tuple[float, ...]:
    """The limits of |t| at each look, [L]: Student's t of all seeds so far, two-sided.

    c_1 is the quantile of Student's t. c_j for j > 1 is found by simulation, with a generator of its own and always the
    same: P(|t_i| < c_i for all i < j, |t_j| ≥ c_j) = spent(level, n_j / n_L) − spent(level, n_{j−1} / n_L), with
    independent normal differences of mean 0, whose variance is estimated at each look from all seeds so far.

    Args:
        looks: Seeds at each look, at least 2, increasing; with the last of them the level is spent.
        level: Of all looks together.
        draws: Simulated studies.

    Source: Lan & DeMets 1983 (Discrete sequential boundaries for clinical trials); Kim & DeMets 1987 for the spending
    function; Jennison & Turnbull 2000 (Group sequential methods), ch. 4 and 7. These have limits of the normal
    distribution, known variance; with so few seeds those would be passed far too often.
    """
    shares = [spent(level, n / looks[-1]) for n in looks]
    limits = [float(special.stdtrit(looks[0] - 1, 1 - shares[0] / 2))]
    if len(looks) == 1:
        return tuple(limits)
    starts = range(0, draws, _CHUNK)
    simulated = np.concatenate([_simulated(looks, min(_CHUNK, draws - start), start) for start in starts])
    within = simulated[:, 0] < limits[0]  # [studies]
    for place in range(1, len(looks)):
        passed = 1 - within.mean()
        count = max(1, round((shares[place] - passed) * draws))
        left = simulated[within, place]
        limits.append(float(np.partition(left, len(left) - count)[len(left) - count]))
        within &= simulated[:, place] < limits[-1]
    return tuple(limits)


def _simulated(looks: Sequence[int], studies: int, number: int) -> Floats:
    """|t| at each look of so many studies without a difference, [studies, L], by the sums of the seeds between looks.

    Of k standard normal differences the sum is normal with variance k, and independent of it the squares about their
    mean add up to χ²(k − 1).
    """
    generator = np.random.default_rng([len(looks), number])
    total, squares = np.zeros(studies), np.zeros(studies)
    values = np.empty((studies, len(looks)), dtype=np.float64)
    for place, n in enumerate(looks):
        new = n - (looks[place - 1] if place else 0)
        added = math.sqrt(new) * generator.standard_normal(studies)
        total += added
        squares += added**2 / new + (generator.chisquare(new - 1, studies) if new > 1 else 0)
        variance = (squares - total**2 / n) / (n - 1)
        values[:, place] = np.abs(total) / np.sqrt(n * variance)
    return values


def sign_limits(looks: Sequence[int], level: float) -> tuple[int, ...]:
    """In how many seeds an arm must be ahead at each look, [L], so that it is shown to be ahead in most of all seeds.

    k_j is the smallest number for which P(X_i ≥ k_i for any i ≤ j) ≤ spent(level, n_j / n_L), with X_j ~ Binomial(n_j,
    1/2) and independent seeds: exact, whatever the shape of the differences. P(ahead) < 1/2 makes it less likely still.

    Args:
        looks: Seeds at each look, increasing.
        level: Of all looks together, one-sided.

    Returns:
        n_j + 1 where no number of seeds ahead is enough yet.

    Source: Jennison & Turnbull 2000 (Group sequential methods), ch. 12, with the spending function above.
    """
    limits, passed, before = [], 0.0, 0
    chances = np.ones(1)  # of each number of seeds ahead so far, of studies that have passed no limit, [n + 1]
    for n in looks:
        new = n - before
        chances = np.convolve(chances, special.binom(new, np.arange(new + 1)) / 2.0**new)
        tails = np.cumsum(chances[::-1])[::-1]
        enough = np.flatnonzero(passed + tails <= spent(level, n / looks[-1]))
        limit = int(enough[0]) if len(enough) else n + 1
        passed += float(chances[limit:].sum())
        chances[limit:] = 0
        limits.append(limit)
        before = n
    return tuple(limits)


def chance_at_the_end(t: float, n: int, limit: float, last: int) -> float:
    """The chance that t passes its last limit, if the differences to come are on average like those seen.

    1 − Φ((z_L − z_n / √s) / √(1 − s)) with s = n / n_L, where z_n and z_L are the normal quantiles of t_n and of its
    last limit. It says when to give up and claims nothing: a study that ends so has spent no more of its level.

    Args:
        t: Student's t of the first n seeds, above 0 in the direction sought.
        n: Seeds so far, fewer than `last`.
        limit: The limit of t at the last look.
        last: Seeds at the last look.

    Source: Lan & Wittes 1988 (The B-value), conditional power under the current trend.
    """
    share = n / last
    now, end = (float(special.ndtri(special.stdtr(seeds - 1, value))) for seeds, value in ((n, t), (last, limit)))
    return float(special.ndtr((now / math.sqrt(share) - end) / math.sqrt(1 - share)))
