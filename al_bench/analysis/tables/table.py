"""A table once as text for readers and once as plain records for programs."""

from __future__ import annotations

import csv
import io
import json
import math
import textwrap
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

_WORDS = ("arm", "reading", "not reached", "the first of them")  # columns of words, which begin on the left
_WIDTH = 110

Value = str | int | float | bool | None


@dataclass(frozen=True)
class Table:
    """One table.

    Args:
        key: A word for file names and JSON keys, such as `accuracy`.
        title: What it shows, with units.
        columns: Heads; the first column names the row.
        rows: Texts, one a column.
        note: How to read it; may be empty.
        records: The same and more as plain values in full precision; some may be NaN or infinite.
    """

    key: str
    title: str
    columns: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    note: str
    records: tuple[dict[str, Value], ...]

    def to_terminal(self) -> str:
        """Aligned text: title, head, rows, note."""
        lines = [list(self.columns), *(list(row) for row in self.rows)]
        widths = [max(len(line[place]) for line in lines) for place in range(len(self.columns))]
        body = [
            "  ".join(
                cell.ljust(width) if place == 0 or head in _WORDS else cell.rjust(width)
                for place, (head, cell, width) in enumerate(zip(self.columns, line, widths, strict=True))
            ).rstrip()
            for line in lines
        ]
        return "\n".join([self.title, *body, *textwrap.wrap(self.note, _WIDTH)])

    def to_csv(self) -> str:
        """The records with a head line; empty where a value is not known, `inf` where it is not finite."""
        columns = list(dict.fromkeys(key for record in self.records for key in record))
        out = io.StringIO()
        writer = csv.DictWriter(out, columns, lineterminator="\n")
        writer.writeheader()
        for record in self.records:
            writer.writerow({key: _cell(record.get(key)) for key in columns})
        return out.getvalue()

    def to_json(self) -> str:
        """An object with key, title, note and records; null where a value is not known or not finite."""
        return json.dumps(self.plain(), ensure_ascii=False)

    def plain(self) -> dict[str, Any]:
        """What `to_json` writes, as Python values."""
        records = [{key: _finite(value) for key, value in record.items()} for record in self.records]
        return {"key": self.key, "title": self.title, "note": self.note, "records": records}

    def to_markdown(self) -> str:
        """A pipe table under its title in bold, with the note below."""
        heads = [_piped(cell) for cell in self.columns]
        rule = ["---" if place == 0 or head in _WORDS else "---:" for place, head in enumerate(self.columns)]
        lines = [f"| {' | '.join(heads)} |", f"| {' | '.join(rule)} |"]
        lines += [f"| {' | '.join(_piped(cell) for cell in row)} |" for row in self.rows]
        return "\n".join([f"**{self.title}**", "", *lines, *(["", self.note] if self.note else [])])

    def to_latex(self) -> str:
        """A table environment of booktabs (`\\usepackage{booktabs}`), everything escaped."""
        places = "".join("l" if place == 0 or head in _WORDS else "r" for place, head in enumerate(self.columns))
        body = [" & ".join(_escaped(cell) for cell in row) + r" \\" for row in self.rows]
        return "\n".join(
            [
                r"\begin{table}",
                rf"\caption{{{_escaped(f'{self.title}. {self.note}'.strip())}}}",
                rf"\begin{{tabular}}{{{places}}}",
                r"\toprule",
                " & ".join(_escaped(cell) for cell in self.columns) + r" \\",
                r"\midrule",
                *body,
                r"\bottomrule",
                r"\end{tabular}",
                r"\end{table}",
            ]
        )


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


def spread(values: Sequence[float]) -> str:
    """Mean ± standard deviation over seeds in per cent; the mean alone for one seed, `-` where one is not known."""
    if not values or any(math.isnan(value) for value in values):
        return "-"
    mean = sum(values) / len(values)
    if len(values) == 1:
        return percent(mean)
    deviation = math.sqrt(sum((value - mean) ** 2 for value in values) / (len(values) - 1))
    return f"{percent(mean)} ± {percent(deviation)}"


def p_value(value: float) -> str:
    """A p-value to two digits; `-` where none was computed."""
    if math.isnan(value):
        return "-"
    return "< 0.001" if value < 0.001 else f"{value:.2g}" if value < 0.1 else f"{value:.2f}"


def _finite(value: Value) -> Value:
    return None if isinstance(value, float) and not math.isfinite(value) else value


def _cell(value: Value) -> Value:
    return "" if value is None or (isinstance(value, float) and math.isnan(value)) else value


def _piped(text: str) -> str:
    return text.replace("|", "\\|")


_LATEX = {
    "\\": r"\textbackslash{}", "&": r"\&", "%": r"\%", "$": r"\$", "#": r"\#", "_": r"\_", "{": r"\{", "}": r"\}",
    "~": r"\textasciitilde{}", "^": r"\textasciicircum{}", "<": r"$<$", ">": r"$>$", "±": r"$\pm$", "−": r"$-$",
    "≤": r"$\le$", "≥": r"$\ge$", "×": r"$\times$", "√": r"$\surd$",
}  # fmt: skip


def _escaped(text: str) -> str:
    return "".join(_LATEX.get(letter, letter) for letter in text)
