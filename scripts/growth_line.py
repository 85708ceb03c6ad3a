"""One line of `scripts/growth.py`, in a process of its own: a strategy's first round on a memory-mapped pool.

    python scripts/growth_line.py STRATEGY FOLDER LABELLED BATCH LIMIT

Prints a JSON object: n, seconds and bytes, as `measure` says. After LIMIT seconds of the processor the system ends it.
"""

from __future__ import annotations

import gc
import json
import resource
import statistics
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from al_bench.experiment.setup import Experiment

CLASSES, FEATURES = 10, 64
WARM_ROWS, WARM_BATCH = 2_000, 10
"""Scored and selected beforehand: what a first call imports and allocates is part of no size."""
LONG, REPEATS = 1.5, 5
"""Score and select are repeated until they have taken this many seconds of the processor, or this often."""


def pool(folder: Path, rows: int) -> Path:
    """A folder of arrays: 10 clusters with noise, written a part at a time."""
    import numpy as np

    if (folder / "y_test.npy").exists():
        return folder
    folder.mkdir(parents=True, exist_ok=True)
    generator = np.random.default_rng(0)
    centres = generator.standard_normal((CLASSES, FEATURES)).astype(np.float32)
    for suffix, count in (("", rows), ("_test", 1_000)):
        labels = generator.integers(CLASSES, size=count)
        inputs = np.lib.format.open_memmap(folder / f"x{suffix}.npy", "w+", np.float32, (count, FEATURES))
        for start in range(0, count, 10_000):
            part = labels[start : start + 10_000]
            noise = generator.standard_normal((len(part), FEATURES), dtype=np.float32)
            inputs[start : start + 10_000] = centres[part] + 2 * noise
        inputs.flush()
        np.save(folder / f"y{suffix}.npy", labels)
    return folder


def experiment(strategy: str, data: Path, labelled: int, batch: int) -> Experiment:
    """The objects of the run."""
    from al_bench.config.compose import compose, register
    from al_bench.experiment.process import set_threads
    from al_bench.experiment.setup import set_up

    words = [
        *(f"strategy={strategy}", "dataset=npz", f"dataset.path={data}", "dataset.standardise=false"),
        *("model=mlp", "model.hidden=[64]", "posterior.draws=20", f"initial.size={labelled}", "threads=1"),
        *(f"schedule.batch={batch}", "schedule.rounds=2", "device=cpu", "cache=off"),
    ]
    register()
    set_threads(1)
    return set_up(compose(words).build(), strategy)


def measure(strategy: str, data: Path, labelled: int, batch: int) -> dict[str, Any]:
    """Seconds by stage and bytes of the first round, as `al_bench.experiment.loop` plays it.

    Returns:
        n: how often score and select were measured. train_s, score_s, select_s: seconds of the processor, user and
        system together, the training once, the others the median of n. wall_s: score and select by the clock, median.
        memory: greatest resident bytes of the first of the n to score and to select, above those after the training.
    """
    import psutil
    import scipy.sparse  # noqa: F401, loaded here, as the next two are, so that a library is no strategy's memory
    import sklearn.cluster
    import sklearn.svm  # noqa: F401
    import torch

    from al_bench.experiment.acquire import score, select
    from al_bench.experiment.gather import Gatherer
    from al_bench.experiment.loop import train
    from al_bench.experiment.meter import Meter
    from al_bench.experiment.ranking_noise import RankingNoise

    made = experiment(strategy, data, labelled, batch)
    began = time.process_time()
    train(made, made.start, 0)
    train_s = time.process_time() - began
    candidates = torch.tensor(made.start.candidates(None, made.streams.numpy("candidates", 0)))
    gc.collect()
    resident = psutil.Process().memory_info().rss

    def once(rows: torch.Tensor, size: int) -> tuple[float, float, Meter]:
        """Seconds of the processor to score and to select, and the clock and the memory of both."""
        meter, marks = Meter(), [time.process_time()]
        with meter.stage("score"):
            gatherer = Gatherer(made.learner, made.strategy, made.start, made.streams, made.tables[0])
            scored = score(gatherer, rows, RankingNoise.for_round(gatherer, size, len(rows)))
        marks.append(time.process_time())
        with meter.stage("select"):
            select(scored, made.strategy, size, made.streams, 0)
        marks.append(time.process_time())
        return marks[1] - marks[0], marks[2] - marks[1], meter

    once(candidates[:WARM_ROWS], min(batch, WARM_BATCH))
    rounds = [once(candidates, batch)]
    while len(rounds) < REPEATS and sum(score_s + select_s for score_s, select_s, _ in rounds) < LONG:
        rounds.append(once(candidates, batch))
    return {
        "n": len(rounds),
        "train_s": train_s,
        "score_s": statistics.median(score_s for score_s, _, _ in rounds),
        "select_s": statistics.median(select_s for _, select_s, _ in rounds),
        "wall_s": statistics.median(sum(meter.seconds.values()) for *_, meter in rounds),
        "memory": max(0, max(rounds[0][2].peak_memory_bytes.values()) - resident),
    }


if __name__ == "__main__":
    resource.setrlimit(resource.RLIMIT_CPU, (int(sys.argv[5]), int(sys.argv[5])))
    print(json.dumps(measure(sys.argv[1], Path(sys.argv[2]), int(sys.argv[3]), int(sys.argv[4]))))
