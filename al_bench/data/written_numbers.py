"""Numbers as people write them: decimal and thousands commas, per cent and currency signs, marks of no value."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence

import numpy as np
import pandas as pd

from al_bench.data.table_choices import Decimal

LARGEST = float(np.finfo(np.float32).max)

MISSING = {
    "",
    "?",
    "na",
    "n/a",
    "nan",
    "null",
    "<na>",
    "#n/a",
    "nat",
    "#nv",
    "-nan",
    "\\n",
    "#div/0!",
    "#value!",
    "#ref!",
    "#name?",
    "#num!",
}
"""Texts that stand for no value, in lower case, in columns of any kind."""
MISSING_NUMBERS = MISSING | {
    str(-(2**63)),  # what NaN becomes where it is made a whole number
    "none",
    "-",
    "--",
    "---",
    ".",
    "..",
    "missing",
    "unknown",
    "n.a.",
    "nd",
    "n.d.",
    "*",
    "-1.#ind",
}
"""Texts that stand for no value among numbers."""

SPACES = "\u00a0\u202f\u2009 '\u2019"
CURRENCY = "$€£¥₹₩₽₺฿₫₴"
_THOUSANDS = re.compile(r"[+-]?[1-9]\d{0,2}(,\d{3})+(\.\d*)?")
_DOTTED = re.compile(r"[+-]?[1-9]\d{0,2}(\.\d{3})+(,\d*)?")
_COMMA = re.compile(r"[+-]?(\d*,\d+|\d+,)([eE][+-]?\d+)?")
_PLAIN = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?")
_UNIT = re.compile(r"([+-]?\d[\d.,]*)\s*([A-Za-zµ°Ω][\w/²³°]*)")


def is_missing(text: str, among_numbers: bool = False) -> bool:
    """Whether a text stands for no value."""
    return text.strip().lower() in (MISSING_NUMBERS if among_numbers else MISSING)


def bare(texts: Sequence[str]) -> tuple[list[str], str]:
    """Texts without the one sign that all of them carry (% or a currency's), and that sign.

    Blanks and apostrophes between groups of three digits go, too, and a typographic minus becomes a plain one.
    """
    cleaned = [text.replace("\u2212", "-").strip() for text in texts]
    sign = ""
    for symbol in ("%", "‰", *CURRENCY):
        if cleaned and all(text.count(symbol) == 1 for text in cleaned):
            stripped = [text.replace(symbol, "").strip() for text in cleaned]
            if symbol not in "%‰" or all(text.endswith(symbol) for text in cleaned):
                cleaned, sign = [re.sub(r"^([+-])\s+", r"\1", text) for text in stripped], symbol
            break
    grouped = re.compile(rf"[+-]?\d{{1,3}}([{SPACES}]\d{{3}})+([.,]\d*)?")
    return [re.sub(f"[{SPACES}]", "", text) if grouped.fullmatch(text) else text for text in cleaned], sign


def convention(columns: Mapping[str, Iterable[str]]) -> tuple[Decimal, str | None]:
    """What the cells of a table say about its decimals.

    Args:
        columns: Name to the distinct texts that are no plain numbers, of the columns that have commas.

    Returns:
        point or comma where some cell has one reading only, auto where every cell has two or none; and the first text
        with two readings, or with the other reading than an earlier one's.
    """
    votes: dict[Decimal, str] = {}
    unclear = None
    for texts in columns.values():
        for text in sorted(bare([text for text in texts if not is_missing(text, True)])[0]):
            thousands, comma = bool(_THOUSANDS.fullmatch(text)), bool(_COMMA.fullmatch(text))
            if thousands and comma:
                unclear = unclear or text
            elif thousands:
                votes.setdefault(Decimal.point, text)
            elif comma or (_DOTTED.fullmatch(text) and ("," in text or text.count(".") > 1)):
                votes.setdefault(Decimal.comma, text)
    if len(votes) == 2:
        return Decimal.auto, votes[Decimal.comma]
    if len(votes) == 1:
        return next(iter(votes)), None
    return Decimal.auto, unclear


def parse(texts: Sequence[str], decimal: Decimal) -> tuple[np.ndarray, str]:
    """[n] float64 of texts, NaN where one is no number (or one with a comma and `decimal` is auto), and their sign."""
    cleaned, sign = bare(texts)
    out = []
    for text in cleaned:
        if decimal is Decimal.comma:
            if _DOTTED.fullmatch(text):
                text = text.replace(".", "")
            elif "." in text:
                text = ""
            text = text.replace(",", ".")
        elif decimal is Decimal.point and _THOUSANDS.fullmatch(text):
            text = text.replace(",", "")
        out.append(text if _PLAIN.fullmatch(text) else "")
    return pd.to_numeric(pd.Series(out, dtype=str), errors="coerce").to_numpy(dtype=np.float64), sign


def several_signs(texts: Sequence[str]) -> str:
    """The different signs (% or a currency's, or none) of texts that would be numbers without them; else empty."""
    plain = [re.sub(f"[%‰{CURRENCY}]", "", text).strip() for text in texts]
    signs = {"".join(sorted(set(re.findall(f"[%‰{CURRENCY}]", text)))) or "none" for text in texts}
    numbers = all(not np.isnan(parse([text], style)[0][0]) for text in plain[:200] for style in [_style(text)])
    return " and ".join(sorted(signs)) if len(signs) > 1 and numbers else ""


def _style(text: str) -> Decimal:
    return Decimal.comma if _COMMA.fullmatch(text) else Decimal.point


def unit(texts: Sequence[str]) -> str | None:
    """The unit that all of several different texts carry after a number, such as kg; None without one."""
    matches = [_UNIT.fullmatch(text) for text in texts]
    units = {match[2] for match in matches if match}
    numbers = {match[1] for match in matches if match}
    return units.pop() if all(matches) and len(units) == 1 and len(numbers) >= 3 else None


DISGUISES = {
    "a date or a time": re.compile(
        r"\d{1,4}[-/.]\d{1,2}[-/.]\d{1,4}([ T]\d{1,2}:\d{2}(:\d{2}(\.\d+)?)?Z?)?|\d{1,2}:\d{2}(:\d{2})?"
    ),
    "a number after a currency or unit": re.compile(r"[+-]?([A-Z]{3}\s+|[A-Z]{1,2}[$€£]\s*)[+-]?\d[\d.,' ]*"),
    "a number in brackets": re.compile(r"\([$€£]?\d[\d.,]*\)"),
    "a number with a sign of comparison": re.compile(r"[<>≤≥~≈]=?\s*[+-]?\d[\d.,]*"),
    "a number with a letter for its magnitude": re.compile(r"[+-]?\d[\d.,]*\s*[kKmMbB]"),
    "a number in quotes": re.compile(r"['`‘’]\s*[+-]?\d[\d.,]*['`‘’]"),
    "a number with strokes": re.compile(r"[+-]?\d+(_\d+)+"),
    "a number with commas": re.compile(r"[+-]?\d{1,3}(,\d{2,3})+(\.\d+)?"),
}
"""What texts may be that are no numbers as they are written, and are hardly categories."""


def disguise(texts: Sequence[str]) -> str | None:
    """What several different texts are that stand for numbers in another form; None where they may be categories."""
    if len(texts) < 4:
        return None
    return next((what for what, form in DISGUISES.items() if all(form.fullmatch(text) for text in texts)), None)
