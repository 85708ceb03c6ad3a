"""In how many seeds an arm is ahead: the exact sign test, and the share of bad seeds that n seeds cannot exclude.

Nothing is assumed of the differences but that seeds are independent draws: neither a shape nor a variance.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from scipy import special

from al_bench.analysis.statistics import Floats
from al_bench.analysis.statistics.paired import LEVEL

_TIE = 1e-12


@dataclass(frozen=True)
class SignTest:
    """How often an arm is ahead, over n seeds.

    Args:
        n: Seeds.
        ahead, tied: Seeds with a difference above 0, and of exactly 0.
        low, high: The exact 95 % interval of the share of all seeds in which it is ahead; NaN for n = 0.
        p: One-sided p-value of P(ahead) ≤ 1/2; NaN for n = 0.
    """

    n: int
    ahead: int
    tied: int
    low: float
    high: float
    p: float


def sign_test(differences: Floats) -> SignTest:
    """Exact sign test of H0: P(difference > 0) ≤ 1/2 against P(difference > 0) > 1/2.

    p = P(X ≥ k), X ~ Binomial(n, 1/2), where k of n differences are above 0. A tie counts as a seed in which the arm is
    not ahead: dropping ties, as is often done, tests another hypothesis (ahead more often than behind).

    Args:
        differences: One per seed, oriented so that above 0 is better, [S]; NaN ones are left out.

    Returns:
        The counts, p, and the interval of Clopper and Pearson for P(difference > 0).

    Source: Conover 1999 (Practical nonparametric statistics), sec. 3.4; Clopper & Pearson 1934 for the interval.
    """
    known = np.asarray(differences, dtype=np.float64)
    known = known[~np.isnan(known)]
    n, ahead = len(known), int((known > _TIE).sum())
    tied = int((np.abs(known) <= _TIE).sum())
    if n == 0:
        return SignTest(0, 0, 0, math.nan, math.nan, math.nan)
    low, high = exact_share(ahead, n)
    # P(X >= k) = I_1/2(k, n - k + 1), the regularised incomplete beta function.
    p = 1.0 if ahead == 0 else float(special.betainc(ahead, n - ahead + 1, 0.5))
    return SignTest(n, ahead, tied, low, high, p)


def exact_share(count: int, n: int) -> tuple[float, float]:
    """The exact 95 % interval of a share of which `count` of n were seen (Clopper & Pearson 1934)."""
    half = LEVEL / 2
    low = 0.0 if count == 0 else float(special.betaincinv(count, n - count + 1, half))
    high = 1.0 if count == n else float(special.betaincinv(count + 1, n - count, 1 - half))
    return low, high


def not_excluded(count: int, n: int) -> float:
    """The largest share of all seeds that `count` of n seen does not exclude: a one-sided exact 95 % bound.

    The share q at which P(X ≤ count) = 0.05, X ~ Binomial(n, q). Where none was seen it is 1 − 0.05^(1/n): 63 % for 3
    seeds, 45 % for 5, 26 % for 10, 14 % for 20.
    """
    return 1.0 if count >= n else float(special.betaincinv(count + 1, n - count, 1 - LEVEL))


def fewest_seeds(tests: int) -> int:
    """The fewest seeds with which a sign test of a family of `tests` can show anything: tests · 2⁻ⁿ ≤ 0.05.

    Five for one test, seven for four: an arm that is ahead in all of fewer seeds has a larger p-value than that.
    """
    return math.ceil(math.log2(max(tests, 1) / LEVEL))
