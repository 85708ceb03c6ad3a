"""How a column of a table became inputs, so that other programs can do the same to new rows."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class ColumnCode:
    """What a column's cells become.

    A number x becomes (x − mean) / std, and with `indicator` one more input that is 1 where it is missing. A text
    becomes one input for each category, 1 for its own; one that is none of them has no 1.

    Args:
        name: The column's.
        mean, std: Of a column of numbers; None for categories.
        categories: Of a column of texts, in the order of the inputs.
        missing: What takes the place of a cell that is missing; None where none was.
        indicator: Whether a missing number has an input of its own.
    """

    name: str
    mean: float | None = None
    std: float | None = None
    categories: tuple[str, ...] = ()
    missing: float | str | None = None
    indicator: bool = False
