"""Further tables as people have them: columns that name rows, marks of no label, rows that are none, disguises."""

from __future__ import annotations

import io
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from al_bench.data.arrays import NpzDataset
from al_bench.data.csv_table import CsvDataset
from al_bench.data.dataset import Dataset
from al_bench.data.table_choices import MissingLabels
from al_bench.errors import InputError

FRAME = pd.DataFrame({"a": np.arange(60) / 4, "b": np.arange(60) % 7, "label": ["x", "y"] * 30})


@pytest.fixture(autouse=True)
def _elsewhere(empty_root: Path) -> None:
    """Every test has a current folder of its own."""


def text(frame: pd.DataFrame, **keys: Any) -> str:
    out = io.StringIO()
    frame.to_csv(out, index=False, **keys)
    return out.getvalue()


def load(content: str, file: str = "t.csv", **keys: Any) -> Dataset:
    Path(file).write_text(content)
    return CsvDataset(path=file, **keys).load()


def refusal(content: str, file: str = "t.csv", **keys: Any) -> str:
    with pytest.raises(InputError) as caught:
        load(content, file, **keys)
    assert "\n" not in str(caught.value)
    return str(caught.value)


def same_as_plain(dataset: Dataset) -> bool:
    return dataset.fingerprint() == load(text(FRAME), "plain.csv").fingerprint()


@pytest.mark.parametrize("name", ["PassengerId", "image_id", "level_0", "__index_level_0__", "sample id", "Unnamed: 0"])
def test_a_column_that_counts_the_rows_and_is_called_so_is_no_input(name: str) -> None:
    for first in (0, 1):
        dataset = load(text(FRAME.assign(**{name: np.arange(60) + first})[[name, *FRAME.columns]]))
        assert same_as_plain(dataset)
        assert dataset.reading is not None
        assert dataset.reading.unused == {name: "it counts the rows"}


@pytest.mark.parametrize("place", [0, 1, 2, 3])
def test_a_nameless_column_that_counts_the_rows_is_no_input_wherever_it_stands(place: int) -> None:
    names = list(FRAME.columns)
    names.insert(place, "")
    assert same_as_plain(load(text(FRAME.assign(**{"": np.arange(60)})[names])))


@pytest.mark.parametrize("name", ["image_id", "customerId", "case id"])
def test_a_column_of_numbers_called_so_is_asked_for(name: str) -> None:
    message = refusal(text(FRAME.assign(**{name: np.arange(60) * 7 % 61})))
    assert f"the column {name!r} may name the rows or be a feature; set" in message


@pytest.mark.parametrize("name", ["time", "day", "n"])
def test_another_column_that_counts_the_rows_is_remarked(name: str) -> None:
    dataset = load(text(FRAME.assign(**{name: np.arange(60)})))
    assert dataset.shape == (3,)
    assert dataset.reading is not None
    assert f"{name!r} counts the rows and is an input" in dataset.reading.line()
    kept = load(text(FRAME.assign(**{name: np.arange(60)})), keep=[name]).reading
    assert kept is not None
    assert "counts the rows" not in kept.line()


@pytest.mark.parametrize(
    "labels",
    [
        ["1", "0", "-"],
        ["1", "0", "unknown"],
        ["cat", "dog", "unlabeled"],
        ["cat", "dog", "Unlabelled"],
        ["cat", "dog", "\\N"],
        ["1", "2", "#DIV/0!"],
        ["0", "1", "2", "-1"],
        ["0", "1", str(-(2**63))],
        ["1", "0", "missing"],
    ],
    ids=lambda labels: labels[-1],
)
def test_a_mark_of_no_label_is_asked_for(labels: list[str]) -> None:
    content = text(FRAME.assign(label=[labels[n % len(labels)] for n in range(60)]))
    message = refusal(content)
    assert f"{labels[-1]!r} may stand for no label" in message or "\\\\N" in message
    dataset = load(content, missing_labels=MissingLabels.drop)
    assert set(dataset.class_names) == set(labels[:-1])


@pytest.mark.parametrize(
    "labels", [["-1", "1"], ["-1", "0", "1"], ["cat", "unknown"], ["a", "missing", "-"]], ids=" ".join
)
def test_labels_that_only_look_like_marks_are_classes(labels: list[str]) -> None:
    assert set(load(text(FRAME.assign(label=[labels[n % len(labels)] for n in range(60)]))).class_names) == set(labels)


def test_a_label_of_an_array_that_was_nan_is_asked_for() -> None:
    smallest = np.iinfo(np.int64).min
    np.savez("t.npz", x=np.random.default_rng(0).normal(size=(60, 2)), y=np.array([0, 1, smallest])[np.arange(60) % 3])
    with pytest.raises(InputError, match=r"y, row 2: '-9223372036854775808' may stand for no label"):
        NpzDataset(path="t.npz").load()
    assert NpzDataset(path="t.npz", missing_labels=MissingLabels.drop).load().class_names == ("0", "1")
    names = NpzDataset(path="t.npz", missing_labels=MissingLabels["class"]).load().class_names
    assert len(names) == 3


@pytest.mark.parametrize(
    ("change", "said", "row"),
    [
        (lambda lines: [*lines, ",,", ",,"], "2 empty rows left out", 59),
        (lambda lines: [*lines[:9], ",,", *lines[9:]], "1 empty rows left out", 60),
        (lambda lines: [*lines[:31], lines[0], *lines[31:]], "1 rows that repeat the column names left out", 60),
    ],
    ids=["below", "among", "the names again"],
)
def test_rows_that_are_none_are_left_out_and_the_others_keep_their_numbers(
    change: Callable[[list[str]], list[str]], said: str, row: int
) -> None:
    dataset = load("\n".join(change(text(FRAME).splitlines())) + "\n")
    assert same_as_plain(dataset)
    assert dataset.reading is not None
    assert said in dataset.reading.remarks
    assert dataset.origins is not None
    assert dataset.test_origins is not None
    assert max(*dataset.origins.tolist(), *dataset.test_origins.tolist()) == row


def test_a_label_named_in_a_first_line_that_was_taken_for_data_says_so() -> None:
    content = text(FRAME.rename(columns={"a": "2019", "b": "2020"}))
    assert "if the first line holds the names, set dataset.header=present" in refusal(content, label="label")


@pytest.mark.parametrize("orient", ["columns", "index", "split", "table"])
def test_json_in_another_shape_is_told_the_one_that_is_read(orient: Any) -> None:
    assert "one JSON object that holds lists or objects; write one object a row" in refusal(
        str(FRAME.to_json(orient=orient)), "t.json"
    )


def test_json_lists_are_refused() -> None:
    assert "JSON objects are expected, one a line" in refusal(json.dumps(FRAME.to_numpy().tolist()), "t.json")


@pytest.mark.parametrize(
    ("write", "what"),
    [
        (lambda n: f"CHF {n}.50", "a number after a currency or unit"),
        (lambda n: f"R$ {n},00", "a number after a currency or unit"),
        (lambda n: f"({n}.5)", "a number in brackets"),
        (lambda n: f"<{n}", "a number with a sign of comparison"),
        (lambda n: f"2024-01-{n % 28 + 1:02d}", "a date or a time"),
        (lambda n: f"{n % 12 + 1}/{n % 28 + 1}/2020", "a date or a time"),
        (lambda n: f"{n % 24}:{n:02d}", "a date or a time"),
        (lambda n: f"{n}_000", "a number with strokes"),
        (lambda n: f"'{n}'", "a number in quotes"),
        (lambda n: f"{n}.5{'kM'[n % 2]}", "a number with a letter for its magnitude"),
        (lambda n: f"1,{n % 10}0,000", "a number with commas"),
    ],
)
def test_numbers_in_disguise_are_no_categories_without_a_word(write: Callable[[int], str], what: str) -> None:
    content = text(FRAME.assign(a=[write(n) for n in range(60)]), sep=";")
    message = refusal(content)
    assert f"is {what}; " in message
    assert message.endswith("categories: 'dataset.categorical=[a]'")


@pytest.mark.parametrize("values", [["1st", "2nd", "3rd", "4th"], ["<30", ">50"], ["a1", "b2", "c3"], ["5-9", "10-14"]])
def test_words_with_digits_are_categories(values: list[str]) -> None:
    assert load(text(FRAME.assign(a=[values[n % len(values)] for n in range(60)]))).shape == (1 + len(values),)


def test_two_rows_a_class_and_many_classes_are_accepted_where_the_label_is_named() -> None:
    for classes in (30, 12):
        words = text(FRAME.assign(grade=[f"grade {n % classes}" for n in range(60)]).drop(columns="label"))
        assert load(words, label="grade").classes == classes
        numbers = text(FRAME.assign(grade=np.arange(60) % classes).drop(columns="label"))
        assert load(numbers, label="grade", categorical=["grade"]).classes == classes
