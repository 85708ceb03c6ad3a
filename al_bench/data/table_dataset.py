"""From the cells of a table to a Dataset: label, features, both parts, origins, and what to say of it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import torch

from al_bench.data.class_names import printable_names
from al_bench.data.column_codes import ColumnCode
from al_bench.data.csv_columns import Column, Kind, check_missing, read_columns
from al_bench.data.dataset import Dataset
from al_bench.data.division import Division, GivenParts, divide, joined_origins, part_remarks
from al_bench.data.encoded_columns import encode_columns
from al_bench.data.labels import encode_some
from al_bench.data.parts import choose_rows, repeated_rows
from al_bench.data.reading import Reading
from al_bench.data.table import Table
from al_bench.data.table_choices import Missing
from al_bench.data.table_labels import (
    check_classes,
    choose_label,
    group_texts,
    label_texts,
    labels_of_some,
    merge_similar,
    rows_with_labels,
    with_label_column,
)
from al_bench.data.table_reader import counts_rows, unused_columns
from al_bench.data.written_numbers import is_missing
from al_bench.errors import InputError, override
from al_bench.records import LONGEST_ITEM

if TYPE_CHECKING:
    from al_bench.data.csv_table import CsvDataset


def build(
    keys: CsvDataset,
    table: Table,
    test: Table | None,
    initial_rows: Sequence[int | str],
    validation: Table | None = None,
    pool: bool = False,
) -> Dataset:
    """The data set of a table.

    Args:
        keys: How the user wants it read.
        table: The cells.
        test: Those of the test part; None splits one off.
        initial_rows: Rows, or values of the column `id`, that a test part split off leaves alone.
        validation: The cells of the validation part; None for none.
        pool: Whether the rows are a pool that people label; see `UserData.load_pool`.

    Raises:
        InputError: The table is no data set, or its meaning is not certain.
    """
    remarks = list(table.remarks)
    nameless = [name for position, name in enumerate(table.names) if name.strip("_") == f"column_{position}"]
    if table.headed and nameless:
        keys = replace(keys, drop=[nameless[0] if name == "" else name for name in keys.drop])
    for name, names in (("categorical", keys.categorical), ("drop", keys.drop), ("keep", keys.keep)):
        table.require(names, f"dataset.{name}")
    others = {"id": keys.id, "group": keys.group}
    for name, given_column in others.items():
        table.require([given_column] if given_column is not None else [], f"dataset.{name}")
    no_features = [given_column for given_column in others.values() if given_column is not None]
    taken = [*keys.drop, *keys.categorical, *([keys.label] if keys.label else []), *no_features]
    if pool:
        table, label, chosen_how = with_label_column(table, keys.label, [test] if test is not None else [])
        unused = unused_columns(table, keys.keep, [*taken, label])
    else:
        unused = unused_columns(table, keys.keep, taken)
        label, chosen_how = choose_label(table, keys.label, [*unused, *keys.drop, *no_features])
    unused |= dict.fromkeys(keys.drop, "dataset.drop")
    unused |= {keys.id: "it names the rows: dataset.id"} if keys.id else {}
    unused |= {keys.group: "it groups the rows: dataset.group"} if keys.group else {}
    if label in no_features:
        raise InputError(f"{table.path}: the column {label!r} is the label, and dataset.id or dataset.group, too")
    features = [name for name in table.names if name != label and name not in unused]
    if not features:
        raise InputError(f"{table.path} has no column left beside the label {label!r}; shorten dataset.drop")
    parts = [table]
    for other, key in ((validation, "dataset.validation"), (test, "dataset.test_path")):
        if other is not None:
            check_other_file(table, other, [*features, label, *([keys.group] if keys.group else [])], key)
            parts.append(other)

    rows_before = len(table.rows)
    labelled = parts[1:] if pool else parts
    labelled = [part.take(rows_with_labels(part, label, keys.missing_labels)) for part in labelled]
    parts = [table, *labelled] if pool else labelled
    table = parts[0]
    if len(table.rows) < rows_before:
        remarks.append(f"{rows_before - len(table.rows)} rows without a label left out")
    for part in parts[1:]:
        remarks += [remark for remark in part.remarks if remark not in remarks]
    texts = np.concatenate(
        [labels_of_some(part, label) if pool and part is table else label_texts(part, label) for part in parts]
    )
    texts, merged = merge_similar(f"{table.path}: column {label!r}", texts, keys.similar_labels)
    remarks += [merged] if merged else []
    if not pool:
        check_classes(table, label, texts[: len(table.rows)], keys.label is not None, label in keys.categorical)
        _check_header(keys, table, label)

    kinds = {name: Kind.category if name in keys.categorical else Kind.auto for name in features}
    columns, decimal = read_columns(table, kinds, keys.decimal)
    if keys.missing is Missing.refuse:
        check_missing(table, columns)
    remarks += [column.remark for column in columns.values() if column.remark]
    if decimal is not keys.decimal and any(_has_commas(table, name) for name in features if columns[name].is_number):
        remarks.append(f"decimal {decimal.value}s")
    remarks += [
        f"{name!r} counts the rows and is an input; if it only names them, leave it out with "
        f"{override('dataset.drop', [name])}"
        for name, column in columns.items()
        if column.is_number and name not in keys.keep and not keys.is_benchmark and counts_rows(table, name)
    ]
    values = {name: [column.values] for name, column in columns.items()}
    known_kinds = {name: Kind.number if column.is_number else Kind.category for name, column in columns.items()}
    for part in parts[1:]:
        read, _ = read_columns(part, known_kinds, decimal)
        read = {name: _same_missing(column, part, name, columns[name]) for name, column in read.items()}
        if keys.missing is Missing.refuse:
            check_missing(part, read)
        for name, column in read.items():
            values[name].append(column.values)

    numbers, class_names = encode_some(f"{table.path}: column {label!r}", texts, keys.class_order)
    class_names = printable_names(class_names)
    origins = [row_origins(keys.id, part) for part in parts]
    kept = choose_rows(origins[0], initial_rows, str(table.path)) if len(initial_rows) else None
    given = GivenParts(
        train=len(table.rows),
        validation=len(parts[1].rows) if validation is not None else 0,
        test=len(parts[-1].rows) if test is not None else 0,
        validation_from="" if validation is None else validation.path.name,
        test_from="" if test is None else test.path.name,
    )
    division = divide(
        str(table.path),
        numbers,
        given,
        keys,
        groups=None if keys.group is None else np.concatenate([group_texts(part, keys.group) for part in parts]),
        group_key=keys.group,
        kept=kept,
        alternative="dataset.test_path",
        pool=pool,
    )
    inputs, test_inputs, codes = _encode(
        keys, table.path, {name: np.concatenate(v) for name, v in values.items()}, division
    )

    counts = division.counts(numbers, class_names)
    remarks += part_remarks(counts)
    if len(test_inputs):
        repeated = repeated_rows(inputs, test_inputs)
        if test is not None and repeated.all:
            raise InputError(f"{test.path} has the same rows as {table.path}; a test part of other rows is expected")
        remarks += repeated.remarks()
    numeric = tuple(name for name, column in columns.items() if column.is_number)
    reading = Reading(
        source=str(keys.path),
        rows=len(table.rows),
        kinds={"numbers": numeric, "categories": tuple(name for name in columns if name not in numeric)},
        label=f"{label!r} ({chosen_how})",
        counts=counts,
        split=division.split,
        test_from=division.test_from,
        unused=unused,
        remarks=tuple(remarks),
    )
    named = None if keys.is_benchmark and not len(initial_rows) else joined_origins(origins, given)
    return Dataset(
        name=keys.name or table.path.name.split(".")[0],
        inputs=torch.from_numpy(inputs),
        hidden_labels=torch.from_numpy(numbers[division.rows]),
        test_inputs=torch.from_numpy(test_inputs),
        test_labels=torch.from_numpy(numbers[division.test_rows]),
        class_names=class_names,
        origins=None if named is None else named[division.rows],
        test_origins=None if named is None else named[division.test_rows],
        validation=division.validation_indices,
        reading=reading,
        column_codes=codes,
    )


def _encode(
    keys: CsvDataset, path: Path, values: Mapping[str, np.ndarray], division: Division
) -> tuple[np.ndarray, np.ndarray, tuple[ColumnCode, ...]]:
    """Inputs of the training part, the validation part at its end, and of the test part; scaled by the former alone."""
    trained = division.training_rows
    later = [division.rows[len(trained) :], division.test_rows]
    others_rows = np.concatenate(later)
    inputs, others, codes = encode_columns(
        path,
        {name: column[trained] for name, column in values.items()},
        {name: column[others_rows if len(others_rows) else trained[:1]] for name, column in values.items()},
        keys.missing,
        keys.standardise,
    )
    others = others[: len(others_rows)]  # scikit-learn takes no array without a row
    validation, test = np.split(others, [len(later[0])])
    return (np.concatenate([inputs, validation]) if len(validation) else inputs), test, codes


def check_other_file(table: Table, other: Table, names: Sequence[str], key: str) -> None:
    """Refuse a file of another part that is the training file, or has other columns."""
    if other.path.samefile(table.path) or (
        other.path.stat().st_size == table.path.stat().st_size and other.path.read_bytes() == table.path.read_bytes()
    ):
        part = key.removeprefix("dataset.").partition("_")[0]
        advice = ": leave dataset.test_path out to split one off" if part == "test" else ""
        raise InputError(
            f"{key}: {other.path} is the same as dataset.path; a {part} part of other rows is expected{advice}"
        )
    other.require(names, key)


def _check_header(keys: CsvDataset, table: Table, label: str) -> None:
    """Refuse to guess where the first line may hold column names that are numbers."""
    text = table.texts(label)
    if keys.header.value == "auto" and not table.headed and (text == text[0]).sum() == 1:
        raise InputError(
            f"{table.path}: the first line may hold column names or data, since its label {text[0]!r} occurs "
            "once; set dataset.header=present or dataset.header=absent"
        )


def _has_commas(table: Table, name: str) -> bool:
    return table.cells[name].dtype != np.float64 and any("," in cell for cell in table.texts(name))


def _same_missing(column: Column, table: Table, name: str, train: Column) -> Column:
    """A column of categories whose marks for a missing value are empty, as in the training part."""
    if train.is_number or not any(is_missing(cell) for cell in set(column.values)):
        return column
    known = set(train.values)
    return replace(
        column,
        values=np.array(["" if is_missing(cell) and cell not in known else cell for cell in column.values], object),
    )


def row_origins(id: str | None, table: Table) -> np.ndarray:
    """[N] rows of the file, or the values of the column `id`."""
    if id is None:
        return table.rows
    values = table.texts(id)
    seen: dict[str, int] = {}
    for row, value in enumerate(values):
        if value == "" or value in seen:
            what = "is empty" if value == "" else f"{value!r} is that of row {table.rows[seen[value]]}, too"
            raise table.fault(
                id,
                row,
                f"its name {what}; name a column with another value in every row: {override('dataset.id', '…')}",
            )
        if len(value) > LONGEST_ITEM:
            raise table.fault(id, row, f"its name has {len(value):,} characters; {LONGEST_ITEM:,} at most")
        seen[value] = row
    return values
