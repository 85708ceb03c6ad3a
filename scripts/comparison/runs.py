"""al-bench's side of the rows on whole runs and sweeps: the installed command, in a folder of its own."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from comparison.worker import Work, serve


def command(words: list[str], folder: Path) -> float:
    """Seconds of `al-bench run` with the words given."""
    environment = {
        **os.environ,
        "HYDRA_FULL_ERROR": "1",
        "AL_BENCH_CACHE": "off",
    }  # else a repeat finds round 0 trained
    for name in ("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS", "NUMEXPR_NUM_THREADS"):
        environment.pop(name, None)  # the key `threads` says how many
    start = time.perf_counter()
    ran = subprocess.run(
        [sys.executable, "-m", "al_bench", "run", *words], cwd=folder, env=environment, capture_output=True, text=True
    )
    if ran.returncode:
        raise RuntimeError(f"al-bench run {' '.join(words)}: {ran.stderr[-500:]}")
    return time.perf_counter() - start


def records(folder: Path) -> list[list[dict[str, Any]]]:
    """The rounds of every run under the folder, by path."""
    files = sorted(folder.rglob("rounds.jsonl"))
    return [[json.loads(line) for line in file.read_text().splitlines()] for file in files]


def played(words: list[str]) -> dict[str, Any]:
    """One command's seconds, the accuracies of its rounds and its seconds by stage."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        seconds = command(words, folder)
        runs = records(folder)
    stages = {stage: sum(entry["seconds"].get(stage, 0.0) for run in runs for entry in run) for stage in STAGES}
    accuracies = [entry["accuracy"] for run in runs for entry in run]
    return {"seconds": seconds, "accuracies": accuracies, **stages}


STAGES = ("train", "evaluate", "score", "select")


def whole(strategy: str) -> Any:
    """The task of a whole run with a strategy; the command's start-up is part of it."""

    def task(folder: Path, settings: dict[str, Any]) -> Work:
        words = [f"strategy={strategy}", *settings["words"], f"threads={os.environ['OMP_NUM_THREADS']}"]
        return lambda: played(words)

    return task


def parallel(folder: Path, settings: dict[str, Any]) -> Work:
    """The sweep by the joblib launcher: processes of one thread."""
    launcher = ["hydra/launcher=joblib", f"hydra.launcher.n_jobs={settings['jobs']}", "threads=1"]
    return lambda: played(["-m", *launcher, *settings["sweep"]])


def sequence(folder: Path, settings: dict[str, Any]) -> Work:
    """The same runs one after another in one process, with as many threads as there were processes."""
    return lambda: played(["-m", f"threads={settings['jobs']}", *settings["sweep"]])


if __name__ == "__main__":
    tasks = {"bald": whole("bald"), "batchbald": whole("batchbald")}
    serve({**tasks, "parallel": parallel, "sequence": sequence})
