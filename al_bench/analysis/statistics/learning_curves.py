"""Learning curves of three families, fitted to the first rounds of a study and carried on to more labels.

Letters: L_k, A_k label counts and accuracies seen, k = 1 … K; x = L / L_K, so that x = 1 is the last count seen.

    power law     A(x) = a − b x^(−c)
    exponential   A(x) = a − b exp(−x / τ)
    PALM          A(x) = A_max (1 − (1 − δ)^((x / w + α)^β))

Each has a level of its own, the limit that it tends to: a or A_max, at most 1. All are bounded so that they rise. A few
rounds do not determine three or four numbers, so a fit is the most probable curve under a weak prior on the shape: the
squares of (A(x_k) − A_k) / s and of (log shape − log usual) / width are added up, where s is the noise of one value.

Sources: power laws and exponentials of learning curves: Viering & Loog 2023, The shape of learning curves. The third:
PALM (2026), for active learning, where the batch is w. The priors, and the mean over families, are al-bench's own; how
far off that is was measured (results/forecast.csv).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from al_bench.analysis.statistics import Floats

Curve = Callable[[NDArray[np.float64], NDArray[np.float64]], NDArray[np.float64]]
"""From parameters and places x to accuracies; what is above 1 is cut off by the caller."""

WIDTH = 0.6
"""The prior's standard deviation of the logarithm of a shape."""


@dataclass(frozen=True)
class Family:
    """A family of curves.

    Args:
        name: Of it.
        curve: Its accuracy; the parameters are chosen so that they have bounds.
        low, high: The bounds.
        shapes: Positions of the parameters that have a prior, each a logarithm; with the usual value and the width.
        start: From the first and the last accuracy to where the search begins.
    """

    name: str
    curve: Curve
    low: tuple[float, ...]
    high: tuple[float, ...]
    shapes: tuple[tuple[int, float, float], ...]
    start: Callable[[float, float], tuple[float, ...]]


def power_law(parameters: Floats, places: Floats) -> Floats:
    """A(x) = v + b (1 − x^(−c)), with v the accuracy at x = 1 and a = v + b; parameters v, b, log c."""
    value, rise, shape = parameters
    return np.asarray(value + rise * (1 - places ** -np.exp(shape)))


def exponential(parameters: Floats, places: Floats) -> Floats:
    """A(x) = v + b (1 − exp(−(x − 1) / τ)), with v the accuracy at x = 1 and a = v + b; parameters v, b, log τ."""
    value, rise, shape = parameters
    return np.asarray(value + rise * (1 - np.exp(-(places - 1) / np.exp(shape))))


def palm(parameters: Floats, places: Floats) -> Floats:
    """A(x) = A_max (1 − exp(−r (x + α)^β)); parameters A_max, log r, α, log β.

    It is the form above with r = −log(1 − δ) / w^β and α in units of w: the batch w and δ are one number here.
    """
    top, rate, offset, shape = parameters
    return np.asarray(top * (1 - np.exp(-np.exp(rate) * (places + offset) ** np.exp(shape))))


FAMILIES = (
    Family(
        "power law", power_law, (0.0, 0.0, np.log(0.05)), (1.0, 1.0, np.log(4.0)), ((2, np.log(0.6), WIDTH),),
        lambda first, last: (last, max(last - first, 0.02), np.log(0.6)),
    ),
    Family(
        "exponential", exponential, (0.0, 0.0, np.log(0.1)), (1.0, 1.0, np.log(5.0)), ((2, np.log(0.6), WIDTH),),
        lambda first, last: (last, max(last - first, 0.02) / 3, np.log(0.6)),
    ),
    Family(
        "PALM", palm, (0.01, np.log(0.05), 0.0, np.log(0.1)), (1.0, np.log(20.0), 1.0, np.log(3.0)),
        ((1, np.log(1.5), 1.0), (3, np.log(0.5), WIDTH)),
        lambda first, last: (min(1.2 * last, 0.99), np.log(1.5), 0.02, np.log(0.5)),
    ),
)  # fmt: skip
"""The families that are averaged."""


def fit(family: Family, places: Floats, values: Floats, noise: float) -> Floats:
    """The parameters of the most probable curve of a family.

        argmin_θ  Σ_k ((A(x_k; θ) − A_k) / s)² + Σ_j ((θ_j − usual_j) / width_j)²   within the bounds

    Args:
        family: The family.
        places: x, label counts over the last one, increasing, [K].
        values: Accuracies there, fractions, [K].
        noise: s, the standard deviation of one of them, above 0.

    Returns:
        The parameters.
    """
    from scipy.optimize import least_squares

    positions = np.array([position for position, _, _ in family.shapes])
    usual = np.array([value for _, value, _ in family.shapes])
    width = np.array([value for _, _, value in family.shapes])

    def residuals(parameters: Floats) -> Floats:
        wrong = (family.curve(parameters, places) - values) / noise
        return np.concatenate([wrong, (parameters[positions] - usual) / width])

    first, last = (float(np.clip(value, 0.01, 0.99)) for value in (values[0], values[-1]))
    found = least_squares(residuals, family.start(first, last), bounds=(family.low, family.high))
    return np.asarray(found.x)


@dataclass(frozen=True)
class FittedCurves:
    """The curves of all families through the same values.

    Args:
        seen: L_K, the last label count seen.
        parameters: Of each of `FAMILIES`.
    """

    seen: float
    parameters: tuple[Floats, ...]

    def each(self, labels: Floats) -> Floats:
        """The accuracy of each family at label counts [B], at most 1: [F, B]."""
        places = np.asarray(labels, dtype=np.float64) / self.seen
        pairs = zip(FAMILIES, self.parameters, strict=True)
        return np.array([np.clip(family.curve(found, places), 0.0, 1.0) for family, found in pairs])

    def mean(self, labels: Floats) -> Floats:
        """The mean over families, [B]."""
        return np.asarray(self.each(labels).mean(axis=0))

    def spread(self, labels: Floats) -> Floats:
        """The standard deviation over families, [B]: how far they disagree."""
        return np.asarray(self.each(labels).std(axis=0))


def fit_families(labels: Floats, values: Floats, noise: float) -> FittedCurves:
    """Fit every family.

    Args:
        labels: Label counts seen, increasing, above 0, [K].
        values: Accuracies there, fractions, [K]; K at least 3.
        noise: The standard deviation of one of them, above 0.
    """
    counts = np.asarray(labels, dtype=np.float64)
    accuracies = np.asarray(values, dtype=np.float64)
    found = tuple(fit(family, counts / counts[-1], accuracies, noise) for family in FAMILIES)
    return FittedCurves(float(counts[-1]), found)
