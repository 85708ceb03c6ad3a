"""The sweep of a preset: every missing run as a command of its own, a few at a time."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed

from al_bench.reproduce.preset import Size
from al_bench.reproduce.records import Planned, complete


def missing(planned: Sequence[Planned]) -> list[Planned]:
    """The runs that are not complete yet.

    Raises:
        InputError: a folder holds a run of another configuration.
    """
    return [one for one in planned if not complete(one)]


def minutes(size: Size, planned: int, left: int) -> float:
    """What the missing runs take, as the preset guesses: its estimate for the sweep, by their number."""
    return size.minutes * left / max(planned, 1)


def default_jobs() -> int:
    """How many runs at once: one a core, one on a machine with a GPU."""
    gpu = os.path.exists("/proc/driver/nvidia/version")
    return 1 if gpu else len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def run(left: Sequence[Planned], jobs: int, say: Callable[[str], None]) -> int:
    """Play runs, `jobs` at a time, each in a process; how many failed.

    A run that is killed costs itself only. Typed again, the command goes on from the last recorded round of each.

    Args:
        left: The runs, in the order to start them.
        jobs: Processes at once.
        say: Called with one line when a run ends.

    Raises:
        KeyboardInterrupt: passed on, after the runs that were going have written their status.
    """
    failed = 0
    pool = ThreadPoolExecutor(jobs)
    futures = {pool.submit(_play, one): one for one in left}
    try:
        for done, future in enumerate(as_completed(futures), start=1):
            one, (status, last) = futures[future], future.result()
            failed += status != 0
            say(f"[{done}/{len(left)}] {'done' if status == 0 else 'FAILED'} {one.arm} seed {one.seed}: {last}")
    finally:
        pool.shutdown(wait=True, cancel_futures=True)
    return failed


def _play(one: Planned) -> tuple[int, str]:
    """One run's exit status and its last line."""
    words = [sys.executable, "-m", "al_bench", "run", *one.words]
    environment = {**os.environ, "OMP_NUM_THREADS": "1"}
    done = subprocess.run(words, env=environment, capture_output=True, text=True, check=False)
    lines = [line for line in (done.stdout if done.returncode == 0 else done.stderr).splitlines() if line.strip()]
    kept = [line for line in lines if not line.startswith("next: ")]
    return done.returncode, kept[-1] if kept else f"exit status {done.returncode}"
