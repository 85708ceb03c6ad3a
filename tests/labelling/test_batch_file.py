"""A batch's file survives what spreadsheets do to it; nothing in it is run, and every fault is named by its line."""

from __future__ import annotations

import csv
import io
from pathlib import Path

import numpy as np
import pytest

from al_bench.data.csv_table import CsvDataset
from al_bench.data.image_folder import ImageFolder
from al_bench.data.item_names import item_names
from al_bench.data.parts import choose_rows
from al_bench.errors import InputError
from al_bench.labelling.batch import AskedItem
from al_bench.labelling.batch_file import write_rows
from al_bench.labelling.filled_file import label_of, read_rows
from al_bench.labelling.known_items import KnownItems, answers_of

FILE = Path("batch-000.csv")
ITEMS = ["café.png", "row-1", "row-2", "id-007"]
ASKED = [AskedItem(item=item, rank=rank) for rank, item in enumerate(ITEMS, 1)]
CELLS = {item: ["1.5", "a, b\nc"] for item in ITEMS}


def filled(labels: list[str], separator: str = ",") -> list[list[str]]:
    """The rows of a file as written, its labels filled in."""
    rows = list(csv.reader(io.StringIO(write_rows(ASKED, ["size", "note"], CELLS).decode("utf-8-sig"), newline="")))
    for row, label in zip(rows[1:], labels, strict=True):
        row[1] = label
    return rows


def saved(rows: list[list[str]], separator: str = ",", end: str = "\r\n") -> str:
    text = io.StringIO()
    csv.writer(text, delimiter=separator, lineterminator=end).writerows(rows)
    return text.getvalue()


def labels_in(content: bytes) -> list[tuple[str, str]]:
    answers = answers_of(read_rows(FILE, content), FILE.name, KnownItems(ITEMS), ITEMS)
    return [(answer.item, answer.label) for answer in answers]


LABELS = ["cat", "dog", "", "1.0"]
TAKEN = [("café.png", "cat"), ("row-1", "dog"), ("id-007", "1")]
SPREADSHEETS = {
    "as written": lambda rows: saved(rows).encode("utf-8-sig"),
    "no byte order mark": lambda rows: saved(rows, end="\n").encode(),
    "semicolons and cp1252": lambda rows: saved(rows, ";").encode("cp1252"),
    "tabs and UTF-16": lambda rows: saved(rows, "\t").encode("utf-16"),
    "sep line": lambda rows: ("sep=;\r\n" + saved(rows, ";")).encode(),
    "columns moved": lambda rows: saved([[row[7], row[1], row[2], row[0]] for row in rows]).encode(),
    "columns lost": lambda rows: saved([row[:2] for row in rows]).encode(),
    "old line ends": lambda rows: saved(rows, end="\r").encode(),
    "capitals": lambda rows: saved([[" Item ", "LABEL", *rows[0][2:]], *rows[1:]]).encode(),
    "empty rows": lambda rows: saved([*rows, ["", "", ""], []]).encode(),
    "rows sorted": lambda rows: saved([rows[0], *rows[1:]]).encode(),
    "cells cut": lambda rows: saved([row[: 2 if row[1] else 1] for row in rows]).encode(),
    "letters lost": lambda rows: saved(rows).encode("ascii", "replace"),
    "decomposed": lambda rows: saved(rows).replace("é", "e\u0301").encode(),
    "decimal commas": lambda rows: saved(rows, ";").replace("1.0", "1,0").encode(),
}


@pytest.mark.parametrize("save", SPREADSHEETS.values(), ids=list(SPREADSHEETS))
def test_labels_come_back_from_what_spreadsheets_save(save):
    assert labels_in(save(filled(LABELS))) == TAKEN


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"PK\x03\x04rest", "workbook"),
        (b"", "item and label"),
        (b"item,rank\r\nrow-1,1\r\n", "no column 'label'"),
        (b"item,label,label\r\nrow-1,a,b\r\n", "two columns 'label'"),
        (b"item,label\r\nrow-9,cat\r\n", "line 2: 'row-9' is no item of the pool"),
        (b"item,label\r\nrow-1,cat\r\n,dog\r\n", "line 3: '' is no item"),
    ],
    ids=["workbook", "empty", "no label column", "two label columns", "unknown item", "no item"],
)
def test_what_cannot_be_read_is_named(content, said):
    with pytest.raises(InputError, match=said):
        labels_in(content)


def test_a_row_of_another_batch_is_refused():
    known = KnownItems([*ITEMS, "row-3"])
    with pytest.raises(InputError, match="line 2: row-3 is no item of this batch"):
        answers_of(read_rows(FILE, b"item,label\r\nrow-3,cat\r\n"), FILE.name, known, ITEMS)


def test_cells_that_a_spreadsheet_would_run_are_made_harmless():
    asked = [AskedItem(item="row-1", rank=1, predicted="=1+1", probability=0.5, score=-2.5)]
    content = write_rows(asked, ["=name", "item"], {"row-1": ["@SUM(A1)", "-3.5"]}).decode("utf-8-sig")
    header, row = csv.reader(io.StringIO(content, newline=""))
    assert header == ["item", "label", "predicted", "probability", "score", "rank", "'=name", "item_"]
    assert row == ["row-1", "", "'=1+1", "0.5000", "-2.5", "1", "'@SUM(A1)", "-3.5"]


def test_a_label_that_was_made_harmless_is_read_as_it_was_meant():
    (row,) = read_rows(FILE, b"item,label\r\nrow-1,'-minus\r\n")
    assert row.label == "-minus"


@pytest.mark.parametrize(
    ("cell", "label"),
    [(" cat ", "cat"), ("1.0", "1"), ("01", "1"), ("2,00", "2"), ("SKIP", "skip"), ("1,5", "1,5"), ("", "")],
)
def test_labels_are_written_as_class_names_are(cell, label):
    assert label_of(cell) == label


def test_items_never_look_like_numbers():
    table, photos = CsvDataset(path="t.csv"), ImageFolder(path="p")
    assert item_names(np.arange(2), table) == ["row-0", "row-1"]
    ids = CsvDataset(path="t.csv", id="id")
    assert item_names(np.array(["007", "1-2"], dtype=object), ids) == ["id-007", "id-1-2"]
    files = np.array(["a/1.png", "=1.png", "12", "-1.5", "x.jpeg"], dtype=object)
    assert item_names(files, photos) == ["a/1.png", "file-=1.png", "file-12", "file--1.5", "x.jpeg"]


def test_initial_rows_take_the_names_of_batches():
    assert choose_rows(np.array([4, 5, 6]), ["row-6", 4], "t.csv").tolist() == [2, 0]
    assert choose_rows(np.array(["007", "id-x", "x"], dtype=object), ["id-007", "id-x"], "t.csv").tolist() == [0, 1]
    with pytest.raises(InputError, match="row-9"):
        choose_rows(np.array([4, 5]), ["row-9"], "t.csv")
