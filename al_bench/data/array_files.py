"""The arrays x, y, x_test and y_test of an .npz file, read into memory, or of a folder of .npy files, memory-mapped."""

from __future__ import annotations

import math
import re
import zipfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any, Literal

import numpy as np
import torch
from torch import Tensor

from al_bench.data import scaling
from al_bench.data.dataset import Inputs
from al_bench.data.file_kind import MOST_RATIO, MOST_UNPACKED
from al_bench.data.files import one_line
from al_bench.data.mapped import MappedRows
from al_bench.data.shapes import Layout, view_inputs, view_labels
from al_bench.errors import InputError

SPELLINGS = {
    "x": ("x", "X", "x_train", "X_train", "train_images"),
    "y": ("y", "Y", "y_train", "Y_train", "train_labels"),
    "x_test": ("x_test", "X_test", "test_images"),
    "y_test": ("y_test", "Y_test", "test_labels"),
}
VALIDATION_SPELLINGS = {
    "x_val": ("x_val", "X_val", "x_valid", "X_valid", "val_images"),
    "y_val": ("y_val", "Y_val", "y_valid", "Y_valid", "val_labels"),
}
"""The array's name here, and how files spell it."""


def spellings(group: str | None = None, validation: bool = False) -> dict[str, tuple[str, ...]]:
    """The arrays that are read where they are there: the name here to how files spell it.

    Args:
        group: The array of the rows' groups, which is called group here, group_test and group_val in other parts.
        validation: Whether x_val and y_val are read.
    """
    groups = {} if group is None else {f"group{part}": (f"{group}{part}",) for part in ("", "_val", "_test")}
    return SPELLINGS | (VALIDATION_SPELLINGS if validation else {}) | groups


@dataclass(frozen=True)
class NamedArray:
    """An array and its name in messages, such as `data.npz: x` or `data/x.npy`."""

    where: str
    values: np.ndarray

    def inputs(self, layout: Layout) -> MappedRows:
        """The array as rows of inputs, nothing read yet."""
        return MappedRows(self.where, view_inputs(self.where, self.values, layout))

    def labels(self, rows: int) -> np.ndarray:
        """The array as `rows` labels."""
        return view_labels(self.where, self.values, rows)


@dataclass(frozen=True)
class ScaledInputs:
    """Both parts' inputs, and what `Dataset.prepare` subtracts and divides by, as `Dataset` has them."""

    inputs: Inputs
    test_inputs: Inputs
    mean: Tensor | None = None
    std: Tensor | None = None


def read_archive(path: Path, spelt: Mapping[str, tuple[str, ...]]) -> dict[str, NamedArray]:
    """The arrays of an .npz file by their names here: x, y, and both or neither of x_test and y_test, x_val and y_val.

    Args:
        path: The file.
        spelt: What is read, see `spellings`.

    Raises:
        InputError: The file cannot be read, or an array is missing or there twice.
    """
    try:
        with path.open("rb") as file:
            if zipfile.is_zipfile(file):
                _check_members(path, file)
            file.seek(0)
            archive = np.load(file, allow_pickle=False)
            if isinstance(archive, np.ndarray):
                raise InputError(f"{path} holds a single array; an .npz file with x and y is expected: np.savez")
            with archive:
                selected = _select(path, archive.files, spelt)
                return {
                    name: NamedArray(f"{path}: {name}", _member(path, archive, name, spelling))
                    for name, spelling in selected.items()
                }
    except InputError:
        raise
    except Exception as error:  # of a damaged file NumPy, its header's parser and zipfile raise nearly anything
        # Of a file that is no archive at all NumPy says how to load it as a pickle, which nobody should.
        reason = "it is no archive, or one of objects" if "allow_pickle" in str(error) else one_line(error)
        raise InputError(
            f"{path} cannot be read as .npz ({reason}); a file written by np.savez without objects is expected"
        ) from error


def unused_arrays(path: Path, spelt: Mapping[str, tuple[str, ...]]) -> dict[str, str]:
    """The arrays of an .npz file, or of a folder, that are no inputs or labels, each with the reason.

    Args:
        path: The file or folder.
        spelt: What is read, see `spellings`.
    """
    if path.is_dir():
        there = [file.stem for file in sorted(path.glob("*.npy"))]
    else:
        with path.open("rb") as file, zipfile.ZipFile(file) as archive:
            there = [name.removesuffix(".npy") for name in archive.namelist()]
    groups = {spelling for name, written in spelt.items() if name.startswith("group") for spelling in written}
    known = {spelling for written in spelt.values() for spelling in written} - groups
    validation = re.compile(r"(x_|X_|y_|Y_)?(val|valid|validation|dev)(_.*)?")
    return {
        name: "the groups of the rows: dataset.group"
        if name in groups
        else "a validation part; read with validation=file"
        if validation.fullmatch(name)
        else "no such name"
        for name in there
        if name not in known
    }


def _check_members(path: Path, file: IO[bytes]) -> None:
    """Refuse an archive that unpacks to very much.

    Raises:
        InputError: naming the array.
    """
    with zipfile.ZipFile(file) as archive:
        for member in archive.infolist():
            if member.file_size > MOST_UNPACKED and member.file_size > MOST_RATIO * member.compress_size:
                raise InputError(
                    f"{path}: {member.filename.removesuffix('.npy')} unpacks to more than {MOST_RATIO} times its size; "
                    "write it with numpy.savez, not packed, if it is right"
                )


def _member(path: Path, archive: Any, name: str, spelling: str) -> np.ndarray:
    """An array of an archive; InputError that names it and the remedy where it holds Python objects."""
    member = f"{spelling}.npy"
    try:
        if member in archive.zip.namelist():
            with archive.zip.open(member) as file:
                _check_length(file, archive.zip.getinfo(member).file_size)
        values: np.ndarray = archive[spelling]
        return values
    except ValueError as error:
        if "allow_pickle" not in str(error):
            raise
    with archive.zip.open(member) as file:
        shape, _ = _header(file)
    raise InputError(f"{path}: {spelling} {_object_advice(name, shape)}")


def _header(file: IO[bytes]) -> tuple[tuple[int, ...], np.dtype]:
    """The shape and the type that the header of an .npy file gives."""
    version = np.lib.format.read_magic(file)
    read = np.lib.format.read_array_header_1_0 if version == (1, 0) else np.lib.format.read_array_header_2_0
    shape, _, dtype = read(file)
    return tuple(shape), dtype


def _check_length(file: IO[bytes], size: int) -> None:
    """Refuse a header that announces more values than there are, before there is memory taken for them.

    Args:
        file: An .npy file, or a member of an archive, at its beginning.
        size: Its bytes.

    Raises:
        ValueError: it does.
    """
    shape, dtype = _header(file)
    announced, there = math.prod(shape) * dtype.itemsize, size - file.tell()
    if not dtype.hasobject and not 0 <= announced <= there:
        raise ValueError(f"its header announces {announced:,} bytes of values, and it holds {there:,}")


def _object_advice(name: str, shape: tuple[int, ...]) -> str:
    """What an array of Python objects may be, and how to write it without objects."""
    what = f"is an array of Python objects of shape {shape}, which can run code and are not read"
    if name.startswith("y"):
        return f"{what}; write the labels as text or whole numbers: numpy.savez(…, {name}=labels.astype(str))"
    if len(shape) == 1:
        return (
            f"{what}: inputs of several shapes, it seems; bring them to one shape and write "
            f"numpy.savez(…, {name}=numpy.stack(inputs))"
        )
    return (
        f"{what}: columns of several types, it seems; write numbers, numpy.savez(…, {name}=inputs.astype('float32')), "
        "or the table itself with DataFrame.to_csv and use dataset=csv"
    )


def open_folder(folder: Path, spelt: Mapping[str, tuple[str, ...]]) -> dict[str, NamedArray]:
    """The arrays of a folder by their names here, as `read_archive` gives them: inputs are mapped, labels read.

    Args:
        folder: The folder.
        spelt: What is read, see `spellings`.

    Raises:
        InputError: A file cannot be read, or is missing or there twice.
    """
    there = sorted(path.name for path in folder.iterdir() if path.suffix == ".npy" and path.is_file())
    arrays = {}
    for name, file in _select(folder, there, spelt, ".npy").items():
        values = _open_file(folder / file, "r" if name.startswith("x") else None)
        arrays[name] = NamedArray(str(folder / file), values)
    return arrays


def _open_file(path: Path, mmap_mode: Literal["r"] | None) -> np.ndarray:
    try:
        with path.open("rb") as file:
            if file.read(6) == np.lib.format.MAGIC_PREFIX:
                file.seek(0)
                _check_length(file, path.stat().st_size)
        array = np.load(path, mmap_mode=mmap_mode, allow_pickle=False)
    except ValueError as error:
        if not re.search("Object arrays|Python objects", str(error)):
            raise InputError(_not_npy(path, error)) from error
        with path.open("rb") as file:
            advice = _object_advice(path.stem[0].lower(), _header(file)[0])
        raise InputError(f"{path} {advice.replace('numpy.savez(…, ', 'numpy.save(…, ')}") from error
    except Exception as error:  # as above
        raise InputError(_not_npy(path, error)) from error
    if not isinstance(array, np.ndarray):
        raise InputError(f"{path} is an archive of arrays; a single one is expected, as numpy.save writes it")
    return array


def _not_npy(path: Path, error: Exception) -> str:
    return (
        f"{path} cannot be read as .npy ({one_line(error)}); a file written by numpy.save without objects is expected"
    )


def _select(path: Path, there: Sequence[str], spelt: Mapping[str, tuple[str, ...]], ending: str = "") -> dict[str, str]:
    """The array's name here, and how it is spelt among the names that are there."""
    selected = {}
    for name, written in spelt.items():
        matches = [spelling + ending for spelling in written if spelling + ending in there]
        if len(matches) > 1:
            raise InputError(f"{path} has {' and '.join(matches)}; one of them is expected")
        if matches:
            selected[name] = matches[0]
    for name in ("x", "y"):
        if name not in selected:
            others = ", ".join(spelling + ending for spelling in SPELLINGS[name][1:])
            raise InputError(
                f"{path} has no array {name}{ending} (nor {others}); it has {', '.join(there) or 'nothing'}"
            )
    for part in ("test", "val"):
        if (f"x_{part}" in selected) != (f"y_{part}" in selected):
            raise InputError(f"{path} has one of x_{part}{ending} and y_{part}{ending}; both or neither are expected")
    return selected


def load_inputs(train: MappedRows, test: MappedRows, standardise: bool) -> ScaledInputs:
    """Both parts in memory: [N, D] scaled by column, images as they are with the moments of their channels.

    Raises:
        InputError: A value is NaN, infinite or beyond float32.
    """
    for part in (train, test):
        for _ in part.checked_chunks():
            pass
    arrays = [part.read(slice(None)) for part in (train, test)]
    if standardise and arrays[0].ndim == 2:
        arrays = list(scaling.standardise(*arrays))
    dtype = np.uint8 if train.dtype is torch.uint8 else np.float32
    inputs, test_inputs = (torch.from_numpy(np.ascontiguousarray(array, dtype=dtype)) for array in arrays)
    if not standardise or inputs.ndim == 2:
        return ScaledInputs(inputs, test_inputs)
    return ScaledInputs(inputs, test_inputs, *scaling.channel_moments(inputs))


def map_inputs(train: MappedRows, test: MappedRows, standardise: bool) -> ScaledInputs:
    """`load_inputs` without the memory: the inputs stay in their files, each of which is read once.

    Raises:
        InputError: A value is NaN, infinite or beyond float32.
    """
    mean, std = train.moments()
    for _ in test.checked_chunks():
        pass
    if not standardise:
        return ScaledInputs(train, test)
    if len(train.shape) == 2:
        return ScaledInputs(train.standardise(mean, std), test.standardise(mean, std))
    largest = 255 if train.dtype is torch.uint8 else 1
    return ScaledInputs(train, test, scaling.per_channel(mean / largest), scaling.per_channel(std / largest))
