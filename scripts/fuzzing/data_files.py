"""Cases of data files: a valid file of some kind, damaged, and a command that reads it."""

from __future__ import annotations

import os
import random
from collections.abc import Mapping
from pathlib import Path

import numpy as np

from fuzzing import damage, grammar, pictures, tables
from fuzzing.commands import run_overrides, typed_override
from fuzzing.values import typed
from fuzzing.warm import PARQUET, Templates

KINDS = (
    "csv",
    "tsv",
    "jsonl",
    "parquet",
    "csv.gz",
    "jsonl.gz",
    "parquet.gz",
    "npz",
    "npy folder",
    "images",
    "texts",
    "odd",
)
"""Kinds of files; odd: a pickle, a false header, a file that unpacks to very much, a folder, a link, a pipe."""
WEIGHTS = (34, 6, 12, 6, 4, 2, 1, 16, 8, 8, 6, 6)
READING = {
    "csv": (
        "label",
        "separator",
        "decimal",
        "header",
        "encoding",
        "missing",
        "missing_labels",
        "similar_labels",
        "drop",
    ),
    "images": ("label_file", "size", "resize", "mode", "damaged", "nested", "normalise"),
    "text": ("text", "label", "separator", "encoding", "empty", "missing_labels", "similar_labels"),
    "npz": ("layout", "standardise", "missing_labels", "similar_labels", "test_fraction"),
}
"""Keys that say how a file is read, which cases set more often than others."""


def _text(kind: str, generator: random.Random) -> bytes:
    """A text file of a kind."""
    rows = tables.rows_of(generator)
    if kind.startswith("jsonl"):
        return damage.damaged(tables.as_json_lines(rows), damage.JSON, generator)
    separator = "\t" if kind == "tsv" else generator.choice((",", ",", ",", ";", "|"))
    return damage.damaged(tables.as_text(rows, separator), damage.TEXT, generator)


def _odd(folder: Path, templates: Templates, generator: random.Random) -> str:
    """Write a file that is no valid one of any kind, and return its name."""
    name = generator.choice(("mine.csv", "mine.npz", "mine.parquet", "mine.csv.gz", "mine.jsonl"))
    path = folder / name
    kind = generator.randrange(7)
    if kind == 0:
        path.write_bytes(damage.pickled())
    elif kind == 1:
        (folder / "mine").mkdir()
        for part in ("x", "y"):
            header = generator.choice(damage.HEADERS)
            (folder / "mine" / f"{part}.npy").write_bytes(damage.array_with_header(header, bytes(640)))
        return "mine"
    elif kind == 2:
        bomb = generator.choice(("bomb.csv.gz", "bomb.parquet.gz", "bomb.npz"))
        path = folder / bomb.replace("bomb", "mine")
        path.symlink_to(templates.file(bomb))
        return path.name
    elif kind == 3:
        path.mkdir()
    elif kind == 4:
        path.symlink_to(generator.choice(["/dev/zero", "/nowhere", name, "/etc", "/dev/stdin", "/proc/self/mem"]))
    elif kind == 5:
        os.mkfifo(path)
    else:
        path.write_bytes(damage.array_with_header(generator.choice(damage.HEADERS), bytes(640)))
    return name


def write_file(folder: Path, templates: Templates, generator: random.Random) -> tuple[str, str, str]:
    """Write a file of some kind, damaged or not; returns its kind, its name and the option that reads it."""
    kind = generator.choices(KINDS, WEIGHTS)[0]
    if kind == "odd":
        name = _odd(folder, templates, generator)
        return kind, name, "npz" if name.endswith("npz") or "." not in name else "csv"
    if kind == "images":
        pictures.write_folder(folder / "mine", generator)
        return kind, "mine", "images"
    if kind == "texts":
        content = tables.as_text(tables.texts_of(generator), generator.choice((",", ",", ";")))
        (folder / "mine.csv").write_bytes(damage.damaged(content, damage.TEXT, generator))
        return kind, "mine.csv", "text"
    if kind in ("npz", "npy folder"):
        arrays = tables.arrays_of(generator)
        if generator.random() < 0.7:
            arrays = damage.strange_arrays(arrays, generator)
        if kind == "npz":
            content = tables.as_npz(arrays)
            if generator.random() < 0.4:
                content = damage.damaged(content, damage.BYTES, generator)
            (folder / "mine.npz").write_bytes(content)
            return kind, "mine.npz", "npz"
        return kind, _write_folder(folder / "mine", arrays, generator), "npz"
    if kind.startswith("parquet"):
        content = templates.file(generator.choice(PARQUET)).read_bytes()
        content = damage.damaged(content, damage.BYTES, generator) if generator.random() < 0.6 else content
    else:
        content = _text(kind, generator)
    if kind.endswith(".gz"):
        content = tables.packed(content)
        if generator.random() < 0.4:
            content = damage.damaged(content, damage.BYTES, generator)
    name = f"mine.{kind}" if generator.random() < 0.85 else damage.any_name(generator)
    (folder / name).write_bytes(content)
    return kind, name, "csv"


def _write_folder(folder: Path, arrays: Mapping[str, object], generator: random.Random) -> str:
    """Write arrays as .npy files, one of them damaged at times; returns the folder's name."""
    folder.mkdir()
    for name, values in arrays.items():
        with open(folder / f"{name.replace('/', '_').replace('..', '_')}.npy", "wb") as file:
            np.save(file, np.asarray(values))
    if generator.random() < 0.4:
        path = generator.choice(sorted(folder.iterdir()))
        path.write_bytes(damage.damaged(path.read_bytes(), damage.BYTES, generator))
    return folder.name


def data_words(folder: Path, templates: Templates, generator: random.Random) -> tuple[str, list[str]]:
    """Write a data file and return its kind and a command that reads it."""
    kind, name, option = write_file(folder, templates, generator)
    if generator.random() < 0.15:
        option = generator.choice(grammar.datasets_of_files())
    keys = {key.name.partition(".")[2]: key for key in grammar.keys_of("dataset", option)}
    data = [f"dataset={option}", f"dataset.path={typed(name) if generator.random() < 0.5 else name}"]
    if option == "csv" and generator.random() < 0.3:
        data.append(f"dataset.label={generator.choice(tables.HEADER)}")
    if generator.random() < 0.35:
        names = [key for key in READING.get(option, ()) if key in keys] or sorted(keys)
        key = keys[generator.choice(names if generator.random() < 0.7 else sorted(keys))]
        value = generator.choice(tables.HEADER) if key.kind == "text" and generator.random() < 0.4 else ...
        data.append(typed_override(key, generator, [value] if key.kind == "list" and value is not ... else value))
    if option == "csv" and generator.random() < 0.08:
        (folder / "test.csv").write_bytes(tables.as_text(tables.rows_of(generator, 12)))
        data.append("dataset.test_path=test.csv")
    if generator.random() < 0.6:
        return kind, ["check", *data]
    return kind, ["run", *run_overrides(generator, generator.choice((0, 0, 1)), data)]
