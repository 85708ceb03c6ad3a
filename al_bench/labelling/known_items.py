"""The items of a pool that the rows of a file name, and the answers that these give.

Items are matched exactly, else without blanks around them, in another Unicode form, or with ? where a letter was lost.
"""

from __future__ import annotations

import fnmatch
import unicodedata
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from functools import cached_property

from al_bench.errors import InputError
from al_bench.labelling.answers import Answer
from al_bench.labelling.filled_file import FilledRow


@dataclass
class KnownItems:
    """The items of a pool, found by what a file says.

    Args:
        items: All of them.
    """

    items: Iterable[str]
    _by_form: dict[str, str | None] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self._exact = set(self.items)
        for name in self._exact:
            form = _form(name)
            self._by_form[form] = None if form in self._by_form else name

    def find(self, text: str, likely: Sequence[str] = ()) -> str | None:
        """The item that a cell names; None where none does, or nothing says which.

        Args:
            text: The cell.
            likely: The items of the batch that the file is of.
        """
        if text in self._exact:
            return text
        if (item := self._by_form.get(_form(text))) is not None:
            return item
        if "?" in text or "�" in text:  # letters that the program could not save
            pattern = "".join("?" if letter in "?�" else f"[{letter}]" for letter in text)
            matches = [name for name in likely if fnmatch.fnmatchcase(name, pattern)]
            return matches[0] if len(matches) == 1 else None
        return None

    def of_file(self, name: str) -> list[str]:
        """The items that are a file of this name, with more folders before it or fewer: tools drop or add them."""
        text = name.replace("\\", "/")
        same = self._by_file.get(text.rpartition("/")[2], [])
        return [item for item in same if f"/{text}".endswith(f"/{item}") or f"/{item}".endswith(f"/{text}")]

    @cached_property
    def _by_file(self) -> dict[str, list[str]]:
        """The last part of an item's name to the items."""
        out: dict[str, list[str]] = {}
        for name in sorted(self._exact):
            out.setdefault(name.rpartition("/")[2], []).append(name)
        return out


def _form(text: str) -> str:
    return unicodedata.normalize("NFC", text).strip()


def answers_of(
    rows: Sequence[FilledRow],
    source: str,
    known: KnownItems,
    likely: Sequence[str] = (),
    order: int = 0,
    gone: Iterable[str] = (),
) -> list[Answer]:
    """The answers of a file's rows; rows without a label are left out.

    Args:
        rows: Of the file.
        source: What messages call it.
        known: The items of the pool.
        likely: The items of the batch that the file is of; its rows must be of these.
        order: Of the answers.
        gone: Items that were in the pool before.

    Raises:
        InputError: A row has a label and names no item; the message names the row.
    """
    answers = []
    before = set(gone)
    for row in rows:
        item = known.find(row.item, likely)
        if item is None and row.item in before:
            item = row.item
        if item is None and row.is_file:
            same = known.of_file(row.item)
            if len(same) > 1 and row.label:
                raise InputError(
                    f"{row.where(source)}: {row.item!r} may be {same[0]} or {same[1]}; give these labels as CSV with "
                    "the columns item and label"
                )
            item = same[0] if len(same) == 1 else None
        if item is None:
            if not row.label:
                continue
            raise InputError(
                f"{row.where(source)}: {row.item!r} is no item of the pool; items are called as in the column "
                "item that al-bench query writes"
            )
        if likely and item not in likely:
            if not row.label:
                continue
            raise InputError(
                f"{row.where(source)}: {item} is no item of this batch; give labels of other items by --labels FILE"
            )
        if row.label:
            answers.append(Answer(item, row.label, source, row.line, row.annotator, order, row.entry))
    return answers
