"""What people said: an item, the label that they gave it, and where they wrote it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from al_bench.errors import InputError

SKIP = "skip"
"""The label that takes an item out of the pool."""


@dataclass(frozen=True)
class Answer:
    """A label that somebody gave an item.

    Args:
        item: The item's name.
        label: As class names are written; `SKIP` takes the item out.
        source: The file, or whatever else it was read from, as messages call it.
        row: The line of the file; 0 where it has none.
        annotator: Who gave it; "" where nobody says.
        order: Later answers have higher numbers: batches in their order, then further files in the order given.
        entry: What messages call the row where the file has no lines, such as `task 3`.
    """

    item: str
    label: str
    source: str
    row: int = 0
    annotator: str = ""
    order: int = 0
    entry: str = ""

    @property
    def where(self) -> str:
        """The source and the line or entry, as messages call it."""
        row = self.entry or (f"line {self.row}" if self.row else "")
        return f"{self.source}, {row}" if row else self.source

    @property
    def coder(self) -> str:
        """Who gave it; where nobody says, the source."""
        return self.annotator or self.source


@dataclass(frozen=True)
class Answers:
    """All answers, in their order; an item may have several."""

    given: tuple[Answer, ...] = ()
    by_item: dict[str, list[Answer]] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        by_item: dict[str, list[Answer]] = {}
        for answer in self.given:
            by_item.setdefault(answer.item, []).append(answer)
        object.__setattr__(self, "by_item", by_item)

    def __add__(self, other: Answers) -> Answers:
        return Answers(self.given + other.given)

    @classmethod
    def of(cls, answers: Iterable[Answer]) -> Answers:
        """Answers from any sequence."""
        return cls(tuple(answers))


def agreed(answers: Sequence[Answer]) -> Answer:
    """The answer of one item whose answers are all the same.

    Raises:
        InputError: two of them disagree; the message names both places.
    """
    first = answers[0]
    for other in answers[1:]:
        if other.label != first.label:
            raise InputError(
                f"{other.where}: {other.item} is {other.label!r}, and {first.where} says {first.label!r}; correct one "
                "of them"
            )
    return first
