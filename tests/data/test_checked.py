"""A dataset of a user's own class: used as it is, or refused in one line that names the class and the fault."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from al_bench.data.arrays import NpzDataset
from al_bench.data.checked import CHUNK_VALUES, check_dataset
from al_bench.data.dataset import Dataset
from al_bench.data.digits import Digits
from al_bench.data.mapped import MappedRows
from al_bench.data.synthetic import Synthetic
from al_bench.errors import InputError

WHERE = "dataset: moons.Moons"
GOOD = Dataset(
    name="moons",
    inputs=torch.randn(6, 2, generator=torch.Generator().manual_seed(0)),
    hidden_labels=torch.tensor([0, 1, 2, 0, 1, 2]),
    test_inputs=torch.zeros(3, 2),
    test_labels=torch.tensor([0, 1, 2]),
    class_names=("a", "b", "c"),
)


def refusal(dataset: object) -> str:
    with pytest.raises(InputError) as caught:
        check_dataset(dataset, WHERE)
    message = str(caught.value)
    assert message.startswith(f"{WHERE}: load() returned ")
    assert "\n" not in message
    return message


def with_value(value: float, row: int) -> torch.Tensor:
    inputs = GOOD.inputs.clone()
    inputs[row, 1] = value
    return inputs


def test_a_good_dataset_is_given_back() -> None:
    assert check_dataset(GOOD, WHERE) is GOOD


@pytest.mark.parametrize("component", [Digits(), Synthetic(), Synthetic(shape=[3, 8, 8])], ids=str)
def test_the_datasets_that_al_bench_brings_pass(component: Any) -> None:
    check_dataset(component.load(), WHERE)


@pytest.mark.parametrize("kind", ["table", "images"])
def test_arrays_in_memory_and_in_a_folder_pass(kind: str, tmp_path: Path) -> None:
    x = np.arange(40 * 5 * 4 * 3, dtype=np.uint8).reshape(40, 5, 4, 3)
    x = x.reshape(40, -1) / 3 if kind == "table" else x
    for name, array in (("x", x), ("y", np.arange(40) % 2)):
        np.save(tmp_path / f"{name}.npy", array)
    np.savez(tmp_path / "t.npz", x=x, y=np.arange(40) % 2)
    in_memory, mapped = (NpzDataset(path=str(path)).load() for path in (tmp_path / "t.npz", tmp_path))
    assert isinstance(mapped.inputs, MappedRows)
    check_dataset(in_memory, WHERE)
    check_dataset(mapped, WHERE)


@pytest.mark.parametrize(
    ("returned", "expected"),
    [
        ((GOOD.inputs, GOOD.hidden_labels), "a tuple; an al_bench.data.dataset.Dataset is expected"),
        (None, "None; an al_bench.data.dataset.Dataset is expected"),
        (np.zeros(3), "a numpy.ndarray; an al_bench.data.dataset.Dataset is expected"),
    ],
    ids=["tuple", "None", "array"],
)
def test_what_is_no_dataset_is_named(returned: object, expected: str) -> None:
    assert refusal(returned) == f"{WHERE}: load() returned {expected}"


FAULTS: dict[str, tuple[dict[str, Any], str]] = {
    "empty name": ({"name": " "}, "name is ' '; a text is expected"),
    "class names as one text": ({"class_names": "abc"}, "class_names are 'abc'; a tuple of texts is expected"),
    "class names as numbers": ({"class_names": (0, 1, 2)}, "class_names are (0, 1, 2); a tuple of texts is expected"),
    "one class name": ({"class_names": ("a",)}, "class_names are ['a']; at least two classes are expected"),
    "a class name twice": ({"class_names": ("a", "b", "a")}, "class_names hold 'a' twice"),
    "inputs of numpy": ({"inputs": np.zeros((6, 2))}, "inputs are a numpy.ndarray; a torch.Tensor is expected"),
    "inputs of float64": (
        {"inputs": torch.zeros(6, 2).double()},
        "inputs are torch.float64; torch.float32 is expected",
    ),
    "inputs of one axis": (
        {"inputs": torch.zeros(6)},
        "inputs have the shape [6]; [N, D] or [N, C, H, W] is expected",
    ),
    "no training part": (
        {"inputs": torch.zeros(0, 2), "hidden_labels": torch.zeros(0).long()},
        "inputs have no row; [N, D] or [N, C, H, W] is expected",
    ),
    "NaN": ({"inputs": with_value(float("nan"), 4)}, "inputs hold NaN or an infinite value in row 4"),
    "infinite": ({"inputs": with_value(float("inf"), 0)}, "inputs hold NaN or an infinite value in row 0"),
    "labels as a list": ({"hidden_labels": [0] * 6}, "hidden_labels are a list; a torch.Tensor is expected"),
    "int32 labels": (
        {"hidden_labels": GOOD.hidden_labels.int()},
        "hidden_labels are torch.int32; torch.int64 is expected: hidden_labels.long()",
    ),
    "one-hot labels": (
        {"hidden_labels": torch.eye(6, 3).long()},
        "hidden_labels have the shape [6, 3]; one label for each of the 6 inputs is expected",
    ),
    "a label too few": ({"hidden_labels": GOOD.hidden_labels[:5]}, "hidden_labels have the shape [5]; one label for"),
    "too few class names": (
        {"class_names": ("a", "b")},
        "hidden_labels have the class 2 in row 2; there are 2 class_names, so that 0 to 1 are allowed",
    ),
    "a negative label": ({"hidden_labels": GOOD.hidden_labels - 1}, "hidden_labels have the class -1 in row 0"),
    "no test part": (
        {"test_inputs": torch.zeros(0, 2), "test_labels": torch.zeros(0).long()},
        "test_inputs have no row; [N, D] or [N, C, H, W] is expected",
    ),
    "NaN in the test part": ({"test_inputs": torch.full((3, 2), float("nan"))}, "test_inputs hold NaN"),
    "a test label out of range": ({"test_labels": torch.tensor([0, 1, 3])}, "test_labels have the class 3 in row 2"),
    "bytes to test on": (
        {"test_inputs": torch.zeros(3, 2, dtype=torch.uint8)},
        "inputs are float32 and test_inputs uint8; they must agree",
    ),
    "other rows to test on": (
        {"test_inputs": torch.zeros(3, 5)},
        "inputs have the shape [2] a row and test_inputs [5]; they must agree",
    ),
    "mean of numpy": ({"mean": np.zeros(2)}, "mean is a numpy.ndarray; a torch.Tensor or None is expected"),
    "mean of float64": ({"mean": torch.zeros(2).double()}, "mean is torch.float64; torch.float32 is expected"),
    "mean of another shape": ({"mean": torch.zeros(3)}, "mean has the shape [3], which does not broadcast to [2]"),
    "mean of the whole batch": ({"mean": torch.zeros(6, 2)}, "mean has the shape [6, 2], which does not broadcast"),
    "infinite mean": ({"mean": torch.tensor(float("inf"))}, "mean holds inf; finite numbers are expected"),
    "std of zero": ({"std": torch.tensor([1.0, 0.0])}, "std holds 0.0; positive numbers are expected"),
}


@pytest.mark.parametrize("name", FAULTS)
def test_a_faulty_field_is_named_with_its_fault_and_what_is_expected(name: str) -> None:
    fields, expected = FAULTS[name]
    assert f": load() returned a Dataset whose {expected}" in refusal(replace(GOOD, **fields))


def test_a_value_that_is_no_number_is_found_in_a_later_chunk() -> None:
    inputs = torch.zeros(2 * (CHUNK_VALUES // 2048) + 3, 2048)
    inputs[-1, -1] = float("nan")
    labels = torch.zeros(len(inputs)).long()
    fault = refusal(replace(GOOD, inputs=inputs, hidden_labels=labels, test_inputs=inputs[:1], test_labels=labels[:1]))
    assert fault.endswith(f"in row {len(inputs) - 1}")
