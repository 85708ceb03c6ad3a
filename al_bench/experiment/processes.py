"""Runs as processes of their own: `al-bench run` with the words of each, and what it said at its end."""

from __future__ import annotations

import signal
import subprocess
import sys
import threading
from collections.abc import Mapping, Sequence
from pathlib import Path

from al_bench.experiment.outcome import Outcome


class ProcessGroup:
    """Processes that run at the same time and can be terminated together, from another thread."""

    def __init__(self) -> None:
        self._processes: set[subprocess.Popen[str]] = set()
        self._terminated = threading.Event()

    def run(self, command: Sequence[str], environment: Mapping[str, str]) -> subprocess.CompletedProcess[str]:
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


def run_in_process(
    words: Sequence[str], folder: Path, processes: ProcessGroup, environment: Mapping[str, str]
) -> Outcome:
    """Do a run in a process of its own; its outcome is from the exit status and the last line printed.

    Args:
        words: What is typed after `al-bench run`.
        folder: Where its record is, or will be.
        processes: Those that can be terminated together.
        environment: Of the process.
    """
    ended = processes.run([sys.executable, "-m", "al_bench", "run", *words], environment)
    return outcome_of_process(
        ended.returncode, (ended.stderr if ended.returncode else ended.stdout).splitlines(), folder
    )


def outcome_of_process(status: int, printed: Sequence[str], folder: Path) -> Outcome:
    """How a run ended that was a process of its own.

    Args:
        status: Its exit status, negative where a signal ended it.
        printed: The last lines of what it printed.
        folder: Of its record.
    """
    lines = [line.strip() for line in printed if line.strip() and not line.startswith("next: ")]
    if status < 0:
        note = f"ended by {signal.Signals(-status).name}; run the command again"
    elif lines:
        note = lines[-1].removeprefix("al-bench run: ").removeprefix(f"{folder}: ")
    else:
        note = f"exit status {status}"
    return Outcome("failed" if status else "complete", str(folder), note, bad_input=status == 2)
