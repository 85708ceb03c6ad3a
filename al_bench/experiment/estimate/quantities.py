"""What a run takes, as numbers, and how several runs add up."""

from __future__ import annotations

import heapq
from collections.abc import Sequence
from dataclasses import dataclass

from al_bench.experiment.estimate.curve import NOTHING, Cost


@dataclass(frozen=True)
class Span:
    """A cost that lies between two; they are equal where it is known.

    Args:
        low: Where a rule stops the run or its trainings as early as can be expected.
        high: Where none does.
    """

    low: Cost = NOTHING
    high: Cost = NOTHING

    def __add__(self, other: Span) -> Span:
        return Span(self.low + other.low, self.high + other.high)


@dataclass(frozen=True)
class Estimate:
    """What one run takes.

    Args:
        time: From its set-up to its end, in a process that has started.
        start: What a process takes before its first run: Python, libraries, first calls.
        memory_bytes: The highest resident memory of the process, or of a GPU's allocator; 0 where it is not known.
        disk_bytes: Of the run's folder at the end.
        cache_bytes: What the run adds to the cache that runs share; runs of one seed add it once.
        encoding, encoding_bytes: What features take that are not in the cache, and add to it: once for all runs.
        labels: Labelled points at the end, the fewest and the most.
        initial: How many of them are labelled in round 0.
        rounds: Networks trained, the fewest and the most.
        remarks: What is not known, and why, a clause each.
        basis: What it comes from.
    """

    time: Span
    start: Cost = NOTHING
    memory_bytes: float = 0.0
    disk_bytes: float = 0.0
    cache_bytes: float = 0.0
    encoding: Cost = NOTHING
    encoding_bytes: float = 0.0
    labels: tuple[int, int] = (0, 0)
    initial: int = 0
    rounds: tuple[int, int] = (0, 0)
    remarks: tuple[str, ...] = ()
    basis: str = ""


@dataclass(frozen=True)
class Setting:
    """Runs that differ in their seeds alone.

    Args:
        name: What they are called, such as their arm.
        runs: How many of them are to do.
        estimate: Of one of them; None where it cannot run, and `fault` says why.
        complete: How many more are complete already.
    """

    name: str
    runs: int
    estimate: Estimate | None
    fault: str = ""
    complete: int = 0


@dataclass(frozen=True)
class SweepEstimate:
    """What all runs of a command take.

    Args:
        settings: In their order.
        workers: Runs at a time.
        threads: Of each run.
        cores: Of the machine.
        process_a_run: Whether every run is a process of its own.
        calibration: Seconds that it took to find out.
        where: The folder of the runs.
        unknown_workers: Whether the launcher does not say how many runs it has at work at one time.
    """

    settings: tuple[Setting, ...]
    workers: int = 1
    threads: int = 1
    cores: int = 1
    process_a_run: bool = False
    calibration: float = 0.0
    where: str = ""
    unknown_workers: bool = False

    @property
    def known(self) -> list[tuple[int, Estimate]]:
        """Number of runs and estimate of one, of every setting that can run."""
        return [(each.runs, each.estimate) for each in self.settings if each.estimate is not None and each.runs]

    @property
    def runs(self) -> int:
        """Runs to do."""
        return sum(count for count, _ in self.known)

    @property
    def time(self) -> Span:
        """Wall-clock and processor time of all runs, as the workers share them."""
        return Span(self._total(high=False), self._total(high=True))

    def _total(self, high: bool) -> Cost:
        costs, starts, encoding = [], [], Cost()
        for count, estimate in self.known:
            costs += [estimate.time.high if high else estimate.time.low] * count
            starts.append(estimate.start)
            encoding = max(encoding, estimate.encoding, key=lambda cost: cost.wall)
        if not costs:
            return Cost()
        workers = min(self.workers, len(costs))
        slower = max(1.0, workers * self.threads / self.cores)
        start = max(starts, key=lambda cost: cost.wall)
        if self.process_a_run:
            costs = [cost + start for cost in costs]
        wall = makespan([cost.wall * slower for cost in costs], workers)
        processor = sum(cost.processor for cost in costs)
        if self.process_a_run:
            return Cost(wall, processor) + encoding
        also = workers if self.workers > 1 else 0  # the workers start beside the process that launches them
        return encoding + Cost(wall + start.wall * (2 if also else 1), processor + start.processor * (1 + also))

    @property
    def memory_bytes(self) -> float:
        """Of the runs that work at one time, the largest of them."""
        each = [estimate.memory_bytes for count, estimate in self.known for _ in range(count)]
        return sum(sorted(each, reverse=True)[: self.workers])

    @property
    def disk_bytes(self) -> float:
        """Of all folders."""
        return sum(count * estimate.disk_bytes for count, estimate in self.known)

    @property
    def cache_bytes(self) -> float:
        """Of what runs share: features once, the networks of round 0 once a seed, whatever the strategies."""
        networks = max((count * estimate.cache_bytes for count, estimate in self.known), default=0.0)
        return networks + max((estimate.encoding_bytes for _, estimate in self.known), default=0.0)

    @property
    def labels(self) -> tuple[int, int]:
        """Labels of all runs, the fewest and the most."""
        low, high = (sum(count * estimate.labels[end] for count, estimate in self.known) for end in (0, 1))
        return low, high


def makespan(durations: Sequence[float], workers: int) -> float:
    """When the last of some jobs ends that workers take one after another, in their order."""
    free = [0.0] * max(1, workers)
    for duration in durations:
        heapq.heappush(free, heapq.heappop(free) + duration)
    return max(free)
