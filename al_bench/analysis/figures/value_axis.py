"""The axis of a metric's values: linear, or stretched where the values come near the best that there is."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from matplotlib.ticker import FixedLocator, FuncFormatter, NullLocator

from al_bench.analysis.statistics import Floats
from al_bench.errors import InputError
from al_bench.metrics import Metric

if TYPE_CHECKING:
    from matplotlib.axes import Axes

AXES = ("linear", "error", "logit")

NEAR = 0.95
"""The share of the best value that a curve has to reach for an error axis to be chosen by itself."""
SPREAD = 5.0
"""How many times the smallest error the largest has to be for that: on a linear axis the rest is one thin line."""
SMALLEST = 1e-4
"""Of the scale; an error of zero has no logarithm and is drawn here, or at half a test point's."""


@dataclass(frozen=True)
class ValueAxis:
    """A scale of an axis.

    Args:
        forward, inverse: From values as they are shown (per cent) to places, and back.
        ticks: Values that may be marked.
        note: What the axis label says of it.
    """

    forward: Callable[[Floats], Floats]
    inverse: Callable[[Floats], Floats]
    ticks: tuple[float, ...]
    note: str

    def apply(self, axes: Axes) -> None:
        """Give the vertical axis this scale, with ticks within what is drawn."""
        low, high = axes.get_ylim()
        places = [self.forward(np.array([value], dtype=np.float64))[0] for value in _drawn(axes)]
        axes.set_yscale("function", functions=(self.forward, self.inverse))
        margin = 0.04 * (max(places) - min(places) or 1.0)
        ends = self.inverse(np.array([min(places) - margin, max(places) + margin]))
        low, high = float(ends.min()), float(ends.max())
        axes.set_ylim(low, high)
        axes.yaxis.set_major_locator(FixedLocator(thinned(self, low, high)))
        axes.yaxis.set_minor_locator(NullLocator())
        axes.yaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))


def _drawn(axes: Axes) -> list[float]:
    """The heights of all lines and bands."""
    values = [np.asarray(line.get_ydata(), dtype=np.float64) for line in axes.lines]
    values += [np.asarray(path.vertices)[:, 1] for band in axes.collections for path in band.get_paths()]
    every = np.concatenate([row.ravel() for row in values])
    return [float(every[np.isfinite(every)].min()), float(every[np.isfinite(every)].max())]


def thinned(axis: ValueAxis, low: float, high: float, most: int = 9) -> list[float]:
    """The ticks within a range, without those that would stand in another's way."""
    inside = sorted(tick for tick in axis.ticks if low <= tick <= high)
    if not inside:
        return [low, high]
    places = axis.forward(np.array([low, high, *inside], dtype=np.float64))
    room = abs(places[1] - places[0]) / most
    chosen, last = [], -math.inf
    for tick, place in zip(inside, places[2:], strict=True):
        if abs(place - last) >= room:
            chosen.append(tick)
            last = place
    return chosen


def choose_axis(
    asked: str | None, metric: Metric, values: Iterable[Floats], as_published: bool, resolution: float = 0.0
) -> ValueAxis | None:
    """The axis to draw a metric on; None for a linear one.

    Without a wish it is an error axis where higher is better up to a bound, a curve comes within 5 % of it, and the
    errors differ fivefold: there a linear axis shows 97 and 98.5 % as one, with twice the errors. Beside published
    curves it is linear, as they were drawn.

    Args:
        asked: linear, error or logit; None chooses.
        metric: What is drawn.
        values: Curves as recorded.
        as_published: Whether published numbers are drawn too.
        resolution: The step between possible values; half of it stands for an error of zero.

    Raises:
        InputError: The metric has not the bounds that the axis needs.
    """
    if asked is None:
        asked = "error" if not as_published and _comes_near(metric, values) else "linear"
    if asked == "linear":
        return None
    best, worst = (metric.high, metric.low) if metric.higher_is_better else (metric.low, metric.high)
    if best is None or (asked == "logit" and worst is None):
        raise InputError(f"--axis {asked} needs a metric with a best {'and a worst ' * (asked == 'logit')}value, and "
                         f"{metric.noun} has none; leave it out")  # fmt: skip
    smallest = resolution / 2 or SMALLEST
    if asked == "error":
        return _error_axis(metric.scale * best, metric.sign, metric.scale, smallest)
    assert metric.low is not None
    assert metric.high is not None
    return _logit_axis(metric.scale * metric.low, metric.scale * metric.high, metric.scale * smallest)


def _comes_near(metric: Metric, values: Iterable[Floats]) -> bool:
    if not metric.higher_is_better or metric.high is None or metric.low is None:
        return False
    drawn = [row[np.isfinite(row)] for row in values]
    every = np.concatenate([row for row in drawn if len(row)] or [np.array([])])
    if not len(every):
        return False
    reach = metric.high - metric.low
    least, largest = (metric.high - every.max()) / reach, (metric.high - every.min()) / reach
    return bool(least <= 1 - NEAR and largest >= SPREAD * max(least, SMALLEST))


def _decades(most: float) -> list[float]:
    """1, 2, 3, 5 and 7 times powers of ten, from a ten-thousandth of a value up to it."""
    first = math.floor(math.log10(most)) - 4
    steps = [digit * 10.0**power for power in range(first, first + 6) for digit in (1, 2, 3, 5, 7)]
    return [round(step, 10) for step in steps if step <= most]


def _error_axis(best: float, sign: int, scale: float, least: float) -> ValueAxis:
    """Errors, best less value (or value less best), on a logarithmic scale; better is higher only for sign 1."""
    smallest = least * scale

    def forward(values: Floats) -> Floats:
        return -sign * np.log10(np.maximum(sign * (best - np.asarray(values, dtype=np.float64)), smallest))

    def inverse(places: Floats) -> Floats:
        return best - sign * 10.0 ** np.clip(-sign * np.asarray(places, dtype=np.float64), -12, 12)

    ticks = tuple(best - sign * error for error in _decades(10 * scale if sign < 0 else scale))
    return ValueAxis(forward, inverse, ticks, "log scale of the error" if sign > 0 else "log scale")


def _logit_axis(low: float, high: float, smallest: float) -> ValueAxis:
    """log((value − low) / (high − value))."""
    reach = high - low

    def forward(values: Floats) -> Floats:
        inside = np.clip(np.asarray(values, dtype=np.float64), low + smallest, high - smallest)
        return np.log10((inside - low) / (high - inside))

    def inverse(places: Floats) -> Floats:
        odds = 10.0 ** np.clip(np.asarray(places, dtype=np.float64), -12, 12)
        return low + reach * odds / (1 + odds)

    errors: Sequence[float] = (0.001, 0.002, 0.005, 0.01, 0.02, 0.03, 0.05, 0.07, 0.1, 0.2, 0.3, 0.4, 0.5)
    ticks = sorted({low + reach * share for share in errors} | {high - reach * share for share in errors})
    return ValueAxis(forward, inverse, tuple(round(tick, 10) for tick in ticks), "logit scale")
