"""What an engine is asked for: runs to do, each one command, and what each needs."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from al_bench.errors import BenchError
from al_bench.storage.arrays import SubmittedArray

RUNNING, WAITING = "running", "waiting"
"""Where a run stands that an engine has taken over and that has not ended."""
PASSED_ON = ("AL_BENCH_", "HF_", "MLFLOW_", "WANDB_")
"""How the variables of the environment begin that a run reads, and that an engine's workers get from the sweep."""


class EngineSilentError(BenchError):
    """The engine does not answer, so that nobody can tell which runs are at work."""


@dataclass(frozen=True)
class Task:
    """One run to do.

    Args:
        words: What is typed after `al-bench run`.
        folder: Where its record is, or will be.
        outcome: The file in which its worker says how it ended.
    """

    words: tuple[str, ...]
    folder: Path
    outcome: Path


@dataclass(frozen=True)
class Resources:
    """What each run of an array asks for; None asks for nothing, and the engine's own default counts.

    Args:
        minutes: On the clock.
        megabytes: Of memory.
        cpus, gpus: Processors.
    """

    minutes: int | None
    megabytes: int | None
    cpus: int
    gpus: int


class Engine(Protocol):
    """Takes runs over, goes on with them when the sweep's command is gone, and says which are at work."""

    name: str
    where: str
    """Where it has taken the runs last, in a clause; empty where there is nothing to say."""

    def submit(self, tasks: Sequence[Task], sweep_folder: Path, resources: Resources) -> list[tuple[str, int]]:
        """Hand runs over, in their order.

        Returns:
            What each array is called, and how many of the runs are in it.

        Raises:
            BenchError: the engine refuses them.
        """

    def at_work(self, arrays: Sequence[tuple[Path, SubmittedArray]]) -> dict[tuple[str, int], str]:
        """Which runs have not ended: the array's name and the run's number in it, to RUNNING or WAITING.

        Args:
            arrays: Each with the folder of its sweep.

        Raises:
            EngineSilentError: the engine does not answer.
        """

    def why_waiting(self) -> str:
        """Why runs wait, as the engine says it; empty where it says nothing."""

    def farewell(self, jobs: Sequence[str]) -> str:
        """What happens to the runs when the command is interrupted now, in one clause."""

    def log(self, sweep_folder: Path, job: str, number: int, of: int) -> Path:
        """What the worker of a run said.

        Args:
            sweep_folder: Of the sweep that handed it over.
            job, number: The array, and the run's number in it.
            of: Runs in the array.
        """


def passed_on(environment: Mapping[str, str] = os.environ) -> dict[str, str]:
    """The variables of the environment that a run on another machine gets from here."""
    return {name: value for name, value in environment.items() if name.startswith(PASSED_ON) or name == "PYTHONPATH"}
