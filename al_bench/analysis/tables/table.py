"""A table once as text for readers and once as plain records for programs, and numbers as text."""

from __future__ import annotations

import csv
import io
import json
import math
import textwrap
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from tabulate import tabulate

_WIDTH = 110  # characters a line of a note in the terminal

Value = str | int | float | bool | None


@dataclass(frozen=True)
class Table:
    """One table: for the terminal, Markdown, LaTeX, CSV, JSON and the report.

    Args:
        key: A word for file names and JSON keys, such as `accuracy`.
        title: What it shows, with units.
        columns: Heads; the first column names the row.
        rows: Texts, one per column.
        note: How to read it; may be empty.
        records: The same and more as plain values in full precision; some may be NaN or infinite.
        align: One letter per column, l (texts) or r (numbers); empty: the first column l, the others r.
        breakable: Whether long cells may be broken anywhere, where the page has too little room for the table.
    """

    key: str
    title: str
    columns: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    note: str = ""
    records: tuple[dict[str, Value], ...] = ()
    align: str = ""
    breakable: bool = False

    @property
    def alignment(self) -> str:
        """The letters of `align`, whatever was given."""
        return self.align or "l" + "r" * (len(self.columns) - 1)

    def is_number(self, column: int) -> bool:
        """Whether a column holds numbers, which end on the right."""
        return self.alignment[column] == "r"

    def to_terminal(self) -> str:
        """Aligned text: title, head, rows, note."""
        lines = aligned([self.columns, *self.rows], self.alignment)
        return "\n".join([self.title, *lines, *textwrap.wrap(self.note, _WIDTH)])

    def to_csv(self) -> str:
        """The records with a head line; empty where a value is not known, `inf` where it is not finite."""
        columns = list(dict.fromkeys(key for record in self.records for key in record))
        out = io.StringIO()
        writer = csv.DictWriter(out, columns, lineterminator="\n")
        writer.writeheader()
        for record in self.records:
            writer.writerow({key: _blank_nan(record.get(key)) for key in columns})
        return out.getvalue()

    def to_json(self) -> str:
        """An object with key, title, note and records; null where a value is not known or not finite."""
        return json.dumps(self.plain(), ensure_ascii=False)

    def plain(self) -> dict[str, Any]:
        """What `to_json` writes, as Python values."""
        records = [{key: _null_if_not_finite(value) for key, value in record.items()} for record in self.records]
        return {"key": self.key, "title": self.title, "note": self.note, "records": records}

    def to_markdown(self) -> str:
        """A pipe table under its title in bold, with the note below.

        Not tabulate's, which fills the cells with blanks to one width: in a page under version control one longer cell
        would then change every line.
        """
        rule = ["---" if letter == "l" else "---:" for letter in self.alignment]
        cells = [[cell.replace("|", "\\|") for cell in row] for row in (self.columns, *self.rows)]
        lines = [f"| {' | '.join(row)} |" for row in (cells[0], rule, *cells[1:])]
        return "\n".join([f"**{self.title}**", "", *lines, *(["", self.note] if self.note else [])])

    def to_latex(self) -> str:
        """A table environment of booktabs (`\\usepackage{booktabs}`), everything escaped."""
        body = tabulate(
            self.rows, self.columns, tablefmt="latex_booktabs", colalign=_sides(self.alignment), disable_numparse=True
        ).translate(_LATEX_MATH)
        caption = f"{self.title}. {self.note}".strip().translate(_LATEX_SPECIAL | _LATEX_MATH)
        return f"\\begin{{table}}\n\\caption{{{caption}}}\n{body}\n\\end{{table}}"


def aligned(rows: Sequence[Sequence[str]], alignment: str) -> list[str]:
    """Rows as lines of text, their columns aligned as the letters say: l on the left, r on the right."""
    text = tabulate(rows, tablefmt="plain", colalign=_sides(alignment), disable_numparse=True)
    return [line.rstrip() for line in text.split("\n")]


def _sides(alignment: str) -> list[str]:
    return ["left" if letter == "l" else "right" for letter in alignment]


def text_table(title: str, columns: Sequence[str], rows: Sequence[Sequence[str]]) -> Table | None:
    """A table of texts alone, whose cells may be broken anywhere; None where it would have no rows."""
    if not rows:
        return None
    align = "l" * len(columns)
    return Table("", title, tuple(columns), tuple(tuple(row) for row in rows), align=align, breakable=True)


def percent(value: float, digits: int = 1, sign: bool = False) -> str:
    """A fraction in per cent (or a difference in points), without the unit; `-` where it is not known."""
    if not math.isfinite(value):
        return "-"
    text = f"{100 * value:{'+' if sign else ''}.{digits}f}"
    return text.replace("-", "−")


def interval(low: float, high: float, digits: int = 1, sign: bool = False) -> str:
    """`[low, high]` in per cent; empty where it is not known."""
    if not (math.isfinite(low) and math.isfinite(high)):
        return ""
    return f"[{percent(low, digits, sign)}, {percent(high, digits, sign)}]"


def spread(values: Sequence[float], scale: float = 100.0, digits: int = 1) -> str:
    """Mean ± standard deviation over seeds; the mean alone for one seed, `-` where one is not known.

    Args:
        values: One per seed.
        scale: What they are multiplied by: 100 for fractions in per cent.
        digits: After the point.
    """
    if not values or any(math.isnan(value) for value in values):
        return "-"
    mean = sum(values) / len(values)
    text = f"{scale * mean:.{digits}f}"
    if len(values) > 1:
        deviation = math.sqrt(sum((value - mean) ** 2 for value in values) / (len(values) - 1))
        text += f" ± {scale * deviation:.{digits}f}"
    return text.replace("-", "−")


def p_value(value: float) -> str:
    """A p-value to two digits; `-` where none was computed."""
    if math.isnan(value):
        return "-"
    return "< 0.001" if value < 0.001 else f"{value:.2g}" if value < 0.1 else f"{value:.2f}"


def _null_if_not_finite(value: Value) -> Value:
    return None if isinstance(value, float) and not math.isfinite(value) else value


def _blank_nan(value: Value) -> Value:
    return "" if value is None or (isinstance(value, float) and math.isnan(value)) else value


# In the rows tabulate escapes the special letters; letters of mathematics are left as they are.
_LATEX_SPECIAL = str.maketrans({
    "\\": r"\textbackslash{}", "&": r"\&", "%": r"\%", "$": r"\$", "#": r"\#", "_": r"\_", "{": r"\{", "}": r"\}",
    "~": r"\textasciitilde{}", "^": r"\textasciicircum{}", "<": r"$<$", ">": r"$>$",
})  # fmt: skip
_LATEX_MATH = str.maketrans(
    {"±": r"$\pm$", "−": r"$-$", "≤": r"$\le$", "≥": r"$\ge$", "×": r"$\times$", "√": r"$\surd$"}
)
