"""Scoring a pool takes memory for a chunk of it, however large the pool, and one pass through what all draws share.

The numbers of the full case (60,000 and 180,000 rows, the Gal et al. 2017 CNN, 100 draws) take several minutes on one
core: `python -m tests.experiment.test_memory gal2017_cnn 180000 100` prints them.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

MB = 1_000_000


def measure(model: str, rows: int, draws: int) -> dict[str, float]:
    """BALD of `rows` synthetic images of MNIST's shape: megabytes added, passes of the trunk a row, seconds."""
    import psutil
    import torch

    from al_bench.data.dataset import Dataset
    from al_bench.experiment.acquire import score
    from al_bench.experiment.gather import Gatherer
    from al_bench.experiment.meter import Meter
    from al_bench.learners.mixture import Mixture
    from al_bench.learners.torch_learner import TorchLearner
    from al_bench.learners.training import Training
    from al_bench.models.gal2017_cnn import Gal2017Cnn
    from al_bench.models.mlp import Mlp
    from al_bench.pool import PoolState
    from al_bench.rng import Streams
    from al_bench.strategies.uncertainty import Bald

    torch.set_num_threads(1)
    generator = torch.Generator().manual_seed(0)
    inputs = torch.randint(0, 256, (rows, 1, 28, 28), dtype=torch.uint8, generator=generator)
    labels = torch.zeros(rows, dtype=torch.int64)
    dataset = Dataset("random", inputs, labels, inputs[:10], labels[:10], tuple("0123456789"))
    network = {"gal2017_cnn": Gal2017Cnn(), "mlp": Mlp()}[model].build((1, 28, 28), 10)
    learner = TorchLearner([network], Mixture(draws=draws), [Training()], dataset)
    learner.reset(Streams(0), 0)
    seen = 0

    def count(module, given, output):
        nonlocal seen
        seen += len(output)

    first = next(child for child in network.children() if next(child.parameters(), None) is not None)
    first.register_forward_hook(count)
    state = PoolState.start(range(rows), [])
    gatherer = Gatherer(learner, Bald(), state, Streams(0))
    candidates = torch.tensor(state.unlabelled)
    before = psutil.Process().memory_info().rss
    meter = Meter()
    with meter.stage("score"):
        scores = score(gatherer, candidates)
    assert len(scores) == rows
    assert float(scores.min()) >= 0
    return {
        "added_mb": (meter.peak_memory_bytes["score"] - before) / MB,
        "passes_a_row": seen / rows,
        "seconds": meter.seconds["score"],
    }


def measured(model: str, rows: int, draws: int) -> dict[str, float]:
    """`measure` in a process of its own, whose freed blocks go back at once.

    With the allocator's usual settings what is resident hangs on which freed blocks it happens to keep: the same
    command gave 87 to 127 MB. Blocks mapped one by one (where the C library is glibc) give 77 to 79 MB.
    """
    words = [sys.executable, "-m", "tests.experiment.test_memory", model, str(rows), str(draws)]
    done = subprocess.run(
        words,
        cwd=Path(__file__).parents[2],
        env={**os.environ, "OMP_NUM_THREADS": "1", "MALLOC_MMAP_THRESHOLD_": "65536", "MALLOC_ARENA_MAX": "1"},
        capture_output=True,
        text=True,
        check=True,
    )
    return json.loads(done.stdout.splitlines()[-1])


@pytest.mark.slow
@pytest.mark.timeout(900)
@pytest.mark.parametrize(("model", "rows", "draws"), [("mlp", 60_000, 100), ("gal2017_cnn", 6_000, 50)])
def test_memory_to_score_does_not_grow_with_the_pool(model, rows, draws):
    small, large = measured(model, rows, draws), measured(model, 3 * rows, draws)
    assert small["added_mb"] < 200
    assert large["added_mb"] < 200
    # The draws of the rows that came on top, kept, would be 24 MB (Gal) and 480 MB (mlp).
    assert large["added_mb"] - small["added_mb"] < 12
    # One row more: the pass that finds the shapes of the masks.
    assert small["passes_a_row"] == pytest.approx(1, abs=2 / rows)


def test_what_lies_before_the_first_dropout_runs_once_a_row():
    found = measure("gal2017_cnn", 40, 6)
    assert found["passes_a_row"] == pytest.approx(1, abs=2 / 40)


if __name__ == "__main__":
    print(json.dumps(measure(sys.argv[1], int(sys.argv[2]), int(sys.argv[3]))))
