"""From the texts of a table or a folder to a Dataset: texts, labels, parts, origins, and what to say of them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import torch

from al_bench.data.class_names import printable_names
from al_bench.data.dataset import Dataset
from al_bench.data.division import GivenParts, divide, joined_origins, part_remarks
from al_bench.data.file_kind import Content, decode
from al_bench.data.file_listing import TEXTS
from al_bench.data.files import find_file, one_line
from al_bench.data.folder_layout import Part, parts_by_folder, pool_by_folder
from al_bench.data.labels import encode_some
from al_bench.data.parts import Repeated, choose_rows
from al_bench.data.reading import Reading
from al_bench.data.table import Table
from al_bench.data.table_choices import EmptyTexts
from al_bench.data.table_dataset import check_other_file, row_origins
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
from al_bench.data.text_columns import choose_texts
from al_bench.data.texts import Texts
from al_bench.errors import InputError

if TYPE_CHECKING:
    from al_bench.data.text_data import TextDataset

ORDER = ("train", "validation", "test")


@dataclass(frozen=True)
class TextPart:
    """The texts of one part.

    Args:
        where: What the part is called in messages.
        source: Its file or folder, shortly.
        texts: [N].
        labels: [N] labels.
        origins: [N] what the user calls each text.
        groups: [N] groups, where `dataset.group` is given.
        remarks: What a reader must know.
    """

    where: str
    source: str
    texts: list[str]
    labels: np.ndarray
    origins: np.ndarray
    groups: np.ndarray | None = None
    remarks: tuple[str, ...] = ()


@dataclass(frozen=True)
class Read:
    """The parts, and what is said of all of them."""

    parts: dict[str, TextPart]
    kind: str
    label: str
    unused: dict[str, str] = field(default_factory=dict)


def build(keys: TextDataset, initial_rows: Sequence[int | str], validation: bool, pool: bool = False) -> Dataset:
    """The data set of a table or a folder of texts.

    Args:
        keys: How the user wants it read.
        initial_rows: Rows, values of the column `id`, or files' names that a test part split off leaves alone.
        validation: Whether the validation part is read.
        pool: Whether the texts are a pool that people label; see `UserData.load_pool`.

    Raises:
        InputError: It is no data set of texts, or its meaning is not certain.
    """
    path = find_file(str(keys.path), "dataset.path", keys.root, folders=True)
    read = _read_folder(keys, validation, pool) if path.is_dir() else _read_tables(keys, validation, pool)
    where = read.parts["train"].where
    parts = [_without_empty(read.parts[name], keys.empty) for name in ORDER if name in read.parts]
    remarks = list(dict.fromkeys(remark for part in parts for remark in part.remarks))
    labels, merged = merge_similar(where, np.concatenate([part.labels for part in parts]), keys.similar_labels)
    remarks += [merged] if merged else []
    numbers, class_names = encode_some(where, labels, keys.class_order)
    class_names = printable_names(class_names)
    texts = np.array([text for part in parts for text in part.texts], dtype=object)
    by_name = dict(zip((name for name in ORDER if name in read.parts), parts, strict=True))
    given = GivenParts(
        train=len(by_name["train"].texts),
        validation=len(by_name["validation"].texts) if "validation" in by_name else 0,
        test=len(by_name["test"].texts) if "test" in by_name else 0,
        validation_from=by_name["validation"].source if "validation" in by_name else "",
        test_from=by_name["test"].source if "test" in by_name else "",
    )
    if not pool and len(np.unique(numbers[: given.train])) < 2:
        raise InputError(f"{where} holds texts of one class only; at least two are expected")
    groups = [part.groups for part in parts if part.groups is not None]
    division = divide(
        where,
        numbers,
        given,
        keys,
        groups=np.concatenate(groups) if groups else None,
        group_key=keys.group,
        kept=choose_rows(parts[0].origins, initial_rows, where) if len(initial_rows) else None,
        alternative="dataset.test_path",
        pool=pool,
    )
    train_texts, test_texts = texts[division.rows].tolist(), texts[division.test_rows].tolist()
    counts = division.counts(numbers, class_names)
    remarks += part_remarks(counts) + _repeated(where, train_texts, test_texts, "test" in by_name)
    origins = joined_origins([part.origins for part in parts], given)
    words = sum(len(text.split()) for text in texts) / len(texts)
    return Dataset(
        name=keys.name or (path.resolve().name if path.is_dir() else path.name.split(".")[0]),
        inputs=Texts(train_texts),
        hidden_labels=torch.from_numpy(numbers[division.rows]),
        test_inputs=Texts(test_texts),
        test_labels=torch.from_numpy(numbers[division.test_rows]),
        class_names=class_names,
        origins=origins[division.rows],
        test_origins=origins[division.test_rows],
        validation=division.validation_indices,
        reading=Reading(
            source=str(keys.path),
            rows=given.train,
            kinds={f"{read.kind}, {words:.0f} words on average": ()},
            label=read.label,
            counts=counts,
            split=division.split,
            test_from=division.test_from,
            unused=read.unused,
            remarks=tuple(remarks),
        ),
    )


def _read_tables(keys: TextDataset, validation: bool, pool: bool) -> Read:
    """The parts of a table, and of further ones of the same columns."""
    table = keys.read(fewest=1 if pool else 2)
    other = keys.read(keys.test_path, "dataset.test_path") if keys.test_path else None
    chosen = ""
    if pool:
        table, chosen, chosen_how = with_label_column(table, keys.label, [other] if other is not None else [])
    for key in ("label", "group", "id"):
        table.require([name] if (name := getattr(keys, key)) else [], f"dataset.{key}")
    taken = [name for name in (keys.label, keys.group, keys.id) if name]
    if pool:
        columns, text_chosen = choose_texts(table, keys.text_columns, [*taken, chosen])
        label = chosen
    elif keys.label is None and not keys.text_columns:
        # a label's name speaks for itself; any other column may hold the texts
        label, chosen_how = choose_label(table, None, [*taken, *_texts_by_name(table, taken)])
        columns, text_chosen = choose_texts(table, [], [*taken, label])
    else:
        columns, text_chosen = choose_texts(table, keys.text_columns, taken)
        label, chosen_how = choose_label(table, keys.label, [*columns, *taken])
    tables = {"train": table}
    if other is not None:
        tables["test"] = other
    if keys.validation and not pool:
        tables["validation"] = keys.read(keys.validation, "dataset.validation")
    elif validation:
        raise InputError(
            "validation is file, and no file names a validation part: give dataset.validation=FILE, or a number of "
            "texts to hold out, such as validation=100"
        )
    for name, key in (("test", "dataset.test_path"), ("validation", "dataset.validation")):
        if name in tables:
            check_other_file(table, tables[name], [*columns, label, *([keys.group] if keys.group else [])], key)
    parts = {name: _table_part(keys, part, columns, label, pool and part is table) for name, part in tables.items()}
    if not pool:
        check_classes(table, label, label_texts(table, label), keys.label is not None)
    rest = {name: "not named by dataset.text" for name in table.names if name not in (*columns, label, *taken)}
    rest |= {keys.group: "it groups the rows: dataset.group"} if keys.group else {}
    rest |= {keys.id: "it names the rows: dataset.id"} if keys.id else {}
    kind = f"text {' + '.join(map(repr, columns))} ({text_chosen})"
    return Read(parts, kind, f"{label!r} ({chosen_how})", rest)


def _texts_by_name(table: Table, taken: Sequence[str]) -> list[str]:
    """The columns of texts, where their names say so."""
    try:
        return choose_texts(table, [], taken)[0]
    except InputError:
        return []


def _table_part(keys: TextDataset, table: Table, columns: Sequence[str], label: str, pool: bool) -> TextPart:
    """The texts of one table."""
    rows = np.arange(len(table.rows)) if pool else rows_with_labels(table, label, keys.missing_labels)
    left_out = len(table.rows) - len(rows)
    table = table.take(rows)
    for name in columns:
        if table.cells[name].dtype == np.float64:
            raise InputError(
                f"{table.path}: column {name!r} holds numbers and no texts; name another: dataset.text=COLUMN"
            )
    cells = [table.texts(name).tolist() for name in columns]
    texts = [keys.join.join(text for text in row if text) for row in zip(*cells, strict=True)]
    if keys.empty is EmptyTexts.refuse and "" in texts:
        row = texts.index("")
        raise table.fault(
            columns[0],
            row,
            f"the text is empty ({texts.count('')} of {len(texts)} rows); set dataset.empty=drop (without them) or "
            "dataset.empty=keep (as empty texts)",
        )
    remarks = [*table.remarks, *([f"{left_out} rows without a label left out"] if left_out else [])]
    return TextPart(
        where=str(table.path),
        source=table.path.name,
        texts=texts,
        labels=labels_of_some(table, label) if pool else label_texts(table, label),
        origins=row_origins(keys.id, table),
        groups=group_texts(table, keys.group) if keys.group else None,
        remarks=tuple(remarks),
    )


def _read_folder(keys: TextDataset, validation: bool, pool: bool) -> Read:
    """The parts of a folder of .txt files."""
    for key in ("text", "label", "group", "id"):
        if getattr(keys, key) is not None:
            raise InputError(f"dataset.{key} names a column, and {keys.path} is a folder of texts; leave it out")
    by_name = pool_by_folder(keys, TEXTS) if pool else parts_by_folder(keys, TEXTS, validation)
    parts = {name: _folder_part(keys, part) for name, part in by_name.items()}
    unused = {what: why for part in by_name.values() for what, why in part.unused.items()}
    return Read(parts, "texts of .txt files", by_name["train"].label, unused)


def _folder_part(keys: TextDataset, part: Part) -> TextPart:
    """The texts of the files of one part."""
    texts = []
    for name in part.names:
        path = part.folder / name
        try:
            if path.exists() and not path.is_file():  # a named pipe or a device would be read for ever
                raise OSError("it is no regular file")
            text, _ = decode(path, Content(path.read_bytes()), keys.encoding)
        except OSError as error:
            raise InputError(f"{path} cannot be read ({one_line(error)}); make it readable, or leave it out") from error
        texts.append(text.strip())
    if keys.empty is EmptyTexts.refuse and "" in texts:
        raise InputError(
            f"{part.folder / part.names[texts.index('')]} holds no text ({texts.count('')} of {len(texts)} files); set "
            "dataset.empty=drop (without them) or dataset.empty=keep (as empty texts)"
        )
    origins = np.array(part.names, dtype=object)
    return TextPart(part.where, Path(part.where).name + "/", texts, part.labels, origins, None, part.remarks)


def _without_empty(part: TextPart, policy: EmptyTexts) -> TextPart:
    """The part without its empty texts, where they are to be left out, with a remark."""
    empty = np.array([not text for text in part.texts])
    if not empty.any():
        return part
    remark = f"{int(empty.sum())} empty texts" + (" left out" if policy is EmptyTexts.drop else "")
    part = replace(part, remarks=(*part.remarks, remark))
    if policy is EmptyTexts.keep:
        return part
    if empty.all():
        raise InputError(f"{part.where} holds no text at all")
    return replace(
        part,
        texts=[text for text in part.texts if text],
        labels=part.labels[~empty],
        origins=part.origins[~empty],
        groups=None if part.groups is None else part.groups[~empty],
    )


def _repeated(where: str, train: Sequence[str], test: Sequence[str], has_test: bool) -> list[str]:
    """A remark on test texts that are in the training part; a test part that is the training part is refused."""
    known = set(train)
    repeated = sum(text in known for text in test)
    if has_test and sorted(train) == sorted(test):
        raise InputError(f"{where}: the test part has the same texts; a test part of other texts is expected")
    return Repeated(len(train), len(test), repeated).remarks("texts")
