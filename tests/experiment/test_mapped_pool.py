"""A run on a folder of .npy files: what a run on the .npz file acquires, in less memory.

`python -m tests.experiment.test_mapped_pool 2000` writes a file of 2,000 megabytes, scores all of it, and prints what
that added to the resident memory.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path

import numpy as np
import pytest
import torch

from al_bench.data.arrays import NpzDataset
from tests.conftest import TINY, record

MB = 1_000_000


def test_a_run_on_a_folder_acquires_what_a_run_on_the_archive_acquires(run):
    labels = np.arange(300) % 3
    x = np.random.default_rng(0).normal(0, 1, (300, 6)) + 3 * np.eye(3, 6)[labels]
    Path("t").mkdir()
    np.save("t/x.npy", x)
    np.save("t/y.npy", labels)
    np.savez("t.npz", x=x, y=labels)
    for path in ("t", "t.npz"):
        done = run(*TINY, "dataset=npz", f"dataset.path={path}", f"arm={path}", "strategy=badge")
        assert done.status == 0, done.err
    folder, archive = (record(arm, dataset="npz") for arm in ("t", "t.npz"))
    assert [entry["acquired"] for entry in folder.stable] == [entry["acquired"] for entry in archive.stable]
    assert folder.stable[-1]["nll"] == pytest.approx(archive.stable[-1]["nll"], rel=1e-4)


def test_a_run_on_shards_is_the_run_on_one_file_bit_for_bit(run):
    labels = np.arange(300) % 3
    x = np.random.default_rng(0).normal(0, 1, (300, 6)) + 3 * np.eye(3, 6)[labels]
    for folder, cuts in (("one", []), ("two", [150]), ("many", [1, 7, 130, 131, 290])):
        Path(folder).mkdir()
        for number, (part, of) in enumerate(zip(np.split(x, cuts), np.split(labels, cuts), strict=True)):
            np.save(f"{folder}/x-{number:05d}.npy", part)
            np.save(f"{folder}/y-{number:05d}.npy", of)
        for strategy in ("bald", "coreset_greedy", "badge"):
            done = run(
                *TINY, "dataset=npz", f"dataset.path={folder}", f"arm={folder}-{strategy}", f"strategy={strategy}"
            )
            assert done.status == 0, done.err
            ours, first = (record(f"{name}-{strategy}", dataset="npz") for name in (folder, "one"))
            assert ours.stable == first.stable
            assert ours.header["fingerprint"] == first.header["fingerprint"]


def measure(megabytes: float, folder: Path) -> dict[str, float]:
    """BALD of a file of float32 rows of 512: megabytes that reading, hashing and scoring it added."""
    import psutil

    from al_bench.experiment.acquire import score
    from al_bench.experiment.gather import Gatherer
    from al_bench.experiment.meter import Meter
    from al_bench.learners.mixture import Mixture
    from al_bench.learners.torch_learner import TorchLearner
    from al_bench.learners.training import Training
    from al_bench.models.mlp import Mlp
    from al_bench.pool import PoolState
    from al_bench.rng import Streams
    from al_bench.strategies.uncertainty import Bald

    torch.set_num_threads(1)
    rows = int(megabytes * MB / (512 * 4))
    generator = np.random.default_rng(0)
    array = np.lib.format.open_memmap(folder / "x.npy", "w+", np.float32, (rows, 512))
    for start in range(0, rows, 8192):
        array[start : start + 8192] = generator.standard_normal((len(array[start : start + 8192]), 512), np.float32)
    array.flush()
    del array
    np.save(folder / "y.npy", np.arange(rows) % 3)
    small = NpzDataset(path=str(folder), test_fraction=0.001)
    network = Mlp(hidden=[8]).build((512,), 3)
    before, meter = psutil.Process().memory_info().rss, Meter()
    with meter.stage("load"):
        dataset = small.load()
        dataset.fingerprint()
    with meter.stage("score"):
        learner = TorchLearner([network], Mixture(draws=2), [Training()], dataset)
        learner.reset(Streams(0), 0)
        state = PoolState.start(range(dataset.size), [])
        scores = score(Gatherer(learner, Bald(), state, Streams(0)), torch.tensor(state.unlabelled))
    assert len(scores) == dataset.size
    assert float(scores.max()) > 0
    return {
        "file_mb": (folder / "x.npy").stat().st_size / MB,
        **{f"{name}_added_mb": (peak - before) / MB for name, peak in meter.peak_memory_bytes.items()},
        **{f"{name}_seconds": seconds for name, seconds in meter.seconds.items()},
    }


@pytest.mark.slow
@pytest.mark.timeout(900)
def test_a_file_larger_than_the_memory_it_adds():
    done = subprocess.run(
        [sys.executable, "-m", "tests.experiment.test_mapped_pool", "500"],
        cwd=Path(__file__).parents[2],
        env={**os.environ, "OMP_NUM_THREADS": "1"},
        capture_output=True,
        text=True,
        check=True,
    )
    added = json.loads(done.stdout.splitlines()[-1])
    assert added["file_mb"] > 499
    assert added["load_added_mb"] < 300
    assert added["score_added_mb"] < 300


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as at:
        print(json.dumps(measure(float(sys.argv[1]), Path(at))))
