"""What runs inside a Ray cluster: the supervisor of a sweep, and the task that does one of its runs."""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from al_bench.experiment.engines.worker import Worker
from al_bench.experiment.outcome import outcome_from_record
from al_bench.storage.arrays import WrittenOutcome, write_outcome
from al_bench.storage.lock import locked

POLL_S = 5.0


@dataclass(frozen=True)
class Call:
    """One run: what its worker is called with; see `Worker.__call__`."""

    words: list[str]
    folder: str
    outcome: str
    log: str


class Supervisor:
    """An actor that starts the runs of a sweep, so many at a time, and ends itself when the last one has ended.

    Args:
        calls: The runs, in their order.
        folder: Whose lock it holds while it is at work.
        resources: Options of each run's task.
        limit: Runs at a time.
    """

    def __init__(self, calls: Sequence[Call], folder: str, resources: Mapping[str, Any], limit: int) -> None:
        self.calls = list(calls)
        self.folder = Path(folder)
        self.resources = dict(resources)
        self.limit = limit
        self._holds = threading.Event()

    def start(self, environment: Mapping[str, str], directory: str) -> None:
        """Begin; returns once the lock is held.

        Args:
            environment, directory: Of the runs; see `Worker`.
        """
        threading.Thread(target=self._hold_and_run, args=(Worker(environment, directory),), daemon=True).start()
        if not self._holds.wait(60.0):
            raise TimeoutError(f"{self.folder} cannot be locked")

    def _hold_and_run(self, worker: Worker) -> None:
        with locked(self.folder, "a supervisor is at work here"):
            self._holds.set()
            self.run(worker)
        import ray

        ray.get_runtime_context().current_actor.end.remote()  # it is nobody's, and would stay for ever

    def end(self) -> None:
        """End the actor."""
        import ray

        ray.actor.exit_actor()

    def run(self, worker: Worker) -> None:
        """Start the runs as others end; a worker that dies ends its run alone."""
        import ray

        task = ray.remote(do_run)
        running: dict[Any, Call] = {}
        waiting = list(self.calls)
        while waiting or running:
            while waiting and len(running) < self.limit:
                call = waiting.pop(0)
                running[task.options(**self.resources).remote(worker, call)] = call
            ended, _ = ray.wait(list(running), num_returns=1, timeout=POLL_S)
            for each in ended:
                call = running.pop(each)
                try:
                    ray.get(each)
                except Exception as error:
                    with contextlib.suppress(OSError):
                        write_end_of(call, Path(worker.directory), str(error))


def do_run(worker: Worker, call: Call) -> None:
    """The task of one run."""
    worker(call.words, call.folder, call.outcome, call.log)


def write_end_of(call: Call, directory: Path, error: str) -> None:
    """Say how a run ended whose worker died, by its record.

    Args:
        call: The run.
        directory: Where the command was typed.
        error: What Ray says.
    """
    with open(call.log, "a") as log:
        log.write(f"al-bench: the worker died: {' '.join(error.split())}\n")
    ended = outcome_from_record(directory / call.folder, f"see {call.log}")
    write_outcome(Path(call.outcome), WrittenOutcome(ended.status, call.folder, ended.note))
