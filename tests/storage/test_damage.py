"""Damaged records: one line that names the file and says what to do, and the other runs are shown."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from al_bench.cli import compare, plot, report
from al_bench.storage.header import LIMIT
from al_bench.storage.rounds import DamagedRecordError
from al_bench.storage.run_folder import RunFolder
from al_bench.storage.runs import find_runs, read_run
from tests.analysis.records import write_run

HEADER = {"schema": 1, "study": "s", "dataset": "d", "arm": "a", "seed": 0}
ROUND = {"schema": 1, "round": 0, "labelled": 20, "accuracy": 0.5, "acquired": None}


def huge(path: Path) -> None:
    with open(path, "wb") as file:
        file.truncate(5 * LIMIT)


PLACES = {
    "a folder": (Path.mkdir, "it is no regular file"),
    "a named pipe": (os.mkfifo, "it is no regular file"),
    "a device": (lambda path: path.symlink_to("/dev/zero"), "it is no regular file"),
    "a link to itself": (lambda path: path.symlink_to(path), "symbolic links"),
    "a huge file": (huge, "are the limit"),
}
TEXTS = {
    "nothing": b"",
    "null": b"null",
    "a list": b"[1]",
    "a number": b"1e999",
    "NaN": b"NaN",
    "deep nesting": b"[" * 200_000 + b"]" * 200_000,
    "deep keys": b'{"a":' * 100_000,
    "bytes that are no UTF-8": b'{"status": "\xff\xfe"}',
    "NUL bytes": b"\0" * 100,
    "half an object": b'{"schema": 1, "stu',
}


def damaged(folder: Path, name: str) -> str:
    """The one line that the damage is refused with, after the folder's name."""
    with pytest.raises(DamagedRecordError) as raised:
        read_run(folder)
    line = str(raised.value)
    assert line.startswith(f"{folder}: ")
    assert name in line
    assert line.endswith("; restore the file, or move the folder away and run again")
    assert "\n" not in line
    assert len(line) < 600
    return line


@pytest.mark.parametrize("name", ["header.json", "status.json", "rounds.jsonl"])
@pytest.mark.parametrize("kind", PLACES)
def test_what_is_no_file_of_a_record_is_never_read(tmp_path, name, kind):
    folder = write_run(tmp_path, [0.5, 0.6])
    (folder / name).unlink()
    make, said = PLACES[kind]
    make(folder / name)
    assert said in damaged(folder, name)


@pytest.mark.parametrize("name", ["header.json", "status.json"])
@pytest.mark.parametrize("text", TEXTS.values(), ids=TEXTS.keys())
def test_a_file_of_other_content_is_named(tmp_path, name, text):
    folder = write_run(tmp_path, [0.5, 0.6])
    (folder / name).write_bytes(text)
    damaged(folder, name)


@pytest.mark.parametrize("text", TEXTS.values(), ids=TEXTS.keys())
def test_rounds_of_other_content_are_named(tmp_path, text):
    folder = write_run(tmp_path, [0.5, 0.6])
    (folder / "rounds.jsonl").write_bytes(text + b"\n" + (folder / "rounds.jsonl").read_bytes())
    damaged(folder, "rounds.jsonl")


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"seed": 2**70}, "seed"),
        ({"seed": None}, "seed"),
        ({"dataset": ""}, "dataset"),
        ({"dataset": "a\nb"}, "dataset"),
        ({"arm": "\x1b[2J"}, "arm"),
        ({"arm": "x" * 5000}, "arm"),
        ({"pool": -1}, "pool"),
        ({"classes": 1.5}, "classes"),
        ({"initial": [-1]}, "initial"),
        ({"versions": 3}, "versions"),
    ],
    ids=str,
)
def test_values_that_no_header_has_are_named(tmp_path, changed, said):
    folder = write_run(tmp_path, [0.5])
    (folder / "header.json").write_text(json.dumps(HEADER | changed))
    assert f"$.{said}" in damaged(folder, "header.json")


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"labelled": -20}, "labelled"),
        ({"labelled": 2**60}, "labelled"),
        ({"accuracy": 1e300}, "accuracy"),
        ({"nll": 1e308}, "nll"),
        ({"acquired": [-1]}, "acquired"),
        ({"acquired": [2**62]}, "acquired"),
        ({"class_counts": [-1]}, "class_counts"),
        ({"seconds": {"train": None}}, "seconds"),
    ],
    ids=str,
)
def test_values_that_no_round_has_are_named(tmp_path, changed, said):
    folder = write_run(tmp_path, [0.5])
    (folder / "rounds.jsonl").write_text(json.dumps(ROUND | changed) + "\n")
    assert f"$.{said}" in damaged(folder, "line 1 of rounds.jsonl")


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"acquired": [1], "acquired_items": [1, 2]}, "has 2 acquired_items for 1 points acquired"),
        ({"acquired": None, "acquired_items": ["a"]}, "has 1 acquired_items for 0 points acquired"),
        ({"acquired": [1, 2], "acquired_items": []}, "has 0 acquired_items for 2 points acquired"),
        ({"acquired": [1], "scores": [0.5, 0.5]}, "has 2 scores for 1 points acquired"),
        ({"acquired": [1, 2], "acquired_labels": [0]}, "has 1 acquired_labels for 2 points acquired"),
        ({"acquired": [1], "acquired_items": ["x" * 5000]}, "acquired_items"),
        ({"acquired": [1], "acquired_items": [2**70]}, "acquired_items"),
        ({"acquired": [1], "acquired_items": [None]}, "acquired_items"),
        ({"acquired": [1], "acquired_items": [[1]]}, "acquired_items"),
    ],
    ids=lambda value: str(value)[:40],
)
def test_items_that_do_not_belong_to_what_was_acquired_are_named(tmp_path, changed, said):
    folder = write_run(tmp_path, [0.5])
    (folder / "rounds.jsonl").write_text(json.dumps(ROUND | changed) + "\n")
    assert said in damaged(folder, "line 1 of rounds.jsonl")


@pytest.mark.parametrize(
    "changed",
    [
        {"initial": [1, 2], "initial_items": ["a"]},
        {"initial": None, "initial_items": [1]},
        {"initial": [1], "initial_items": ["x" * 5000]},
        {"initial": [1], "initial_items": [2**70]},
    ],
    ids=["fewer", "without points", "a long name", "a huge row"],
)
def test_initial_items_that_do_not_belong_to_the_initial_points_are_named(tmp_path, changed):
    folder = write_run(tmp_path, [0.5])
    (folder / "header.json").write_text(json.dumps(HEADER | changed))
    assert "initial_items" in damaged(folder, "header.json")


@pytest.mark.parametrize("text", TEXTS.values(), ids=TEXTS.keys())
def test_a_damaged_status_is_no_status_to_a_run_that_goes_on(tmp_path, text):
    folder = write_run(tmp_path, [0.5, 0.6])
    (folder / "status.json").write_bytes(text)
    stored = RunFolder(folder)
    assert stored.status is None
    assert not stored.complete
    assert len(stored.rounds) == 2


@pytest.mark.parametrize("kind", ["a folder", "a named pipe", "a device"])
def test_a_run_does_not_go_on_from_what_is_no_file(tmp_path, kind):
    for name in ("header.json", "rounds.jsonl"):
        folder = write_run(tmp_path / name, [0.5, 0.6])
        (folder / name).unlink()
        PLACES[kind][0](folder / name)
        with pytest.raises(DamagedRecordError, match=rf"{name} cannot be read \(it is no regular file\)"):
            RunFolder(folder)


def test_a_folder_whose_files_are_all_no_files_is_a_damaged_run(tmp_path):
    folder = write_run(tmp_path, [0.5])
    for name in ("header.json", "status.json", "rounds.jsonl"):
        (folder / name).unlink()
        (folder / name).mkdir()
    damaged(folder, "header.json")


@pytest.fixture
def study(tmp_path):
    """Two arms of three seeds, and one more folder that is given to the commands by name and is damaged."""
    for arm in ("random", "entropy"):
        for seed in range(3):
            write_run(tmp_path / "runs", [0.5, 0.6, 0.7], arm=arm, seed=seed)
    return tmp_path / "runs"


COMMANDS = {
    "compare": (compare, ()),
    "plot": (plot, ("--out", "curves.svg")),
    "report": (report, ("--out", "page.html")),
}


@pytest.mark.parametrize("command", COMMANDS)
@pytest.mark.parametrize("kind", ["status of null", "lost header", "deep status", "pipe", "nothing"])
@pytest.mark.parametrize("apart", [False, True], ids=["within the study", "a folder of its own"])
def test_a_bad_folder_is_said_once_and_stops_nothing(study, tmp_path, monkeypatch, capsys, command, kind, apart):
    monkeypatch.chdir(tmp_path)
    bad = write_run(tmp_path / "bad" if apart else study, [0.5, 0.6, 0.7], arm="random", seed=7)
    if kind == "lost header":
        (bad / "header.json").unlink()
    elif kind == "pipe":
        (bad / "rounds.jsonl").unlink()
        os.mkfifo(bad / "rounds.jsonl")
    else:
        text = {"status of null": "null", "deep status": "[" * 200_000, "nothing": ""}[kind]
        (bad / "status.json").write_text(text)
    module, options = COMMANDS[command]
    folders = [str(study), str(tmp_path / "bad")] if apart else [str(study)]
    assert module.main([*folders, *options]) == 0
    said = [line for line in capsys.readouterr().err.splitlines() if str(bad) in line]
    assert len(said) == 1
    assert said[0].startswith(f"al-bench {command}: skipped {bad}: ")


def test_where_every_folder_is_damaged_one_line_says_so(study):
    for path in study.rglob("header.json"):
        path.unlink()
    with pytest.raises(Exception, match="no readable run under") as raised:
        find_runs([study, study], lambda line: None)
    assert "\n" not in str(raised.value)
