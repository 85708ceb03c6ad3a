"""Two sides in alternation: what each took, and what each gave."""

from __future__ import annotations

import json
import os
import statistics
import subprocess
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

HERE = Path(__file__).resolve().parent
Outputs = dict[str, np.ndarray]


@dataclass(frozen=True)
class Side:
    """Who does the work, and how often.

    Args:
        file: A script of this folder that serves tasks.
        task: Its task.
        repeats: Timed repeats.
        environment: Whose interpreter: a name of `peers.PACKAGES`, or "" for this one.
    """

    file: str
    task: str
    repeats: int = 5
    environment: str = ""


class Worker:
    """A side's process, set up and waiting."""

    def __init__(self, side: Side, python: str, folder: Path, threads: int) -> None:
        self.log = folder / f"{side.task}.log"
        count = str(threads)
        names = ("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS", "NUMEXPR_NUM_THREADS")
        paths = os.pathsep.join([str(HERE.parent), *filter(None, [os.environ.get("PYTHONPATH")])])
        self._name = f"{side.file} {side.task}"
        self._process = subprocess.Popen(
            [python, str(HERE / side.file), side.task, str(folder)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=open(self.log, "w"),  # noqa: SIM115 (closed with the process)
            text=True,
            env={**os.environ, **dict.fromkeys(names, count), "TQDM_DISABLE": "1", "PYTHONPATH": paths},
        )
        self._answer()

    def _answer(self) -> dict[str, Any]:
        assert self._process.stdout is not None
        line = self._process.stdout.readline()
        if not line:
            status = self._process.wait()
            last = self.log.read_text().strip().splitlines()[-1:]
            raise RuntimeError(f"{self._name} ended with status {status}: {''.join(last)} (see {self.log})")
        return dict(json.loads(line))

    def _tell(self, command: str) -> dict[str, Any]:
        assert self._process.stdin is not None
        self._process.stdin.write(command + "\n")
        self._process.stdin.flush()
        return self._answer()

    def run(self) -> float:
        """Seconds of the work done once more."""
        return float(self._tell("run")["seconds"])

    def outputs(self, file: Path) -> Outputs:
        """What the last run gave."""
        self._tell(f"save {file}")
        with np.load(file) as arrays:
            return dict(arrays)

    def close(self) -> None:
        """End the process and wait for it."""
        for stream in (self._process.stdin, self._process.stdout):
            assert stream is not None
            stream.close()
        self._process.wait()


@dataclass(frozen=True)
class Raced:
    """Seconds of every repeat, and the outputs of the last, of both sides."""

    ours: list[float]
    theirs: list[float]
    our_outputs: Outputs
    their_outputs: Outputs

    @property
    def ratio(self) -> float:
        """Their median over ours."""
        return statistics.median(self.theirs) / statistics.median(self.ours)

    @property
    def spread(self) -> str:
        """The ratio at the extremes: their fastest over our slowest, their slowest over our fastest."""
        return f"{min(self.theirs) / max(self.ours):.3g}-{max(self.theirs) / min(self.ours):.3g}"


def race(
    ours: Side, theirs: Side, python: Callable[[str], str], folder: Path, threads: int, done: Callable[[], object]
) -> Raced:
    """Both sides set up, then repeat by repeat in turn: no two work at the same time.

    Args:
        python: Environment to its interpreter.
        folder: The data, with settings.json; outputs and logs are written here.
        done: Called after each repeat.
    """
    seconds: tuple[list[float], list[float]] = ([], [])
    with ExitStack() as stack:
        workers = []
        for side in (ours, theirs):
            worker = Worker(side, python(side.environment), folder, threads)
            stack.callback(worker.close)
            workers.append(worker)
        for repeat in range(max(ours.repeats, theirs.repeats)):
            for side, worker, found in zip((ours, theirs), workers, seconds, strict=True):
                if repeat < side.repeats:
                    found.append(worker.run())
                    done()
        outputs = [worker.outputs(folder / f"side{i}.npz") for i, worker in enumerate(workers)]
    return Raced(*seconds, *outputs)
