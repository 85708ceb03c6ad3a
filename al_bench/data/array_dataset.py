"""From the arrays of a file or folder to a Dataset: labels, both parts, origins, and what to say of them."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import torch

from al_bench.data.array_files import NamedArray, load_inputs, map_inputs, open_folder, read_archive, unused_arrays
from al_bench.data.dataset import Dataset
from al_bench.data.labels import encode, missing_labels
from al_bench.data.mapped import MappedRows
from al_bench.data.parts import choose_rows, rows_in_both, share_of
from al_bench.data.reading import Reading, class_counts
from al_bench.data.split import split_off_test_part
from al_bench.data.table_choices import MissingLabels
from al_bench.data.table_labels import merge_similar
from al_bench.errors import InputError

if TYPE_CHECKING:
    from al_bench.data.arrays import NpzDataset


def build(keys: NpzDataset, path: Path, initial_rows: Sequence[int | str]) -> Dataset:
    """The data set of an .npz file or of a folder of .npy files.

    Args:
        keys: How the user wants it read.
        path: The file or folder.
        initial_rows: Rows that a test part split off leaves alone.

    Raises:
        InputError: An array is missing, malformed, or has several readings.
    """
    in_memory = path.is_file()
    arrays = read_archive(path) if in_memory else open_folder(path)
    remarks: list[str] = []
    inputs, labels, origins = _labelled(keys, arrays["x"], arrays["y"], remarks)
    train = len(labels)
    has_test = "x_test" in arrays
    if has_test:
        test_inputs, test_labels, test_origins = _labelled(keys, arrays["x_test"], arrays["y_test"], remarks)
        _check_fit(inputs, test_inputs)
        labels = np.concatenate([labels, test_labels])
    if labels.dtype.kind in "US":
        labels, merged = merge_similar(arrays["y"].where, labels.astype(object), keys.similar_labels)
        remarks += [merged] if merged else []
    numbers, class_names = encode(labels)
    if len(np.unique(numbers[:train])) < 2:
        raise InputError(f"{arrays['y'].where} holds one class only; at least two are expected")
    kept = choose_rows(origins, initial_rows, str(path)) if len(initial_rows) else None
    if has_test:
        train_numbers, test_numbers = np.split(numbers, [train])
        split = f"{train:,} training rows, {len(test_numbers):,} test rows from x_test"
    else:
        alternative = "x_test and y_test"
        rows, test_rows = split_off_test_part(
            str(path), numbers, keys.test_fraction, keys.split_seed, alternative, kept
        )
        train_numbers, test_numbers = numbers[rows], numbers[test_rows]
        origins, test_origins = origins[rows], origins[test_rows]
        inputs, test_inputs = inputs.take(origins), inputs.take(test_origins)
        split = f"{len(rows):,} training rows, {len(test_rows):,} test rows split off by label"
    scaled = (load_inputs if in_memory else map_inputs)(inputs, test_inputs, keys.standardise)
    counts = class_counts(class_names, train_numbers, test_numbers)
    if only_test := [name for name, (in_train, in_test) in counts.items() if in_test and not in_train]:
        rows_of = sum(counts[name][1] for name in only_test)
        remarks.append(f"{', '.join(map(repr, only_test[:5]))} only in the test part ({rows_of} rows, each an error)")
    if in_memory:
        remarks += _repeated(path, scaled.inputs, scaled.test_inputs, has_test)
    shape = "×".join(map(str, inputs.shape[1:]))
    kind = "images" if len(inputs.shape) == 4 else "numbers"
    return Dataset(
        name=keys.name or (path.name.split(".")[0] if in_memory else path.name),
        inputs=scaled.inputs,
        hidden_labels=torch.from_numpy(train_numbers),
        test_inputs=scaled.test_inputs,
        test_labels=torch.from_numpy(test_numbers),
        class_names=class_names,
        mean=scaled.mean,
        std=scaled.std,
        origins=origins,
        test_origins=test_origins,
        reading=Reading(
            source=str(keys.path),
            rows=train,
            kinds={f"array of {kind} [{shape}]": ("x",)},
            label="'y' (by its name)",
            counts=counts,
            split=split,
            unused=unused_arrays(path),
            remarks=tuple(remarks),
        ),
    )


def _labelled(
    keys: NpzDataset, x: NamedArray, y: NamedArray, remarks: list[str]
) -> tuple[MappedRows, np.ndarray, np.ndarray]:
    """The inputs, labels and rows of one part that take part."""
    inputs = x.inputs(keys.layout)
    labels = y.labels(len(inputs))
    rows = np.arange(len(labels))
    absent = missing_labels(labels)
    if not absent.any():
        return inputs, labels, rows
    if keys.missing_labels is MissingLabels.refuse:
        row = int(absent.argmax())
        text = str(labels[row])
        raise InputError(
            f"{y.where}, row {row}: {text!r} may stand for no label, and is no class label ({int(absent.sum())} of "
            f"{len(labels)} rows); set dataset.missing_labels=drop (without them) or dataset.missing_labels=class (a "
            "class of its own)"
        )
    if keys.missing_labels is MissingLabels["class"]:
        texts = (
            np.array([str(value) if value.is_integer() else "missing" for value in labels.tolist()], dtype=object)
            if labels.dtype.kind == "f"
            else np.where(labels == "", "missing", labels)
        )
        return inputs, texts.astype(str), rows
    if absent.all():
        raise InputError(f"{y.where} has no label at all")
    remarks.append(f"{int(absent.sum())} rows of {y.where.rpartition(' ')[2]} without a label left out")
    rows = np.flatnonzero(~absent)
    return inputs.take(rows), labels[rows], rows


def _check_fit(inputs: MappedRows, test_inputs: MappedRows) -> None:
    """Refuse a test part whose inputs are of another type or shape."""
    if test_inputs.shape[1:] != inputs.shape[1:] or test_inputs.dtype != inputs.dtype:
        raise InputError(
            f"{test_inputs.where} becomes {test_inputs.dtype} of shape {test_inputs.shape[1:]} a row, and "
            f"{inputs.where} {inputs.dtype} of shape {inputs.shape[1:]}; they must agree"
        )


def _repeated(path: Path, inputs: object, test_inputs: object, has_test: bool) -> list[str]:
    """A remark on test rows that are in the training part; a test part that is the training part is refused."""
    assert isinstance(inputs, torch.Tensor)
    assert isinstance(test_inputs, torch.Tensor)
    train, test = inputs.numpy(), test_inputs.numpy()
    repeated = rows_in_both(train, test)
    if has_test and repeated == len(test) == len(train) and rows_in_both(test, train) == len(train):
        raise InputError(f"{path}: x_test has the same rows as x; a test part of other rows is expected")
    return [f"{share_of(repeated, len(test))} test rows are in the training part, too"] if repeated else []
