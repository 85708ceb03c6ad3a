"""How a run ended, and the table of how the runs of a sweep ended."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

STATUSES = ("complete", "failed", "missing")


@dataclass(frozen=True)
class Outcome:
    """How a run ended.

    Args:
        status: complete, failed, or missing (a run of a sweep that returned nothing).
        folder: The run's folder; None where the configuration was refused before there was one.
        note: One line: the last accuracy, or what went wrong.
        bad_input: The failure is the configuration's fault.
    """

    status: str
    folder: str | None
    note: str
    bad_input: bool = False


def outcome_table(outcomes: Sequence[tuple[str, Outcome]]) -> str:
    """How every run of a sweep ended, one line each, and a last line with the number of each status.

    Args:
        outcomes: A name for every run, shown where it has no folder, and its outcome.
    """
    names = [outcome.folder or name for name, outcome in outcomes]
    width = max(map(len, names), default=0)
    rows = [
        f"{outcome.status:<9} {name:<{width}}  {outcome.note}"
        for name, (_, outcome) in zip(names, outcomes, strict=True)
    ]
    return "\n".join([*rows, count_statuses([outcome for _, outcome in outcomes])])


def count_statuses(outcomes: Sequence[Outcome]) -> str:
    """The number of each status, such as "3 complete, 1 failed, 0 missing"."""
    return ", ".join(f"{sum(outcome.status == status for outcome in outcomes)} {status}" for status in STATUSES)
