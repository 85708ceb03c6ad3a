"""The sweep of a preset: every missing run as a command of its own, a few at a time."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed

from al_bench.errors import Terminated
from al_bench.reproduce.preset import Size
from al_bench.reproduce.runs import Planned, complete
from al_bench.storage.environment import cores


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
    return 1 if gpu else cores()


class Going:
    """The processes that are going, to be ended together."""

    def __init__(self) -> None:
        self._processes: set[subprocess.Popen[str]] = set()
        self._ending = threading.Event()

    def finish(self, words: Sequence[str], environment: dict[str, str]) -> tuple[int, str, str]:
        """Run a command to its end: exit status, what it printed, what it complained of."""
        process = subprocess.Popen(words, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        self._processes.add(process)
        if self._ending.is_set():  # it started while `end` went through the others
            process.terminate()
        out, err = process.communicate()
        self._processes.discard(process)
        return process.returncode, out, err

    def end(self) -> None:
        """SIGTERM to all of them, and to whatever starts from now on."""
        self._ending.set()
        for process in list(self._processes):
            process.terminate()


def run(left: Sequence[Planned], jobs: int, say: Callable[[str], None]) -> int:
    """Play runs, `jobs` at a time, each in a process; how many failed.

    A run that is killed costs itself only. Typed again, the command goes on from the last recorded round of each.

    Args:
        left: The runs, in the order to start them.
        jobs: Processes at once.
        say: Called with one line when a run ends.

    Raises:
        KeyboardInterrupt: passed on, after the runs that were going have written their status. Ctrl-C has reached
            them by itself; SIGTERM is passed on to them.
    """
    failed = 0
    pool, going = ThreadPoolExecutor(jobs), Going()
    futures = {pool.submit(_play, one, going): one for one in left}
    try:
        for done, future in enumerate(as_completed(futures), start=1):
            one, (status, last) = futures[future], future.result()
            failed += status != 0
            say(f"[{done}/{len(left)}] {'done' if status == 0 else 'FAILED'} {one.arm} seed {one.seed}: {last}")
    except Terminated:
        going.end()
        raise
    finally:
        pool.shutdown(wait=True, cancel_futures=True)
    return failed


def _play(one: Planned, going: Going) -> tuple[int, str]:
    """One run's exit status and its last line."""
    words = [sys.executable, "-m", "al_bench", "run", *one.words]
    status, out, err = going.finish(words, {**os.environ, "OMP_NUM_THREADS": "1"})
    lines = [line for line in (err if status else out).splitlines() if line.strip()]
    kept = [line for line in lines if not line.startswith("next: ")]
    return status, kept[-1] if kept else f"exit status {status}"
