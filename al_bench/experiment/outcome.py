"""How a run ended, in a line, and the table of how the runs of a sweep ended."""

from __future__ import annotations

import contextlib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from al_bench.errors import InputError
from al_bench.records import RoundRecord
from al_bench.storage.run_folder import RunFolder, read_status

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


def outcome_from_record(path: Path, hint: str = "") -> Outcome:
    """How a job ended that returned nothing, by its run's folder.

    Args:
        path: The folder.
        hint: What else is known where the record says nothing, such as the last line of a log.
    """
    with contextlib.suppress(InputError):  # a damaged record is not complete
        run = RunFolder(path)
        if run.complete:
            return Outcome("complete", str(path), f"{run.rounds[-1].labelled} labels, from its record")
        if run.status == "failed" and (error := read_status(path).get("error")):
            return Outcome("failed", str(path), " ".join(str(error).split()))
    said = f" ({hint})" if hint else ""
    return Outcome("missing", str(path), f"no result: the worker died or never started{said}; run the command again")


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


def describe_end(last: RoundRecord, pool_classes: Sequence[int], stopping: str) -> str:
    """How far a complete run came, in one line.

    Args:
        last: Its last round.
        pool_classes: [C] points of the pool by class; empty where no record says.
        stopping: The option of its stopping rule.
    """
    return (
        f"{last.labelled} labels, accuracy {last.accuracy:.4f}{_annotation(last)}"
        f"{_unlabelled_classes(last, pool_classes)}{_how_it_stopped(last, stopping)}"
    )


def _annotation(last: RoundRecord) -> str:
    """What the annotator said up to the end and what it cost; empty where every label was true and cost 1."""
    if (said := last.annotation) is None:
        return ""
    parts = [f"without an answer {said.abstained}"] * bool(said.abstained)
    parts += [f"wrong labels {said.wrong}"] * bool(said.wrong) + [f"cost {said.cost:,}"]
    return f", {', '.join(parts)}"


def _how_it_stopped(last: RoundRecord, stopping: str) -> str:
    """Which stopping rule ended a run, or that none did; empty for a run without one."""
    if last.stopped_by is not None:
        return f", stopped by {last.stopped_by}"
    return "" if stopping == "none" else f", and stopping={stopping} did not stop it before"


def _unlabelled_classes(last: RoundRecord, pool: Sequence[int]) -> str:
    """How many classes of the pool have no label at the end; empty where all have one."""
    if len(pool) != len(last.class_counts):
        return ""
    never = sum(not count for count, points in zip(last.class_counts, pool, strict=True) if points)
    return f", no label of {never} of {sum(map(bool, pool))} classes" if never else ""
