"""The missing runs of a preset, each as an `al-bench run` in a process of its own, a few at a time."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed

from al_bench.errors import Terminated
from al_bench.experiment.outcome import Outcome
from al_bench.experiment.processes import ProcessGroup, run_in_process
from al_bench.reproduce.runs import PlannedRun
from al_bench.storage.environment import cores


def default_jobs() -> int:
    """How many runs at once: one per core, or one on a machine with a GPU."""
    gpu = os.path.exists("/proc/driver/nvidia/version")
    return 1 if gpu else cores()


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
    return run_in_process(run.overrides, run.folder, processes, {**os.environ, "OMP_NUM_THREADS": "1"})
