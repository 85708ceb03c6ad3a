"""From a pool in Parquet files to a Dataset whose inputs stay on disk: columns, labels, parts, what to say of them."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import torch

from al_bench.data.class_names import printable_names
from al_bench.data.dataset import Dataset
from al_bench.data.division import GivenParts, divide, part_remarks
from al_bench.data.labels import encode_some
from al_bench.data.mapped import MappedRows
from al_bench.data.parquet_features import read_features
from al_bench.data.parquet_pool import ParquetPool
from al_bench.data.parts import choose_rows
from al_bench.data.reading import Reading
from al_bench.data.scaled_inputs import map_inputs
from al_bench.data.table import Table
from al_bench.data.table_choices import Missing
from al_bench.data.table_dataset import row_origins
from al_bench.data.table_header import LABEL_NAMES, names_rows, plain_name
from al_bench.data.table_labels import (
    check_classes,
    group_texts,
    label_texts,
    labels_of_some,
    merge_similar,
    rows_with_labels,
)
from al_bench.errors import InputError, override

if TYPE_CHECKING:
    from al_bench.data.csv_table import CsvDataset

SHOWN = 20
"""Columns that a message names."""


def build(
    keys: CsvDataset,
    train: ParquetPool,
    test: ParquetPool | None,
    initial_rows: Sequence[int | str],
    validation: bool,
    cache: str | None,
    pool: bool = False,
) -> Dataset:
    """The data set of a pool in Parquet files.

    Args:
        keys: How the user wants it read.
        train: The pool.
        test: The test part; None splits one off.
        initial_rows: Rows, or values of the column `id`, that a test part split off leaves alone.
        validation: Whether the files are to give a validation part, which they cannot.
        cache: The value of a run's key `cache`.
        pool: Whether the rows are a pool that people label; see `UserData.load_pool`.

    Raises:
        InputError: The files are no data set, or their meaning is not certain.
    """
    _check_keys(keys, train, validation)
    label, chosen_how = _label(keys, train, test, pool)
    features, left_out = _features(keys, train, label)
    others = [name for name in (keys.id, keys.group) if name is not None]
    parts = [train] if test is None else [train, test]
    if test is not None:
        test.require([*features, *([label] if label else []), *others], "dataset.test_path")
        for name in features:
            if test.columns[name] != train.columns[name]:
                raise InputError(
                    f"dataset.test_path: column {name!r} of {test.where} is of type {test.columns[name]}, and of "
                    f"{train.columns[name]} in {train.where}; they must agree"
                )
    remarks: list[str] = []
    tables = [part.table([*([label] if label in part.columns else []), *others]) for part in parts]
    rows = [_rows(keys, table, label, remarks, pool and not number) for number, table in enumerate(tables)]
    tables = [table if len(of) == len(table.rows) else table.take(of) for table, of in zip(tables, rows, strict=True)]
    labelled = [_texts(table, label, pool and not number) for number, table in enumerate(tables)]
    texts, merged = merge_similar(f"{train.where}: column {label!r}", np.concatenate(labelled), keys.similar_labels)
    remarks += [merged] if merged else []
    if not pool:
        check_classes(tables[0], label, texts[: len(rows[0])], keys.label is not None)
    numbers, class_names = encode_some(f"{train.where}: column {label!r}", texts, keys.class_order)
    class_names = printable_names(class_names)
    origins = [row_origins(keys.id, table) for table in tables]
    given = GivenParts(len(rows[0]), 0, len(rows[-1]) if test is not None else 0, test_from=_source(test))
    division = divide(
        str(train.where),
        numbers,
        given,
        keys,
        groups=None if keys.group is None else np.concatenate([group_texts(table, keys.group) for table in tables]),
        group_key=keys.group,
        kept=choose_rows(origins[0], initial_rows, str(train.where)) if len(initial_rows) else None,
        alternative="dataset.test_path",
        pool=pool,
    )
    read = [read_features(part, features, cache) for part in parts]
    if test is not None and read[1].array.shape[1] != read[0].array.shape[1]:
        raise InputError(
            f"dataset.test_path: column {features[0]!r} of {test.where} has lists of {read[1].array.shape[1]} numbers, "
            f"and of {read[0].array.shape[1]} in {train.where}; they must agree"
        )
    inputs = MappedRows(str(train.where), read[0].array, rows[0][division.training_rows])
    if test is None:
        test_inputs = MappedRows(str(train.where), read[0].array, rows[0][division.test_rows])
    else:
        test_inputs = MappedRows(str(test.where), read[1].array, rows[1])
    scaled = map_inputs(inputs, test_inputs, keys.standardise, not pool)
    if test is not None and scaled.repeated is not None and scaled.repeated.all:
        raise InputError(f"{test.where} has the same rows as {train.where}; a test part of other rows is expected")
    counts = division.counts(numbers, class_names)
    remarks += part_remarks(counts)
    remarks += scaled.repeated.remarks() if scaled.repeated is not None else []
    is_vector = features[0] in train.vectors
    named = np.concatenate(origins)
    return Dataset(
        name=keys.name or train.where.name.split(".")[0],
        inputs=scaled.inputs,
        hidden_labels=torch.from_numpy(numbers[division.rows]),
        test_inputs=scaled.test_inputs,
        test_labels=torch.from_numpy(numbers[division.test_rows]),
        class_names=class_names,
        origins=named[division.rows],
        test_origins=named[division.test_rows],
        reading=Reading(
            source=str(keys.path),
            rows=len(rows[0]),
            kinds={f"column of {inputs.shape[1]:,} numbers" if is_vector else "numbers": tuple(features)},
            label=f"{label!r} ({chosen_how})",
            counts=counts,
            split=division.split,
            test_from=division.test_from,
            unused={**left_out, **train.unused},
            remarks=(read[0].remark, *([train.remark] if train.remark else []), *remarks),
        ),
    )


def _check_keys(keys: CsvDataset, train: ParquetPool, validation: bool) -> None:
    """Refuse keys that ask for what is not done with rows that stay on disk."""
    where = f"{train.where} is a pool of Parquet files that stay on disk"
    if keys.missing is not Missing.refuse:
        raise InputError(
            f"dataset.missing={keys.missing.value}: {where}, in which no value may be missing; fill them when the "
            "files are written, and leave dataset.missing out"
        )
    if keys.categorical:
        raise InputError(
            f"dataset.categorical: {where}, of which columns of numbers are read alone; leave the key out, or write "
            "the categories as columns of 0 and 1"
        )
    if validation or keys.validation:
        raise InputError(
            f"validation: {where}, which has no validation part of its own; give a number of points to hold out, such "
            "as validation=100"
        )
    for name, names in (("drop", keys.drop), ("keep", keys.keep), ("id", [keys.id]), ("group", [keys.group])):
        train.require([each for each in names if each is not None], f"dataset.{name}")


def _label(keys: CsvDataset, train: ParquetPool, test: ParquetPool | None, pool: bool) -> tuple[str, str]:
    """The label's column, and how it was chosen; of a pool that people label it may be no column of it.

    Raises:
        InputError: No column is the label for certain.
    """
    if keys.label is not None:
        if not pool:
            train.require([keys.label], "dataset.label")
        return keys.label, "named by dataset.label"
    taken = {*keys.drop, *keys.keep, keys.id, keys.group}
    for part in [train] if test is None else [train, test]:
        names = [name for name in part.columns if plain_name(name) in LABEL_NAMES and name not in taken]
        if len(names) > 1:
            which = " or ".join(override("dataset.label", name) for name in names)
            raise InputError(f"{part.where}: the names of several columns are those of labels; set {which}")
        if names:
            return names[0], "by its name"
        if not pool:
            break
    if pool:
        return "label", "no such column: dataset.label=COLUMN names one"
    rest = [name for name in train.columns if name not in taken and name not in train.vectors]
    shown = ", ".join(rest[-SHOWN:]) or "none beside the lists"
    raise InputError(f"{train.where}: no column has a label's name; name it, dataset.label=COLUMN, of: {shown}")


def _features(keys: CsvDataset, train: ParquetPool, label: str) -> tuple[list[str], dict[str, str]]:
    """The columns of the inputs, one of lists or all others of numbers, and those left out, each with the reason.

    Raises:
        InputError: Which ones they are is not certain.
    """
    reasons: dict[str, str] = dict.fromkeys(keys.drop, "dataset.drop")
    if keys.id is not None:
        reasons[keys.id] = "it names the rows: dataset.id"
    if keys.group is not None:
        reasons[keys.group] = "it groups the rows: dataset.group"
    if label in reasons and label != "label":
        raise InputError(f"{train.where}: the column {label!r} is the label, and {reasons[label]}, too")
    rest = [name for name in train.columns if name not in reasons and name != label]
    vectors = [name for name in rest if name in train.vectors]
    if len(vectors) > 1:
        raise InputError(
            f"{train.where} has {len(vectors)} columns of lists of numbers, {', '.join(vectors)}; one holds the "
            f"inputs: leave out the others, {_drop(keys, vectors[1:])}"
        )
    if vectors:
        if keys.keep:
            raise InputError(
                f"{train.where}: the inputs are the lists of {vectors[0]!r} alone; leave dataset.keep out, or the "
                f"lists: {_drop(keys, vectors)}"
            )
        return vectors, reasons | {name: f"beside {vectors[0]!r}" for name in rest if name != vectors[0]}
    if wrong := [name for name in rest if name not in train.numbers]:
        kinds = ", ".join(f"{name!r} ({train.columns[name]})" for name in wrong[:SHOWN])
        raise InputError(
            f"{train.where}: {len(wrong)} columns hold no numbers: {kinds}; in a pool of Parquet files each column of "
            f"inputs holds a number, or one a list of them: leave out the others, {_drop(keys, wrong)}"
        )
    for name in [name for name in rest if names_rows(name) and name not in keys.keep]:
        if train.counts_rows(name):
            reasons[name] = "it counts the rows"
        else:
            raise InputError(
                f"{train.where}: the column {name!r} may name the rows or be a feature; set "
                f"{override('dataset.id', name)} or {override('dataset.keep', [*keys.keep, name])}"
            )
    features = [name for name in rest if name not in reasons]
    if not features:
        raise InputError(f"{train.where} has no column left beside the label {label!r}; shorten dataset.drop")
    return features, reasons


def _drop(keys: CsvDataset, names: Sequence[str]) -> str:
    """What to type to leave columns out beside those that are left out."""
    return override("dataset.drop", [*keys.drop, *names])


def _rows(keys: CsvDataset, table: Table, label: str, remarks: list[str], some: bool) -> np.ndarray:
    """The rows of a part that take part; with `some`, a label may be missing."""
    if some:
        return np.arange(len(table.rows))
    rows = rows_with_labels(table, label, keys.missing_labels)
    if len(rows) < len(table.rows):
        remarks.append(f"{len(table.rows) - len(rows):,} rows without a label left out")
    return rows


def _texts(table: Table, label: str, some: bool) -> np.ndarray:
    """[N] labels as text, empty where a row has none."""
    if label not in table.names:
        return np.full(len(table.rows), "", dtype=object)
    return labels_of_some(table, label) if some else label_texts(table, label)


def _source(test: ParquetPool | None) -> str:
    """What the test part is called in messages: its folder or file."""
    return "" if test is None else test.where.name + "/" * Path(test.where).is_dir()
