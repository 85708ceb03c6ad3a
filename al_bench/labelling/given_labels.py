"""The labels that came back: read from every batch and further file, checked, with one spelling a class."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from al_bench.data.labels import unknown_class
from al_bench.errors import InputError
from al_bench.labelling.answers import SKIP, Answer, Answers
from al_bench.labelling.batch import BatchRecord
from al_bench.labelling.batch_file import KnownItems, answers_of, read_rows
from al_bench.labelling.exchange.label_files import read_labels
from al_bench.labelling.folder import LIMIT, LabellingFolder
from al_bench.labelling.pool import LabellingPool
from al_bench.storage.files import read_regular


def read_answers(
    label_files: Sequence[Path], folder: LabellingFolder, known: KnownItems, gone: Sequence[str]
) -> tuple[Answers, list[tuple[str, bytes]]]:
    """The answers of every batch and of every further file, and the further files that are not in the folder yet."""
    given: list[Answer] = []
    for record in folder.records:
        path = folder.batch_path(record.number)
        rows = read_rows(path)
        given += answers_of(rows, path.name, known, record.items, order=record.number, gone=gone)
        given += answers_of_lost_rows(folder, record, {known.find(row.item, record.items) for row in rows})
    order = len(folder.records)
    new: list[tuple[str, bytes]] = []
    for path in label_files:
        try:
            new.append((path.name, read_regular(path, LIMIT)))
        except OSError as error:
            raise InputError(f"--labels: {path} cannot be read: {error.strerror or error}") from error
    names = [name for name, _ in new]
    if twice := [name for name in names if names.count(name) > 1]:
        raise InputError(f"--labels: two files are called {twice[0]}; give each a name of its own")
    for copy in folder.imports():
        if copy.name.split("-", 2)[2] not in names:  # a newer one of the same name takes its place
            given += answers_of(read_labels(copy), copy.name, known, order=order, gone=gone)
            order += 1
    for path, (_, content) in zip(label_files, new, strict=True):
        given += answers_of(read_labels(path, content), str(path), known, order=order, gone=gone)
        order += 1
    return Answers.of(given), new


def answers_of_lost_rows(folder: LabellingFolder, record: BatchRecord, there: set[str | None]) -> list[Answer]:
    """What the last record knows of items whose rows are gone from their file: an emptied cell takes a label back.

    Args:
        folder: The study's.
        record: Of the batch.
        there: The items whose rows the file has.
    """
    last = folder.records[-1]
    said = last.labels | last.audit_labels | dict.fromkeys(last.skipped, SKIP)
    source = folder.record_path(last.number).name
    return [
        Answer(item, said[item], source, order=record.number)
        for item in record.items
        if item not in there and item in said
    ]


def check_labels(answers: Answers, pool: LabellingPool) -> Answers:
    """Answers whose labels are all of `dataset.classes`, where that is given.

    Raises:
        InputError: one is not; the message names its row.
    """
    classes = pool.given_classes
    if classes is None:
        return answers
    by_fold = {name.casefold(): name for name in classes if name.casefold() in ("true", "false")}
    out = []
    for answer in answers.given:
        label = by_fold.get(answer.label.casefold(), answer.label)  # a spreadsheet writes TRUE for true
        if label != SKIP and label not in classes:
            raise unknown_class(answer.where, label, classes)
        out.append(replace(answer, label=label))
    return Answers.of(out)


def one_spelling(pool: LabellingPool, answers: Answers) -> tuple[dict[str, str], Answers]:
    """The data set's own labels and people's, with one spelling a class, as `dataset.similar_labels` says."""
    labels = {("", item): label for item, label in pool.labels_of_files.items()}
    labels |= {
        (str(row), answer.item): answer.label for row, answer in enumerate(answers.given) if answer.label != SKIP
    }
    merged = pool.merged(labels)
    if merged == labels:
        return pool.labels_of_files, answers
    same = (
        replace(answer, label=merged.get((str(row), answer.item), SKIP)) for row, answer in enumerate(answers.given)
    )
    return {item: merged["", item] for item in pool.labels_of_files}, Answers.of(same)
