"""Judgements as a table, as records for programs, and the words beside them."""

from __future__ import annotations

import math
import textwrap
from collections.abc import Sequence
from typing import Any

from al_bench.analysis.tables.table import Table, Value
from al_bench.reproduce.effects import Effect
from al_bench.reproduce.judge import Judgement, Verdict
from al_bench.reproduce.preset import Preset, shown

_WIDE = 58
_WORDS = {
    Verdict.passed: "PASS",
    Verdict.failed: "FAIL",
    Verdict.few: "NOT ENOUGH SEEDS",
    Verdict.not_run: "NOT RUN",
    Verdict.reported: "reported",
}
_HEADS = ("claim", "published", "ours", "n", "must be", "verdict")
NOTE = (
    "Published: the paper's value, in brackets the range of reproductions or the quartiles of the logs. Ours: the "
    "value (at a point of a logged curve the median) with the 95 % interval of the mean; a place with its range over "
    "leaving out each seed in turn; ≤ and ≥: a bound, where seeds end before they reach the accuracy. PASS: the "
    "interval lies wholly inside what it must be; FAIL: wholly outside; NOT ENOUGH SEEDS: across an edge, or fewer "
    "than 3 seeds."
)


def word(verdict: Verdict) -> str:
    """A verdict as the tables print it."""
    return _WORDS[verdict]


def must_be(band: tuple[float, float] | None) -> str:
    """A band in words."""
    if band is None:
        return ""
    low, high = band
    if math.isinf(low):
        return f"< {shown(high)}"
    return f"> {shown(low)}" if math.isinf(high) else f"{shown(low)} to {shown(high)}"


def _between(low: float, high: float) -> str:
    if math.isnan(low) or math.isnan(high):
        return ""
    if math.isinf(low):
        return f" [at most {shown(high)}]"
    return f" [at least {shown(low)}]" if math.isinf(high) else f" [{shown(low)}, {shown(high)}]"


def _bound(found: Effect) -> str:
    """The sign before a value that censored seeds make a bound."""
    return "≤ " if math.isinf(found.low) else "≥ " if math.isinf(found.high) else ""


def _row(one: Judgement, planned: int) -> tuple[str, ...]:
    claim, found = one.claim, one.effect
    published = "-" if claim.published is None else shown(claim.published)
    if claim.published_band is not None:
        published += f" [{shown(claim.published_band[0])}, {shown(claim.published_band[1])}]"
    ours = "-" if not found.n else _bound(found) + shown(found.value) + _between(found.low, found.high)
    seeds = f"{found.n} of {planned}" if 0 < found.n < planned else str(found.n or "-")
    return claim.text, published, ours, seeds, must_be(claim.band), word(one.verdict)


def table(preset: Preset, scale: str, found: Sequence[Judgement], judged: bool = True) -> Table:
    """The claims of a preset (or, with judged False, what is reported as found) as a table."""
    chosen = [one for one in found if (one.claim.band is not None) is judged]
    what = "claims" if judged else "reported as found, not judged"
    records = tuple(
        {
            **{key: value for key, value in record(one).items() if key not in ("interval", "band")},
            "low": one.effect.low,
            "high": one.effect.high,
            "published": one.claim.published,
            "text": one.claim.text,
        }
        for one in chosen
    )
    title = f"{preset.name}, scale {scale}: {what}"
    rows = tuple(_row(one, len(preset.seeds(one.claim, scale))) for one in chosen)
    return Table(f"{preset.name}_{scale}", title, _HEADS, rows, NOTE if judged else "", records)


def terminal(shown_table: Table) -> str:
    """A table for the terminal: its first column wrapped."""
    rows = []
    for first, *rest in shown_table.rows:
        lines = textwrap.wrap(first, _WIDE) or [""]
        rows.append((lines[0], *rest))
        rows += [(line, *[""] * len(rest)) for line in lines[1:]]
    narrow = Table(shown_table.key, shown_table.title, shown_table.columns, tuple(rows), shown_table.note, ())
    return narrow.to_terminal()


def bullet(line: str) -> str:
    """A line of a list, wrapped for the terminal."""
    return textwrap.fill(line, 110, initial_indent="- ", subsequent_indent="  ")


def reasons(found: Sequence[Judgement]) -> list[str]:
    """Why what did not pass did not."""
    return [
        f"{word(one.verdict)} {one.claim.id}: {one.reason}"
        for one in found
        if one.claim.band is not None and one.verdict is not Verdict.passed
    ]


def record(one: Judgement) -> dict[str, Any]:
    """A claim's verdict as plain values; null where a number is not known or an end is open."""
    band = one.claim.band
    return {
        "preset": one.preset,
        "claim": one.claim.id,
        "scale": one.scale,
        "verdict": one.verdict.value,
        "n": one.effect.n,
        "value": _finite(one.effect.value),
        "interval": [_finite(one.effect.low), _finite(one.effect.high)],
        "band": None if band is None else [_finite(band[0]), _finite(band[1])],
        "reason": one.reason,
    }


def _finite(value: float) -> float | None:
    return value if math.isfinite(value) else None


def counts(found: Sequence[Judgement]) -> dict[Verdict, int]:
    """How many claims have each verdict."""
    judged = [one for one in found if one.claim.band is not None]
    return {verdict: sum(one.verdict is verdict for one in judged) for verdict in list(Verdict)[:4]}


def overview(found: Sequence[tuple[Preset, str, int, int, Sequence[Judgement]]]) -> Table:
    """All presets, one line each.

    Args:
        found: Preset, scale, complete runs, planned runs, judgements.
    """
    rows: list[tuple[str, ...]] = []
    records: list[dict[str, Value]] = []
    for preset, scale, done, planned, judgements in found:
        number = counts(judgements)
        cells = [str(number[verdict] or "-") for verdict in number]
        rows.append((preset.name, scale, f"{done} of {planned}", *cells))
        of_verdict = {verdict.value: count for verdict, count in number.items()}
        records.append({"preset": preset.name, "scale": scale, "runs": done, "planned": planned, **of_verdict})
    heads = ("preset", "scale", "runs", "pass", "fail", "not enough seeds", "not run")
    return Table("reproduction", "Reproduced papers: claims by verdict", heads, tuple(rows), "", tuple(records))
