"""Which label of an item is trained on where several people labelled it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence

from al_bench.config.query_schema import AnswerRule
from al_bench.errors import InputError
from al_bench.labelling.answers import Answer, agreed

Decide = Callable[[Sequence[Answer]], Answer | None]
"""The answer of an item that counts; None where more labels are wanted."""


def votes(answers: Sequence[Answer]) -> dict[str, Answer]:
    """Annotator to the answer of his that counts: his last one. Who gives no name is called by the file.

    Args:
        answers: All of one item, in their order.

    Raises:
        InputError: one file has two labels of the same annotator; nothing says which of both he means.
    """
    last: dict[str, Answer] = {}
    for answer in answers:
        before = last.get(answer.coder)
        if before is not None and before.source == answer.source and before.label != answer.label:
            agreed([before, answer])
        last.pop(answer.coder, None)
        last[answer.coder] = answer
    return last


def rule(kind: AnswerRule, labels_per_item: int = 1) -> Decide:
    """How the label of an item is decided.

    Args:
        kind: `refuse`: all must be the same. `majority`: the label of most annotators; a tie waits for one more label.
            `latest`: the last one given. An annotator has one vote, and `skip` is a label like others.
        labels_per_item: Annotators who label each item; an item with fewer waits for more.
    """

    def decide(answers: Sequence[Answer]) -> Answer | None:
        given = list(votes(answers).values())
        if kind is AnswerRule.refuse:
            _same(answers)
        if len(given) < labels_per_item:
            return None
        if kind is not AnswerRule.majority:
            return given[-1]
        counts = Counter(answer.label for answer in given).most_common(2)
        if len(counts) > 1 and counts[0][1] == counts[1][1]:
            return None
        return next(answer for answer in given if answer.label == counts[0][0])

    return decide


def _same(answers: Sequence[Answer]) -> None:
    try:
        agreed(answers)
    except InputError as error:
        raise InputError(f"{error}, or set answers=majority or answers=latest") from None


def tally(answers: Sequence[Answer]) -> str:
    """The labels of one item and how many annotators gave each, such as `cat 1, dog 1`."""
    return ", ".join(f"{label} {count}" for label, count in Counter(a.label for a in votes(answers).values()).items())
