"""Runs with annotators: what is trained on, what is recorded and paid, and that strategies get equal answers."""

from __future__ import annotations

from itertools import pairwise

import pytest

from tests.conftest import TINY, record

ANNOTATORS = {
    "noisy": ("annotator=noisy",),
    "harder": ("annotator=noisy", "annotator.errors=harder"),
    "abstaining": ("annotator=abstaining", "annotator.rate=0.4"),
    "abstaining on harder": ("annotator=abstaining", "annotator.items=harder"),
    "panel": ("annotator=panel", "annotator.accuracies=[0.6,0.6]"),
    "priced": ("annotator.class_prices=[1,2,3,9]",),
}


@pytest.mark.parametrize("words", ANNOTATORS.values(), ids=ANNOTATORS)
def test_a_run_records_what_was_said_and_paid(run, words):
    assert run(*TINY, *words, "arm=a").status == 0
    rounds = record("a").rounds
    for entry in rounds:
        said, classes = entry["annotation"], entry["class_counts"]
        assert sum(classes) == entry["labelled"] - said["abstained"]
    assert [entry["labelled"] for entry in rounds] == [6, 10, 14]
    costs = [entry["annotation"]["cost"] for entry in rounds]
    assert costs == sorted(set(costs))
    for entry, after in pairwise(rounds):
        pairs = list(zip(entry["annotation"]["answers"], entry["acquired_labels"], strict=True))
        more = {key: after["annotation"][key] - entry["annotation"][key] for key in ("abstained", "wrong", "cost")}
        assert more["abstained"] == sum(given is None for given, _ in pairs)
        assert more["wrong"] == sum(given is not None and given != true for given, true in pairs)
        each = {"priced": [1, 2, 3, 9], "panel": [2] * 4}.get(
            "priced" if "prices" in words[0] else words[0][10:], [1] * 4
        )
        assert more["cost"] == sum(each[true] for _, true in pairs)


def test_without_an_annotator_nothing_of_one_is_recorded(run):
    assert run(*TINY).status == 0
    assert all("annotation" not in entry for entry in record().rounds)
    assert run(*TINY, "annotator=perfect", "arm=named").status == 0
    assert record("named").stable == record().stable


def test_strategies_get_the_same_answer_for_the_same_item_in_whatever_round(run):
    for strategy in ("random", "entropy"):
        assert (
            run(*TINY, "annotator=noisy", "schedule.rounds=12", f"strategy={strategy}", f"arm={strategy}").status == 0
        )
    answers = []
    for strategy in ("random", "entropy"):
        of_strategy = {}
        for entry in record(strategy).rounds[:-1]:
            of_strategy |= dict(zip(entry["acquired"], entry["annotation"]["answers"], strict=True))
        answers.append(of_strategy)
    shared = answers[0].keys() & answers[1].keys()
    assert shared
    assert all(answers[0][item] == answers[1][item] for item in shared)


def test_the_learner_is_trained_on_the_labels_given_and_not_on_items_without_one(run):
    words = (
        "model=logistic_regression",
        "strategy=random",
        "annotator=abstaining",
        "annotator.rate=0.5",
        "schedule.rounds=6",
    )
    assert run("debug=smoke", *words, "arm=a").status == 0
    assert run("debug=smoke", *words[:2], "schedule.rounds=6", "arm=b").status == 0
    ours, theirs = record("a").rounds, record("b").rounds
    assert [entry["acquired"] for entry in ours] == [entry["acquired"] for entry in theirs]
    assert ours[-1]["accuracy"] != theirs[-1]["accuracy"]
    assert ours[-1]["annotation"]["abstained"] > 0


def test_labels_that_are_all_wrong_teach_the_wrong_classes(run):
    matrix = "annotator.confusion=[[0,1,0,0],[0,0,1,0],[0,0,0,1],[1,0,0,0]]"
    words = ("model=logistic_regression", "strategy=random", "schedule.rounds=20", "dataset.separation=6")
    assert run("debug=smoke", *words, "annotator=noisy", "annotator.errors=confusion", matrix, "arm=a").status == 0
    last = record("a").rounds[-1]
    assert last["accuracy"] < 0.05
    assert last["annotation"]["wrong"] == last["labelled"]


def test_a_run_that_was_interrupted_ends_as_an_unbroken_one(run):
    words = ("debug=smoke", "model=logistic_regression", "strategy=margin", "annotator=abstaining")
    assert run(*words, "arm=whole", "schedule.rounds=5").status == 0
    assert run(*words, "arm=part", "schedule.rounds=3").status == 0
    assert run(*words, "arm=part", "schedule.rounds=5").status == 0
    assert record("part").stable == record("whole").stable


def test_the_ceiling_is_trained_on_what_the_annotator_gives(run):
    words = ("debug=smoke", "model=logistic_regression", "reference=full")
    assert run(*words, "annotator=abstaining", "arm=a").status == 0
    (entry,) = record("a").rounds
    assert entry["labelled"] == 500
    assert 50 < entry["annotation"]["abstained"] < 150


def test_other_answers_are_another_run(run):
    assert run(*TINY, "arm=a").status == 0
    again = run(*TINY, "arm=a", "annotator=noisy")
    assert again.status == 2
    assert "annotator (here noisy, there perfect)" in again.err


def test_a_key_without_effect_is_refused(run):
    ran = run(*TINY, "annotator=noisy", "annotator.errors=confusion", "annotator.rate=0.1",
              "annotator.confusion=[[1,0,0,0],[0,1,0,0],[0,0,1,0],[0,0,0,1]]")  # fmt: skip
    assert ran.status == 2
    assert "annotator.rate=0.1 has no effect: annotator.errors is confusion" in ran.err
