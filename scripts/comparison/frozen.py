"""al-bench's side of the rows on frozen features: its own rounds, in this process, and a study by the command."""

from __future__ import annotations

import contextlib
import json
import os
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from comparison.worker import Work, serve

STRATEGIES = ("random", "margin", "entropy", "coreset_greedy", "typiclust", "badge")
EVALUATION = ("evaluate", "metrics", "stop_set")
"""Stages that are no part of the time: the other side's evaluation is none either."""


def words(folder: Path, settings: dict[str, Any]) -> list[str]:
    """What both the rounds and the study are."""
    return [
        "dataset=npz",
        f"dataset.path={folder / 'blobs.npz'}",
        "dataset.standardise=false",
        "model=linear",
        "model.scaling=none",
        f"model.C={settings['C']}",
        "posterior=deterministic",
        f"schedule.batch={settings['batch']}",
        "results=runs",
        "cache=null",
        "device=cpu",
    ]


class Clock:
    """Processor seconds of the round loop, of its evaluation, and the accuracies of its rounds."""

    def __init__(self) -> None:
        from al_bench.experiment import loop
        from al_bench.experiment.meter import Meter

        self.loop = self.evaluation = 0.0
        self.accuracies: list[float] = []
        whole, stage = loop.run_rounds, Meter.stage

        def run_rounds(experiment: Any, folder: Any, report: Any) -> None:
            start = time.process_time()
            whole(experiment, folder, report)
            self.loop += time.process_time() - start
            self.accuracies += [record.accuracy for record in folder.rounds if record.accuracy is not None]

        @contextlib.contextmanager
        def timed(meter: Meter, name: str) -> Iterator[None]:
            start = time.process_time()
            with stage(meter, name):
                yield
            self.evaluation += time.process_time() - start if name in EVALUATION else 0.0

        loop.run_rounds, Meter.stage = run_rounds, timed  # type: ignore[method-assign,assignment]


def rounds(strategy: str) -> Any:
    """The task of a run with a strategy; a repeat is a seed of its own, and its time that of a round."""

    def task(folder: Path, settings: dict[str, Any]) -> Work:
        import numpy as np

        clock = Clock()
        curves: list[list[float]] = []
        starts = np.load(folder / "starts.npy")
        os.chdir(tempfile.mkdtemp(prefix="al-bench-speed-"))

        def work() -> dict[str, Any]:
            from al_bench.cli.main import main

            seed = len(curves)
            start = starts[seed % len(starts), : settings["initial"]].tolist()
            clock.loop = clock.evaluation = 0.0
            clock.accuracies = []
            line = [
                *words(folder, settings),
                f"strategy={strategy}",
                f"seed={seed}",
                f"threads={os.environ['OMP_NUM_THREADS']}",
                f"initial.indices={start}".replace(" ", ""),
                f"schedule.rounds={settings['rounds'] + 1}",  # the last trains, and picks nothing
                "arm=frozen",
            ]
            sys.argv = ["al-bench", "run", *line]
            status = main()
            if status:
                raise RuntimeError(f"al-bench run {' '.join(line)} ended with status {status}")
            curves.append(clock.accuracies)
            seconds = (clock.loop - clock.evaluation) / settings["rounds"]
            return {"seconds": seconds, "curves": curves, "evaluation": clock.evaluation / settings["rounds"]}

        return work

    return task


def study(folder: Path, settings: dict[str, Any]) -> Work:
    """Six strategies by the joblib launcher, one process a core: processor seconds of all, imports and reading too."""

    def work() -> dict[str, Any]:
        with tempfile.TemporaryDirectory() as name:
            line = [
                *words(folder, settings),
                f"strategy={','.join(STRATEGIES)}",
                f"seed={','.join(map(str, range(settings['seeds'])))}",
                "threads=1",
                f"initial.size={settings['initial']}",
                "initial.kind=random",
                f"schedule.rounds={settings['rounds'] + 1}",
                "hydra/launcher=joblib",
                f"hydra.launcher.n_jobs={settings['jobs']}",
            ]
            before, start = resource.getrusage(resource.RUSAGE_CHILDREN), time.perf_counter()
            command = [sys.executable, "-m", "al_bench", "run", "-m", *line]
            ran = subprocess.run(command, cwd=name, capture_output=True, text=True)
            wall, after = time.perf_counter() - start, resource.getrusage(resource.RUSAGE_CHILDREN)
            if ran.returncode:
                raise RuntimeError(f"al-bench run -m {' '.join(line)}: {ran.stderr[-500:]}")
            files = sorted(Path(name).rglob("rounds.jsonl"))
            last = [json.loads(file.read_text().splitlines()[-1])["accuracy"] for file in files]
            peak = after.ru_maxrss / 1024
        seconds = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
        return {"seconds": seconds, "wall": wall, "runs": len(last), "accuracy": sum(last) / len(last), "MiB": peak}

    return work


if __name__ == "__main__":
    os.environ["AL_BENCH_CACHE"] = "off"
    serve({**{strategy: rounds(strategy) for strategy in STRATEGIES}, "study": study})
