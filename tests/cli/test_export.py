"""What a run on a user's own table records of its rows, and `al-bench export`."""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from al_bench.cli import export
from tests.conftest import record

FAST = ("schedule.rounds=3", "schedule.batch=4", "posterior.draws=4", "training.steps=5", "evaluation.draws=2", "arm=a")
ROWS = [f"case {n},{n % 7},{n / 4},{'xyzw'[n % 4]}" for n in range(100)]
LABELS = ["xyzw"[n % 4] for n in range(100)]
FOLDER = "results/runs/default/csv/a/seed-0"


def record_of_table():
    return record("a", study="default", dataset="csv")


@pytest.fixture
def table(run):
    """A function that runs on the table with further words, the current folder being the run's."""
    Path("d.csv").write_text("\n".join(["case,u,v,label", *ROWS]) + "\n")
    return lambda *words: run("dataset=csv", "dataset.path=d.csv", *FAST, *words)


@pytest.mark.parametrize("strategy", ["bald", "random", "coreset_greedy"])
def test_every_pick_is_a_row_of_the_file_with_its_label(table, strategy):
    done = table("dataset.drop=[case]", "initial.rows=[0,4,8,12]", f"strategy={strategy}")
    assert done.status == 0, done.err
    assert done.err.startswith("al-bench: read d.csv: 100 rows; 2 numbers; label 'label' (by its name); 4 classes")
    found = record_of_table()
    names = found.header["class_names"]
    assert found.header["initial_items"] == [0, 4, 8, 12]
    assert found.rounds[0]["class_counts"] == [0, 4, 0, 0]
    for entry in found.rounds[:-1]:
        assert [names[label] for label in entry["acquired_labels"]] == [LABELS[row] for row in entry["acquired_items"]]
    assert "acquired_items" not in found.rounds[-1]


def test_the_column_called_id_names_the_rows(table):
    done = table("dataset.id=case", 'initial.rows=["case 3","case 99"]')
    assert done.status == 0, done.err
    found = record_of_table()
    assert found.header["initial_items"] == ["case 3", "case 99"]
    assert all(item.startswith("case ") for entry in found.rounds[:-1] for item in entry["acquired_items"])
    assert export.main([FOLDER, "--out", "picks.csv"]) == 0
    picks = pd.read_csv("picks.csv")
    assert (picks["item"] == picks["case"]).all()


def test_the_picks_stand_beside_the_columns_of_the_file(table):
    assert table("dataset.drop=[case]", "initial.size=4").status == 0
    assert export.main([FOLDER, "--out", "picks.csv"]) == 0
    picks = pd.read_csv("picks.csv")
    assert list(picks.columns) == ["round", "rank", "row", "label", "score", "case", "u", "v", "label_"]
    assert picks["round"].tolist() == ["start"] * 4 + ["0"] * 4 + ["1"] * 4
    for _, pick in picks.iterrows():
        assert ROWS[pick["row"]] == f"{pick['case']},{pick['u']},{pick['v']},{pick['label_']}"
    drawn = picks[picks["round"] != "start"]
    assert (drawn["label"] == drawn["label_"]).all()
    assert drawn["score"].notna().all()


def test_indices_are_said_to_be_no_rows(table):
    done = table("dataset.drop=[case]", "initial.indices=[0,40,79]")
    assert done.status == 0
    assert "initial.indices counts the training part: these are the rows " in done.err


@pytest.mark.parametrize(
    ("word", "expected"),
    [
        ("initial.rows=[0,100]", "initial.rows has 100;"),
        ("initial.rows=[3,3]", "initial.rows names a row twice"),
        ("initial.rows=[x]", "initial.rows has 'x';"),
        ("initial.rows=[1.5]", "initial.rows has 1.5; it must hold rows, counted from 0"),
    ],
    ids=["no such row", "twice", "a word", "a fraction"],
)
def test_rows_that_are_none_are_refused(table, word, expected):
    done = table("dataset.drop=[case]", word)
    assert done.status == 2
    assert expected in done.err
    assert not Path("results").exists()


def test_arrays_record_their_rows(run):
    labels = np.arange(90) % 3
    np.savez("own.npz", x=np.random.default_rng(0).normal(size=(90, 4)), y=labels)
    done = run("dataset=npz", "dataset.path=own.npz", *FAST, "initial.rows=[0,1,2]")
    assert done.status == 0, done.err
    found = record("a", study="default", dataset="npz")
    for entry in found.rounds[:-1]:
        assert entry["acquired_labels"] == labels[entry["acquired_items"]].tolist()


def test_data_sets_of_al_bench_record_no_items(run):
    assert run("dataset=synthetic", *FAST).status == 0
    found = record("a", study="default", dataset="synthetic")
    assert "initial_items" not in found.header
    assert all("acquired_items" not in entry for entry in found.rounds)


def test_a_file_that_lost_a_row_is_said(table, capsys):
    assert table("dataset.drop=[case]", "initial.rows=[99,1]").status == 0
    Path("d.csv").write_text("\n".join(["case,u,v,label", *ROWS[:50]]) + "\n")
    assert export.main([FOLDER, "--out", "picks.csv"]) == 2
    assert "d.csv has no row 99 any more, which the run picked" in capsys.readouterr().err


OWN = """\
import pathlib
pathlib.Path(__file__).with_name("ran").touch()
from dataclasses import dataclass
from al_bench.data.synthetic import Synthetic

@dataclass
class Mine(Synthetic):
    pass
"""


def test_a_class_of_the_users_own_is_loaded_with_trust_alone(run, capsys, monkeypatch):
    Path("mine_to_export.py").write_text(OWN)
    Path("conf/dataset").mkdir(parents=True)
    Path("conf/dataset/mine.yaml").write_text("_target_: mine_to_export.Mine\n")
    done = run("--config-dir", "conf", "dataset=mine", *FAST)
    assert done.status == 0, done.err
    monkeypatch.syspath_prepend(str(Path.cwd()))
    monkeypatch.delitem(sys.modules, "mine_to_export")
    Path("ran").unlink()
    folder = "results/runs/default/mine/a/seed-0"
    assert export.main([folder, "--out", "picks.csv"]) == 2
    assert "--trust (of al-bench report and export) imports it" in capsys.readouterr().err
    assert not Path("ran").exists()
    assert export.main([folder, "--out", "picks.csv", "--trust"]) == 0
    assert Path("ran").exists()
    expected = record("a", study="default", dataset="mine")
    picks = pd.read_csv("picks.csv")
    assert picks["row"].tolist() == [
        *expected.header["initial"],
        *(index for entry in expected.rounds[:-1] for index in entry["acquired"]),
    ]
