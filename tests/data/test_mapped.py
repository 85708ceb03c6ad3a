"""Inputs in a folder of .npy files: what the .npz file gives, without the inputs in memory."""

from __future__ import annotations

import hashlib
from pathlib import Path

import numpy as np
import pytest
import torch

from al_bench.data.arrays import NpzDataset
from al_bench.data.mapped import MappedRows
from al_bench.errors import InputError

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
PIECES = {"whole": 10**9, "in pieces": 500}
"""Bytes of a chunk."""


def write(folder: Path, **arrays: np.ndarray) -> NpzDataset:
    folder.mkdir(exist_ok=True)
    for name, array in arrays.items():
        np.save(folder / f"{name}.npy", array)
    return NpzDataset(path=str(folder))


def mapped_rows(folder: Path, array: np.ndarray, pieces: str, rows: np.ndarray | None = None) -> MappedRows:
    np.save(folder / "x.npy", array)
    mapped = np.load(folder / "x.npy", mmap_mode="r")
    return MappedRows("x.npy", mapped, rows, chunk_bytes=PIECES[pieces], scattered_rows=3)


@pytest.mark.parametrize("split", [True, False], ids=["split off", "test part given"])
@pytest.mark.parametrize("standardise", [True, False], ids=["standardised", "as it is"])
@pytest.mark.parametrize("name", INPUTS)
def test_a_folder_gives_what_the_archive_gives(tmp_path: Path, name: str, standardise: bool, split: bool) -> None:
    arrays = {"x": INPUTS[name], "y": LABELS}
    if not split:
        arrays |= {"x_test": INPUTS[name][:12], "y_test": LABELS[:12]}
    np.savez(tmp_path / "t.npz", **arrays)
    write(tmp_path / "t", **arrays)
    archive, folder = (NpzDataset(path=str(tmp_path / path), standardise=standardise).load() for path in ("t.npz", "t"))
    assert isinstance(folder.inputs, MappedRows)
    assert folder.name == archive.name == "t"
    assert folder.shape == archive.shape
    assert folder.size == archive.size == len(folder.inputs)
    assert torch.equal(folder.hidden_labels, archive.hidden_labels)
    assert torch.equal(folder.test_labels, archive.test_labels)
    some = torch.tensor([3, 0, 17, 3])
    for mapped, tensor in ((folder.inputs, archive.inputs), (folder.test_inputs, archive.test_inputs)):
        assert tuple(mapped.shape) == tuple(tensor.shape)
        torch.testing.assert_close(mapped[-1], tensor[-1], rtol=1e-6, atol=1e-6)
        torch.testing.assert_close(mapped[2], tensor[2], rtol=1e-6, atol=1e-6)
        for key in (slice(None), slice(2, 7), some[some < len(tensor)], some[:0], torch.tensor([7, 1, 2, 0, 6])):
            assert mapped[key].dtype == tensor.dtype
            assert mapped[key].is_contiguous()
            torch.testing.assert_close(mapped[key], tensor[key], rtol=1e-6, atol=1e-6)
            torch.testing.assert_close(folder.prepare(mapped[key]), archive.prepare(tensor[key]), rtol=1e-5, atol=1e-5)


@pytest.mark.parametrize("pieces", PIECES)
@pytest.mark.parametrize("name", ["table", "Fortran order", "float images"])
def test_rows_are_those_of_the_array_however_far_apart(tmp_path: Path, name: str, pieces: str) -> None:
    order = np.random.default_rng(1).permutation(40)[:31]
    inputs = mapped_rows(tmp_path, INPUTS[name], pieces, order)
    for positions in ([30, 0, 7, 7, 29, 3, 12], [5], []):
        np.testing.assert_array_equal(inputs.read(np.array(positions, int)), INPUTS[name][order[positions]])
    np.testing.assert_array_equal(np.concatenate([chunk for _, chunk in inputs.chunks()]), INPUTS[name][order])


@pytest.mark.parametrize("pieces", PIECES)
def test_moments_in_one_pass_are_those_in_memory(tmp_path: Path, pieces: str) -> None:
    array = RANDOM.normal([1e6, 0, 3], [1, 2, 0], (500, 3))
    mean, std = mapped_rows(tmp_path, array, pieces).moments()
    np.testing.assert_allclose(mean, array.mean(0), rtol=1e-12, atol=1e-12)
    np.testing.assert_allclose(std, [*array.std(0)[:2], 1], rtol=1e-9)
    images = RANDOM.normal([[[1]], [[5]]], 2, (50, 2, 4, 3))
    mean, std = mapped_rows(tmp_path, images, pieces).moments()
    np.testing.assert_allclose(mean, images.mean((0, 2, 3)), rtol=1e-12)
    np.testing.assert_allclose(std, images.std((0, 2, 3)), rtol=1e-12)


def test_the_digest_is_one_of_the_rows_and_not_of_the_pieces(tmp_path: Path) -> None:
    def digest(pieces: str, rows: np.ndarray | None = None) -> str:
        value = hashlib.blake2b()
        mapped_rows(tmp_path, INPUTS["table"], pieces, rows).update(value)
        return value.hexdigest()

    assert digest("whole") == digest("in pieces") == hashlib.blake2b(INPUTS["table"].tobytes()).hexdigest()
    assert digest("in pieces", np.arange(40)) == digest("whole")
    assert digest("in pieces", np.arange(39)) != digest("whole")


def test_the_fingerprint_sees_every_value_and_the_split(tmp_path: Path) -> None:
    def fingerprint(row: int, value: float, split_seed: int = 0) -> str:
        x = np.zeros((40, 6))
        x[:, 0] = np.arange(40)
        x[row, 5] = value
        config = write(tmp_path / "t", x=x, y=LABELS)
        config.split_seed = split_seed
        return config.load().fingerprint()

    assert fingerprint(0, 1.0) == fingerprint(0, 1.0)
    assert len({fingerprint(0, 1.0), fingerprint(0, 2.0), fingerprint(39, 2.0), fingerprint(39, 2.0, 1)}) == 4


def test_a_copy_leaves_the_file_alone(tmp_path: Path) -> None:
    data = write(tmp_path / "t", x=INPUTS["table"], y=LABELS).load()
    data.inputs[:4].zero_()
    assert data.inputs[:4].abs().sum() > 0
    np.testing.assert_array_equal(np.load(tmp_path / "t" / "x.npy"), INPUTS["table"])


@pytest.mark.parametrize("pieces", PIECES)
@pytest.mark.parametrize("value", [np.nan, np.inf, 1e300])
def test_a_value_that_is_no_number_is_named_by_its_row_in_the_file(tmp_path: Path, value: float, pieces: str) -> None:
    x = INPUTS["table"].copy()
    x[23, 2] = value
    with pytest.raises(InputError, match=r"^x\.npy, row 23: a value is NaN, infinite or beyond float32$"):
        mapped_rows(tmp_path, x, pieces, np.arange(40)[::-1].copy()).moments()
    assert len(list(mapped_rows(tmp_path, x, pieces, np.delete(np.arange(40), 23)).checked_chunks())) >= 1


@pytest.mark.parametrize("part", ["x", "x_test"])
def test_a_folder_with_a_value_that_is_no_number_is_refused(tmp_path: Path, part: str) -> None:
    arrays = {"x": INPUTS["table"], "y": LABELS, "x_test": INPUTS["table"], "y_test": LABELS}
    arrays[part] = arrays[part].copy()
    arrays[part][23, 2] = np.nan
    with pytest.raises(InputError) as caught:
        write(tmp_path / "t", **arrays).load()
    assert str(caught.value).startswith(f"{tmp_path / 't' / part}.npy, row 23: ")
