"""Runs on stressed data: they run, are other runs, and items outside are paid for and teach nothing."""

from __future__ import annotations

import pytest

from tests.conftest import TINY, record

STRESSES = {
    "imbalance": ("stress=imbalance",),
    "label noise": ("stress=label_noise",),
    "duplicates": ("stress=duplicates",),
    "outside": ("stress=outside", "stress.classes=[2,3]"),
    "shift": ("stress=shift",),
}


@pytest.mark.parametrize("words", STRESSES.values(), ids=STRESSES)
def test_a_run_on_stressed_data_says_what_was_done(run, words):
    ran = run(*TINY, *words, "arm=a")
    assert ran.status == 0
    assert f"al-bench: {words[0]}: " in ran.err
    assert record("a").status == "complete"
    assert run(*TINY, *words, "arm=a").status == 0
    again = run(*TINY, "arm=a")
    assert again.status == 2
    assert "stress" in again.err


def test_items_outside_are_paid_for_and_not_trained_on(run):
    words = ("debug=smoke", "model=logistic_regression", "strategy=random", "schedule.rounds=8")
    assert run(*words, "stress=outside", "stress.classes=[2,3]", "arm=a").status == 0
    header, rounds = record("a").header, record("a").rounds
    assert header["class_names"] == ["blob 0", "blob 1"]
    outside = 0
    for entry in rounds:
        said = entry["annotation"]
        assert said["abstained"] == outside
        assert said["cost"] == entry["labelled"]
        assert sum(entry["class_counts"]) == entry["labelled"] - outside
        pairs = zip(entry["acquired_labels"] or (), said["answers"] or (), strict=True)
        outside += sum(true == 2 and given is None for true, given in pairs)
    assert outside > 5


def test_an_oracle_is_refused_where_items_have_no_class(run):
    ran = run(*TINY, "strategy=oracle_loss", "stress=outside", "stress.classes=[3]")
    assert ran.status == 2
    assert "strategy oracle_loss reads true labels, and some items of the pool are of none of the classes" in ran.err


@pytest.mark.parametrize("name", ["honeypot", "diverging_sine"])
def test_a_diagnostic_data_set_runs(run, name):
    assert run(*TINY, f"dataset={name}", "arm=a").status == 0
    assert record("a", dataset=name).status == "complete"
