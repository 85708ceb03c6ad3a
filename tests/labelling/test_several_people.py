"""Several people label the same batch: copies by --labels, a column annotator, a rule, and what is said of it."""

from __future__ import annotations

import csv
from pathlib import Path

import pytest

from al_bench.cli.main import dispatch
from tests.labelling import people

COMMAND = [
    *("query", "dataset=table", "dataset.path=pool.csv", "model=linear", "schedule.batch=12", "study=people"),
    *("dataset.classes=[benign,malignant]", "device=cpu"),
]
FIRST = Path("results/labelling/people/batch-000.csv")
SECOND = Path("results/labelling/people/batch-001.csv")


@pytest.fixture
def truth(tmp_path, monkeypatch, capsys) -> dict[str, str]:
    """A table of biopsies, and a first batch that nobody filled."""
    monkeypatch.chdir(tmp_path)
    truth = people.write_table()
    assert dispatch(COMMAND) == 0
    capsys.readouterr()
    return truth


def copy(name: str, truth: dict[str, str], wrong: tuple[int, ...] = (), annotator: str | None = None) -> Path:
    """A filled copy of the first batch, with errors in some rows."""
    other = {"benign": "malignant", "malignant": "benign"}
    with open(name, "w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["item", "label", *(["annotator"] if annotator else [])])
        for row, item in enumerate(people.items_of(FIRST)):
            label = other[truth[item]] if row in wrong else truth[item]
            writer.writerow([item, label, *([annotator] if annotator else [])])
    return Path(name)


def test_copies_of_two_people_that_disagree_are_refused_and_nothing_changes(truth, capsys):
    people.fill(FIRST, truth)
    copy("ann.csv", truth, wrong=(3,))
    before = sorted(path.name for path in FIRST.parent.rglob("*"))
    assert dispatch([*COMMAND, "--labels", "ann.csv"]) == 2
    error = capsys.readouterr().err.splitlines()[-1]
    assert "ann.csv, line 5: " in error
    assert "answers=majority or answers=latest" in error
    assert sorted(path.name for path in FIRST.parent.rglob("*")) == before


def test_the_majority_of_three_is_trained_on_and_the_agreement_is_said(truth, capsys):
    people.fill(FIRST, truth)
    copies = [copy("ann.csv", truth, wrong=(3,), annotator="ann"), copy("bob.csv", truth, wrong=(5,), annotator="bob")]
    labels = [word for path in copies for word in ("--labels", str(path))]
    assert dispatch([*COMMAND, "answers=majority", *labels]) == 0
    out = capsys.readouterr().out
    assert "3 annotators gave 12 items two labels or more; Krippendorff's α 0." in out
    assert SECOND.exists()
    # Another call reads the copies that lie in the folder now, and says the same.
    people.fill(SECOND, truth)
    assert dispatch([*COMMAND, "answers=majority"]) == 0
    again = capsys.readouterr().out
    assert next(line for line in again.splitlines() if "Krippendorff" in line) in out
    assert " was " not in again  # no label changed


def test_a_tie_waits_for_a_further_label_and_goes_on_with_it(truth, capsys):
    people.fill(FIRST, truth)
    copy("ann.csv", truth, wrong=(3,), annotator="ann")
    assert dispatch([*COMMAND, "answers=majority", "--labels", "ann.csv"]) == 2
    item = people.items_of(FIRST)[3]
    assert f"1 items have labels that decide nothing yet, such as {item}" in capsys.readouterr().err
    copy("bob.csv", truth, annotator="bob")
    assert dispatch([*COMMAND, "answers=majority", "--labels", "ann.csv", "--labels", "bob.csv"]) == 0
    assert item not in people.items_of(SECOND)


def test_an_item_waits_for_its_second_annotator(truth, capsys):
    people.fill(FIRST, truth)
    assert dispatch([*COMMAND, "labels_per_item=2"]) == 2
    assert "12 items have labels that decide nothing yet" in capsys.readouterr().err
    copy("ann.csv", truth, annotator="ann")
    assert dispatch([*COMMAND, "labels_per_item=2", "--labels", "ann.csv"]) == 0
    assert "α 1.000 [1.000, 1.000]" in capsys.readouterr().out


def test_the_latest_label_is_trained_on_and_a_changed_one_is_named(truth, capsys):
    people.fill(FIRST, truth)
    assert dispatch(COMMAND) == 0
    people.fill(SECOND, truth)
    copy("ann.csv", truth, wrong=(3,))
    item = people.items_of(FIRST)[3]
    assert dispatch([*COMMAND, "answers=latest", "--labels", "ann.csv"]) == 0
    assert f"{item} was {truth[item]!r} and is " in capsys.readouterr().out
