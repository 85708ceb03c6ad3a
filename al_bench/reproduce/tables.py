"""Judged claims as tables for readers and as records for programs."""

from __future__ import annotations

import math
import textwrap
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import msgspec

from al_bench.analysis.tables.table import Table, Value
from al_bench.reproduce.effects import Effect
from al_bench.reproduce.judge import ClaimVerdict, JudgedClaim
from al_bench.reproduce.preset import Preset, Scale, format_number
from al_bench.reproduce.reproduction import Reproduction

_CLAIM_WIDTH = 58
_BULLET_WIDTH = 110
_VERDICTS = {
    ClaimVerdict.passed: "PASS",
    ClaimVerdict.failed: "FAIL",
    ClaimVerdict.not_enough_seeds: "NOT ENOUGH SEEDS",
    ClaimVerdict.not_run: "NOT RUN",
    ClaimVerdict.reported: "reported",
}
_HEADS = ("claim", "published", "ours", "n", "must be", "verdict")
NOTE = (
    "Published: the paper's value, in brackets the range of reproductions or the quartiles of the logs. Ours: the "
    "value (at a point of a logged curve the median) with the 95 % interval of the mean, for roughly "
    "normal values over seeds; a place with its range over "
    "leaving out each seed in turn; ≤ and ≥: a bound, where seeds end before they reach the accuracy. PASS: the "
    "interval lies wholly inside what it must be; FAIL: wholly outside; NOT ENOUGH SEEDS: across an edge, or fewer "
    "than 3 seeds."
)


def verdict_text(verdict: ClaimVerdict) -> str:
    """A verdict as the tables print it."""
    return _VERDICTS[verdict]


def band_text(band: tuple[float, float] | None) -> str:
    """A band as the tables print it; empty where there is none."""
    if band is None:
        return ""
    low, high = band
    if math.isinf(low):
        return f"< {format_number(high)}"
    return f"> {format_number(low)}" if math.isinf(high) else f"{format_number(low)} to {format_number(high)}"


def _interval_text(low: float, high: float) -> str:
    if math.isnan(low) or math.isnan(high):
        return ""
    if math.isinf(low):
        return f" [at most {format_number(high)}]"
    return (
        f" [at least {format_number(low)}]" if math.isinf(high) else f" [{format_number(low)}, {format_number(high)}]"
    )


def _bound_sign(effect: Effect) -> str:
    """The sign before a value that censored seeds make a bound."""
    return "≤ " if math.isinf(effect.low) else "≥ " if math.isinf(effect.high) else ""


def _row(judged: JudgedClaim, planned: int) -> tuple[str, ...]:
    claim, effect = judged.claim, judged.effect
    published = format_number(claim.published)
    if claim.published_band is not None:
        published += f" [{format_number(claim.published_band[0])}, {format_number(claim.published_band[1])}]"
    ours = _bound_sign(effect) + format_number(effect.value) + _interval_text(effect.low, effect.high)
    seeds = f"{effect.n} of {planned}" if 0 < effect.n < planned else str(effect.n or "-")
    return claim.text, published, ours if effect.n else "-", seeds, band_text(claim.band), verdict_text(judged.verdict)


def claims_table(preset: Preset, scale: Scale, claims: Sequence[JudgedClaim], judged: bool = True) -> Table:
    """The claims of a preset as a table.

    Args:
        preset: The preset.
        scale: paper, laptop or smoke.
        claims: Its judged claims.
        judged: True for the claims that have a band, False for those that are only reported.
    """
    chosen = [each for each in claims if (each.claim.band is not None) is judged]
    subject = "claims" if judged else "reported as found, not judged"
    records = tuple(
        {
            **{key: value for key, value in as_record(each).items() if key not in ("interval", "band")},
            "low": each.effect.low,
            "high": each.effect.high,
            "published": each.claim.published,
            "text": each.claim.text,
        }
        for each in chosen
    )
    title = f"{preset.name}, scale {scale}: {subject}"
    rows = tuple(_row(each, len(preset.claim_seeds(each.claim, scale))) for each in chosen)
    return Table(f"{preset.name}_{scale}", title, _HEADS, rows, NOTE if judged else "", records)


def for_terminal(table: Table) -> str:
    """A table for the terminal: the cells of its first column wrapped."""
    rows = []
    for first, *rest in table.rows:
        lines = textwrap.wrap(first, _CLAIM_WIDTH) or [""]
        rows.append((lines[0], *rest))
        rows += [(line, *[""] * len(rest)) for line in lines[1:]]
    return replace(table, rows=tuple(rows)).to_terminal()


def bullet(line: str) -> str:
    """A line of a list, wrapped for the terminal."""
    return textwrap.fill(line, _BULLET_WIDTH, initial_indent="- ", subsequent_indent="  ")


def reasons(claims: Sequence[JudgedClaim]) -> list[str]:
    """Why the claims that did not pass did not, one line each."""
    return [
        f"{verdict_text(each.verdict)} {each.claim.id}: {each.reason}"
        for each in claims
        if each.claim.band is not None and each.verdict is not ClaimVerdict.passed
    ]


def as_record(judged: JudgedClaim) -> dict[str, Any]:
    """A claim's verdict as plain values: NaN where a number is not known, infinite at an open end."""
    effect = judged.effect
    return {
        "preset": judged.preset,
        "claim": judged.claim.id,
        "scale": judged.scale,
        "verdict": judged.verdict.value,
        "n": effect.n,
        "value": effect.value,
        "interval": [effect.low, effect.high],
        "band": judged.claim.band,
        "reason": judged.reason,
    }


def to_json(claims: Sequence[JudgedClaim]) -> str:
    """The claims that have a band as a JSON array; null where a number is not known or an end is open."""
    records = [as_record(each) for each in claims if each.claim.band is not None]
    return msgspec.json.format(msgspec.json.encode(records), indent=1).decode() + "\n"


def counts(claims: Sequence[JudgedClaim]) -> dict[ClaimVerdict, int]:
    """Number of judged claims by verdict."""
    verdicts = [each.verdict for each in claims if each.claim.band is not None]
    return {verdict: verdicts.count(verdict) for verdict in ClaimVerdict if verdict is not ClaimVerdict.reported}


def overview(reproductions: Sequence[Reproduction]) -> Table:
    """All presets, one line each: complete runs, and the number of claims by verdict."""
    rows: list[tuple[str, ...]] = []
    records: list[dict[str, Value]] = []
    for each in reproductions:
        number = counts(each.claims)
        rows.append((each.preset.name, each.scale, each.progress, *(str(count or "-") for count in number.values())))
        of_verdict = {verdict.value: count for verdict, count in number.items()}
        runs = {"runs": len(each.runs), "planned": each.planned}
        records.append({"preset": each.preset.name, "scale": each.scale, **runs, **of_verdict})
    heads = ("preset", "scale", "runs", "pass", "fail", "not enough seeds", "not run")
    return Table("reproduction", "Reproduced papers: claims by verdict", heads, tuple(rows), "", tuple(records))
