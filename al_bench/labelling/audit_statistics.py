"""What a random audit says: accuracy and recall with exact intervals, balanced accuracy with one melded from them.

The items are a uniform draw from all items, and the model never saw their labels. If the items of the pool are a random
sample of what there is, then so are the audit's, whatever the model was trained on beside them: each is right with the
model's accuracy on new items, independently, and the number right is binomial. That is what Clopper-Pearson inverts.

The hypergeometric interval, which is narrower where the audit is a large part of the pool, is not used. It is about the
items of this pool under one model that does not depend on which of them were drawn; but the model is trained on others
of them, chosen because they are hard, and it is better on those. `results/planted_audit.csv` shows what it covers.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.special import betaincinv

FEWEST = 10
"""Items of a class below which nothing is said of its recall."""
SAMPLES = 4_000
"""Samples behind a melded interval."""
LEVEL = 0.95

Floats = NDArray[np.float64]
Flags = NDArray[np.bool_]
Beta = tuple[float, float]
"""The parameters a and b of a beta distribution."""


@dataclass(frozen=True)
class Share:
    """A share with its interval.

    Args:
        value: From 0 to 1.
        low, high: Of the interval.
        items: Behind it.
    """

    value: float
    low: float
    high: float
    items: int

    def __str__(self) -> str:
        return f"{self.value:.3f} [{self.low:.3f}, {self.high:.3f}]"


@dataclass(frozen=True)
class Ends:
    """The two distributions whose quantiles are the ends of a share's interval, at any level.

    Args:
        low: Of the lower end; None for 0.
        high: Of the upper end; None for 1.
    """

    low: Beta | None
    high: Beta | None

    def at(self, level: float = LEVEL) -> tuple[float, float]:
        """The ends: the α/2 quantile of `low` and the 1 − α/2 quantile of `high`, where `level` is 1 − α."""
        tail = (1 - level) / 2
        low = 0.0 if self.low is None else float(betaincinv(*self.low, tail))
        high = 1.0 if self.high is None else float(betaincinv(*self.high, 1 - tail))
        return low, high

    def share(self, value: float, items: int) -> Share:
        """A share with this interval, which contains it.

        Args:
            value: The share.
            items: Behind it.
        """
        low, high = self.at()
        return Share(value, min(low, value), max(high, value), items)


def exact_ends(right: int, items: int) -> Ends:
    """What Clopper-Pearson's interval is the quantiles of: B(k, n − k + 1) and B(k + 1, n − k).

    Args:
        right: k.
        items: n, at least 1.
    """
    return Ends(
        (right, items - right + 1) if right else None,
        (right + 1, items - right) if right < items else None,
    )


def clopper_pearson(right: int, items: int) -> Share:
    """The exact binomial interval of a share: coverage is at least 95 % whatever the share.

        low = B(α/2; k, n − k + 1),   high = B(1 − α/2; k + 1, n − k)

    where B(·; a, b) is the quantile of the beta distribution, low = 0 for k = 0 and high = 1 for k = n.

    Args:
        right: k.
        items: n, at least 1.

    Source: Clopper and Pearson 1934; the form with beta quantiles: Brown, Cai and DasGupta 2001.
    """
    return exact_ends(right, items).share(right / items, items)


def melded_mean(recalls: Sequence[tuple[float, Ends]], items: int, generator: np.random.Generator) -> Share:
    """The mean of the classes' recalls, with an interval that is melded from theirs.

        b = (1/C) Σ_c r_c,   low = Q_{α/2}[(1/C) Σ_c L_c],   high = Q_{1−α/2}[(1/C) Σ_c U_c]

    where L_c and U_c are drawn independently from the distributions of the lower and of the upper end of class c. The
    quantiles are those of `SAMPLES` draws. With one class it is that class' interval. That it holds its level is not
    proved: its authors found that it does wherever they tried, and `results/planted_audit.csv` has what it covers here,
    beside a percentile bootstrap within the classes, which covers less: no sample of a class whose items are all right
    has a fault.

    Args:
        recalls: [C] the recall of each class, and the ends of its interval.
        items: Of all classes.
        generator: Of the draws.

    Source: Fay, Proschan and Brittain 2015, Combining one-sample confidence procedures for inference in the two-sample
    case; the mean of several is a monotone function as their difference of two is.
    """
    lows, highs = np.zeros(SAMPLES), np.zeros(SAMPLES)
    for _, ends in recalls:
        lows += 0.0 if ends.low is None else generator.beta(*ends.low, SAMPLES)
        highs += 1.0 if ends.high is None else generator.beta(*ends.high, SAMPLES)
    value = float(np.mean([recall for recall, _ in recalls]))
    low = float(np.quantile(lows / len(recalls), (1 - LEVEL) / 2))
    high = float(np.quantile(highs / len(recalls), (1 + LEVEL) / 2))
    return Share(value, min(low, value), max(high, value), items)
