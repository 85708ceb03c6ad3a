"""The labels that came back: read from every batch and further file, checked, with one spelling a class."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from al_bench.data.labels import unknown_class
from al_bench.errors import InputError
from al_bench.labelling.answers import SKIP, Answer, Answers
from al_bench.labelling.batch import BatchRecord
from al_bench.labelling.exchange.label_files import read_labels
from al_bench.labelling.filled_file import FilledRow, read_rows
from al_bench.labelling.folder import LIMIT, LabellingFolder
from al_bench.labelling.known_items import KnownItems, answers_of
from al_bench.labelling.pool import LabellingPool
from al_bench.storage.files import read_regular


@dataclass(frozen=True)
class LabelFile:
    """A further file of labels, whose copy lies in the study's folder or will.

    Args:
        name: Of the copy, after its number; a newer one of the same name takes its place.
        source: What messages call it.
        content: Its bytes.
    """

    name: str
    source: str
    content: bytes


def given_files(paths: Sequence[Path]) -> list[LabelFile]:
    """The files that `--labels` names.

    Raises:
        InputError: one cannot be read, or two have the same name.
    """
    files = []
    for path in paths:
        try:
            files.append(LabelFile(path.name, str(path), read_regular(path, LIMIT)))
        except OSError as error:
            raise InputError(f"--labels: {path} cannot be read: {error.strerror or error}") from error
    names = [file.name for file in files]
    if twice := [name for name in names if names.count(name) > 1]:
        raise InputError(f"--labels: two files are called {twice[0]}; give each a name of its own")
    return files


def read_answers(
    files: Sequence[LabelFile], folder: LabellingFolder, known: KnownItems, gone: Sequence[str], study: str
) -> tuple[Answers, list[LabelFile]]:
    """The answers of every batch, of the copies in the folder and of further files, in the order in which they came.

    Args:
        files: Further files, in the folder already or not.
        folder: The study's.
        known: The items of the pool.
        gone: Items that were in the pool before.
        study: The study's name.

    Returns:
        The answers, and the files that are not in the folder yet.
    """
    given: list[Answer] = []
    for record in folder.records:
        path = folder.batch_path(record.number)
        rows = read_rows(path)
        given += answers_of(rows, path.name, known, record.items, order=record.number, gone=gone)
        given += answers_of_lost_rows(folder, record, {known.find(row.item, record.items) or row.item for row in rows})
    copies = {name: (number, path, _copied(path)) for number, name, path in folder.imports()}
    new = [file for file in files if file.name not in copies or copies[file.name][2] != file.content]
    newer = {file.name for file in new}
    sources = {file.name: file.source for file in files}
    counting = [
        (number, sources.get(name, path.name), content)
        for name, (number, path, content) in copies.items()
        if name not in newer
    ]
    counting += [(folder.next_import + turn, file.source, file.content) for turn, file in enumerate(new)]
    for number, source, content in counting:
        by_copy: dict[int, list[FilledRow]] = {}
        for row in read_labels(source, content, study):
            by_copy.setdefault(number if row.since is None else row.since, []).append(row)
        for copy, rows in by_copy.items():
            given += answers_of(rows, source, known, order=len(folder.records) + copy, gone=gone)
    return Answers.of(sorted(given, key=lambda answer: answer.order)), new


def _copied(path: Path) -> bytes:
    """The bytes of a copy in the folder."""
    try:
        return read_regular(path, LIMIT)
    except OSError as error:
        raise InputError(f"{path} cannot be read: {error.strerror or error}") from error


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
