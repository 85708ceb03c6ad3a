"""The arrays of an .npz file, read into memory, or of a folder of .npy files or shards, whose inputs are mapped."""

from __future__ import annotations

import re
import zipfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, Literal

import numpy as np

from al_bench.data.files import one_line
from al_bench.data.mapped import MappedRows
from al_bench.data.npy_header import check_length, read_header
from al_bench.data.shapes import Layout, view_inputs, view_labels
from al_bench.data.shards import SHARD, ShardedArray, join_inputs, join_labels, shard_files, sharded_names
from al_bench.data.size_limits import check_ratio, check_size
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
NEEDED = ("x", "y")
"""The arrays without which there is no data set; a pool that people label needs no `y`."""
CLASS_NAMES = ("class_names", "label_names", "target_names")
"""How files spell the array that says what the classes are called."""
ON_DISK = "write x.npy and y.npy into a folder with numpy.save and give dataset.path=FOLDER: inputs then stay on disk"


def spellings(
    group: str | None = None, validation: bool = False, class_names: bool = False
) -> dict[str, tuple[str, ...]]:
    """The arrays that are read where they are there: the name here to how files spell it.

    Args:
        group: The array of the rows' groups, which is called group here, group_test and group_val in other parts.
        validation: Whether x_val and y_val are read.
        class_names: Whether the array of the classes' names is read.
    """
    groups = {} if group is None else {f"group{part}": (f"{group}{part}",) for part in ("", "_val", "_test")}
    names = {"class_names": CLASS_NAMES} if class_names else {}
    return SPELLINGS | (VALIDATION_SPELLINGS if validation else {}) | groups | names


@dataclass(frozen=True)
class NamedArray:
    """An array and its name in messages, such as `data.npz: x`, `data/x.npy` or `data/x-00000.npy to x-00009.npy`."""

    where: str
    values: np.ndarray | ShardedArray

    def inputs(self, layout: Layout) -> MappedRows:
        """The array as rows of inputs, nothing read yet."""
        if isinstance(self.values, ShardedArray):
            return MappedRows(self.where, self.values.view(layout))
        return MappedRows(self.where, view_inputs(self.where, self.values, layout))

    @property
    def array(self) -> np.ndarray:
        """The values of an array that is no inputs."""
        assert isinstance(self.values, np.ndarray)
        return self.values

    def labels(self, rows: int) -> np.ndarray:
        """The array as `rows` labels."""
        return view_labels(self.where, self.array, rows)


def read_archive(
    path: Path, spelt: Mapping[str, tuple[str, ...]], needed: Sequence[str] = NEEDED
) -> dict[str, NamedArray]:
    """The arrays of an .npz file by their names here: x, y, and whatever else of `spelt` is there.

    Args:
        path: The file.
        spelt: What is read, see `spellings`.
        needed: What must be there.

    Raises:
        InputError: The file cannot be read or is too large, or an array is missing or there twice.
    """
    try:
        with path.open("rb") as file:
            if not zipfile.is_zipfile(file):
                raise InputError(_no_archive(path, file))
            file.seek(0)
            with zipfile.ZipFile(file) as archive:
                there = [name.removesuffix(".npy") for name in archive.namelist() if name.endswith(".npy")]
                selected = _select(path, there, spelt, needed)
                _check_members(path, [archive.getinfo(f"{spelling}.npy") for spelling in selected.values()])
                return {
                    name: NamedArray(f"{path}: {spelling}", _member(path, archive, name, spelling))
                    for name, spelling in selected.items()
                }
    except InputError:
        raise
    except Exception as error:  # of a damaged file NumPy, its header's parser and zipfile raise nearly anything
        raise InputError(
            f"{path} cannot be read as .npz ({one_line(error)}); a file written by np.savez without objects is expected"
        ) from error


def _check_members(path: Path, members: Sequence[zipfile.ZipInfo]) -> None:
    """Refuse an archive that unpacks to very much, before any array of it is read.

    Raises:
        InputError: naming the array.
    """
    for member in members:
        where = f"{path}: {member.filename.removesuffix('.npy')}"
        check_ratio(where, member.file_size, member.compress_size, "write it with numpy.savez, not packed")
    check_size(path, sum(member.file_size for member in members), ON_DISK)


def _no_archive(path: Path, file: BinaryIO) -> str:
    """What a file is that is no .npz archive."""
    file.seek(0)
    if file.read(6) == b"\x93NUMPY":
        return f"{path} holds a single array; an .npz file with x and y is expected: np.savez"
    return f"{path} cannot be read as .npz (it is no archive); a file written by np.savez without objects is expected"


def unused_arrays(path: Path, spelt: Mapping[str, tuple[str, ...]]) -> dict[str, str]:
    """The arrays of an .npz file, or of a folder, that are no inputs or labels, each with the reason.

    Args:
        path: The file or folder.
        spelt: What is read, see `spellings`.
    """
    if path.is_dir():
        there = _arrays([file.stem for file in path.glob("*.npy")], spelt)
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
        else "dataset.class_names is given"
        if name in CLASS_NAMES
        else "no such name"
        for name in there
        if name not in known
    }


def _member(path: Path, archive: zipfile.ZipFile, name: str, spelling: str) -> np.ndarray:
    """An array of an archive; InputError that names it and the remedy where it holds Python objects."""
    with archive.open(f"{spelling}.npy") as file:
        shape, dtype = read_header(file)
        if dtype.hasobject:
            raise InputError(f"{path}: {spelling} {_object_advice(name, shape)}")
        check_length(shape, dtype, archive.getinfo(f"{spelling}.npy").file_size - file.tell())
    with archive.open(f"{spelling}.npy") as file:
        values: np.ndarray = np.lib.format.read_array(file, allow_pickle=False)
        return values


def _object_advice(name: str, shape: tuple[int, ...]) -> str:
    """What an array of Python objects may be, and how to write it without objects."""
    what = f"is an array of Python objects of shape {shape}, which can run code and are not read"
    if name == "class_names":
        return f"{what}; write the names as text: numpy.savez(…, {name}=names.astype(str))"
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


def open_folder(
    folder: Path, spelt: Mapping[str, tuple[str, ...]], needed: Sequence[str] = NEEDED
) -> dict[str, NamedArray]:
    """The arrays of a folder by their names here, as `read_archive` gives them: inputs are mapped, labels read.

    Args:
        folder: The folder.
        spelt: What is read, see `spellings`.
        needed: What must be there.

    Raises:
        InputError: A file cannot be read, or is missing or there twice.
    """
    stems = sorted(path.stem for path in folder.iterdir() if path.suffix == ".npy" and path.is_file())
    sharded = sharded_names(stems, _all(spelt))
    there = [f"{name}.npy" for name in _arrays(stems, spelt)]
    arrays: dict[str, NamedArray] = {}
    for name, file in _select(folder, there, spelt, needed, ".npy").items():
        spelling = file.removesuffix(".npy")
        if spelling not in sharded:
            values = _open_file(folder / file, name, "r" if name.startswith("x") else None)
            arrays[name] = NamedArray(str(folder / file), values)
            continue
        files = shard_files(folder, spelling, sharded[spelling], stems)
        if spelling in stems:
            raise InputError(f"{folder} has {file} and the shard {files[0].name}; one of them is expected")
        arrays[name] = NamedArray(f"{files[0]} to {files[-1].name}", _open_shards(files, name, arrays))
    return arrays


def _all(spelt: Mapping[str, tuple[str, ...]]) -> set[str]:
    """Every spelling."""
    return {spelling for written in spelt.values() for spelling in written}


def _arrays(stems: Sequence[str], spelt: Mapping[str, tuple[str, ...]]) -> list[str]:
    """The arrays of a folder, of which one in shards counts once, from the names of its files without their endings."""
    sharded = sharded_names(stems, _all(spelt))
    shards = {stem for stem in stems if (match := SHARD.fullmatch(stem)) and match["name"] in sharded}
    return sorted({*stems, *sharded} - shards)


def _open_shards(files: Sequence[Path], name: str, others: Mapping[str, NamedArray]) -> np.ndarray | ShardedArray:
    """The array of some shards: inputs are mapped, labels read and compared with the inputs' shards, shard by shard."""
    if name.startswith("x"):
        return join_inputs([(file, *_header(file, name)) for file in files])
    inputs = others.get("x" + name.removeprefix("y").removeprefix("group"))
    values = None if inputs is None else inputs.values
    arrays = [(file, _open_file(file, name, None)) for file in files]
    return join_labels(arrays, values if isinstance(values, ShardedArray) else None)


def _header(path: Path, name: str) -> tuple[tuple[int, ...], np.dtype]:
    """The shape and the type of the array of a file, checked as `_open_file` does."""
    array = _open_file(path, name, "r")
    return array.shape, array.dtype


def _open_file(path: Path, name: str, mmap_mode: Literal["r"] | None) -> np.ndarray:
    """The array of an .npy file; InputError that names the file and the remedy where it holds Python objects."""
    try:
        if zipfile.is_zipfile(path):
            raise InputError(f"{path} is an archive of arrays; a single one is expected, as numpy.save writes it")
        with path.open("rb") as file:
            shape, dtype = read_header(file)
            there = path.stat().st_size - file.tell()
        if dtype.hasobject:
            advice = _object_advice(name, shape).replace("numpy.savez(…, ", "numpy.save(…, ")
            raise InputError(f"{path} {advice}")
        check_length(shape, dtype, there)
        if mmap_mode is None:
            check_size(path, there, ON_DISK)
        array: np.ndarray = np.load(path, mmap_mode=mmap_mode, allow_pickle=False)
    except InputError:
        raise
    except Exception as error:  # as above
        raise InputError(_not_npy(path, error)) from error
    return array


def _not_npy(path: Path, error: Exception) -> str:
    return (
        f"{path} cannot be read as .npy ({one_line(error)}); a file written by numpy.save without objects is expected"
    )


def _select(
    path: Path, there: Sequence[str], spelt: Mapping[str, tuple[str, ...]], needed: Sequence[str], ending: str = ""
) -> dict[str, str]:
    """The array's name here, and how it is spelt among the names that are there."""
    selected = {}
    for name, written in spelt.items():
        matches = [spelling + ending for spelling in written if spelling + ending in there]
        if len(matches) > 1:
            raise InputError(f"{path} has {' and '.join(matches)}; one of them is expected")
        if matches:
            selected[name] = matches[0]
    for name in needed:
        if name not in selected:
            others = ", ".join(spelling + ending for spelling in SPELLINGS[name][1:])
            nameless = "; give each a name: numpy.savez(…, x=inputs, y=labels)" if f"arr_0{ending}" in there else ""
            if ending and not there:
                nameless = (
                    "; a folder of images is read with dataset=images, one of .txt files with dataset=text, one of "
                    "Parquet files with dataset=table"
                )
            raise InputError(
                f"{path} has no array {name}{ending} (nor {others}); it has {', '.join(there) or 'nothing'}{nameless}"
            )
    for part in ("test", "val"):
        if (f"x_{part}" in selected) != (f"y_{part}" in selected):
            raise InputError(f"{path} has one of x_{part}{ending} and y_{part}{ending}; both or neither are expected")
    return selected
