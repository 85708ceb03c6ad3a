"""`engine=local`: pieces of a round's work in several processes of this machine.

The processes are those of `concurrent.futures`, forked from this one for a round: they share its data set and its
trained learner, of which nothing is copied or sent, and each computes with one thread, as this process does. What they
compute is therefore the same, bit for bit, whatever their number.
"""

from __future__ import annotations

import functools
import multiprocessing
import os
import signal
import sys
import threading
import warnings
from collections import deque
from collections.abc import Callable, Generator, Iterator, Sequence
from concurrent.futures import Future, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from typing import Any, TypeVar

from al_bench.errors import InputError
from al_bench.experiment.process import end_with_parent
from al_bench.experiment.scoring_engines.engine import ScoringEngine, WorkerError, as_arrays, as_tensors, in_parts
from al_bench.storage.environment import cores

T = TypeVar("T")

AHEAD = 3
"""Parts a worker that are handed out beyond the one awaited: what waits to be taken is bounded by them."""
INTERRUPTING = (signal.SIGINT, signal.SIGTERM)


class LocalProcesses(ScoringEngine):
    """Processes of this machine, forked for each round.

    Args:
        workers: Their number; 1 computes here.
    """

    def __init__(self, workers: int = 1) -> None:
        self.workers = workers
        self.sends = workers > 1

    def map(self, work: Callable[[slice], T], pieces: Sequence[slice]) -> Generator[T, None, None]:
        return map_in_order(work, pieces, self.workers)


def check_workers(count: int, threads: int, device: str) -> None:
    """Refuse workers that would not compute what one process computes, or cannot be.

    Args:
        count: The key `workers`.
        threads: The key `threads`.
        device: The type of the run's device.

    Raises:
        InputError: naming the keys.
    """
    if count == 1:
        return
    if device != "cpu":
        raise InputError(f"workers is {count} and the run is on {device}, which one process uses; set workers=1")
    if threads != 1:
        raise InputError(
            f"workers is {count} and threads is {threads}: a worker computes with one thread, and results depend on "
            "their number; set threads=1, or workers=1"
        )
    if sys.platform != "linux":
        raise InputError(f"workers is {count}, and this system ({sys.platform}) has no safe fork; set workers=1")
    warn_of_workers(count)


@functools.lru_cache
def warn_of_workers(count: int) -> None:
    """Say on stderr, once a process, that there are more workers than cores: only slower, and no fault of a record."""
    if count > (there := cores()):
        line = f"workers is {count} and this process may use {there} cores: the same results, no sooner"
        print(f"al-bench run: {line}", file=sys.stderr)


def map_in_order(work: Callable[[slice], T], pieces: Sequence[slice], workers: int) -> Generator[T, None, None]:
    """What `work` gives for each piece, in the order of the pieces; see `ScoringEngine.map`.

    Args:
        work: Its results are on the CPU where there are several processes.
        pieces: What it is called with.
        workers: Processes; 1 calls it here.
    """
    workers = min(workers, len(pieces))
    if workers <= 1:
        yield from map(work, pieces)
        return
    parts = deque(in_parts(pieces, workers))
    before = set(multiprocessing.active_children())
    executor = ProcessPoolExecutor(
        workers,
        multiprocessing.get_context("fork"),
        initializer=_begin,
        initargs=(work, os.getpid()),
    )
    waiting: deque[Future[list[Any]]] = deque()
    ended = False
    try:
        with _quiet_fork():
            waiting.append(executor.submit(_run, parts.popleft()))
        while waiting:
            while parts and len(waiting) < AHEAD * workers:
                waiting.append(executor.submit(_run, parts.popleft()))
            for result in waiting.popleft().result():
                yield as_tensors(result)
        ended = True
    except BrokenProcessPool as broken:
        raise WorkerError(
            f"one of {workers} workers was ended from outside, as a system does that is short of memory; the same "
            f"command goes on after the last round on record, and workers={max(1, workers // 2)} takes less memory"
        ) from broken
    finally:
        if not ended:
            for process in set(multiprocessing.active_children()) - before:
                process.kill()
        executor.shutdown(wait=True, cancel_futures=True)


@contextmanager
def _quiet_fork() -> Iterator[None]:
    """Ctrl-C waits until the workers have begun, and nothing is said of this process's threads, which compute nothing.

    Python loses an interruption that comes while it forks. Its versions from 3.12 on warn of a fork where there are
    threads.
    """
    came: list[int] = []
    is_main = threading.current_thread() is threading.main_thread()  # only it may say what a signal does
    handlers = (
        {number: signal.signal(number, lambda number, _: came.append(number)) for number in INTERRUPTING}
        if is_main
        else {}
    )
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", DeprecationWarning)
            yield
    finally:
        for number, handler in handlers.items():
            signal.signal(number, handler)
        for interrupting in came:
            signal.raise_signal(interrupting)


_WORK: Callable[[slice], Any] | None = None
"""Of a worker: what it does."""


def _begin(work: Callable[[slice], Any], parent: int) -> None:
    """Make a worker of a forked process: Ctrl-C is its parent's business, and it ends when that does."""
    global _WORK
    _WORK = work
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    end_with_parent(signal.SIGKILL)
    if os.getppid() != parent:  # it ended before that was set
        os._exit(1)


def _run(pieces: Sequence[slice]) -> list[Any]:
    assert _WORK is not None
    return [as_arrays(_WORK(piece)) for piece in pieces]
