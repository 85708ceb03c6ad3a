"""Which class and which part each image of a folder belongs to, by tables that name the files and their labels."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from al_bench.data.file_listing import IMAGES, FileNames
from al_bench.data.folder_layout import Part, list_folder
from al_bench.data.table import Table
from al_bench.data.table_header import LABEL_NAMES, OFTEN_LABELS, plain_name
from al_bench.data.table_labels import check_classes, group_texts, label_texts, labels_of_some, rows_with_labels
from al_bench.errors import InputError

if TYPE_CHECKING:
    from pathlib import Path

    from al_bench.data.image_folder import ImageFolder

FILE_COLUMNS = {
    *("file", "files", "filename", "file_name", "filepath", "file_path", "path", "image", "images", "image_path"),
    *("image_file", "image_name", "image_id", "img", "img_name", "img_path", "picture", "photo", "name", "id"),
}
"""Names of the column that names the image files."""


def parts_by_table(keys: ImageFolder, validation: bool, pool: bool = False) -> dict[str, Part]:
    """The parts by name, from a table of labels for each, whose files all lie under one folder.

    Args:
        keys: How the user wants it read.
        validation: Whether the validation part is read.
        pool: Whether the images are a pool that people label: those that no table names are of it, too, after those
            that the table names.

    Raises:
        InputError: A file or a column is not there, or what the table means is not certain.
    """
    folder, listing = list_folder(keys, IMAGES)
    files = FileNames(listing)
    tables = {"train": keys.read(str(keys.label_file), "dataset.label_file")} if keys.label_file else {}
    if keys.test_path:
        tables["test"] = keys.read(keys.test_path, "dataset.test_path")
    if keys.validation and not pool:
        tables["validation"] = keys.read(keys.validation, "dataset.validation")
    elif validation and not pool:
        raise InputError(
            "validation is file, and no table names a validation part: give dataset.validation=FILE, or a number of "
            "images to hold out, such as validation=100"
        )
    columns = _table_columns(keys, next(iter(tables.values())), files)
    parts = {
        name: _labelled(keys, table, columns, folder, files, pool and name == "train") for name, table in tables.items()
    }
    named: dict[str, str] = {}
    for part in parts.values():
        for name in part.names:
            if named.setdefault(name, part.where) != part.where:
                raise InputError(f"{name!r} is in {named[name]} and in {part.where}; name each image in one part only")
    rest = [name for name in listing.names if name not in named]
    if pool:
        none = Part(str(folder), folder, [], np.array([], dtype=object), label="")
        part = parts.get("train", none)
        part.unused.update(listing.left_out())
        labels = np.concatenate([part.labels, np.full(len(rest), "", dtype=object)])
        return {**parts, "train": replace(part, names=part.names + rest, labels=labels, groups=None)}
    unused = parts["train"].unused
    unused.update(listing.left_out())
    if rest:
        unused[IMAGES.count(len(rest))] = f"not named in {', '.join(table.path.name for table in tables.values())}"
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


def _labelled(
    keys: ImageFolder, table: Table, columns: tuple[str, str], folder: Path, files: FileNames, pool: bool
) -> Part:
    """The images that a table names, with their labels."""
    file, label = columns
    table.require([file, label, *([keys.group] if keys.group else [])], "dataset.label_file")
    rows = np.arange(len(table.rows)) if pool else rows_with_labels(table, label, keys.missing_labels)
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
    texts = labels_of_some(table, label) if pool else label_texts(table, label)
    groups = group_texts(table, keys.group) if keys.group else None
    if not pool:
        check_classes(table, label, texts, keys.label is not None)
    source = f"{label!r} of {table.path.name}"
    return Part(str(table.path), folder, chosen, texts, groups, source, {}, tuple(remarks), len(absent))
