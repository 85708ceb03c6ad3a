"""What an engine's worker does with a run: one `al-bench run` as a process, and a file that says how it ended.

The process ends with its worker, as far as the system can: a worker that is killed leaves no run behind that nobody
knows of.
"""

from __future__ import annotations

import contextlib
import os
import platform
import signal
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TextIO

from al_bench.experiment.process import end_with_parent
from al_bench.experiment.processes import outcome_of_process
from al_bench.storage.arrays import WrittenOutcome, write_outcome

LAST_LINES = 5
"""Lines of the output among which the last word of a run is looked for."""


class Worker:
    """Does a run when it is called; submitit calls `checkpoint` before a time limit or a preemption ends it.

    Args:
        environment: Variables that the run gets beside those of the worker.
        directory: Where the command was typed.
    """

    def __init__(self, environment: Mapping[str, str], directory: str) -> None:
        self.environment = dict(environment)
        self.directory = directory
        self._process: subprocess.Popen[str] | None = None

    def __call__(self, words: Sequence[str], folder: str, outcome: str, log: str | None = None) -> None:
        """Do a run, or go on with it; its output is passed on.

        Args:
            words: What is typed after `al-bench run`.
            folder: Of its record.
            outcome: The file to write.
            log: The file that the output is added to; None: what the engine has made of this process's.
        """
        with contextlib.ExitStack() as stack:
            output = sys.stdout if log is None else stack.enter_context(open(log, "a", encoding="utf-8"))
            print(f"al-bench: a worker on {platform.node()} does {' '.join(words)}", file=output, flush=True)
            try:
                ended = outcome_of_process(*self._run(words, output), Path(folder))
            except Exception as error:  # submitit's, at the last time limit
                self._write(WrittenOutcome("failed", folder, f"{error} The same command goes on."), outcome, output)
                raise
            self._write(WrittenOutcome(ended.status, folder, ended.note, ended.bad_input), outcome, output)

    def _run(self, words: Sequence[str], output: TextIO) -> tuple[int, list[str]]:
        """The exit status of the process, and its last lines."""
        lines: list[str] = []
        with subprocess.Popen(
            [sys.executable, "-m", "al_bench", "run", *words],
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            errors="replace",
            cwd=self.directory,
            env=os.environ | self.environment,
            preexec_fn=_end_with_parent if os.name == "posix" else None,
        ) as process:
            self._process = process
            assert process.stdout is not None
            for line in process.stdout:
                print(line, end="", file=output, flush=True)
                lines = [*lines, line][-LAST_LINES:]
        self._process = None
        return process.returncode, lines

    def _write(self, ended: WrittenOutcome, path: str, output: TextIO) -> None:
        try:
            write_outcome(Path(path), ended)
        except OSError as error:  # the record says how it ended
            print(f"al-bench: {path} cannot be written: {error.strerror}", file=output, flush=True)

    def checkpoint(self, *call: object) -> object:
        """End the run after the round that is on record; the same command, in the queue again, goes on from there."""
        import submitit

        if self._process is not None:
            self._process.terminate()
            self._process.wait()
            self._process = None
        return submitit.helpers.DelayedSubmission(self, *call)


def _end_with_parent() -> None:
    """In the new process: SIGTERM when the worker dies (Linux), and none of the signals that are the worker's."""
    signal.signal(signal.SIGUSR2, signal.SIG_IGN)  # of submitit, sent to all processes of a job
    end_with_parent(signal.SIGTERM)
