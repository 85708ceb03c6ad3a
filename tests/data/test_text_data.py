"""Texts in tables and in folders: columns, parts, empty texts, origins."""

from __future__ import annotations

import gzip
import json
import os
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from al_bench.data.table_choices import EmptyTexts, Nested
from al_bench.data.text_data import TextDataset
from al_bench.data.texts import Texts
from al_bench.errors import InputError

ROWS = [
    {
        "title": f"Offer {n}" if n % 2 else f"Minutes {n}",
        "body": f"the text, number {n}",
        "label": ["ham", "spam"][n % 2],
    }
    for n in range(20)
]


@pytest.fixture(autouse=True)
def _elsewhere(empty_root: Path) -> None:
    """Every test has a current folder of its own."""


def load(path: str = "t.csv", with_validation: bool = False, **keys: Any) -> Any:
    return TextDataset(path=path, **keys).load(validation=with_validation)


def write_csv(rows: list[dict[str, Any]] = ROWS, path: str = "t.csv", **options: Any) -> None:
    pd.DataFrame(rows).to_csv(path, index=False, **options)


def write_json_lines(path: str) -> None:
    Path(path).write_text("".join(json.dumps(row) + "\n" for row in ROWS))


WRITERS = {
    "t.csv": lambda path: write_csv(path=path),
    "t.tsv": lambda path: write_csv(path=path, sep="\t"),
    "t.jsonl": write_json_lines,
    "t.csv.gz": lambda path: Path(path).write_bytes(gzip.compress(pd.DataFrame(ROWS).to_csv(index=False).encode())),
}


@pytest.mark.parametrize("path", WRITERS)
def test_every_kind_of_file_gives_the_same_texts(path: str) -> None:
    WRITERS[path](path)
    data = load(path, text="body")
    assert isinstance(data.inputs, Texts)
    assert data.class_names == ("ham", "spam")
    assert (data.size, len(data.test_labels)) == (16, 4)
    for index, row in enumerate(data.items(range(data.size))):
        assert data.inputs[index] == f"the text, number {row}"
        assert data.class_names[int(data.hidden_labels[index])] == ROWS[row]["label"]
    assert data.reading.unused == {"title": "not named by dataset.text"}
    assert "text 'body' (named by dataset.text), 4 words on average" in data.reading.line()


def test_a_parquet_file_gives_the_same_texts() -> None:
    import duckdb

    frame = pd.DataFrame(ROWS)
    with duckdb.connect(":memory:") as connection:
        connection.register("rows", frame)
        connection.execute("COPY (SELECT * FROM rows) TO 't.parquet' (FORMAT parquet)")
    write_csv()
    assert load("t.parquet", text="body").fingerprint() == load(text="body").fingerprint()


def test_several_columns_are_joined() -> None:
    write_csv()
    assert load(text=["title", "body"]).inputs[0].endswith("the text, number 0")
    assert load(text=["title", "body"], join=" | ").inputs[0] == "Minutes 0 | the text, number 0"


@pytest.mark.parametrize(
    ("columns", "chosen"),
    [
        (("text", "label"), "text 'text' (by its name)"),
        (("label", "what"), "text 'what' (the only column of free text)"),
        (("what", "kind"), "text 'what' (the only column of free text)"),
    ],
    ids=["by its name", "the label has a name", "neither, but free text"],
)
def test_the_columns_are_recognised(columns: tuple[str, str], chosen: str) -> None:
    first, second = ("body", "label") if columns[0] != "label" else ("label", "body")
    write_csv([{columns[0]: row[first], columns[1]: row[second]} for row in ROWS])
    data = load()
    assert data.class_names == ("ham", "spam")
    assert data.reading.line().split("; ")[1].startswith(chosen)


FAULTS: dict[str, tuple[Any, dict[str, Any], str]] = {
    "two columns may hold the text": (
        ROWS,
        {},
        r"the columns title, body may hold the text; set 'dataset.text=\[title,body\]'",
    ),
    "no free text": (
        [{"a": n, "b": n % 3, "label": n % 2} for n in range(20)],
        {},
        "no column holds free text, of a, b, label",
    ),
    "no such column": (
        ROWS,
        {"text": "words"},
        "dataset.text: .*t.csv has no column 'words'; its columns are title, body",
    ),
    "the label is the text": (
        ROWS,
        {"text": "label", "label": "label"},
        "the column 'label' is in dataset.text and has another",
    ),
    "an empty text": (
        [*ROWS, {"title": "x", "body": None, "label": "ham"}],
        {"text": "body"},
        r"column 'body', row 20 .*the text is empty \(1 of 21 rows\); set dataset.empty=drop",
    ),
    "many numbers as labels": (
        [{"text": f"a text {n}", "price": 10_000 + 7 * n} for n in range(30)],
        {"label": "price"},
        "30 different (values|numbers) in 30 rows",
    ),
    "one class": ([row | {"label": "ham"} for row in ROWS], {"text": "body"}, "holds one class only"),
    "no validation file": (ROWS, {"text": "body", "with_validation": True}, "give dataset.validation=FILE"),
    "a validation file that is not wanted": (
        ROWS,
        {"text": "body", "validation": "v.csv"},
        "with validation=file only",
    ),
}


@pytest.mark.parametrize("name", FAULTS)
def test_a_table_that_is_no_data_set_of_texts_is_one_line(name: str) -> None:
    rows, keys, message = FAULTS[name]
    write_csv(rows)
    with pytest.raises(InputError, match=message) as caught:
        load(**keys)
    assert "\n" not in str(caught.value)


def test_a_column_of_numbers_is_no_text() -> None:
    Path("t.jsonl").write_text("".join(json.dumps({"a": n, "label": "xy"[n % 2]}) + "\n" for n in range(20)))
    with pytest.raises(InputError, match="column 'a' holds numbers and no texts"):
        load("t.jsonl", text="a")


def test_empty_texts_are_left_out_or_kept_as_the_user_says() -> None:
    write_csv([*ROWS, {"title": "", "body": "", "label": "ham"}])
    dropped, kept = (load(text="body", empty=policy) for policy in (EmptyTexts.drop, EmptyTexts.keep))
    assert dropped.size + len(dropped.test_labels) == 20
    assert dropped.reading.remarks == ("1 empty texts left out",)
    assert kept.size + len(kept.test_labels) == 21
    assert kept.reading.remarks == ("1 empty texts",)


def test_parts_of_files_of_their_own() -> None:
    write_csv(ROWS[:10])
    write_csv(ROWS[10:14], "val.csv")
    write_csv(ROWS[14:], "test.csv")
    data = load(text="body", test_path="test.csv", validation="val.csv", with_validation=True)
    assert data.validation.tolist() == [10, 11, 12, 13]
    assert list(data.inputs[data.validation]) == [row["body"] for row in ROWS[10:14]]
    assert list(data.test_inputs) == [row["body"] for row in ROWS[14:]]
    assert data.items([0, 10]) == [0, "val.csv:0"]
    assert data.reading.split == "10 training rows, 4 validation rows from val.csv, 6 test rows from test.csv"


def test_texts_are_split_by_group_and_named_by_id() -> None:
    write_csv([row | {"author": f"a{n // 4}", "key": f"k{n}"} for n, row in enumerate(ROWS)])
    data = load(text="body", group="author", id="key", test_fraction=0.4)
    groups = [{int(name[1:]) // 4 for name in part} for part in (data.origins, data.test_origins)]
    assert not groups[0] & groups[1]
    assert len(data.test_labels) == 8
    assert data.reading.unused["author"] == "it groups the rows: dataset.group"


def test_texts_of_the_training_part_in_the_test_part_are_a_remark_or_refused() -> None:
    write_csv(ROWS)
    write_csv([*ROWS[:3], {"title": "", "body": "new", "label": "ham"}], "test.csv")
    assert "3 of 4 test texts are in the training part, too" in load(text="body", test_path="test.csv").reading.remarks
    write_csv(ROWS[::-1], "test.csv")
    with pytest.raises(InputError, match="the test part has the same texts"):
        load(text="body", test_path="test.csv")


def write_folder(folder: str, each: int = 5, offset: int = 0) -> None:
    for name in ("ham", "spam"):
        for number in range(each):
            path = Path(folder, name, f"{number}.txt")
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(f"a {name} of {number + offset}\nin lines\n", encoding="utf-8")


def test_a_folder_of_texts_has_a_class_a_folder() -> None:
    write_folder("mails")
    Path("mails/ham/.hidden.txt").write_text("x")
    Path("mails/ham/list.csv").write_text("x")
    data = load("mails")
    assert data.class_names == ("ham", "spam")
    for index, name in enumerate(data.items(range(data.size))):
        assert data.inputs[index] == Path("mails", name).read_text().strip()
    assert data.reading.unused == {"1 file": "no texts: 1 .csv", "1 hidden file": "hidden"}


def test_a_folder_of_texts_with_parts() -> None:
    write_folder("mails/train")
    write_folder("mails/test", 3, 100)
    data = load("mails")
    assert (data.size, len(data.test_labels)) == (10, 6)
    assert data.origins[0] == "train/ham/0.txt"


@pytest.mark.parametrize(
    ("spoil", "keys", "message"),
    [
        (lambda: Path("mails/ham/9.txt").write_text(" "), {}, r"ham/9.txt holds no text \(1 of 11 files\)"),
        (lambda: Path("mails/ham/9.txt").write_bytes(b"caf\xe9"), {}, r"9.txt is not UTF-8 .*dataset.encoding=latin-1"),
        (lambda: None, {"text": "body"}, "dataset.text names a column, and mails is a folder of texts"),
        (lambda: None, {"nested": Nested.leaf, "test_path": "mails"}, "is the same as dataset.path"),
    ],
    ids=["an empty text", "another encoding", "a column", "the same folder"],
)
def test_a_folder_that_is_no_data_set_of_texts_is_one_line(spoil: Any, keys: dict[str, Any], message: str) -> None:
    write_folder("mails")
    spoil()
    with pytest.raises(InputError, match=message):
        load("mails", **keys)


def test_texts_are_trained_on_by_way_of_tfidf_and_never_without_an_encoder(run: Any) -> None:
    write_csv()
    words = ("dataset=text", "dataset.path=t.csv", "dataset.text=[title,body]", "model=linear", "strategy=margin")
    sizes = ("initial.size=4", "schedule.batch=2", "schedule.rounds=2")
    done = run(*words, *sizes)
    assert done.status == 0, done.err
    assert "dataset=text implies encoder=tfidf" in done.err
    refused = run(*words, *sizes, "encoder=none", "arm=b")
    assert refused.status == 2
    assert "dataset t holds texts, which no model takes as they are: give encoder=tfidf" in refused.err


@pytest.mark.parametrize("kind", ["a named pipe", "a link to a device"])
def test_what_would_be_read_for_ever_is_a_line(kind: str) -> None:
    write_folder("texts")
    path = Path("texts/ham/2.txt")
    path.unlink()
    if kind == "a named pipe":
        os.mkfifo(path)
    else:
        path.symlink_to("/dev/zero")
    with pytest.raises(InputError, match=r"ham/2\.txt cannot be read \(it is no regular file\)"):
        load("texts")
