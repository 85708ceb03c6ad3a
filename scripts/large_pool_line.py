"""One line of `scripts/large_pool.py`, in a process of its own: the first round of a run on a pool in files.

    python scripts/large_pool_line.py WORKERS REPEATS WORDS …

WORDS are what one types after `al-bench run`. Prints a JSON object, as `measure` says.
"""

from __future__ import annotations

import contextlib
import gc
import hashlib
import json
import multiprocessing
import resource
import statistics
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

INTERVAL, WORKER_INTERVAL = 0.05, 1.0
"""Seconds between two readings of the memory: to read a worker's costs milliseconds, as its pages are counted."""


class Memory:
    """The greatest anonymous memory of this process, and of what any of its workers has for itself, in bytes.

    Attributes:
        peak: Stage to the greatest of this process.
        worker: The greatest USS of a worker: what would be free if it ended, as it shares this process's pages.
        spent: Seconds of the processor that the readings took.
    """

    def __init__(self) -> None:
        self.peak: dict[str, int] = {}
        self.worker = 0
        self.spent = 0.0

    @staticmethod
    def own() -> int:
        """Anonymous memory: no page of a file is in it."""
        lines = Path("/proc/self/status").read_text().splitlines()
        return next(int(line.split()[1]) * 1024 for line in lines if line.startswith("RssAnon"))

    @contextmanager
    def stage(self, name: str) -> Iterator[None]:
        """Sample while the body of a with statement runs."""
        import psutil

        done, peak = threading.Event(), self.own()

        def sample() -> None:
            nonlocal peak
            looked = time.monotonic()
            while not done.wait(INTERVAL):
                peak = max(peak, self.own())
                if time.monotonic() - looked < WORKER_INTERVAL:
                    continue
                looked = time.monotonic()
                for child in multiprocessing.active_children():
                    with contextlib.suppress(psutil.Error):
                        self.worker = max(self.worker, int(psutil.Process(child.pid).memory_full_info().uss))
            self.spent += time.thread_time()

        thread = threading.Thread(target=sample, daemon=True)
        thread.start()
        try:
            yield
        finally:
            done.set()
            thread.join()
            self.peak[name] = max(self.peak.get(name, 0), peak, self.own())


def processor() -> tuple[float, float]:
    """Seconds of the processor of this process, and of those that it has waited for."""
    children = resource.getrusage(resource.RUSAGE_CHILDREN)
    return time.process_time(), children.ru_utime + children.ru_stime


def measure(workers: int, repeats: int, words: list[str]) -> dict[str, Any]:
    """Seconds and bytes of the first round.

    A strategy that reads the pool in passes does so while it selects, which then counts as scoring.

    Returns:
        rows: candidates. main_s, workers_s: seconds of the processor of the main process and of its workers together
        to score, one value a repeat; wall_s by the clock; load_s, select_s once. The memories are above that of the
        interpreter with its libraries: load_mb, score_mb and select_mb of the main process, worker_mb the greatest of
        a worker, which shares the main process's pages. reads: how often each row was read in one scoring, where one
        process does it. picks: a digest of the batch and, where the pool is not read in passes, of its scores.
    """
    import scipy.sparse  # noqa: F401, libraries are no strategy's memory
    import sklearn.cluster  # noqa: F401
    import torch

    from al_bench.config.compose import compose, register
    from al_bench.data.mapped import MappedRows
    from al_bench.evidence import Evidence
    from al_bench.experiment.acquire import gatherer_of, score, select
    from al_bench.experiment.loop import train
    from al_bench.experiment.process import keep_freed_memory, set_threads
    from al_bench.experiment.ranking_noise import RankingNoise
    from al_bench.experiment.setup import set_up
    from al_bench.strategies.base import Selection

    register()
    set_threads(1)
    keep_freed_memory()
    words = words if any(word.startswith("cache=") for word in words) else [*words, "cache=off"]
    config = compose([*words, f"workers={workers}", "device=cpu", "schedule.rounds=2"]).build()
    strategy = next(word.partition("=")[2] for word in words if word.startswith("strategy="))
    rows_read = 0
    read = MappedRows.read

    def counted(inputs: MappedRows, positions: Any) -> Any:
        nonlocal rows_read
        values = read(inputs, positions)
        rows_read += len(values)
        return values

    MappedRows.read = counted  # type: ignore[method-assign, assignment]
    gc.collect()
    memory = Memory()
    interpreter = memory.own()
    began = time.process_time()
    with memory.stage("load"):
        made = set_up(config, strategy)
        fingerprint = made.dataset.fingerprint()
    load_s = time.process_time() - began - memory.spent
    with memory.stage("train"):
        train(made, made.start, 0)
    found: list[tuple[float, float, float]] = []
    selection: Selection | None
    for _ in range(repeats):
        rows_read = 0
        before, clock, spent = processor(), time.perf_counter(), memory.spent
        with memory.stage("score"):
            candidates = made.start.candidates(None, made.streams.numpy("candidates", 0))
            _, gatherer = gatherer_of(made, made.start)
            batch = made.batch(len(made.start.asked))
            noise = RankingNoise.for_round(gatherer, batch, len(candidates))
            scored = score(gatherer, torch.tensor(candidates), noise)
            selection = None
            if isinstance(scored, Evidence) and scored.passes is not None:
                selection = select(scored, gatherer.strategy, batch, made.streams, 0)
        after = processor()
        spent = memory.spent - spent
        found.append((after[0] - before[0] - spent, after[1] - before[1], time.perf_counter() - clock))
    began = time.process_time()
    with memory.stage("select"):
        selection = selection or select(scored, gatherer.strategy, batch, made.streams, 0)
    select_s = time.process_time() - began
    picked = candidates[selection.rows.numpy()]
    digest = hashlib.blake2b(digest_size=4)
    digest.update(picked.tobytes())
    if selection.scores is not None:
        digest.update(selection.scores.numpy().tobytes())
    return {
        "rows": len(candidates),
        "main_s": [main for main, _, _ in found],
        "workers_s": [others for _, others, _ in found],
        "wall_s": statistics.median(wall for _, _, wall in found),
        "load_s": load_s,
        "select_s": select_s,
        **{f"{name}_mb": (peak - interpreter) / 1e6 for name, peak in memory.peak.items()},
        "interpreter_mb": interpreter / 1e6,
        "worker_mb": memory.worker / 1e6,
        "reads": rows_read / len(candidates) if workers == 1 else None,
        "fingerprint": fingerprint,
        "picks": digest.hexdigest(),
    }


if __name__ == "__main__":
    print(json.dumps(measure(int(sys.argv[1]), int(sys.argv[2]), sys.argv[3:])))
