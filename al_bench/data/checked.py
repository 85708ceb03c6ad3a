"""Whether a run can use the dataset that a class of the user's own returned."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import torch
from torch import Tensor

from al_bench.data.dataset import Dataset
from al_bench.data.mapped import MappedRows
from al_bench.data.texts import Texts
from al_bench.errors import InputError

CHUNK_VALUES = 2**22
"""Values checked together: 17 MB of float32."""
DTYPES: dict[object, str] = {torch.uint8: "uint8", torch.float32: "float32", str: "texts"}


def check_dataset(dataset: object, where: str) -> Dataset:
    """The dataset that `load` of a user's own class returned, if a run can use it.

    Args:
        dataset: What `load` returned.
        where: The class in messages, such as `dataset: moons.Moons`.

    Returns:
        The same dataset.

    Raises:
        InputError: It is no Dataset, or one of its fields has another type, shape or value than `Dataset` says; the
            message names the class, the field, the fault and what is expected.
    """
    if not isinstance(dataset, Dataset):
        raise InputError(
            f"{where}: load() returned {_type_name(dataset)}; an al_bench.data.dataset.Dataset is expected"
        )
    if (fault := next(_faults(dataset), None)) is not None:
        raise InputError(f"{where}: load() returned a Dataset whose {fault}")
    return dataset


def _faults(dataset: Dataset) -> Iterator[str]:
    """Every fault in turn; a check may rely on those before it, since nobody asks for a second fault."""
    if not isinstance(dataset.name, str) or not dataset.name.strip():
        yield f"name is {dataset.name!r}; a text is expected"
    yield from _class_name_faults(dataset.class_names)
    for inputs, labels in (("inputs", "hidden_labels"), ("test_inputs", "test_labels")):
        yield from _input_faults(inputs, getattr(dataset, inputs))
        yield from _label_faults(labels, getattr(dataset, labels), len(getattr(dataset, inputs)), dataset.classes)
    train, test = dataset.inputs, dataset.test_inputs
    if train.dtype != test.dtype:
        yield f"inputs are {DTYPES[train.dtype]} and test_inputs {DTYPES[test.dtype]}; they must agree"
    if train.shape[1:] != test.shape[1:]:
        yield (
            f"inputs have the shape {list(train.shape[1:])} a row and test_inputs {list(test.shape[1:])}; "
            "they must agree"
        )
    for name in ("mean", "std"):
        yield from _moment_faults(name, getattr(dataset, name), dataset.shape)


def _class_name_faults(names: Any) -> Iterator[str]:
    if not isinstance(names, tuple | list) or not all(isinstance(name, str) for name in names):
        yield f"class_names are {names!r:.80}; a tuple of texts is expected"
    if len(names) < 2:
        yield f"class_names are {list(names)}; at least two classes are expected"
    if twice := [name for name in names if names.count(name) > 1]:
        yield f"class_names hold {twice[0]!r} twice; each class needs a name of its own"


def _input_faults(field: str, inputs: Any) -> Iterator[str]:
    if isinstance(inputs, Texts):
        if not len(inputs):
            yield f"{field} have no row; [N] texts are expected"
        return
    if not isinstance(inputs, Tensor | MappedRows):
        yield f"{field} are {_type_name(inputs)}; a torch.Tensor is expected, as torch.from_numpy gives"
    if inputs.dtype not in DTYPES:
        yield f"{field} are {inputs.dtype}; torch.float32 is expected, or torch.uint8 for images: {field}.float()"
    if len(inputs.shape) < 2 or 0 in inputs.shape:
        what = "no row" if len(inputs.shape) and not len(inputs) else f"the shape {list(inputs.shape)}"
        yield f"{field} have {what}; [N, D] or [N, C, H, W] is expected, one input a row"
    if isinstance(inputs, Tensor) and inputs.dtype is torch.float32:  # mapped rows were checked when they were opened
        step = max(1, CHUNK_VALUES // inputs[0].numel())
        for start in range(0, len(inputs), step):
            finite = torch.isfinite(inputs[start : start + step]).flatten(1).all(1)
            if not finite.all():
                yield f"{field} hold NaN or an infinite value in row {start + int(finite.int().argmin())}"


def _label_faults(field: str, labels: Any, rows: int, classes: int) -> Iterator[str]:
    if not isinstance(labels, Tensor):
        yield f"{field} are {_type_name(labels)}; a torch.Tensor is expected, as torch.from_numpy gives"
    if labels.dtype is not torch.int64:
        yield f"{field} are {labels.dtype}; torch.int64 is expected: {field}.long()"
    if tuple(labels.shape) != (rows,):
        yield f"{field} have the shape {list(labels.shape)}; one label for each of the {rows} inputs is expected"
    outside = (labels < 0) | (labels >= classes)
    if outside.any():
        row = int(outside.int().argmax())
        yield (
            f"{field} have the class {int(labels[row])} in row {row}; there are {classes} class_names, so that "
            f"0 to {classes - 1} are allowed"
        )


def _moment_faults(field: str, moment: Any, shape: tuple[int, ...]) -> Iterator[str]:
    if moment is None:
        return
    if not isinstance(moment, Tensor):
        yield f"{field} is {_type_name(moment)}; a torch.Tensor or None is expected"
    if moment.dtype is not torch.float32:
        yield f"{field} is {moment.dtype}; torch.float32 is expected: {field}.float()"
    try:
        fits = torch.broadcast_shapes(moment.shape, shape) == torch.Size(shape)
    except RuntimeError:
        fits = False
    if not fits:
        yield f"{field} has the shape {list(moment.shape)}, which does not broadcast to {list(shape)}, that of an input"
    positive = field == "std"
    allowed = torch.isfinite(moment) & (moment > 0) if positive else torch.isfinite(moment)
    if not allowed.all():
        yield f"{field} holds {float(moment[~allowed][0])}; {'positive' if positive else 'finite'} numbers are expected"


def _type_name(value: object) -> str:
    if value is None:
        return "None"
    kind = type(value)
    return f"a {kind.__name__}" if kind.__module__ == "builtins" else f"a {kind.__module__}.{kind.__name__}"
