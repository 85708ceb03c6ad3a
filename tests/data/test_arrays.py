"""A user's .npz file or folder of .npy files: the dataset it becomes, and the messages of faults."""

from __future__ import annotations

import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from al_bench.data.arrays import NpzDataset
from al_bench.data.shapes import Layout
from al_bench.data.table_choices import MissingLabels
from al_bench.errors import InputError

LABELS = np.arange(20) % 2
TABLE = np.random.default_rng(0).normal(5, 3, (20, 4))
BYTES = np.random.default_rng(0).integers(0, 256, (20, 8, 6), dtype=np.uint8)
COLOURS = np.random.default_rng(0).integers(0, 256, (20, 8, 6, 3), dtype=np.uint8)


def load(keys: dict[str, Any] | None = None, **arrays: Any) -> Any:
    np.savez("t.npz", **arrays)
    return NpzDataset(path="t.npz", **(keys or {})).load()


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


IMAGES: dict[str, tuple[np.ndarray, Layout, tuple[int, ...]]] = {
    "grey": (BYTES, Layout.auto, (1, 8, 6)),
    "channels last": (COLOURS, Layout.auto, (3, 8, 6)),
    "channels first": (COLOURS.transpose(0, 3, 1, 2), Layout.auto, (3, 8, 6)),
    "channels first by key": (COLOURS, Layout.channels_first, (8, 6, 3)),
    "channels last by key": (COLOURS[:, :3], Layout.channels_last, (3, 3, 6)),
    "two channels by key": (COLOURS[..., :2], Layout.channels_last, (2, 8, 6)),
}


@pytest.mark.parametrize("name", IMAGES)
def test_images(name: str) -> None:
    x, layout, shape = IMAGES[name]
    data = load({"layout": layout}, x=x, y=LABELS, x_test=x[::-1] // 2, y_test=LABELS)
    assert data.shape == shape
    assert data.inputs.dtype == torch.uint8
    assert data.inputs.is_contiguous()
    prepared = data.prepare(data.inputs)
    torch.testing.assert_close(prepared.mean((0, 2, 3)), torch.zeros(shape[0]), rtol=0, atol=1e-5)
    torch.testing.assert_close(prepared.std((0, 2, 3), correction=0), torch.ones(shape[0]), rtol=0, atol=1e-5)


def test_channels_go_to_the_front() -> None:
    data = load(x=COLOURS, y=LABELS, x_test=COLOURS[:3], y_test=LABELS[:3])
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
    ids="-".join,
)
def test_spellings(names: tuple[str, ...]) -> None:
    arrays: dict[str, Any] = dict(zip(names, (TABLE, LABELS[:, None], TABLE[:5] + 1, LABELS[:5]), strict=True))
    data = load(None, **arrays, other=TABLE)
    assert data.inputs.shape == (20, 4)
    np.testing.assert_allclose(data.test_inputs, (TABLE[:5] + 1 - TABLE.mean(0)) / TABLE.std(0), rtol=1e-5)


LABELS_OF_A_KIND: dict[str, tuple[np.ndarray, tuple[str, ...]]] = {
    "whole numbers": (LABELS + 7, ("7", "8")),
    "whole numbers as floats": (LABELS * 1.0, ("0", "1")),
    "words": (np.array(["b", "a"])[LABELS], ("a", "b")),
    "bytes": (np.array([b"b", b"a"])[LABELS], ("a", "b")),
    "truth values": (LABELS == 1, ("False", "True")),
    "sorted by value": (np.where(LABELS, 10, 9), ("9", "10")),
}


@pytest.mark.parametrize("kind", LABELS_OF_A_KIND)
def test_labels(kind: str) -> None:
    y, names = LABELS_OF_A_KIND[kind]
    data = load(x=TABLE, y=y)
    assert data.class_names == names
    assert data.hidden_labels.dtype == torch.int64
    assert torch.bincount(data.hidden_labels).tolist() == [8, 8]


def with_fault(value: float) -> np.ndarray:
    x = TABLE.copy()
    x[7, 2] = value
    return x


OBJECTS = np.array(["a", None] * 10, dtype=object)
FAULTS: dict[str, tuple[dict[str, np.ndarray], str]] = {
    "no x": ({"y": LABELS}, "{folder} has no array {x} (nor {X}, "),
    "no y": ({"x": TABLE}, "{folder} has no array {y} (nor {Y}, "),
    "two x": ({"x": TABLE, "x_train": TABLE, "y": LABELS}, "{folder} has {x} and {x_train}; one of them is expected"),
    "x_test alone": ({"x": TABLE, "y": LABELS, "x_test": TABLE}, "has one of {x_test} and {y_test}; both or neither"),
    "a label too few": ({"x": TABLE, "y": LABELS[:-1]}, "{at_y} has 19 labels for 20 inputs; they must be as many"),
    "NaN": ({"x": with_fault(float("nan")), "y": LABELS}, "{at_x}, row 7: a value is NaN, infinite or beyond float32"),
    "infinite": ({"x": with_fault(float("inf")), "y": LABELS}, "{at_x}, row 7: a value is NaN, infinite or beyond"),
    "beyond float32": (
        {"x": with_fault(1e60), "y": LABELS},
        "{at_x}, row 7: a value is NaN, infinite or beyond float32",
    ),
    "NaN in x_test": (
        {"x": TABLE, "y": LABELS, "x_test": with_fault(float("nan")), "y_test": LABELS},
        "{at_x_test}, row 7: a value is NaN",
    ),
    "one class": ({"x": TABLE, "y": LABELS * 0}, "{at_y} holds one class only; at least two are expected"),
    "text as x": (
        {"x": TABLE.astype(str), "y": LABELS},
        "{at_x} holds text; real numbers are expected; write columns of text as a table",
    ),
    "complex x": ({"x": TABLE * 1j, "y": LABELS}, "{at_x} holds complex128; real numbers are expected"),
    "x of one axis": ({"x": TABLE[:, 0], "y": LABELS}, "{at_x} has the shape (20,); [N, D], [N, H, W] or images"),
    "no row": ({"x": TABLE[:0], "y": LABELS[:0]}, "{at_x} has the shape (0, 4); [N, D], [N, H, W] or images"),
    "no axis of channels": (
        {"x": COLOURS[..., :2], "y": LABELS},
        "{at_x} has the shape (20, 8, 6, 2): no axis can be the channels; set dataset.layout",
    ),
    "two axes of channels": (
        {"x": COLOURS[:, :3], "y": LABELS},
        "{at_x} has the shape (20, 3, 6, 3): either the second or the last axis may be the channels",
    ),
    "one-hot y": (
        {"x": TABLE, "y": np.eye(2)[LABELS]},
        "{at_y} has the shape (20, 2); [N] class labels are expected (not one-hot)",
    ),
    "fractional y": ({"x": TABLE, "y": LABELS + 0.5}, "{at_y}, row 0: 0.5 is no class label; whole numbers or words"),
    "NaN in y": (
        {"x": TABLE, "y": np.where(LABELS, np.nan, 1.0)},
        "{at_y}, row 1: 'nan' may stand for no label, and is no class label (10 of 20 rows); set",
    ),
    "complex y": ({"x": TABLE, "y": LABELS * 1j}, "{at_y} holds complex128; whole numbers or words are expected"),
    "objects as y": (
        {"x": TABLE, "y": OBJECTS},
        "{at_y} is an array of Python objects of shape (20,), which can run code and are not read; write the",
    ),
    "objects as x": (
        {"x": TABLE.astype(object), "y": LABELS},
        "{at_x} is an array of Python objects of shape (20, 4), which can run code and are not read: columns",
    ),
    "ragged x": (
        {"x": np.array([BYTES[row, : 2 + row % 3] for row in range(20)], dtype=object), "y": LABELS},
        "{at_x} is an array of Python objects of shape (20,), which can run code and are not read: inputs",
    ),
    "bytes that are no text as y": (
        {"x": TABLE, "y": np.array([b"K\xe4se", b"Brot"])[LABELS]},
        "{at_y} holds bytes that are not UTF-8 (b'K\\xe4se'); write text: numpy.char.decode(labels, 'latin-1')",
    ),
    "nan as text in y": (
        {"x": TABLE, "y": np.where(LABELS, "nan", "a")},
        "{at_y}, row 1: 'nan' may stand for no label, and is no class label (10 of 20 rows); set",
    ),
    "labels of two spellings": (
        {"x": TABLE, "y": np.where(np.arange(20) < 3, "CAT", np.array(["cat", "dog"])[LABELS])},
        "{at_y}: the labels 'cat' (8 rows) and 'CAT' (3 rows) differ in case, quotes, blanks or Unicode form only; set",
    ),
    "x_test equal to x": (
        {"x": TABLE, "y": LABELS, "x_test": TABLE[::-1], "y_test": LABELS},
        "x_test has the same rows as x; a test part of other rows is expected",
    ),
    "x_test of another width": (
        {"x": TABLE, "y": LABELS, "x_test": TABLE[:, :3], "y_test": LABELS},
        "{at_x_test} becomes torch.float32 of shape (3,) a row, and {at_x} torch.float32 of shape (4,); they must",
    ),
    "x_test of another type": (
        {"x": BYTES, "y": LABELS, "x_test": BYTES / 1.0, "y_test": LABELS},
        "{at_x_test} becomes torch.float32 of shape (1, 8, 6) a row, and {at_x} torch.uint8",
    ),
    "too few rows": ({"x": TABLE[:2], "y": LABELS[:2]}, "{folder}: dataset.test_fraction=0.2 of its 2 rows leave none"),
}
"""What is wrong, arrays with that fault, and the beginning or a part of the message."""


@pytest.mark.parametrize("source", ["archive", "folder"])
@pytest.mark.parametrize("fault", FAULTS)
def test_an_archive_and_a_folder_are_refused_in_the_same_words(fault: str, source: str) -> None:
    arrays, expected = FAULTS[fault]
    names = ("x", "y", "x_test", "y_test", "X", "Y", "x_train")
    here = Path.cwd()
    if source == "archive":
        path, ending, separator = here / "t.npz", "", ": "
        np.savez(path, **arrays)  # type: ignore[arg-type]
    else:
        path, ending, separator = here / "t", ".npy", "/"
        path.mkdir()
        for name, array in arrays.items():
            np.save(path / name, array)
    if fault == "x_test equal to x" and source == "folder":
        return  # mapped parts are not compared, as that would read both files once more
    with pytest.raises(InputError) as caught:
        NpzDataset(path=path.name).load()
    message = str(caught.value)
    assert "\n" not in message
    assert str(path) in message
    terms = {name: name + ending for name in names} | {
        f"at_{name}": f"{path}{separator}{name}{ending}" for name in names
    }
    assert expected.format(folder=path, **terms) in message


def test_refuses_a_single_array_by_name() -> None:
    np.save("t.npy", TABLE)
    Path("t.npy").rename("t.npz")
    with pytest.raises(InputError, match=r"t\.npz holds a single array"):
        NpzDataset(path="t.npz").load()


def test_refuses_files_of_a_folder_that_are_no_single_array() -> None:
    Path("t").mkdir()
    np.save("t/y.npy", LABELS)
    Path("t/x.npy").write_bytes(b"no array")
    with pytest.raises(InputError, match=r"t/x\.npy cannot be read as \.npy \(.*without objects is expected"):
        NpzDataset(path="t").load()
    np.savez("t.npz", TABLE)
    Path("t.npz").rename("t/x.npy")
    with pytest.raises(InputError, match=r"t/x\.npy is an archive of arrays; a single one is expected"):
        NpzDataset(path="t").load()


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


def test_a_class_that_only_the_test_part_has_is_kept_and_remarked() -> None:
    data = load(x=TABLE, y=LABELS, x_test=TABLE[:6] + 1, y_test=LABELS[:6] + 1)
    assert data.class_names == ("0", "1", "2")
    assert data.test_labels.tolist() == [1, 2, 1, 2, 1, 2]
    assert "'2' only in the test part (3 rows, each an error)" in data.reading.line()


@pytest.mark.parametrize(
    ("policy", "rows", "names"),
    [("drop", 15, ("0", "1")), ("class", 20, ("0", "1", "missing"))],
    ids=["drop", "class"],
)
@pytest.mark.parametrize("mark", [np.nan, "", "?", "NA"], ids=["nan", "empty", "question mark", "NA"])
def test_rows_without_a_label_by_choice(policy: str, rows: int, names: tuple[str, ...], mark: Any) -> None:
    y = LABELS * 1.0 if isinstance(mark, float) else LABELS.astype("<U3")
    y[::4] = mark
    data = load({"missing_labels": MissingLabels[policy]}, x=TABLE, y=y)
    assert data.size + len(data.test_labels) == rows
    assert len(data.class_names) == len(names)
    assert data.origins is not None
    assert data.test_origins is not None
    labelled = {*range(20)} - ({*range(0, 20, 4)} if policy == "drop" else set())
    assert {*data.origins.tolist(), *data.test_origins.tolist()} == labelled
    column = torch.cat([data.inputs, data.test_inputs])[:, 0]
    order = torch.tensor([*data.origins.tolist(), *data.test_origins.tolist()]).argsort()
    assert column[order].argsort().tolist() == TABLE[sorted(labelled), 0].argsort().tolist()


def test_arrays_that_are_not_read_are_said() -> None:
    data = load(None, train_images=BYTES, train_labels=LABELS, val_images=BYTES, val_labels=LABELS, extra=LABELS)
    assert data.reading is not None
    assert list(data.reading.unused) == ["val_images", "val_labels", "extra"]
    assert "validation=" in data.reading.unused["val_images"]


@pytest.mark.parametrize("code", [0x110000, 0xFFFFFFFF, 0xD800, 0xDFFF], ids=hex)
@pytest.mark.parametrize("order", ["<", ">"], ids=["little", "big"])
def test_a_code_that_is_no_character_is_refused_by_row(code: int, order: str) -> None:
    labels = np.array(["ant", "bee"] * 10).astype(f"{order}U3")
    labels.view(f"{order}u4").reshape(20, 3)[7, 1] = code
    with pytest.raises(InputError, match=rf"t.npz: y, row 7: its text has the code {code:#x}, which is no character"):
        load(x=TABLE, y=labels)


def test_texts_of_either_byte_order_are_labels() -> None:
    for order in "<>":
        assert load(x=TABLE, y=np.array(["ärger", "🦆"] * 10).astype(f"{order}U5")).class_names == ("ärger", "🦆")


def npy(header: str, data: bytes = bytes(64)) -> bytes:
    """An .npy file whose header says whatever it says."""
    text = header.encode() + b"\n"
    return b"\x93NUMPY\x01\x00" + len(text).to_bytes(2, "little") + text + data


HEADERS = {
    "more rows than bytes": "{'descr': '<f8', 'fortran_order': False, 'shape': (1099511627776, 4)}",
    "more than any memory": "{'descr': '<f8', 'fortran_order': False, 'shape': (4294967296, 4294967296)}",
    "a negative length": "{'descr': '<f8', 'fortran_order': False, 'shape': (-1, 4)}",
    "a type that there is not": "{'descr': 'x', 'fortran_order': False, 'shape': (8,)}",
    "texts of a gigabyte": "{'descr': '|S1000000000', 'fortran_order': False, 'shape': (40, 4)}",
    "brackets": "{" * 5_000,
    "parentheses": "(" * 60_000,
    "a call": "{'descr': __import__('os').system('touch ran'), 'fortran_order': False, 'shape': (8,)}",
    "nothing": "",
    "null": "null",
}


@pytest.mark.parametrize("name", HEADERS)
@pytest.mark.parametrize("array", ["x", "y"])
def test_a_false_header_is_a_line_that_names_the_file(name: str, array: str) -> None:
    Path("folder").mkdir()
    np.save("folder/x.npy", TABLE)
    np.save("folder/y.npy", LABELS)
    Path(f"folder/{array}.npy").write_bytes(npy(HEADERS[name]))
    with pytest.raises(InputError, match=rf"folder/{array}\.npy cannot be read as \.npy"):
        NpzDataset(path="folder").load()
    with zipfile.ZipFile("t.npz", "w") as archive:
        for path in Path("folder").iterdir():
            archive.write(path, path.name)
    with pytest.raises(InputError, match=r"t\.npz cannot be read as \.npz"):
        NpzDataset(path="t.npz").load()
    assert not Path("ran").exists()


def test_an_archive_that_unpacks_to_very_much_is_refused_by_its_size() -> None:
    zeros = bytes(2**20)
    with zipfile.ZipFile("t.npz", "w", zipfile.ZIP_DEFLATED, compresslevel=1) as archive:
        with archive.open("x.npy", "w") as member:
            member.write(npy("{'descr': '<f4', 'fortran_order': False, 'shape': (55050240,)}", b""))
            for _ in range(210):
                member.write(zeros)
        archive.writestr("y.npy", npy("{'descr': '<i8', 'fortran_order': False, 'shape': (8,)}"))
    with pytest.raises(
        InputError, match=r"t\.npz: x unpacks to more than 100 times its size; write it with numpy\.savez"
    ):
        NpzDataset(path="t.npz").load()
