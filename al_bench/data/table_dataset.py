"""From the cells of a table to a Dataset: label, features, both parts, origins, and what to say of it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
import torch

from al_bench.data.csv_columns import Column, Kind, Table, check_missing, read_columns
from al_bench.data.dataset import Dataset
from al_bench.data.encoded_columns import encode_columns
from al_bench.data.labels import encode
from al_bench.data.parts import choose_rows, rows_in_both, share_of
from al_bench.data.reading import Reading, class_counts
from al_bench.data.split import split_off_test_part
from al_bench.data.table_choices import Missing
from al_bench.data.table_labels import check_classes, choose_label, label_texts, merge_similar, rows_with_labels
from al_bench.data.table_reader import unused_columns
from al_bench.data.typed_advice import override
from al_bench.errors import InputError

if TYPE_CHECKING:
    from al_bench.data.csv_table import CsvDataset


def build(keys: CsvDataset, table: Table, test: Table | None, initial_rows: Sequence[int | str]) -> Dataset:
    """The data set of a table.

    Args:
        keys: How the user wants it read.
        table: The cells.
        test: Those of the test part; None splits one off.
        initial_rows: Rows, or values of the column `id`, that a test part split off leaves alone.

    Raises:
        InputError: The table is no data set, or its meaning is not certain.
    """
    remarks = list(table.remarks)
    nameless = [name for position, name in enumerate(table.names) if name.strip("_") == f"column_{position}"]
    if table.headed and nameless:
        keys = replace(keys, drop=[nameless[0] if name == "" else name for name in keys.drop])
    for name, names in (("categorical", keys.categorical), ("drop", keys.drop), ("keep", keys.keep)):
        table.require(names, f"dataset.{name}")
    table.require([keys.id] if keys.id is not None else [], "dataset.id")
    taken = [*keys.drop, *keys.categorical, *([keys.label] if keys.label else []), *([keys.id] if keys.id else [])]
    unused = unused_columns(table, keys.keep, taken)
    label, chosen_how = choose_label(table, keys.label, [*unused, *keys.drop, *([keys.id] if keys.id else [])])
    unused |= dict.fromkeys(keys.drop, "dataset.drop")
    unused |= {keys.id: "it names the rows: dataset.id"} if keys.id else {}
    features = [name for name in table.names if name != label and name not in unused]
    if not features:
        raise InputError(f"{table.path} has no column left beside the label {label!r}; shorten dataset.drop")
    if test is not None:
        _check_test_file(table, test, [*features, label])

    labelled = rows_with_labels(table, label, keys.missing_labels)
    if len(labelled) < len(table.rows):
        remarks.append(f"{len(table.rows) - len(labelled)} rows without a label left out")
    table = table if len(labelled) == len(table.rows) else table.take(labelled)
    texts = label_texts(table, label)
    if test is not None:
        test = test.take(rows_with_labels(test, label, keys.missing_labels))
        remarks += [remark for remark in test.remarks if remark not in remarks]
        texts = np.concatenate([texts, label_texts(test, label)])
    texts, merged = merge_similar(f"{table.path}: column {label!r}", texts, keys.similar_labels)
    remarks += [merged] if merged else []
    check_classes(table, label, texts[: len(table.rows)], keys.label is not None)
    _check_header(keys, table, label)

    kinds = {name: Kind.category if name in keys.categorical else Kind.auto for name in features}
    columns, decimal = read_columns(table, kinds, keys.decimal)
    if keys.missing is Missing.refuse:
        check_missing(table, columns)
    remarks += [column.remark for column in columns.values() if column.remark]
    if decimal is not keys.decimal and any(_has_commas(table, name) for name in features if columns[name].is_number):
        remarks.append(f"decimal {decimal.value}s")

    numbers, class_names = encode(texts)
    origins = _origins(keys, table)
    if test is not None:
        test_kinds = {name: Kind.number if column.is_number else Kind.category for name, column in columns.items()}
        test_columns, _ = read_columns(test, test_kinds, decimal)
        test_columns = {name: _same_missing(column, test, name, columns[name]) for name, column in test_columns.items()}
        if keys.missing is Missing.refuse:
            check_missing(test, test_columns)
        if len(initial_rows):
            choose_rows(origins, initial_rows, str(table.path))
        labels, test_labels = np.split(numbers, [len(table.rows)])
        test_origins = _origins(keys, test)
        train_values = {name: column.values for name, column in columns.items()}
        test_values = {name: column.values for name, column in test_columns.items()}
        split = f"{len(labels):,} training rows, {len(test_labels):,} test rows from {test.path.name}"
    else:
        kept = choose_rows(origins, initial_rows, str(table.path)) if len(initial_rows) else None
        rows, test_rows = split_off_test_part(
            str(table.path), numbers, keys.test_fraction, keys.split_seed, "dataset.test_path", kept
        )
        train_values = {name: column.values[rows] for name, column in columns.items()}
        test_values = {name: column.values[test_rows] for name, column in columns.items()}
        labels, test_labels = numbers[rows], numbers[test_rows]
        origins, test_origins = origins[rows], origins[test_rows]
        split = f"{len(rows):,} training rows, {len(test_rows):,} test rows split off by label"
    inputs, test_inputs = encode_columns(table.path, train_values, test_values, keys.missing)

    counts = class_counts(class_names, labels, test_labels)
    if only_test := [name for name, (in_train, in_test) in counts.items() if in_test and not in_train]:
        rows_of = sum(counts[name][1] for name in only_test)
        remarks.append(f"{', '.join(map(repr, only_test[:5]))} only in the test part ({rows_of} rows, each an error)")
    repeated = rows_in_both(inputs, test_inputs)
    if (
        test is not None
        and repeated == len(test_inputs) == len(inputs)
        and rows_in_both(test_inputs, inputs) == len(inputs)
    ):
        raise InputError(f"{test.path} has the same rows as {table.path}; a test part of other rows is expected")
    if repeated:
        remarks.append(f"{share_of(repeated, len(test_inputs))} test rows are in the training part, too")
    numeric = tuple(name for name, column in columns.items() if column.is_number)
    reading = Reading(
        source=str(keys.path),
        rows=len(table.rows),
        kinds={"numbers": numeric, "categories": tuple(name for name in columns if name not in numeric)},
        label=f"{label!r} ({chosen_how})",
        counts=counts,
        split=split,
        unused=unused,
        remarks=tuple(remarks),
    )
    named = None if keys.is_benchmark and not len(initial_rows) else origins
    return Dataset(
        name=keys.name or table.path.name.split(".")[0],
        inputs=torch.from_numpy(inputs),
        hidden_labels=torch.from_numpy(labels),
        test_inputs=torch.from_numpy(test_inputs),
        test_labels=torch.from_numpy(test_labels),
        class_names=class_names,
        origins=named,
        test_origins=None if named is None else test_origins,
        reading=reading,
    )


def _check_test_file(table: Table, test: Table, names: Sequence[str]) -> None:
    """Refuse a test file that is the training file, or has other columns."""
    if test.path.samefile(table.path) or (
        test.path.stat().st_size == table.path.stat().st_size and test.path.read_bytes() == table.path.read_bytes()
    ):
        raise InputError(
            f"dataset.test_path: {test.path} is the same as dataset.path; a test part of other rows is expected: leave "
            "dataset.test_path out to split one off"
        )
    test.require(names, "dataset.test_path")


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
    from al_bench.data.written_numbers import is_missing

    if train.is_number or not any(is_missing(cell) for cell in set(column.values)):
        return column
    known = set(train.values)
    return replace(
        column,
        values=np.array(["" if is_missing(cell) and cell not in known else cell for cell in column.values], object),
    )


def _origins(keys: CsvDataset, table: Table) -> np.ndarray:
    """[N] rows of the file, or the values of the column `id`."""
    if keys.id is None:
        return table.rows
    values = table.texts(keys.id)
    seen: dict[str, int] = {}
    for row, value in enumerate(values):
        if value == "" or value in seen:
            what = "is empty" if value == "" else f"{value!r} is that of row {table.rows[seen[value]]}, too"
            raise table.fault(
                keys.id,
                row,
                f"its name {what}; name a column with another value in every row: {override('dataset.id', '…')}",
            )
        seen[value] = row
    return values
