"""Which class and which part each file of a folder belongs to, by the folders that it is in."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Protocol

import numpy as np

from al_bench.data.file_listing import FileSort, Listing, list_files
from al_bench.data.files import find_file
from al_bench.data.table_choices import Nested
from al_bench.data.tar_image import Source, TarImage
from al_bench.errors import InputError, override

PARTS = {
    "train": ("train", "training"),
    "validation": ("val", "valid", "validation", "dev"),
    "test": ("test", "testing"),
}
"""A part, and how its folder may be called, in any case."""


class FolderKeys(Protocol):
    """The keys of a data set of files in folders."""

    path: str | None
    test_path: str | None
    validation: str | None
    nested: Nested
    root: str | None


@dataclass(frozen=True)
class Part:
    """The files of one part.

    Args:
        where: The folder or the table, in messages.
        folder: The folder that the names are relative to.
        names: [N] names of the files, relative to the folder.
        labels: [N] labels.
        groups: [N] the group of each file, where `dataset.group` is given.
        label: Where the labels are from, in words.
        unused: What is left out, to the reason.
        remarks: What else a reader must know.
        missing: Rows of the table whose file is not there.
        members: [N] the images of tar files; empty where they are files of their own.
    """

    where: str
    folder: Path
    names: list[str]
    labels: np.ndarray
    groups: np.ndarray | None = None
    label: str = "the folders' names"
    unused: dict[str, str] = field(default_factory=dict)
    remarks: tuple[str, ...] = ()
    missing: int = 0
    members: tuple[TarImage, ...] = ()

    def source(self, position: int) -> Source:
        """Where the bytes of the file at a position are."""
        return self.members[position] if self.members else self.folder / self.names[position]


def list_folder(keys: FolderKeys, sort: FileSort) -> tuple[Path, Listing]:
    """The folder that `dataset.path` names, and its files.

    Raises:
        InputError: There is no such folder, or no file of the sort in it.
    """
    folder = find_file(str(keys.path), "dataset.path", keys.root, folders=True)
    if folder.is_file():
        raise InputError(f"dataset.path: {folder} is a file; name the folder of the {sort.noun}s: dataset.path=FOLDER")
    listing = list_files(folder, sort)
    if not listing.names:
        others = f" (it holds {', '.join(f'{n} {why}' for n, why in listing.left_out().items())})" * bool(
            listing.others
        )
        raise InputError(f"{folder} holds no {sort.noun}{others}; {sort.kinds} are read")
    return folder, listing


def parts_by_folder(keys: FolderKeys, sort: FileSort, validation: bool) -> dict[str, Part]:
    """The parts by name: `train`, and `validation` and `test` where the user's folders give them.

    Classes are folders, in folders that are called after parts, or in one folder alone.

    Args:
        keys: How the user wants it read.
        sort: What the files are.
        validation: Whether the validation part is read.

    Raises:
        InputError: A folder is not there, holds no file of the sort, or what it means is not certain.
    """
    folder, listing = list_folder(keys, sort)
    by_part = _part_folders(folder, listing)
    if by_part is None:
        parts = {"train": _classes_of(keys.nested, sort, folder, listing.names, "")}
        parts["train"].unused.update(listing.left_out())
        empty = listing.empty
    else:
        parts = {
            part: _classes_of(
                keys.nested, sort, folder, [name for name in listing.names if name.startswith(f"{name_of}/")], name_of
            )
            for part, name_of in by_part.items()
        }
        parts["train"].unused.update(listing.left_out())
        if beside := [name for name in listing.names if "/" not in name]:
            parts["train"].unused[f"{sort.count(len(beside))} beside the parts' folders"] = "of no part"
        empty = [name for name in listing.empty if name not in by_part.values()]
    if empty:
        parts["train"] = replace(
            parts["train"], remarks=(f"no {sort.noun} in {', '.join(f'{name}/' for name in empty[:5])}: no class",)
        )
    for part, given, key in (
        ("test", keys.test_path, "dataset.test_path"),
        ("validation", keys.validation, "dataset.validation"),
    ):
        if given is None:
            continue
        if part in parts and by_part is not None:
            raise InputError(
                f"{folder} has the folder {by_part[part]}/, and {key} names another {part} part; leave {key} out, or "
                f"name the training part alone: {override('dataset.path', str(folder / by_part['train']))}"
            )
        parts[part] = _other_part(keys, sort, folder, part, given, key, keys.nested)
    if validation and "validation" not in parts:
        raise InputError(
            f"validation is file, and {folder} has no folder val/ beside train/; give dataset.validation=FOLDER, or a "
            f"number of {sort.noun}s to hold out, such as validation=100"
        )
    if not validation and "validation" in parts:
        unread = parts.pop("validation")
        parts["train"].unused[f"{sort.count(len(unread.names))} in {Path(unread.where).name}/"] = (
            "a validation part; read with validation=file"
        )
    return parts


def pool_by_folder(keys: FolderKeys, sort: FileSort) -> dict[str, Part]:
    """The files of a folder as a pool that people label, and the test part where `dataset.test_path` names it.

    A file that lies in no folder has no label. Whether a folder's name is one is for the user to say.

    Args:
        keys: How the user wants it read.
        sort: What the files are.

    Raises:
        InputError: As `parts_by_folder`; or there are folders, and `nested` does not say what they are.
    """
    folder, listing = list_folder(keys, sort)
    in_folders = [name for name in listing.names if "/" in name]
    if in_folders and keys.nested is Nested.refuse:
        raise InputError(
            f"{folder}: {in_folders[0]!r} lies in a folder ({len(in_folders):,} such {sort.noun}s); set "
            f"dataset.nested=ignore (folders say nothing: all {sort.noun}s are to be labelled) or dataset.nested=top "
            f"(it has the label {in_folders[0].partition('/')[0]!r})"
        )
    labels = [
        "" if "/" not in name or keys.nested is Nested.ignore else _class_of(keys.nested, name.split("/"))
        for name in listing.names
    ]
    where = "" if keys.nested is Nested.ignore or not in_folders else "the folders' names"
    part = Part(str(folder), folder, listing.names, np.array(labels, dtype=object), label=where)
    part.unused.update(listing.left_out())
    parts = {"train": part}
    if keys.test_path is not None:
        labelled = Nested.top if keys.nested is Nested.ignore else keys.nested
        parts["test"] = _other_part(keys, sort, folder, "test", keys.test_path, "dataset.test_path", labelled)
    return parts


def _other_part(
    keys: FolderKeys, sort: FileSort, folder: Path, part: str, given: str, key: str, nested: Nested
) -> Part:
    """The files of a part that has a folder of its own, with a folder a class in it."""
    other = find_file(given, key, keys.root, folders=True)
    if other.is_file():
        raise InputError(f"{key}: {other} is a file; name a folder with a subfolder for each class")
    if other.resolve() == folder.resolve():
        raise InputError(f"{key}: {other} is the same as dataset.path; a {part} part of other {sort.noun}s is expected")
    listing = list_files(other, sort)
    if not listing.names:
        raise InputError(f"{key}: {other} holds no {sort.noun}; {sort.kinds} are read")
    return _classes_of(nested, sort, other, listing.names, "")


def _class_of(nested: Nested, pieces: Sequence[str]) -> str:
    """The class of a file by the folders above it, the file's own name last."""
    return pieces[0] if nested is not Nested.leaf else "/".join(pieces[:-1])


def _part_folders(folder: Path, listing: Listing) -> dict[str, str] | None:
    """Part to its folder, where the folders with files are called after parts and one is train; else None."""
    top = sorted({name.partition("/")[0] for name in listing.names if "/" in name})
    part_of = {spelling: part for part, spellings in PARTS.items() for spelling in spellings}
    if (
        not top
        or any(name.lower() not in part_of for name in top)
        or "train" not in map(part_of.get, map(str.lower, top))
    ):
        return None
    out: dict[str, str] = {}
    for name in top:
        part = part_of[name.lower()]
        if part in out:
            raise InputError(f"{folder} has {out[part]}/ and {name}/, which both are called after the {part} part")
        out[part] = name
    return {part: out[part] for part in PARTS if part in out}


def _classes_of(nested: Nested, sort: FileSort, folder: Path, names: Sequence[str], part_folder: str) -> Part:
    """The files of one part, each of the class that a folder above it is called after."""
    where = str(folder / part_folder) if part_folder else str(folder)
    skip = len(part_folder) + 1 if part_folder else 0
    pieces = {name: name[skip:].split("/") for name in names}
    direct = [name for name in names if len(pieces[name]) == 1]
    in_folders = [name for name in names if len(pieces[name]) > 1]
    if not in_folders:
        raise InputError(
            f"{where} holds {sort.count(len(direct))} and no folder of a class; put the {sort.noun}s of each class "
            f"into a folder of its own, or give {sort.table_advice}"
        )
    deep = [name for name in in_folders if len(pieces[name]) > 2]
    if nested is Nested.ignore:
        raise InputError(
            f"{where}: dataset.nested is ignore, and the folders name the classes; set dataset.nested=top or leaf"
        )
    if deep and nested is Nested.refuse:
        first = pieces[deep[0]]
        raise InputError(
            f"{where}: {deep[0]!r} lies in a folder of a class's folder ({len(deep):,} such {sort.noun}s); set "
            f"dataset.nested=top (its class is {first[0]!r}) or dataset.nested=leaf (its class is "
            f"{'/'.join(first[:-1])!r})"
        )
    labels = [_class_of(nested, pieces[name]) for name in in_folders]
    unused = {f"{sort.count(len(direct))} beside the classes' folders": "of no class"} if direct else {}
    return Part(where, folder, in_folders, np.array(labels, dtype=object), unused=unused)
