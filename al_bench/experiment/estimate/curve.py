"""Seconds measured at rising sizes, and what they say of a size that was not measured.

Letters: n a size, such as a number of candidates, of optimiser steps or of labelled points.
"""

from __future__ import annotations

import bisect
import math
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field

import psutil

QUADRATIC = 2.0
"""The highest exponent by which a cost that may grow faster than its size is extrapolated: noise can give any."""
LEAST_PROCESSOR = 1e-5
"""Seconds of processor time below which a ratio to it means nothing."""
REPEATED = 3.0
"""Seconds: a first measurement that takes less, on the clock or of the processor, is repeated."""
FACTOR = 4
"""Each size measured is so many times the one before."""


@dataclass(frozen=True)
class Cost:
    """Time that some work takes.

    Args:
        wall: Seconds on the clock.
        processor: Seconds of all cores together.
    """

    wall: float = 0.0
    processor: float = 0.0

    def __add__(self, other: Cost) -> Cost:
        return Cost(self.wall + other.wall, self.processor + other.processor)

    def __sub__(self, other: Cost) -> Cost:
        """The difference, 0 where it would be negative."""
        return Cost(max(0.0, self.wall - other.wall), max(0.0, self.processor - other.processor))

    def __mul__(self, factor: float) -> Cost:
        return Cost(self.wall * factor, self.processor * factor)


NOTHING = Cost()


def process_start() -> Cost:
    """What this process has taken so far."""
    return Cost(max(0.0, time.time() - psutil.Process().create_time()), time.process_time())


class Stopwatch:
    """The cost of the body of a with statement, once it has ended."""

    cost: Cost = NOTHING


@contextmanager
def timed() -> Iterator[Stopwatch]:
    """Measure the body of a with statement."""
    watch = Stopwatch()
    wall, processor = time.perf_counter(), time.process_time()
    try:
        yield watch
    finally:
        watch.cost = Cost(time.perf_counter() - wall, time.process_time() - processor)


@dataclass
class Curve:
    """Cost by size.

    Between two sizes the cost is on the line between theirs. Beyond the last it goes on along the line of the last two,
    or by their power of n where that is steeper than n¹ and `steepest` allows it. One size alone is extrapolated in
    proportion to n. Processor time is extrapolated so, as it hardly depends on what else the machine does; wall-clock
    time is as many times that as it was in all that was measured.

    Args:
        steepest: The highest power of n.

    Attributes:
        sizes, costs: What was measured, ascending.
        first_time: What the first measurement took more than its repetition: imports, compiled kernels.
    """

    steepest: float = 1.0
    sizes: list[float] = field(default_factory=list)
    costs: list[Cost] = field(default_factory=list)
    first_time: Cost = NOTHING

    def add(self, size: float, cost: Cost) -> None:
        """Add what a size took; a later measurement of the same size replaces the earlier."""
        if self.sizes and self.sizes[-1] == size:
            self.costs[-1] = cost
        else:
            self.sizes.append(size)
            self.costs.append(cost)

    def at(self, size: float) -> Cost:
        """The cost of a size."""
        total = sum(self.costs, NOTHING)
        if total.processor < LEAST_PROCESSOR:  # all of it was waiting
            return Cost(extrapolate(self.sizes, [cost.wall for cost in self.costs], size, self.steepest), 0.0)
        processor = extrapolate(self.sizes, [cost.processor for cost in self.costs], size, self.steepest)
        return Cost(processor * total.wall / total.processor, processor)


def extrapolate(sizes: Sequence[float], values: Sequence[float], size: float, steepest: float = 1.0) -> float:
    """The value at a size, as `Curve` says; 0 where nothing was measured.

    Args:
        sizes: Ascending, distinct.
        values: At least 0.
        steepest: The highest power of n by which they go on.
    """
    if not sizes:
        return 0.0
    if len(sizes) == 1:
        return values[0] * size / sizes[0] if sizes[0] else values[0]
    upper = min(max(bisect.bisect_left(sizes, size), 1), len(sizes) - 1)
    (n, m), (a, b) = sizes[upper - 1 : upper + 1], values[upper - 1 : upper + 1]
    linear = max(0.0, a + (b - a) * (size - n) / (m - n))
    if size <= m or not (0 < a < b and n > 0):
        return max(linear, b) if size > m else linear
    exponent = min(math.log(b / a) / math.log(m / n), steepest)
    return b * (size / m) ** exponent if exponent > 1 else linear


def rising_sizes(first: int, last: int) -> list[int]:
    """first, FACTOR · first, … and `last`, which is at least the first."""
    sizes = []
    size = max(1, min(first, last))
    while size * FACTOR < last:
        sizes.append(size)
        size *= FACTOR
    return list(dict.fromkeys([*sizes, size, max(last, 1)]))


def measure_growth(measure: Callable[[int], Cost], sizes: Sequence[int], until: float, steepest: float = 1.0) -> Curve:
    """Measure at rising sizes, as long as the next is expected to end in time.

    The first size is measured twice, and its repetition counts, unless it is long.

    Args:
        measure: From a size to what it took.
        sizes: Ascending.
        until: By `time.perf_counter`, when to be done.
        steepest: Of the curve.
    """
    curve = Curve(steepest)
    for number, size in enumerate(sizes):
        left = until - time.perf_counter()
        if number and curve.at(size).wall > left:
            break
        cost = measure(size)
        if number == 0 and min(cost.wall, cost.processor) < REPEATED:
            again = measure(size)
            curve.first_time, cost = cost - again, again
        curve.add(size, cost)
    return curve
