"""Stopping rules in `al-bench query`: how far predictions moved from batch to batch, and a rule that says stop."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from al_bench.cli.main import dispatch
from tests.labelling import people

STUDY = Path("results/labelling/tumours")
WORDS = (
    *("query", "study=tumours", "dataset=table", "dataset.path=pool.csv", "dataset.label=tumour", "model=linear"),
    *("dataset.classes=[malignant,benign]", "strategy=margin", "schedule.batch=10", "evaluation.stop_set=200"),
)


@pytest.fixture
def label_batches(tmp_path, monkeypatch, capsys):
    """Ask for so many batches and fill each; gives what the calls printed."""
    monkeypatch.chdir(tmp_path)
    truth = people.write_table()

    def label(count, *words):
        for _ in range(count):
            assert dispatch([*WORDS, *words]) == 0, capsys.readouterr().err
            batches = sorted(STUDY.glob("batch-*.csv"))
            people.fill(batches[-1], truth)
        return capsys.readouterr().out

    return label


def records():
    """The records of all batches."""
    return [
        json.loads(path.read_text())
        for path in sorted(STUDY.glob("record/*.json"), key=lambda path: path.name)
        if path.stem.isdigit()
    ]


def test_every_call_with_a_model_before_it_says_how_many_predictions_changed(label_batches):
    out = label_batches(4)
    assert out.count("predictions for 200 random items") == 2, "of the third and the fourth batch"
    first, second, third, fourth = records()
    assert "stop_predicted" not in first or not first["stop_predicted"], "a cold start has no model"
    changed = sum(third["stop_predicted"][item] != second["stop_predicted"][item] for item in third["stop_predicted"])
    assert third["stop_set"]["changed"] == changed / 200
    assert list(fourth["stop_predicted"]) == list(second["stop_predicted"]), "the stop set is the same in every batch"
    assert f"{100 * changed / 200:.1f} % changed since the batch before" in out


def test_a_rule_that_fires_ends_the_labelling_until_it_is_taken_away(label_batches, capsys):
    label_batches(3)
    command = [*WORDS, "stopping=classification_change", "stopping.threshold=1"]
    for _ in range(2):
        assert dispatch(command) == 0
        assert "stopping=classification_change says stop: no further batch" in capsys.readouterr().out
        assert len(list(STUDY.glob("batch-*.csv"))) == 3
    assert dispatch([*WORDS, "stopping=none"]) == 0
    assert len(list(STUDY.glob("batch-*.csv"))) == 4


def test_a_rule_that_does_not_fire_gives_the_batch_that_is_picked_without_it(label_batches):
    label_batches(3)
    label_batches(1, "stopping=overall_uncertainty", "stopping.threshold=1e-9")
    assert len(records()) == 4


def test_a_rule_needs_a_stop_set(label_batches, capsys):
    label_batches(1)
    assert dispatch([*WORDS, "evaluation.stop_set=0", "stopping=classification_change"]) == 2
    assert "set evaluation.stop_set=1000, or stopping=none" in capsys.readouterr().err


def test_an_accuracy_by_the_audit_ends_the_labelling_once_enough_of_it_is_labelled(label_batches, capsys):
    label_batches(6, "audit=60", "schedule.batch=20")
    words = ("schedule.batch=20", "audit=60", "schedule.stop_at_accuracy_on=audit")
    batches = 6
    while sum(len(record["audit_draws"]) for record in records()) < 50:
        out = label_batches(1, *words, "schedule.stop_at_accuracy=0.6")
        batches += 1
        assert "is reached" not in out, "too few labels say how accurate it is"
    assert batches > 6
    assert dispatch([*WORDS, *words, "schedule.stop_at_accuracy=0.6"]) == 0
    out = capsys.readouterr().out
    assert "schedule.stop_at_accuracy=0.6 is reached: " in out
    (quality,) = {tuple(map(float, found)) for found in re.findall(r"reached: ([\d.]+) % \[([\d.]+), ([\d.]+)\]", out)}
    assert 60 <= quality[1] <= quality[0] <= quality[2]
    assert len(list(STUDY.glob("batch-*.csv"))) == batches, "no further batch"
    assert dispatch([*WORDS, *words, "schedule.stop_at_accuracy=1"]) == 0
    assert len(list(STUDY.glob("batch-*.csv"))) == batches + 1


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (("schedule.stop_at_accuracy=0.9",), "type schedule.stop_at_accuracy_on=audit"),
        (("schedule.stop_at_accuracy=0.9", "schedule.stop_at_accuracy_on=audit"), "begin a study with audit=100"),
    ],
    ids=["by the test part", "without an audit"],
)
def test_an_accuracy_that_nothing_can_give_is_refused(label_batches, capsys, words, message):
    label_batches(2)
    assert dispatch([*WORDS, *words]) == 2
    assert message in capsys.readouterr().err.splitlines()[-1]
    assert len(list(STUDY.glob("batch-*.csv"))) == 2
