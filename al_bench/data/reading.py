"""What was read of a user's data, in one line for a run's start and in several for `al-bench check`."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from al_bench.errors import plain_line

MOST = 8
"""Names that a line shows; of more it says how many."""
LONGEST_NAME = 60
"""Characters of a name that are shown."""
NUMBERED = {"numbers": "number", "categories": "category"}
"""Kinds of columns, to what one column of the kind is called."""


@dataclass(frozen=True)
class Reading:
    """What was read.

    Args:
        source: The file or files.
        rows: Of the training file or arrays, those left out not counted.
        unit: What a row is called.
        kinds: Kind of input, such as numbers or categories, to the columns of that kind (or their description); a fact
            about all inputs, such as their shape, to nothing.
        label: The label's column or array, and how it was chosen.
        counts: Class to its rows in the training, the validation (where the files give one) and the test part.
        split: How the test part came about.
        test_from: What gives the test part; "" where it was split off.
        unused: Column or array to why it is no input.
        remarks: What else a reader must know.
    """

    source: str
    rows: int
    kinds: Mapping[str, tuple[str, ...]]
    label: str
    counts: Mapping[str, tuple[int, ...]]
    split: str
    unused: Mapping[str, str] = field(default_factory=dict)
    remarks: tuple[str, ...] = ()
    unit: str = "rows"
    test_from: str = ""

    def line(self) -> str:
        """One line: rows, columns by kind, label, classes, split, what is unused, remarks."""
        kinds = ", ".join(self.kind_counts())
        counts = self.counts.items()
        parts = [
            f"{self.source}: {self.rows:,} {self.unit}",
            kinds,
            f"label {self.label}",
            f"{len(counts)} classes ({_shortened([f'{_name(name)} {sum(numbers):,}' for name, numbers in counts])})",
            self.split,
        ]
        if self.unused:
            parts.append(f"not used: {_shortened([f'{_name(name)} ({why})' for name, why in self.unused.items()])}")
        return plain_line("; ".join([*parts, *self.remarks]))

    def kind_counts(self) -> list[str]:
        """Every kind of input and how many columns it has: `2 numbers`."""
        shown = {kind: names for kind, names in self.kinds.items() if names or kind not in NUMBERED}
        return [_counted(len(names), kind) if names else kind for kind, names in shown.items()]

    def lines(self) -> list[str]:
        """The same, one fact a line."""
        out = [f"{self.source}: {self.rows:,} {self.unit}"]
        out += [f"  {kind}" for kind, names in self.kinds.items() if not names and kind not in NUMBERED]
        out += [
            f"  {kind}: {len(names)} ({_shortened(list(map(_name, names)), 20)})"
            for kind, names in self.kinds.items()
            if names
        ]
        out.append(f"  label: {self.label}")
        shown = list(self.counts.items())[:40]
        parts = "training + validation + test" if any(len(numbers) == 3 for _, numbers in shown) else "training + test"
        out.append(f"  classes: {len(self.counts)} ({parts} part)")
        out += [f"    {_name(name)}: {' + '.join(f'{number:,}' for number in numbers)}" for name, numbers in shown]
        out += [f"    and {len(self.counts) - 40} more"] if len(self.counts) > 40 else []
        out.append(f"  split: {self.split}")
        out += [f"  not used: {name} ({why})" for name, why in self.unused.items()]
        return [plain_line(line) for line in (*out, *(f"  note: {remark}" for remark in self.remarks))]


def _counted(count: int, kind: str) -> str:
    """`1 number`, `2 categories`."""
    return f"{count} {NUMBERED.get(kind, kind) if count == 1 else kind}"


def _name(name: str) -> str:
    """A name that may be a cell of any length."""
    return name if len(name) <= LONGEST_NAME else f"{name[: LONGEST_NAME - 1]}…"


def _shortened(names: list[str] | tuple[str, ...], most: int = MOST) -> str:
    return ", ".join(names[:most]) + (f", … {len(names) - most} more" if len(names) > most else "")
