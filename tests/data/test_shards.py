"""A folder of shards of .npy files: what one mapped file gives, wherever one shard ends and the next begins."""

from __future__ import annotations

import hashlib
import os
import resource
import shutil
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from al_bench.data import shards
from al_bench.data.array_files import NamedArray
from al_bench.data.arrays import NpzDataset
from al_bench.data.mapped import MappedRows
from al_bench.data.shapes import Layout
from al_bench.data.shards import ShardedArray, join_inputs
from al_bench.errors import InputError

RANDOM = np.random.default_rng(0)
ROWS = 48
LABELS = np.arange(ROWS) % 3
INPUTS = {
    "table": RANDOM.normal(5, 3, (ROWS, 6)),
    "half precision": RANDOM.normal(5, 3, (ROWS, 6)).astype(np.float16),
    "bytes in a table": RANDOM.integers(0, 256, (ROWS, 6), dtype=np.uint8),
    "grey": RANDOM.integers(0, 256, (ROWS, 8, 6), dtype=np.uint8),
    "colours last": RANDOM.normal(2, 3, (ROWS, 8, 6, 3)).astype(np.float32),
    "Fortran order": np.asfortranarray(RANDOM.normal(2, 3, (ROWS, 6))),
}


def write(folder: Path, name: str, array: np.ndarray, cuts: list[int], ending: str = "") -> list[Path]:
    """The shards of an array, cut before some rows."""
    folder.mkdir(exist_ok=True)
    files = []
    for number, part in enumerate(np.split(array, sorted(set(cuts)))):
        files.append(folder / f"{name}-{number:05d}{ending}.npy")
        np.save(files[-1], np.asfortranarray(part) if array.flags.f_contiguous and array.ndim > 1 else part)
    return files


def joined(files: list[Path]) -> ShardedArray:
    arrays = [np.load(file, mmap_mode="r") for file in files]
    return join_inputs([(file, array.shape, array.dtype) for file, array in zip(files, arrays, strict=True)])


CUTS = st.lists(st.integers(1, ROWS - 1), max_size=12)


@settings(deadline=None, max_examples=30)
@given(st.data(), CUTS)
@pytest.mark.parametrize("name", INPUTS)
def test_rows_moments_and_digest_are_those_of_one_file(name: str, data: st.DataObject, cuts: list[int]) -> None:
    array = INPUTS[name]
    some = st.lists(st.integers(0, ROWS - 1), max_size=9)
    rows = data.draw(st.none() | some.map(lambda picked: np.setdiff1d(np.arange(ROWS), picked)))
    with TemporaryDirectory() as path:
        np.save(Path(path) / "x.npy", array)
        one = NamedArray("x.npy", np.load(Path(path) / "x.npy", mmap_mode="r")).inputs(Layout.auto)
        many = NamedArray("x", joined(write(Path(path) / "t", "x", array, cuts))).inputs(Layout.auto)
        settled = {"chunk_bytes": 3 * array[:1].nbytes, "scattered_rows": 4}
        one, many = (MappedRows(part.where, part.array, rows, **settled) for part in (one, many))
        assert many.shape == one.shape
        assert many.dtype == one.dtype
        for (start, chunk), (other_start, other) in zip(one.chunks(), many.chunks(), strict=True):
            assert start == other_start
            assert chunk.strides == other.strides or len(chunk) == 1
            np.testing.assert_array_equal(chunk, other)
        for moment, other in zip(one.moments(), many.moments(), strict=True):
            np.testing.assert_array_equal(moment, other)
        digests = [hashlib.blake2b(), hashlib.blake2b()]
        one.update(digests[0])
        many.update(digests[1])
        assert digests[0].hexdigest() == digests[1].hexdigest()
        size = st.integers(0, len(one) - 1)
        positions = torch.tensor(data.draw(st.lists(size, max_size=9)), dtype=torch.int64)
        start, stop = data.draw(size), data.draw(size)
        for key in (positions, slice(start, stop), slice(None), slice(start, None, 2)):
            assert torch.equal(one[key], many[key])
        assert torch.equal(one[start], many[start])


@pytest.mark.parametrize("cuts", [[20], [1, 2, 3, 47], []], ids=str)
@pytest.mark.parametrize("labels", ["in one file", "in shards", "in words"])
def test_a_folder_of_shards_is_the_data_set_of_one_file(tmp_path: Path, labels: str, cuts: list[int]) -> None:
    y = np.array(["a", "bbb", "cc"])[LABELS] if labels == "in words" else LABELS
    for folder in ("one", "many"):
        (tmp_path / folder).mkdir()
    np.save(tmp_path / "one" / "x.npy", INPUTS["table"])
    np.save(tmp_path / "one" / "y.npy", y)
    write(tmp_path / "many", "X_train", INPUTS["table"], cuts, f"-of-{len(cuts) + 1:05d}")
    if labels == "in one file":
        np.save(tmp_path / "many" / "y.npy", y)
    else:
        write(tmp_path / "many", "y", y, cuts)
    one, many = (NpzDataset(path=str(tmp_path / folder)).load() for folder in ("one", "many"))
    assert many.fingerprint() == one.fingerprint()
    assert many.class_names == one.class_names
    assert one.origins is not None
    assert many.origins is not None
    np.testing.assert_array_equal(many.origins, one.origins)
    assert one.reading is not None
    assert many.reading is not None
    assert many.reading.unused == one.reading.unused == {}
    assert torch.equal(many.inputs[:], one.inputs[:])
    assert torch.equal(many.test_inputs[:], one.test_inputs[:])


def test_a_test_part_and_groups_may_be_in_shards_too(tmp_path: Path) -> None:
    write(tmp_path / "t", "x", INPUTS["table"], [9, 30])
    write(tmp_path / "t", "y", LABELS, [9, 30])
    write(tmp_path / "t", "patient", np.arange(ROWS) // 4, [9, 30])
    split_off = NpzDataset(path=str(tmp_path / "t"), group="patient").load()
    assert split_off.origins is not None
    assert split_off.test_origins is not None
    assert not {*split_off.origins // 4} & {*split_off.test_origins // 4}
    for name in ("x", "y", "patient"):
        for path in sorted((tmp_path / "t").glob(f"{name}-*")):
            if name != "patient":
                shutil.copy(path, path.with_name(path.name.replace(name, f"{name}_test", 1)))
            else:
                path.unlink()
    with pytest.raises(InputError, match="x_test has the same rows as x"):
        NpzDataset(path=str(tmp_path / "t")).load()


def refusal(folder: Path, **keys: str) -> str:
    with pytest.raises(InputError) as caught:
        NpzDataset(path=str(folder), **keys).load()
    message = str(caught.value)
    assert "\n" not in message
    return message


def damaged(tmp_path: Path, which: str, part: np.ndarray | None, name: str = "x") -> str:
    """What is said of four shards of ten rows, one of which is another, or is not there."""
    write(tmp_path / "t", "x", INPUTS["table"][:40], [10, 20, 30])
    write(tmp_path / "t", "y", LABELS[:40], [10, 20, 30])
    path = tmp_path / "t" / f"{name}-{which}.npy"
    if part is None:
        path.unlink()
    else:
        np.save(path, part)
    return refusal(tmp_path / "t")


@pytest.mark.parametrize(
    ("which", "part", "name", "said"),
    [
        ("00002", np.zeros((10, 5)), "x", "x-00002.npy has rows of shape 5, float64, and x-00000.npy of shape 6, fl"),
        ("00002", np.zeros((10, 6), np.float32), "x", "x-00002.npy has rows of shape 6, float32, and x-00000.npy of"),
        ("00002", np.zeros((10, 6, 1)), "x", "x-00002.npy has rows of shape 6×1, float64, and x-00000.npy of shape 6"),
        ("00002", np.zeros(10), "x", "x-00002.npy has rows of shape one number, float64, and x-00000.npy of shape 6"),
        ("00003", np.zeros((0, 6)), "x", "x-00003.npy has the shape (0, 6); a shard of at least one row is expected"),
        ("00002", None, "x", "the shard x-00002 is missing (1 of 4 are), and there are x-00000.npy and x-00003.npy"),
        ("00000", None, "x", "the shard x-00000 is missing (1 of 4 are), and there are x-00001.npy and x-00003.npy"),
        ("00003", None, "x", "has 3 shards of inputs, x-00000.npy and so on, and 4 of labels, y-00000.npy and so on"),
        ("00001", None, "y", "the shard y-00001 is missing (1 of 4 are), and there are y-00000.npy and y-00003.npy"),
        ("00001", LABELS[:9], "y", "y-00001.npy has 9 labels for the 10 rows of x-00001.npy; they must be as many"),
        ("00001", np.array(list("abc" * 3 + "a")), "y", "y-00001.npy has labels of shape one number, <U1, and y-00000"),
        ("00002", np.full((10, 6), np.nan), "x", "x-00002.npy, row 1: a value is NaN, infinite or beyond float32"),
        ("0002", INPUTS["table"][:10], "x", "x-0002.npy is a second shard of its number; one file a number is expecte"),
        ("00004-of-00005", INPUTS["table"][:10], "x", "x-….npy and x-…-of-00005.npy, of which one may be left from b"),
        ("00002", np.array([{}] * 10), "x", "x-00002.npy is an array of Python objects of shape (10,), which can run"),
    ],
)
def test_a_wrong_shard_is_named(tmp_path: Path, which: str, part: np.ndarray | None, name: str, said: str) -> None:
    message = damaged(tmp_path, which, part, name)
    assert said in message
    assert str(tmp_path / "t") in message


def test_a_shard_that_is_cut_off_is_named(tmp_path: Path) -> None:
    write(tmp_path / "t", "x", INPUTS["table"], [10, 20])
    np.save(tmp_path / "t" / "y.npy", LABELS)
    path = tmp_path / "t" / "x-00001.npy"
    path.write_bytes(path.read_bytes()[:-8])
    assert refusal(tmp_path / "t").startswith(f"{path} cannot be read as .npy (its header announces 480 bytes")


def test_labels_of_another_length_in_one_file_are_refused(tmp_path: Path) -> None:
    write(tmp_path / "t", "x", INPUTS["table"], [10, 20])
    np.save(tmp_path / "t" / "y.npy", LABELS[:-1])
    assert refusal(tmp_path / "t").endswith("y.npy has 47 labels for 48 inputs; they must be as many")


def test_the_whole_array_beside_its_shards_is_refused(tmp_path: Path) -> None:
    write(tmp_path / "t", "x", INPUTS["table"], [10, 20])
    np.save(tmp_path / "t" / "y.npy", LABELS)
    np.save(tmp_path / "t" / "x.npy", INPUTS["table"])
    assert refusal(tmp_path / "t").endswith("t has x.npy and the shard x-00000.npy; one of them is expected")


def test_numbers_that_are_no_shard_of_an_array_that_is_read_are_left_alone(tmp_path: Path) -> None:
    write(tmp_path / "t", "x", INPUTS["table"], [10, 20])
    np.save(tmp_path / "t" / "y.npy", LABELS)
    np.save(tmp_path / "t" / "resnet-101.npy", LABELS)
    reading = NpzDataset(path=str(tmp_path / "t")).load().reading
    assert reading is not None
    assert reading.unused == {"resnet-101": "no such name"}


def test_a_shard_that_is_written_meanwhile_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shards, "OPEN_FILES", 1)
    array = joined(write(tmp_path / "t", "x", INPUTS["table"], [10, 20]))
    array.copy_rows(slice(None))
    path = array.paths[0]
    np.save(path, INPUTS["table"][:10] + 1)
    os.utime(path, ns=(0, 0))
    with pytest.raises(InputError, match=r"x-00000\.npy was written or moved while it was read"):
        array.copy_rows(slice(None))


def test_there_may_be_more_shards_than_open_files(tmp_path: Path) -> None:
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    opened = len(os.listdir("/proc/self/fd")) if Path("/proc/self/fd").exists() else 100
    array = np.arange(3.0 * (shards.OPEN_FILES * 3)).reshape(-1, 3)
    many = joined(write(tmp_path / "t", "x", array, list(range(1, len(array)))))
    resource.setrlimit(resource.RLIMIT_NOFILE, (opened + shards.OPEN_FILES + 20, hard))
    try:
        np.testing.assert_array_equal(many.copy_rows(slice(None)), array)
        order = np.random.default_rng(0).permutation(len(array))
        np.testing.assert_array_equal(many.copy_rows(order), array[order])
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
