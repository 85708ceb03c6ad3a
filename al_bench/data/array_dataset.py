"""From the arrays of a file or folder to a Dataset: labels, both parts, origins, and what to say of them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import torch

from al_bench.data.array_files import NEEDED, NamedArray, open_folder, read_archive, spellings, unused_arrays
from al_bench.data.class_names import printable_names, read_names, rename_classes
from al_bench.data.dataset import Dataset
from al_bench.data.division import GivenParts, divide, joined_origins, part_remarks
from al_bench.data.labels import canonical, check_label_numbers, encode_some, missing_labels
from al_bench.data.mapped import MappedRows
from al_bench.data.parts import choose_rows, repeated_rows
from al_bench.data.reading import Reading
from al_bench.data.scaled_inputs import ScaledInputs, load_inputs, map_inputs
from al_bench.data.shapes import view_labels
from al_bench.data.table_choices import MissingLabels
from al_bench.data.table_labels import merge_similar
from al_bench.errors import InputError

if TYPE_CHECKING:
    from al_bench.data.arrays import NpzDataset


def build(
    keys: NpzDataset, path: Path, initial_rows: Sequence[int | str], validation: bool = False, pool: bool = False
) -> Dataset:
    """The data set of an .npz file or of a folder of .npy files.

    Args:
        keys: How the user wants it read.
        path: The file or folder.
        initial_rows: Rows that a test part split off leaves alone.
        validation: Whether x_val and y_val are read.
        pool: Whether the rows are a pool that people label; see `UserData.load_pool`.

    Raises:
        InputError: An array is missing, malformed, or has several readings.
    """
    in_memory = path.is_file()
    spelt = spellings(keys.group, validation, keys.class_names is None)
    needed = NEEDED[:1] if pool else NEEDED
    arrays = read_archive(path, spelt, needed) if in_memory else open_folder(path, spelt, needed)
    if validation and "x_val" not in arrays:
        raise InputError(
            f"validation is file, and {path} has no x_val and y_val (nor val_images and val_labels); give a number of "
            "points to hold out, such as validation=100"
        )
    if validation and not in_memory:
        raise InputError(
            f"validation is file, and {path} is a folder of arrays that stay on disk, which has no validation part of "
            "its own; give a number of points to hold out, such as validation=100"
        )
    remarks: list[str] = []
    names = ["", *(["_val"] if validation else []), *(["_test"] if "x_test" in arrays else [])]
    parts = [
        _labels_of_some(keys, arrays["x"], arrays.get("y"))
        if pool and not name
        else _labelled(keys, arrays[f"x{name}"], arrays[f"y{name}"], remarks)
        for name in names
    ]
    inputs, _, origins = parts[0]
    for other, _, _ in parts[1:]:
        _check_fit(inputs, other)
    train, where = len(origins), arrays["y"].where if "y" in arrays else f"{path}: y"
    if pool:
        parts[1:] = [(part[0], part[1].astype(str).astype(object), part[2]) for part in parts[1:]]
    labels = parts[0][1] if len(parts) == 1 else np.concatenate([part[1] for part in parts])
    if labels.dtype.kind in "USO":
        labels, merged = merge_similar(where, labels.astype(object), keys.similar_labels)
        remarks += [merged] if merged else []
    numbers, class_names, renamed = _numbered(keys, labels, arrays, where)
    remarks += [renamed] if renamed else []
    if not pool:
        check_label_numbers(where, labels[:train])
    if not pool and len(np.unique(numbers[:train])) < 2:
        raise InputError(f"{arrays['y'].where} holds one class only; at least two are expected")
    has_test = "x_test" in arrays
    given = GivenParts(
        train=train,
        validation=len(parts[1][1]) if validation else 0,
        test=len(parts[-1][1]) if has_test else 0,
        validation_from="x_val",
        test_from="x_test",
    )
    division = divide(
        str(path),
        numbers,
        given,
        keys,
        groups=_groups(keys, arrays, names, [part[2] for part in parts]) if keys.group else None,
        group_key=keys.group,
        kept=choose_rows(origins, initial_rows, str(path)) if len(initial_rows) else None,
        alternative="x_test and y_test",
        pool=pool,
    )
    all_origins = joined_origins([part[2] for part in parts], given)
    if has_test:
        test_inputs = parts[-1][0]
    else:
        test_inputs = inputs.take(origins[division.test_rows])
        inputs = inputs.take(origins[division.training_rows])
    if validation:
        scaled = _load_with_validation(inputs, parts[1][0], test_inputs, keys.standardise)
    else:
        scaled = (load_inputs if in_memory else map_inputs)(inputs, test_inputs, keys.standardise, not pool)
    counts = division.counts(numbers, class_names)
    remarks += part_remarks(counts)
    assert scaled.repeated is not None or pool
    if scaled.repeated is not None and has_test and scaled.repeated.all:
        raise InputError(f"{path}: x_test has the same rows as x; a test part of other rows is expected")
    remarks += scaled.repeated.remarks() if scaled.repeated is not None else []
    shape = "×".join(map(str, inputs.shape[1:]))
    kind = "images" if len(inputs.shape) == 4 else "numbers"
    return Dataset(
        name=keys.name or (path.name.split(".")[0] if in_memory else path.name),
        inputs=scaled.inputs,
        hidden_labels=torch.from_numpy(numbers[division.rows]),
        test_inputs=scaled.test_inputs,
        test_labels=torch.from_numpy(numbers[division.test_rows]),
        class_names=class_names,
        mean=scaled.mean,
        std=scaled.std,
        origins=all_origins[division.rows],
        test_origins=all_origins[division.test_rows],
        validation=division.validation_indices,
        reading=Reading(
            source=str(keys.path),
            rows=train,
            kinds={f"array of {kind} [{shape}]": ("x",)},
            label="'y' (by its name)" if "y" in arrays else "y is not there",
            counts=counts,
            split=division.split,
            test_from=division.test_from,
            unused=unused_arrays(path, spelt),
            remarks=tuple(remarks),
        ),
    )


def _load_with_validation(
    inputs: MappedRows, validation: MappedRows, test_inputs: MappedRows, standardise: bool
) -> ScaledInputs:
    """The parts in memory, the validation part at the end of the training part, by whose other rows all are scaled."""
    for part in (validation, test_inputs):
        for _ in part.checked_chunks():
            pass
    both = [part.read(slice(None)) for part in (validation, test_inputs)]
    scaled = load_inputs(inputs, MappedRows(test_inputs.where, np.concatenate(both)), standardise)
    assert isinstance(scaled.inputs, torch.Tensor)
    assert isinstance(scaled.test_inputs, torch.Tensor)
    held_out, test = scaled.test_inputs.split([len(part) for part in both])
    trained = torch.cat([scaled.inputs, held_out])
    repeated = repeated_rows(trained.numpy(), test.numpy())
    return replace(scaled, inputs=trained, test_inputs=test.contiguous(), repeated=repeated)


def _named(keys: NpzDataset, labels: tuple[str, ...], arrays: Mapping[str, NamedArray]) -> tuple[tuple[str, ...], str]:
    """What the user calls the classes, and a remark."""
    names, remark = labels, ""
    if keys.class_names is not None:
        names, remark = rename_classes("dataset.class_names", labels, keys.class_names)
    elif "class_names" in arrays:
        array = arrays["class_names"]
        names, remark = rename_classes(array.where, labels, read_names(array.where, array.array))
    return printable_names(names), remark


def _numbered(
    keys: NpzDataset, labels: np.ndarray, arrays: Mapping[str, NamedArray], where: str
) -> tuple[np.ndarray, tuple[str, ...], str]:
    """[N] class numbers, −1 where a label is an empty text; the class names; and a remark."""
    numbers, class_names = encode_some(where, labels, None)
    class_names, renamed = _named(keys, class_names, arrays) if class_names else (class_names, "")
    if (order := keys.class_order) is not None:
        names = np.array(["", *class_names], dtype=object)
        numbers, class_names = encode_some(where, names[numbers + 1], order)
    return numbers, class_names, renamed


def _labels_of_some(keys: NpzDataset, x: NamedArray, y: NamedArray | None) -> tuple[MappedRows, np.ndarray, np.ndarray]:
    """The inputs, the labels as text (empty where there is none) and the rows of a pool that people label."""
    inputs = x.inputs(keys.layout)
    rows = np.arange(len(inputs))
    if y is None:
        return inputs, np.full(len(inputs), "", dtype=object), rows
    labels = y.labels(len(inputs))
    texts = np.array([canonical(value) for value in labels.tolist()], dtype=object)
    return inputs, np.where(missing_labels(labels), "", texts).astype(object), rows


def _groups(
    keys: NpzDataset, arrays: dict[str, NamedArray], names: Sequence[str], origins: Sequence[np.ndarray]
) -> np.ndarray:
    """The group of each row of all parts in turn, from the arrays that `dataset.group` names.

    Raises:
        InputError: A part has no such array, or one of another length.
    """
    groups = []
    for name, rows in zip(names, origins, strict=True):
        array = arrays.get(f"group{name}")
        if array is None:
            raise InputError(
                f"dataset.group={keys.group}: there is no array {keys.group}{name} for the rows of x{name}; write one "
                "value a row, or leave dataset.group out"
            )
        groups.append(view_labels(array.where, array.array, len(arrays[f"y{name}"].array))[rows].astype(str))
    return np.concatenate(groups)


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
            else np.where(absent if labels.dtype.kind == "i" else labels == "", "missing", labels.astype(str))
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
