"""A folder of .npy files as a dataset: what the .npz file gives, without the inputs in memory.

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

from al_bench.data import mapped
from al_bench.data.arrays import NpzDataset
from al_bench.data.mapped import MappedRows
from al_bench.errors import InputError
from tests.conftest import TINY, record

MB = 1_000_000
RANDOM = np.random.default_rng(0)
LABELS = np.arange(40) % 4
INPUTS = {
    "table": RANDOM.normal(5, 3, (40, 6)),
    "time stamps": (1.7e9 + np.arange(240.0)).reshape(40, 6),
    "bytes in a table": RANDOM.integers(0, 256, (40, 6), dtype=np.uint8),
    "half precision": RANDOM.normal(5, 3, (40, 6)).astype(np.float16),
    "grey": RANDOM.integers(0, 256, (40, 8, 6), dtype=np.uint8),
    "colours last": RANDOM.integers(0, 256, (40, 8, 6, 3), dtype=np.uint8),
    "float images": RANDOM.normal(2, 3, (40, 3, 8, 6)).astype(np.float32),
    "Fortran order": np.asfortranarray(RANDOM.normal(2, 3, (40, 6))),
}


def write(folder: Path, **arrays: np.ndarray) -> NpzDataset:
    folder.mkdir(exist_ok=True)
    for name, array in arrays.items():
        np.save(folder / f"{name}.npy", array)
    return NpzDataset(path=str(folder))


@pytest.fixture(params=[10**9, 500], ids=["whole", "in pieces"])
def _pieces(request, monkeypatch):
    monkeypatch.setattr(mapped, "CHUNK_BYTES", request.param)
    monkeypatch.setattr(mapped, "SCATTERED_ROWS", 3)


@pytest.mark.usefixtures("_pieces")
@pytest.mark.parametrize("split", [True, False])
@pytest.mark.parametrize("standardise", [True, False])
@pytest.mark.parametrize("name", INPUTS)
def test_a_folder_gives_what_the_archive_gives(tmp_path, name, standardise, split):
    arrays = {"x": INPUTS[name], "y": LABELS}
    if not split:
        arrays |= {"x_test": INPUTS[name][:12], "y_test": LABELS[:12]}
    np.savez(tmp_path / "t.npz", **arrays)
    write(tmp_path / "t", **arrays)
    one, other = (NpzDataset(path=str(tmp_path / at), standardise=standardise).load() for at in ("t.npz", "t"))
    assert isinstance(other.inputs, MappedRows)
    assert other.name == one.name == "t"
    assert other.shape == one.shape
    assert other.size == one.size == len(other.inputs)
    assert torch.equal(other.hidden_labels, one.hidden_labels)
    assert torch.equal(other.test_labels, one.test_labels)
    wanted = torch.tensor([3, 0, 17, 3])
    for mine, theirs in ((other.inputs, one.inputs), (other.test_inputs, one.test_inputs)):
        assert tuple(mine.shape) == tuple(theirs.shape)
        torch.testing.assert_close(mine[-1], theirs[-1], rtol=1e-6, atol=1e-6)
        torch.testing.assert_close(mine[2], theirs[2], rtol=1e-6, atol=1e-6)
        for key in (slice(None), slice(2, 7), wanted[wanted < len(theirs)], wanted[:0], torch.tensor([7, 1, 2, 0, 6])):
            assert mine[key].dtype == theirs.dtype
            assert mine[key].is_contiguous()
            torch.testing.assert_close(mine[key], theirs[key], rtol=1e-6, atol=1e-6)
            torch.testing.assert_close(other.prepare(mine[key]), one.prepare(theirs[key]), rtol=1e-5, atol=1e-5)


@pytest.mark.usefixtures("_pieces")
def test_moments_in_one_pass_are_those_in_memory():
    array = RANDOM.normal([1e6, 0, 3], [1, 2, 0], (500, 3))
    mean, std = MappedRows("x.npy", array).moments()
    np.testing.assert_allclose(mean, array.mean(0), rtol=1e-12, atol=1e-12)
    np.testing.assert_allclose(std, [*array.std(0)[:2], 1], rtol=1e-9)
    images = RANDOM.normal([[[1]], [[5]]], 2, (50, 2, 4, 3))
    mean, std = MappedRows("x.npy", images).moments()
    np.testing.assert_allclose(mean, images.mean((0, 2, 3)), rtol=1e-12)
    np.testing.assert_allclose(std, images.std((0, 2, 3)), rtol=1e-12)


@pytest.mark.usefixtures("_pieces")
def test_the_fingerprint_sees_every_value_and_the_split(tmp_path):
    found = set()
    for place, value in ((0, 1.0), (0, 2.0), (39, 2.0)):
        x = np.zeros((40, 6))
        x[:, 0] = np.arange(40)
        x[place, 5] = value
        found.add(write(tmp_path / "t", x=x, y=LABELS).load().fingerprint())
    config = write(tmp_path / "t", x=x, y=LABELS)
    assert config.load().fingerprint() in found
    config.split_seed = 1
    found.add(config.load().fingerprint())
    assert len(found) == 4


def test_a_copy_leaves_the_file_alone(tmp_path):
    data = write(tmp_path / "t", x=INPUTS["table"], y=LABELS).load()
    data.inputs[:4].zero_()
    assert data.inputs[:4].abs().sum() > 0
    np.testing.assert_array_equal(np.load(tmp_path / "t" / "x.npy"), INPUTS["table"])


def refusal(folder: Path, **arrays: np.ndarray) -> str:
    with pytest.raises(InputError) as caught:
        write(folder, **arrays).load()
    message = str(caught.value)
    assert "\n" not in message
    assert str(folder) in message
    return message


@pytest.mark.parametrize("bad", [np.nan, np.inf, 1e300])
@pytest.mark.usefixtures("_pieces")
def test_a_value_that_is_no_number_is_named_by_its_row(tmp_path, bad):
    x = INPUTS["table"].copy()
    x[23, 2] = bad
    message = refusal(tmp_path / "t", x=x, y=LABELS)
    assert "x.npy, row 23" in message


def test_what_is_said_where_a_folder_cannot_be_read(tmp_path):
    x = INPUTS["table"]
    assert "has no array y.npy (nor Y.npy" in refusal(tmp_path / "a", x=x)
    assert "has no array x.npy (nor X.npy" in refusal(tmp_path / "b", y=LABELS)
    assert "one of x_test.npy and y_test.npy" in refusal(tmp_path / "c", x=x, y=LABELS, x_test=x)
    assert "labels for 40 inputs" in refusal(tmp_path / "d", x=x, y=LABELS[:7])
    assert "one class only" in refusal(tmp_path / "e", x=x, y=LABELS * 0)
    assert "they must agree" in refusal(tmp_path / "f", x=x, y=LABELS, x_test=x[:, :2], y_test=LABELS)
    assert "y_test.npy, row 1: its class does not occur" in refusal(
        tmp_path / "g", x=x, y=LABELS, x_test=x[:2], y_test=np.array([0, 9])
    )
    assert "x.npy and X.npy" in refusal(tmp_path / "h", x=x, X=x, y=LABELS)
    assert "shape (0, 6)" in refusal(tmp_path / "i", x=x[:0], y=LABELS[:0])
    assert "real numbers" in refusal(tmp_path / "j", x=x.astype(str), y=LABELS)
    (tmp_path / "k").mkdir()
    (tmp_path / "k" / "x.npy").write_bytes(b"no array")
    assert "cannot be read as .npy" in refusal(tmp_path / "k", y=LABELS)


def test_a_run_on_a_folder_acquires_what_a_run_on_the_archive_acquires(run):
    x = RANDOM.normal(0, 1, (300, 6)) + 3 * np.eye(3, 6)[np.arange(300) % 3]
    write(Path("t"), x=x, y=np.arange(300) % 3)
    np.savez("t.npz", x=x, y=np.arange(300) % 3)
    for path in ("t", "t.npz"):
        done = run(*TINY, "dataset=npz", f"dataset.path={path}", f"arm={path}", "strategy=badge")
        assert done.status == 0, done.err
    one, other = (record(arm, dataset="npz") for arm in ("t", "t.npz"))
    assert [entry["acquired"] for entry in one.stable] == [entry["acquired"] for entry in other.stable]
    assert one.stable[-1]["nll"] == pytest.approx(other.stable[-1]["nll"], rel=1e-4)


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
    found = json.loads(done.stdout.splitlines()[-1])
    assert found["file_mb"] > 499
    assert found["load_added_mb"] < 300
    assert found["score_added_mb"] < 300


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as at:
        print(json.dumps(measure(float(sys.argv[1]), Path(at))))
