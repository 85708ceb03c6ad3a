"""The missing runs of a preset, each as an `al-bench run` in a process of its own, a few at a time."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed

from al_bench.errors import Terminated
from al_bench.experiment.outcome import Outcome
from al_bench.reproduce.runs import PlannedRun
from al_bench.storage.environment import cores


def default_jobs() -> int:
    """How many runs at once: one per core, or one on a machine with a GPU."""
    gpu = os.path.exists("/proc/driver/nvidia/version")
    return 1 if gpu else cores()


class ProcessGroup:
    """Processes that run at the same time and can be terminated together, from another thread."""

    def __init__(self) -> None:
        self._processes: set[subprocess.Popen[str]] = set()
        self._terminated = threading.Event()

    def run(self, command: Sequence[str], environment: dict[str, str]) -> subprocess.CompletedProcess[str]:
        """Run a command to its end; its output and errors are captured."""
        process = subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        self._processes.add(process)
        if self._terminated.is_set():  # it started while `terminate` went through the others
            process.terminate()
        output, errors = process.communicate()
        self._processes.discard(process)
        return subprocess.CompletedProcess(command, process.returncode, output, errors)

    def terminate(self) -> None:
        """Send SIGTERM to all of them, and to every process that starts from now on."""
        self._terminated.set()
        for process in list(self._processes):
            process.terminate()


def launch(runs: Sequence[PlannedRun], jobs: int, report: Callable[[str], None]) -> list[tuple[str, Outcome]]:
    """Run a preset's missing runs, `jobs` at a time, each in a process of its own.

    A run that is killed does not affect the others. The same command resumes every run after its last recorded round.

    Args:
        runs: The runs, in the order in which they start.
        jobs: Number of processes at once.
        report: Called with one line when a run ends.

    Returns:
        The name and the outcome of every run, in the given order: the rows of `outcome_table`.

    Raises:
        KeyboardInterrupt: passed on, after the processes that were running have written their status. Ctrl-C reaches
            them without help; SIGTERM is passed on to them.
    """
    pool, processes = ThreadPoolExecutor(jobs), ProcessGroup()
    futures = {pool.submit(run_process, run, processes): run for run in runs}
    try:
        for done, future in enumerate(as_completed(futures), start=1):
            run, outcome = futures[future], future.result()
            report(f"[{done}/{len(runs)}] {outcome.status} {run.name}: {outcome.note}")
    except Terminated:
        processes.terminate()
        raise
    finally:
        pool.shutdown(wait=True, cancel_futures=True)
    return [(run.name, future.result()) for future, run in futures.items()]


def run_process(run: PlannedRun, processes: ProcessGroup) -> Outcome:
    """Run one planned run in a process of its own; its outcome from the exit status and the last line printed."""
    command = [sys.executable, "-m", "al_bench", "run", *run.overrides]
    ended = processes.run(command, {**os.environ, "OMP_NUM_THREADS": "1"})
    status = ended.returncode
    printed = [line for line in (ended.stderr if status else ended.stdout).splitlines() if line.strip()]
    lines = [line for line in printed if not line.startswith("next: ")]
    if status < 0:
        note = f"ended by {signal.Signals(-status).name}; run the command again"
    elif lines:
        note = lines[-1].removeprefix("al-bench run: ").removeprefix(f"{run.folder}: ")
    else:
        note = f"exit status {status}"
    return Outcome("failed" if status else "complete", str(run.folder), note, bad_input=status == 2)
