"""Which class and which part each image of a folder belongs to: by its folders, or by a table of labels."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from al_bench.data.csv_columns import Table
from al_bench.data.files import find_file
from al_bench.data.image_listing import FileNames, Listing, list_images
from al_bench.data.table_choices import Nested
from al_bench.data.table_header import LABEL_NAMES, OFTEN_LABELS, plain_name
from al_bench.data.table_labels import check_classes, label_texts, rows_with_labels
from al_bench.data.typed_advice import override
from al_bench.data.written_numbers import is_missing
from al_bench.errors import InputError

if TYPE_CHECKING:
    from al_bench.data.image_folder import ImageFolder

PARTS = {
    "train": ("train", "training"),
    "validation": ("val", "valid", "validation", "dev"),
    "test": ("test", "testing"),
}
"""A part, and how its folder may be called, in any case."""
FILE_COLUMNS = {
    *("file", "files", "filename", "file_name", "filepath", "file_path", "path", "image", "images", "image_path"),
    *("image_file", "image_name", "image_id", "img", "img_name", "img_path", "picture", "photo", "name", "id"),
}
"""Names of the column that names the image files."""


@dataclass(frozen=True)
class Part:
    """The images of one part.

    Args:
        where: The folder or the table, in messages.
        folder: The folder that the names are relative to.
        names: [N] names of the files, relative to the folder.
        labels: [N] labels.
        groups: [N] the group of each image, where `dataset.group` is given.
        label: Where the labels are from, in words.
        unused: What is left out, to the reason.
        remarks: What else a reader must know.
        missing: Rows of the table whose file is not there.
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


def read_parts(keys: ImageFolder, validation: bool) -> dict[str, Part]:
    """The parts by name: `train`, and `validation` and `test` where the user's folders or tables give them.

    Args:
        keys: How the user wants it read.
        validation: Whether the validation part is read.

    Raises:
        InputError: A folder or table is not there, holds no image, or what it means is not certain.
    """
    folder = find_file(str(keys.path), "dataset.path", keys.root, folders=True)
    if folder.is_file():
        raise InputError(f"dataset.path: {folder} is a file; name the folder of the images: dataset.path=FOLDER")
    listing = list_images(folder)
    if not listing.images:
        others = f" (it holds {', '.join(f'{n} {why}' for n, why in listing.left_out().items())})" * bool(
            listing.others
        )
        raise InputError(
            f"{folder} holds no image{others}; JPEG, PNG, WebP, TIFF, BMP, GIF and PGM or PPM files are read"
        )
    if keys.label_file:
        parts = _parts_by_table(keys, folder, listing, validation)
    else:
        parts = _parts_by_folder(keys, folder, listing, validation)
    if keys.group and not keys.label_file:
        raise InputError(
            f"dataset.group={keys.group} names a column, and there is no table of the images: give "
            "dataset.label_file=FILE, a table with the columns file, label and the groups"
        )
    return parts


def _parts_by_folder(keys: ImageFolder, folder: Path, listing: Listing, validation: bool) -> dict[str, Part]:
    """Parts from folders that are called after classes, in folders that are called after parts, or in one alone."""
    by_part = _part_folders(folder, listing)
    if by_part is None:
        parts = {"train": _classes_of(keys, folder, listing.images, "")}
        parts["train"].unused.update(listing.left_out())
        empty = listing.empty
    else:
        parts = {
            part: _classes_of(
                keys, folder, [name for name in listing.images if name.startswith(f"{name_of}/")], name_of
            )
            for part, name_of in by_part.items()
        }
        parts["train"].unused.update(listing.left_out())
        if beside := [name for name in listing.images if "/" not in name]:
            parts["train"].unused[f"{_images(beside)} beside the parts' folders"] = "of no part"
        empty = [name for name in listing.empty if name not in by_part.values()]
    if empty:
        parts["train"] = replace(
            parts["train"], remarks=(f"no image in {', '.join(f'{name}/' for name in empty[:5])}: no class",)
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
        other = find_file(given, key, keys.root, folders=True)
        if other.is_file():
            raise InputError(f"{key}: {other} is a file; name a folder with a subfolder for each class")
        if other.resolve() == folder.resolve():
            raise InputError(f"{key}: {other} is the same as dataset.path; a {part} part of other images is expected")
        found = list_images(other)
        if not found.images:
            raise InputError(f"{key}: {other} holds no image")
        parts[part] = _classes_of(keys, other, found.images, "")
    if validation and "validation" not in parts:
        raise InputError(
            f"validation is file, and {folder} has no folder val/ beside train/; give dataset.validation=FOLDER, or a "
            "number of images to hold out, such as validation=100"
        )
    if not validation and "validation" in parts:
        unread = parts.pop("validation")
        parts["train"].unused[f"{_images(unread.names)} in {Path(unread.where).name}/"] = (
            "a validation part; read with validation=file"
        )
    return parts


def _part_folders(folder: Path, listing: Listing) -> dict[str, str] | None:
    """Part to its folder, where the folders with images are called after parts and one is train; else None."""
    top = sorted({name.partition("/")[0] for name in listing.images if "/" in name})
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


def _classes_of(keys: ImageFolder, folder: Path, names: Sequence[str], part_folder: str) -> Part:
    """The images of one part, each of the class that a folder above it is called after."""
    where = str(folder / part_folder) if part_folder else str(folder)
    skip = len(part_folder) + 1 if part_folder else 0
    pieces = {name: name[skip:].split("/") for name in names}
    direct = [name for name in names if len(pieces[name]) == 1]
    in_folders = [name for name in names if len(pieces[name]) > 1]
    if not in_folders:
        raise InputError(
            f"{where} holds {len(direct):,} images and no folder of a class; put the images of each class into a "
            "folder of its own, or give dataset.label_file=FILE, a table with the columns file and label"
        )
    deep = [name for name in in_folders if len(pieces[name]) > 2]
    if deep and keys.nested is Nested.refuse:
        first = pieces[deep[0]]
        raise InputError(
            f"{where}: {deep[0]!r} lies in a folder of a class's folder ({len(deep):,} such images); set "
            f"dataset.nested=top (its class is {first[0]!r}) or dataset.nested=leaf (its class is "
            f"{'/'.join(first[:-1])!r})"
        )
    labels = [pieces[name][0] if keys.nested is not Nested.leaf else "/".join(pieces[name][:-1]) for name in in_folders]
    unused = {f"{_images(direct)} beside the classes' folders": "of no class"} if direct else {}
    return Part(where, folder, in_folders, np.array(labels, dtype=object), unused=unused)


def _parts_by_table(keys: ImageFolder, folder: Path, listing: Listing, validation: bool) -> dict[str, Part]:
    """Parts from tables of labels, whose files all lie under one folder."""
    files = FileNames(listing)
    tables = {"train": keys.read(str(keys.label_file), "dataset.label_file")}
    if keys.test_path:
        tables["test"] = keys.read(keys.test_path, "dataset.test_path")
    if keys.validation:
        tables["validation"] = keys.read(keys.validation, "dataset.validation")
    elif validation:
        raise InputError(
            "validation is file, and no table names a validation part: give dataset.validation=FILE, or a number of "
            "images to hold out, such as validation=100"
        )
    columns = _table_columns(keys, tables["train"], files)
    parts = {name: _labelled(keys, table, columns, folder, files) for name, table in tables.items()}
    named: dict[str, str] = {}
    for part in parts.values():
        for name in part.names:
            if named.setdefault(name, part.where) != part.where:
                raise InputError(f"{name!r} is in {named[name]} and in {part.where}; name each image in one part only")
    unused = parts["train"].unused
    unused.update(listing.left_out())
    if rest := [name for name in listing.images if name not in named]:
        unused[_images(rest)] = f"not named in {', '.join(table.path.name for table in tables.values())}"
    return parts


def _table_columns(keys: ImageFolder, table: Table, files: FileNames) -> tuple[str, str]:
    """The columns of the files' names and of the labels.

    Raises:
        InputError: There is no such column, or which one it is is not certain.
    """
    for key, name in (("file", keys.file), ("label", keys.label), ("group", keys.group)):
        table.require([name] if name else [], f"dataset.{key}")
    taken = {name for name in (keys.label, keys.group) if name}
    file = keys.file
    if file is None:
        free = [name for name in table.names if name not in taken]
        named = [name for name in free if _names_files(table, name, files)]
        named = [name for name in named if plain_name(name) in FILE_COLUMNS] or named
        if len(named) != 1:
            which = "none" if not named else f"{len(named)} ({', '.join(named)})"
            raise InputError(
                f"{table.path}: of its columns {', '.join(table.names)}, {which} hold names of image files under "
                f"{keys.path}; name the column: dataset.file=COLUMN (names are relative to dataset.path)"
            )
        file = named[0]
    if keys.label is not None:
        return file, keys.label
    rest = [name for name in table.names if name != file and name not in taken]
    for names in (LABEL_NAMES, OFTEN_LABELS):
        matches = [name for name in rest if plain_name(name) in names]
        if len(matches) == 1:
            return file, matches[0]
    if len(rest) != 1:
        raise InputError(
            f"{table.path}: nothing says which of the columns {', '.join(rest) or 'beside the names'} is the label; "
            "name it: dataset.label=COLUMN"
        )
    return file, rest[0]


def _names_files(table: Table, name: str, files: FileNames) -> bool:
    """Whether half of the first cells of a column name image files."""
    cells = [text for text in table.texts(name)[:200].tolist() if text]
    return bool(cells) and sum(files.find(text) is not None for text in cells) * 2 >= len(cells)


def _labelled(keys: ImageFolder, table: Table, columns: tuple[str, str], folder: Path, files: FileNames) -> Part:
    """The images that a table names, with their labels."""
    file, label = columns
    table.require([file, label, *([keys.group] if keys.group else [])], "dataset.label_file")
    rows = rows_with_labels(table, label, keys.missing_labels)
    remarks = [*table.remarks]
    if len(rows) < len(table.rows):
        remarks.append(f"{len(table.rows) - len(rows)} rows without a label left out")
    table = table.take(rows)
    names = [files.find(text) for text in table.texts(file).tolist()]
    absent = [row for row, name in enumerate(names) if name is None]
    if absent and not keys.skips_damaged:
        text = table.texts(file)[absent[0]]
        several = files.several(text)
        what = (
            f"{text!r} may be {several[0]} or {several[1]}; give the path below {folder}"
            if several
            else f"{text!r} is no image file under {folder} ({len(absent)} of {len(names)} rows); repair the table, or "
            "leave such rows out with dataset.damaged=skip"
        )
        raise table.fault(file, absent[0], what)
    present = np.array([row for row, name in enumerate(names) if name is not None], dtype=np.int64)
    table = table.take(present)
    chosen = [name for name in names if name is not None]
    seen: dict[str, int] = {}
    for row, name in enumerate(chosen):
        if name in seen:
            raise table.fault(
                file, row, f"{name!r} is named in row {table.rows[seen[name]]}, too; name each image once"
            )
        seen[name] = row
    if not chosen:
        raise InputError(f"{table.path} names no image file under {folder}")
    texts = label_texts(table, label)
    groups = None
    if keys.group:
        groups = table.texts(keys.group)
        if (without := np.array([is_missing(text) for text in groups], dtype=bool)).any():
            raise table.fault(
                keys.group,
                int(without.argmax()),
                f"there is no group ({int(without.sum())} of {len(groups)} rows); fill the column, such as with a "
                "group of its own for each such row",
            )
    check_classes(table, label, texts, keys.label is not None)
    source = f"{label!r} of {table.path.name}"
    return Part(str(table.path), folder, chosen, texts, groups, source, {}, tuple(remarks), len(absent))


def _images(names: Sequence[str]) -> str:
    """`1 image`, `2,000 images`."""
    return f"{len(names):,} image{'s' * (len(names) != 1)}"
