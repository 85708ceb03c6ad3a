"""A user's .npz file: what it becomes, and what is said where it cannot."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from al_bench.data.arrays import NpzDataset
from al_bench.data.shapes import Layout
from al_bench.errors import InputError

LABELS = np.arange(20) % 2
TABLE = np.random.default_rng(0).normal(5, 3, (20, 4))
BYTES = np.random.default_rng(0).integers(0, 256, (20, 8, 6), dtype=np.uint8)
COLOURS = np.random.default_rng(0).integers(0, 256, (20, 8, 6, 3), dtype=np.uint8)


def load(keys: dict[str, Any] | None = None, **arrays: Any) -> Any:
    np.savez("t.npz", **arrays)
    return NpzDataset(path="t.npz", **(keys or {})).load()


def refusal(keys: dict[str, Any] | None = None, **arrays: Any) -> str:
    with pytest.raises(InputError) as caught:
        load(keys, **arrays)
    message = str(caught.value)
    assert "\n" not in message
    assert "t.npz" in message
    return message


@pytest.fixture(autouse=True)
def _elsewhere(empty_root: Path) -> None:
    """Every test has a current folder of its own."""


@pytest.mark.parametrize("kind", ["float64", "float32", "float16", "int64", "uint8", "bool"])
def test_tables(kind: str) -> None:
    data = load(x=TABLE.astype(kind), y=LABELS)
    assert data.name == "t"
    assert data.inputs.shape == (16, 4)
    assert data.inputs.dtype == data.test_inputs.dtype == torch.float32
    if kind != "bool":  # all true: constant
        torch.testing.assert_close(data.inputs.std(0, correction=0), torch.ones(4))
    torch.testing.assert_close(data.inputs.mean(0), torch.zeros(4), rtol=0, atol=1e-6)
    assert torch.equal(data.prepare(data.inputs), data.inputs)
    assert data.fingerprint() == load(x=TABLE.astype(kind), y=LABELS).fingerprint()


def test_tables_as_they_are() -> None:
    data = load({"standardise": False}, x=BYTES[:, 0], y=LABELS)
    both = torch.cat([data.prepare(data.inputs), data.prepare(data.test_inputs)])
    assert sorted(both.flatten().tolist()) == sorted(BYTES[:, 0].flatten().tolist())


@pytest.mark.parametrize(
    ("x", "layout", "shape"),
    [
        (BYTES, Layout.auto, (1, 8, 6)),
        (COLOURS, Layout.auto, (3, 8, 6)),
        (COLOURS.transpose(0, 3, 1, 2), Layout.auto, (3, 8, 6)),
        (COLOURS, Layout.channels_first, (8, 6, 3)),
        (COLOURS[:, :3], Layout.channels_last, (3, 3, 6)),
        (COLOURS[..., :2], Layout.channels_last, (2, 8, 6)),
    ],
)
def test_images(x: np.ndarray, layout: Layout, shape: tuple[int, ...]) -> None:
    data = load({"layout": layout}, x=x, y=LABELS, x_test=x, y_test=LABELS)
    assert data.shape == shape
    assert data.inputs.dtype == torch.uint8
    assert data.inputs.is_contiguous()
    prepared = data.prepare(data.inputs)
    torch.testing.assert_close(prepared.mean((0, 2, 3)), torch.zeros(shape[0]), rtol=0, atol=1e-5)
    torch.testing.assert_close(prepared.std((0, 2, 3), correction=0), torch.ones(shape[0]), rtol=0, atol=1e-5)


def test_channels_go_to_the_front() -> None:
    data = load(x=COLOURS, y=LABELS, x_test=COLOURS, y_test=LABELS)
    assert np.array_equal(data.inputs[7, 2].numpy(), COLOURS[7, :, :, 2])


def test_float_images_and_unit_scale() -> None:
    data = load(x=COLOURS / 255, y=LABELS)
    assert data.inputs.dtype == torch.float32
    assert float(data.prepare(data.inputs).mean()) == pytest.approx(0, abs=1e-5)
    unit = load({"standardise": False}, x=COLOURS, y=LABELS)
    assert float(unit.prepare(unit.inputs).max()) == 1


@pytest.mark.parametrize(
    "names",
    [
        ("x", "y", "x_test", "y_test"),
        ("X", "Y", "X_test", "Y_test"),
        ("X", "y", "X_test", "y_test"),
        ("x_train", "y_train", "x_test", "y_test"),
        ("train_images", "train_labels", "test_images", "test_labels"),
    ],
)
def test_spellings(names: tuple[str, ...]) -> None:
    arrays: dict[str, Any] = dict(zip(names, (TABLE, LABELS[:, None], TABLE[:5] + 1, LABELS[:5]), strict=True))
    data = load(None, **arrays, other=TABLE)
    assert data.inputs.shape == (20, 4)
    np.testing.assert_allclose(data.test_inputs, (TABLE[:5] + 1 - TABLE.mean(0)) / TABLE.std(0), rtol=1e-5)


@pytest.mark.parametrize(
    ("y", "names"),
    [
        (LABELS + 7, ("7", "8")),
        (LABELS * 1.0, ("0", "1")),
        (np.array(["b", "a"])[LABELS], ("a", "b")),
        (np.array([b"b", b"a"])[LABELS], ("a", "b")),
        (LABELS == 1, ("False", "True")),
        (np.where(LABELS, 10, 9), ("9", "10")),
    ],
)
def test_labels(y: np.ndarray, names: tuple[str, ...]) -> None:
    data = load(x=TABLE, y=y)
    assert data.class_names == names
    assert data.hidden_labels.dtype == torch.int64
    assert torch.bincount(data.hidden_labels).tolist() == [8, 8]


def with_fault(value: float) -> np.ndarray:
    x = TABLE.copy()
    x[7, 2] = value
    return x


@pytest.mark.parametrize(
    ("arrays", "words"),
    [
        ({"y": LABELS}, "has no array x (nor X, x_train, X_train, train_images); it has y"),
        ({"x": TABLE}, "has no array y ("),
        ({"x": TABLE, "X": TABLE, "y": LABELS}, "has x and X; one of them is expected"),
        ({"x": TABLE, "y": LABELS, "x_test": TABLE}, "has one of x_test and y_test; both or neither"),
        ({"x": TABLE, "y": LABELS[:-1]}, "y has 19 labels for 20 inputs"),
        ({"x": with_fault(float("nan")), "y": LABELS}, "x, row 7: a value is NaN"),
        ({"x": with_fault(float("inf")), "y": LABELS}, "x, row 7: "),
        ({"x": with_fault(1e60), "y": LABELS}, "x, row 7: "),
        ({"x": TABLE, "y": LABELS * 0}, "y holds one class only"),
        ({"x": TABLE.astype(str), "y": LABELS}, "x holds <U"),
        ({"x": TABLE * 1j, "y": LABELS}, "x holds complex128"),
        ({"x": TABLE[:, 0], "y": LABELS}, "x has the shape (20,)"),
        ({"x": TABLE[:0], "y": LABELS[:0]}, "x has the shape (0, 4)"),
        ({"x": COLOURS[..., :2], "y": LABELS}, "no axis can be the channels; set dataset.layout"),
        ({"x": COLOURS[:, :3], "y": LABELS}, "either the second or the last axis may be the channels"),
        ({"x": TABLE, "y": np.eye(2)[LABELS]}, "y has the shape (20, 2); [N] class labels are expected (not one-hot)"),
        ({"x": TABLE, "y": LABELS + 0.5}, "y, row 0: 0.5 is no class label"),
        ({"x": TABLE, "y": np.where(LABELS, np.nan, 1.0)}, "y, row 1: nan is no class label"),
        ({"x": TABLE, "y": LABELS * 1j}, "y holds complex128"),
        ({"x": TABLE, "y": np.array(["a", None] * 10, dtype=object)}, "cannot be read as .npz"),
        ({"x": TABLE, "y": LABELS, "x_test": TABLE[:, :3], "y_test": LABELS}, "they must agree"),
        ({"x": BYTES, "y": LABELS, "x_test": BYTES / 1.0, "y_test": LABELS}, "they must agree"),
        ({"x": TABLE, "y": LABELS, "x_test": TABLE, "y_test": LABELS + 1}, "y_test, row 1: its class does not occur"),
        ({"x": TABLE[:2], "y": LABELS[:2]}, "leave none for the test part"),
    ],
)
def test_refuses(arrays: dict[str, Any], words: str) -> None:
    assert words in refusal(**arrays)


def test_refuses_a_single_array_by_name() -> None:
    np.save("t.npy", TABLE)
    Path("t.npy").rename("t.npz")
    with pytest.raises(InputError, match=r"t\.npz holds a single array"):
        NpzDataset(path="t.npz").load()


@pytest.mark.parametrize("length", [0, 10, 200, -30])
def test_refuses_truncated_files(length: int) -> None:
    np.savez_compressed("t.npz", x=TABLE, y=LABELS)
    Path("t.npz").write_bytes(Path("t.npz").read_bytes()[:length])
    with pytest.raises(InputError, match=r"t\.npz cannot be read as \.npz") as caught:
        NpzDataset(path="t.npz").load()
    assert "\n" not in str(caught.value)


def test_refuses_damaged_bytes() -> None:
    np.savez_compressed("t.npz", x=TABLE, y=LABELS)
    content = bytearray(Path("t.npz").read_bytes())
    content[60:200] = bytes(140)
    Path("t.npz").write_bytes(bytes(content))
    with pytest.raises(InputError, match=r"t\.npz cannot be read as \.npz"):
        NpzDataset(path="t.npz").load()


def test_refuses_keys() -> None:
    with pytest.raises(InputError, match=r"dataset\.path is not set"):
        NpzDataset()
    with pytest.raises(InputError, match=r"dataset\.split_seed is -1"):
        NpzDataset(path="a", split_seed=-1)
    with pytest.raises(InputError, match=r"dataset\.path: there is no file"):
        NpzDataset(path="none.npz").load()
