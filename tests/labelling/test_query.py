"""`al-bench query` on the command line: labels back, corrections, faults in one line with nothing changed on disk."""

from __future__ import annotations

import base64
import hashlib
import json
import re
import shutil
from collections.abc import Callable
from pathlib import Path

import pandas as pd
import pytest
import sklearn.datasets

from al_bench.cli.main import dispatch
from tests.labelling import people

STUDY = Path("results/labelling/wine")
WORDS = (
    *("query", "dataset=table", "dataset.path=pool.csv", "dataset.drop=[note]", "study=wine"),
    *("strategy=margin", "posterior=deterministic", "training.steps=10", "schedule.batch=6"),
)


def batch(number: int) -> Path:
    return STUDY / f"batch-{number:03d}.csv"


def tree() -> dict[str, str]:
    """Every file below here, and a digest of it."""
    files = [path for path in Path().rglob("*") if path.is_file()]
    return {str(path): hashlib.sha256(path.read_bytes()).hexdigest() for path in files}


@pytest.fixture
def truth(tmp_path, monkeypatch) -> dict[str, str]:
    """pool.csv of 178 wines with a column of notes, and every item's label."""
    monkeypatch.chdir(tmp_path)
    frame = sklearn.datasets.load_wine(as_frame=True).frame.sample(frac=1, random_state=0).reset_index(drop=True)
    target = frame.pop("target").map({0: "red", 1: "white", 2: "rosé"})
    frame["note"] = [f"=HYPERLINK({row})" for row in range(len(frame))]
    frame.to_csv("pool.csv", index=False)
    return {f"row-{row}": label for row, label in enumerate(target)}


@pytest.fixture
def query(truth, capsys) -> Callable[..., tuple[int, str, str]]:
    """Runs the command; gives the status and what it printed."""

    def run(*words: str) -> tuple[int, str, str]:
        capsys.readouterr()
        status = dispatch([*WORDS, *words])
        out = capsys.readouterr()
        return status, out.out, out.err

    return run


@pytest.fixture
def refused(query) -> Callable[..., str]:
    """Runs the command, which has to fail with one line and leave the disk alone; gives the line."""

    def run(*words: str) -> str:
        before = tree()
        status, out, err = query(*words)
        assert (status, out) == (2, "")
        lines = [line for line in err.splitlines() if not line.startswith("al-bench: ")]
        assert len(lines) == 1, err
        assert tree() == before
        return lines[0].removeprefix("al-bench query: ")

    return run


@pytest.fixture
def started(query, truth) -> Callable[..., tuple[int, str, str]]:
    """The command after its first batch was filled."""
    assert query()[0] == 0
    people.fill(batch(0), truth)
    return query


def test_the_first_call_writes_a_batch_and_says_what_to_do(query):
    status, out, err = query()
    assert status == 0
    assert "read pool.csv: 178 items, 0 of them labelled; 13 numbers" in err
    assert "batch 0: 6 items, cold start, at random, as there is no encoder" in out
    assert "next: write a label for each into the column label of results/labelling/wine/batch-000.csv" in out
    rows = people.read_batch(batch(0))
    assert list(rows[0])[:7] == ["item", "label", "predicted", "probability", "score", "rank", "alcohol"]
    assert [row["rank"] for row in rows] == list("123456")
    assert all(row["item"].startswith("row-") and row["label"] == "" for row in rows)
    assert rows[0]["note"].startswith("'=HYPERLINK")
    assert sorted(path.name for path in STUDY.glob("batch-*")) == ["batch-000.csv", "batch-000.html"]


def test_without_a_label_the_same_command_waits(query, refused):
    query()
    assert "batch-000.csv has no label yet" in refused()


def test_the_next_batch_shows_predictions_and_scores(started):
    status, out, _ = started()
    assert status == 0
    assert "6 labels: " in out
    assert "batch 1: 6 items, strategy=margin" in out
    rows = people.read_batch(batch(1))
    assert {row["predicted"] for row in rows} <= {"red", "white", "rosé"}
    scores = [float(row["score"]) for row in rows]
    assert scores == sorted(scores, reverse=True)
    assert not set(people.items_of(batch(0))) & set(people.items_of(batch(1)))


def test_rows_without_a_label_are_asked_for_and_passed_over_only_when_told(query, truth, refused):
    query()
    people.fill(batch(0), truth, most=4)
    last = people.items_of(batch(0))[4:]
    assert f"2 of 6 items have no label, such as {last[0]}" in refused()
    status, out, _ = query("--partial")
    assert status == 0
    assert "4 labels" in out
    assert "2 asked without an answer" in out
    people.fill(batch(0), truth)
    people.fill(batch(1), truth)
    status, out, _ = query()
    assert "12 labels" in out
    asked = [item for number in range(3) for item in people.items_of(batch(number))]
    assert len(asked) == len(set(asked)) == 18


def test_skip_takes_an_item_out(query, truth):
    query()
    people.fill(batch(0), truth | {people.items_of(batch(0))[0]: "Skip"})
    status, out, _ = query()
    assert status == 0
    assert "5 labels" in out
    assert "1 skipped" in out


def test_with_one_class_the_next_batch_is_a_cold_start_again(query, truth):
    query()
    people.fill(batch(0), dict.fromkeys(truth, "red"))
    status, out, _ = query()
    assert status == 0
    assert "one class so far" in out
    assert "batch 1: 6 items, cold start" in out
    assert not set(people.items_of(batch(0))) & set(people.items_of(batch(1)))


def test_a_corrected_label_is_taken_and_noted(started, truth):
    started()
    item = people.items_of(batch(0))[2]
    wrong = next(label for label in truth.values() if label != truth[item])
    people.fill(batch(0), truth | {item: wrong})
    people.fill(batch(1), truth)
    status, out, _ = started()
    assert status == 0
    assert f"{item} was {truth[item]!r} and is {wrong!r} now" in out
    record = json.loads((STUDY / "record/002.json").read_text())
    assert record["changes"] == [[item, truth[item], wrong]]
    assert record["labels"][item] == wrong


def test_a_further_file_of_labels_is_copied_and_its_next_version_takes_its_place(started, truth):
    free = [item for item in truth if item not in people.items_of(batch(0))][:3]
    Path("more.csv").write_text("item;label\n" + "".join(f"{item};{truth[item]}\n" for item in free), "cp1252")
    status, out, _ = started("--labels", "more.csv")
    assert status == 0
    assert "9 labels" in out
    assert (STUDY / "labels-000-more.csv").read_bytes() == Path("more.csv").read_bytes()
    people.fill(batch(1), truth)
    Path("more.csv").write_text(f"item;label\n{free[0]};{truth[free[0]]}\n", "cp1252")
    status, out, _ = started("--labels", "more.csv")
    assert status == 0
    assert f"{free[1]} was {truth[free[1]]!r} and has no label any more" in out
    assert sorted(path.name for path in STUDY.glob("labels-*")) == ["labels-000-more.csv", "labels-001-more.csv"]


def test_a_predicted_class_can_be_asked_within(started, refused):
    status, out, _ = started("--where", "predicted=red")
    assert status == 0
    assert "within those predicted as red" in out
    assert {row["predicted"] for row in people.read_batch(batch(1))} == {"red"}


def test_a_lost_file_is_written_again_from_its_record(started):
    started()
    lost = batch(1).read_bytes()
    batch(1).unlink()
    (STUDY / "batch-001.html").unlink()
    status, out, _ = started()
    assert status == 0
    assert "batch-001.csv was missing and is written again" in out
    assert batch(1).read_bytes() == lost
    assert not batch(2).exists()


def test_a_lost_file_comes_back_with_the_labels_that_were_known(started, truth):
    started()
    people.fill(batch(1), truth)
    started()
    batch(0).unlink()
    people.fill(batch(2), truth)
    status, out, _ = started()
    assert status == 0
    assert "18 labels" in out
    assert [row["label"] for row in people.read_batch(batch(0))] == [truth[item] for item in people.items_of(batch(0))]


def test_items_added_and_gone_are_named_and_the_pool_goes_on(started, truth):
    frame = pd.read_csv("pool.csv")
    frame[:170].to_csv("pool.csv", index=False)
    started()
    frame.to_csv("pool.csv", index=False)
    people.fill(batch(1), truth)
    status, out, _ = started()
    assert status == 0
    assert "8 items are new since then: row-170, row-171" in out


def test_a_file_that_is_gone_does_not_stop_later_batches_and_has_one_annotator(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    truth = people.write_images(40, 0)
    words = ["query", "dataset=images", "dataset.path=photos", "schedule.batch=6", "study=wine", "model=linear"]
    assert dispatch(words) == 0
    for number in range(3):
        people.fill(batch(number), truth)
        assert dispatch(words) == 0
        Path("photos", people.items_of(batch(0))[number]).unlink()
    people.fill(batch(3), truth)
    capsys.readouterr()
    assert dispatch(words) == 0
    out = capsys.readouterr().out
    assert "21 labels: " in out  # of 24, three of which are gone
    assert "annotators" not in out


def test_items_with_a_label_of_their_own_are_labelled_and_the_label_column_is_not_repeated(
    tmp_path, monkeypatch, truth
):
    frame = pd.read_csv("pool.csv")
    frame["label"] = [truth[f"row-{row}"] if row < 10 else "" for row in range(len(frame))]
    frame["score"] = 1.5
    frame.to_csv("pool.csv", index=False)
    assert dispatch([*WORDS, "dataset.drop=[note,score]"]) == 0
    rows = people.read_batch(batch(0))
    assert json.loads((STUDY / "record/000.json").read_text())["kind"] == "strategy"
    assert list(rows[0]).count("label") == 1
    assert rows[0]["score_"] == "1.5"
    assert not {row["item"] for row in rows} & {f"row-{row}" for row in range(10)}


def spoil(path: Path, old: str, new: str) -> None:
    path.write_text(path.read_text("utf-8-sig").replace(old, new, 1), "utf-8-sig")


def test_faults_are_named_by_file_and_row(started, truth, refused):
    items, good = people.items_of(batch(0)), batch(0).read_bytes()
    spoil(batch(0), f"{items[1]},", "row-9999,")
    assert "batch-000.csv, line 3: 'row-9999' is no item of the pool" in refused()
    other = next(item for item in truth if item not in items)
    batch(0).write_bytes(good)
    spoil(batch(0), f"{items[1]},", f"{other},")
    assert f"batch-000.csv, line 3: {other} is no item of this batch" in refused()
    batch(0).write_bytes(good)
    assert "none of dataset.classes (red, white)" in refused("dataset.classes=[red,white]")
    wrong = next(label for label in truth.values() if label != truth[items[0]])
    Path("more.csv").write_text(f"item,label\n{items[0]},{wrong}\n")
    said = refused("--labels", "more.csv")
    assert f"more.csv, line 2: {items[0]} is {wrong!r}, and batch-000.csv, line 2 says {truth[items[0]]!r}" in said
    assert "cannot be read" in refused("--labels", "missing.csv")
    people.fill(batch(0), truth | {items[0]: "Red", items[1]: "red"})
    assert "differ in case" in refused()
    batch(0).write_bytes(b"PK\x03\x04")
    assert "workbook" in refused()
    batch(0).write_bytes(good)
    shutil.copy(batch(0), STUDY / "batch-000 (copy).csv")
    assert "batch-000 (copy).csv is beside batch-000.csv" in refused()


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("dataset.path=nowhere.csv",), "nowhere.csv"),
        (("validation=10",), "validation=10"),
        (("schedule.rounds=3",), "schedule.rounds has no effect"),
        (("reference=full",), "reference=full"),
        (("training.warm_start=true",), "warm_start"),
        (("initial.kind=balanced",), "balanced"),
        (("--where", "label=red"), "predicted=NAME"),
        (("--where", "predicted=red"), "there is no model yet"),
        (("dataset.classes=[red]",), "two classes or more"),
        (("labeling=x",), "no key 'labeling'"),
        (("study=a/b",), "study"),
    ],
    ids=lambda value: value[-1] if isinstance(value, tuple) else None,
)
def test_a_faulty_first_call_is_refused(refused, words, said):
    assert said in refused(*[word for word in words if word])


def test_a_data_set_that_has_all_labels_is_refused(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    assert dispatch(["query", "dataset=digits"]) == 2
    assert "al-bench query reads items of your own: dataset=images, text, table or npz" in capsys.readouterr().err


def test_a_damaged_record_is_named(started, refused):
    (STUDY / "record/000.json").write_text("{}")
    assert "record/000.json cannot be read" in refused()


def test_images_come_as_a_page_of_thumbnails(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    truth = people.write_images(40, 10)
    words = ["query", "dataset=images", "dataset.path=photos", "schedule.batch=5", "study=wine"]
    words += ["posterior=deterministic", "strategy=margin", "training.steps=5"]
    assert dispatch(words) == 0
    page = (STUDY / "batch-000.html").read_text()
    uris = re.findall(r'src="data:image/jpeg;base64,([^"]+)"', page)
    assert len(uris) == 5
    assert all(base64.b64decode(uri).startswith(b"\xff\xd8") for uri in uris)
    assert "http" not in page.replace("http-equiv", "")
    rows = people.read_batch(batch(0))
    assert [row["file"] for row in rows] == [f"photos/{row['item']}" for row in rows]
    people.fill(batch(0), truth)
    Path("photos", next(item for item in truth if item not in people.items_of(batch(0)))).unlink()
    shutil.copy("photos/scan-0001.png", "photos/zebra.png")
    assert dispatch(words) == 0
    out = capsys.readouterr().out
    assert "1 items are gone since batch 0" in out
    assert "1 items are new since then: zebra.png" in out


def test_a_page_escapes_what_texts_hold(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    frame = pd.DataFrame({"body": [f"<script>alert({row})</script> word{row % 3} & more" for row in range(30)]})
    frame.to_csv("pool.csv", index=False)
    words = ["query", "dataset=text", "dataset.path=pool.csv", "dataset.text=body", "study=wine", "schedule.batch=4"]
    assert dispatch([*words, "strategy=margin"]) == 0, capsys.readouterr().err
    page = (STUDY / "batch-000.html").read_text()
    assert "<script>" not in page
    assert "&lt;script&gt;" in page
    assert people.read_batch(batch(0))[0]["body"].startswith("<script>")


def test_images_in_folders_have_two_readings(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    people.write_images(20, 0)
    Path("photos/cat").mkdir()
    for number in (0, 1):
        Path(f"photos/scan-000{number}.png").rename(f"photos/cat/scan-000{number}.png")
    words = ["query", "dataset=images", "dataset.path=photos", "schedule.batch=5", "study=wine", "strategy=random"]
    assert dispatch(words) == 2
    err = capsys.readouterr().err
    assert "dataset.nested=ignore" in err
    assert "dataset.nested=top (it has the label 'cat')" in err
    assert not Path("results").exists()
    assert dispatch([*words, "dataset.nested=top"]) == 0
    assert json.loads((STUDY / "record/000.json").read_text())["labels"] == {
        "cat/scan-0000.png": "cat",
        "cat/scan-0001.png": "cat",
    }
