"""The pool of one run scored on Ray and under torchrun, with a worker killed, against one process; for `engines.py`.

The pool is that of `large_pool.py`: 10⁶ rows of 64 features in 20 shards, scored by margin with a linear model in 2
workers. With each engine: (1) the run, on the clock, and what a worker takes; (2) the run, with one worker's process
killed (SIGKILL) while it scores, and the same command again where that fails. Records are compared with those of one
process, byte for byte but for times, memory and the digests that cover them.
"""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

import psutil

from al_bench.records import MEASURED

ROUNDS, WORKERS = 10, 2
KILLED_AFTER = 2
"""Rounds on record when a worker is killed."""
PATIENCE, INTERVAL = 900.0, 0.1
TORCHRUN = ("-m", "torch.distributed.run", "--standalone", f"--nproc_per_node={WORKERS}")
ENGINES = {"ray": ("engine=ray", f"workers={WORKERS}"), "torchrun": ("engine=torchrun",), "local": ()}


def words(pool: Path, engine: str) -> list[str]:
    """What is typed after `al-bench`."""
    return [
        *("run", "dataset=npz", f"dataset.path={pool}", "dataset.standardise=false", "strategy=margin", "model=linear"),
        *("posterior=bootstrap", "initial.size=100", "schedule.batch=100", f"schedule.rounds={ROUNDS}"),
        *("device=cpu", "cache=off", "arm=a", *ENGINES[engine]),
    ]


@dataclass
class Scorer:
    """A process that computes pieces.

    Args:
        process: The process.
        idle, peak: Bytes that would be free if it ended: while it waits for its first work, and at most.
    """

    process: psutil.Process
    idle: int = 0
    peak: int = 0
    _seconds: float = -1.0

    def look(self) -> None:
        """Read its memory."""
        with contextlib.suppress(psutil.Error):
            used, times = self.process.memory_full_info().uss, self.process.cpu_times()
            seconds = times.user + times.system
            waits = seconds > 1.0 and seconds - self._seconds < 0.02
            self._seconds = seconds
            if not self.idle and waits:
                self.idle = used
            self.peak = max(self.peak, used)

    def kill_at_work(self) -> bool:
        """Kill it if it computes now; whether that was so."""
        with contextlib.suppress(psutil.Error):
            before = sum(self.process.cpu_times()[:2])
            time.sleep(0.1)
            if sum(self.process.cpu_times()[:2]) - before > 0.03:
                self.process.kill()
                return True
        return False


@dataclass
class Run:
    """A run in a folder of its own.

    Args:
        folder: Where it is typed.
        pool: The data.
        engine: Who scores.
        environment: Of the command.
    """

    folder: Path
    pool: Path
    engine: str
    environment: Mapping[str, str]
    scorers: dict[int, Scorer] = field(default_factory=dict)
    seconds: float = 0.0
    said: str = ""

    @property
    def record(self) -> Path:
        """The folder of its record."""
        return self.folder / "results" / "runs" / "default" / "npz" / "a" / "seed-0"

    @property
    def rounds(self) -> int:
        """Rounds on record."""
        file = self.record / "rounds.jsonl"
        return file.read_bytes().count(b"\n") if file.exists() else 0

    def type(self, kill: bool = False) -> int:
        """Type the command and wait for its end; returns its exit status.

        Args:
            kill: Kill a worker while it scores.
        """
        self.folder.mkdir(parents=True, exist_ok=True)
        start = [sys.executable, *(TORCHRUN if self.engine == "torchrun" else ()), "-m", "al_bench"]
        began = time.monotonic()
        with open(self.folder / "said", "w+") as output:
            process = subprocess.Popen(
                [*start, *words(self.pool, self.engine)],
                cwd=self.folder,
                env={**os.environ, **self.environment, "AL_BENCH_CACHE": "off", "OMP_NUM_THREADS": "1"},
                stdout=output,
                stderr=output,
            )
            while process.poll() is None:
                self.watch(process.pid)
                if kill and self.rounds >= KILLED_AFTER and list(self.scorers.values())[-1].kill_at_work():
                    kill = False
                if time.monotonic() - began > PATIENCE:
                    process.kill()
                    raise TimeoutError((self.folder / "said").read_text()[-2000:])
                time.sleep(INTERVAL)
        if kill:
            raise RuntimeError("no worker was killed")
        self.seconds = time.monotonic() - began
        self.said = (self.folder / "said").read_text()
        return int(process.returncode)

    def watch(self, pid: int) -> None:
        """Find the processes that score, and read their memory."""
        with contextlib.suppress(psutil.Error):
            if self.engine == "torchrun":  # rank 0 is the first
                found = psutil.Process(pid).children()[1:]
            elif self.engine == "ray":
                found = [each for each in psutil.process_iter() if " ".join(each.cmdline()).startswith("ray::Scorer")]
            else:
                found = []
            for each in found:
                self.scorers.setdefault(each.pid, Scorer(each))
        for scorer in self.scorers.values():
            scorer.look()

    @property
    def worker_mb(self) -> float:
        """What the largest worker took for its work."""
        return max((each.peak - each.idle for each in self.scorers.values() if each.idle), default=0) / 1e6


def stable_rounds(run: Path) -> list[dict[str, object]]:
    """The rounds of a record but for times, memory, and the digests that cover them."""
    left_out = {*MEASURED, "digest"}
    lines = (run / "rounds.jsonl").read_text().splitlines()
    return [{key: value for key, value in json.loads(line).items() if key not in left_out} for line in lines]


@dataclass
class Scored:
    """What came of it.

    Args:
        seconds, seconds_local: Of the run, and of that of one process.
        equal: Whether the records equal those of one process.
        killed: How the run ended whose worker was killed: complete or failed.
        resumed: Whether the pieces were computed again, or the same command went on, with equal records.
        worker_mb: What a worker took for its work, beside the interpreter with its libraries.
    """

    seconds: float
    seconds_local: float
    equal: bool
    killed: str
    resumed: bool
    worker_mb: float


def try_scoring(engine: str, pool: Path, folder: Path, reference: Run, environment: Mapping[str, str]) -> Scored:
    """The run, and the run with a worker killed.

    Args:
        engine: ray or torchrun.
        pool: The data.
        folder: For the runs.
        reference: That of one process.
        environment: Of the commands.
    """
    runs = {name: Run(folder / name, pool, engine, environment) for name in ("plain", "kill")}
    for run in runs.values():
        shutil.rmtree(run.folder, ignore_errors=True)
    plain, kill = runs.values()
    if plain.type():
        raise RuntimeError(plain.said)
    expected = stable_rounds(reference.record)
    equal = stable_rounds(plain.record) == expected
    killed = "complete" if kill.type(kill=True) == 0 else "failed"
    if killed == "failed":
        print(kill.said)
        kill.type()
    resumed = kill.rounds == ROUNDS and stable_rounds(kill.record) == expected
    return Scored(round(plain.seconds, 1), round(reference.seconds, 1), equal, killed, resumed, round(plain.worker_mb))
