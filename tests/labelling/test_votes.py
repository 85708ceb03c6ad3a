"""Which label is trained on where several people labelled an item."""

from __future__ import annotations

import pytest

from al_bench.config.query_schema import AnswerRule
from al_bench.errors import InputError
from al_bench.labelling.answers import Answer, Answers
from al_bench.labelling.state import state_of
from al_bench.labelling.votes import rule, tally, votes


def said(*labels: str) -> list[Answer]:
    """One item's answers, each of another annotator."""
    return [Answer("item", label, f"{row}.csv", row=2, order=row) for row, label in enumerate(labels)]


def test_labels_that_disagree_are_refused_by_default_with_what_to_set():
    with pytest.raises(InputError, match=r"1.csv, line 2: item is 'b', and 0.csv, line 2 says 'a'.*answers=majority"):
        rule(AnswerRule.refuse)(said("a", "b"))
    assert rule(AnswerRule.refuse)(said("a", "a")).label == "a"


@pytest.mark.parametrize(
    ("labels", "decided"),
    [("aab", "a"), ("baa", "a"), ("ab", None), ("aabb", None), ("abc", None), ("aabbc", None), ("aabc", "a")],
)
def test_the_majority_is_the_label_of_most_and_a_tie_waits(labels, decided):
    answer = rule(AnswerRule.majority)(said(*labels))
    assert (answer and answer.label) == decided


def test_the_latest_answer_counts():
    assert rule(AnswerRule.latest)(said("a", "a", "b")).label == "b"


def test_an_item_waits_for_as_many_annotators_as_are_wanted():
    decide = rule(AnswerRule.refuse, 2)
    assert decide(said("a")) is None
    assert (
        decide([Answer("item", "a", "1.csv", annotator="ann"), Answer("item", "a", "2.csv", annotator="ann")]) is None
    )
    assert decide(said("a", "a")).label == "a"


def test_an_annotator_has_one_vote_and_may_change_it_in_a_later_file():
    answers = [
        Answer("item", "a", "1.csv", annotator="ann"),
        Answer("item", "a", "1.csv", annotator="bob"),
        Answer("item", "b", "2.csv", annotator="ann", order=1),
        Answer("item", "b", "2.csv", annotator="cid", order=1),
    ]
    assert {coder: answer.label for coder, answer in votes(answers).items()} == {"bob": "a", "ann": "b", "cid": "b"}
    assert rule(AnswerRule.majority)(answers).label == "b"
    assert tally(answers) == "a 1, b 2"


@pytest.mark.parametrize("kind", list(AnswerRule), ids=lambda kind: kind.value)
def test_two_labels_of_one_annotator_in_one_file_are_refused_under_every_rule(kind):
    twice = [Answer("item", label, "1.csv", row, "ann") for row, label in enumerate("ab", 2)]
    with pytest.raises(
        InputError, match=r"1.csv, line 3: item is 'b', and 1.csv, line 2 says 'a'; correct one of them$"
    ):
        rule(kind)(twice)


def test_an_undecided_item_has_no_label_and_is_named():
    answers = Answers.of(said("a", "b"))
    state = state_of([], {"other": "a"}, answers, decide=rule(AnswerRule.majority))
    assert state.labels == {"other": "a"}
    assert state.undecided == ("item",)
