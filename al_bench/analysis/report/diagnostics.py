"""The health of the runs: which rounds were beyond a threshold, and how balanced the picks' classes were."""

from __future__ import annotations

import statistics
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from al_bench.analysis.health_notes import NOT_RECORDED, HealthNote, has_health, health_notes
from al_bench.analysis.report.grid import Grid, make

if TYPE_CHECKING:
    from al_bench.analysis.figures.overlay import Mark
    from al_bench.analysis.runs import Run
    from al_bench.analysis.study import Study


@dataclass(frozen=True)
class Diagnostics:
    """What is to be said of the runs' health.

    Args:
        lines: Before the tables.
        tables: The checks beyond their threshold, and the class balance of the picks, as far as recorded.
        marks: Where a warning (remarks on the set-up aside) is on the curves.
    """

    lines: tuple[str, ...]
    tables: tuple[Grid, ...]
    marks: tuple[Mark, ...]


def diagnose(study: Study) -> Diagnostics:
    """Read the health of every run of a study, whole-pool references included."""
    from al_bench.analysis.figures.overlay import Mark

    groups = [(study.title(group.name), group) for group in study.groups]
    groups += [(group.label, group) for group in study.references]
    runs = [run for _, group in groups for run in group.runs]
    recorded = [run for run in runs if has_health(run)]
    if not recorded:
        line = f"Health: {NOT_RECORDED}. These runs were played by an al-bench that did not keep the health of a round."
        return Diagnostics((line,), (), ())
    lines = []
    if len(recorded) < len(runs):
        lines.append(
            f"Health: {NOT_RECORDED} in {len(runs) - len(recorded)} of {len(runs)} runs, those of an older al-bench."
        )
    notes = [(title, note) for title, group in groups for note in health_notes(group.runs)]
    if not notes:
        lines.append(f"No check was beyond its threshold in any round of {len(recorded)} runs.")
    marks = tuple(
        Mark(study.dataset, group.name, note.labelled, note.check)
        for group in study.groups
        for note in health_notes(group.runs)
        if not note.remark
    )
    checks = make(
        "Checks beyond their threshold",
        ("check", "arm", "seeds", "rounds", "the first of them"),
        _rows(notes, recorded),
        "Rounds over all seeds, out of those with health on record.",
        words=True,
    )
    tables = [table for table in (checks, _balance(study)) if table is not None]
    return Diagnostics(tuple(lines), tuple(tables), marks)


def _rows(notes: Sequence[tuple[str, HealthNote]], recorded: Sequence[Run]) -> list[tuple[str, ...]]:
    """A row a check and arm, warnings before remarks."""
    together: dict[tuple[str, str], list[HealthNote]] = {}
    for title, note in sorted(notes, key=lambda pair: (pair[1].remark, pair[1].check, pair[0])):
        together.setdefault((note.check, title), []).append(note)
    rows: list[tuple[str, ...]] = []
    for (_, title), found in together.items():
        first = found[0]
        arms = {(run.study, run.arm) for run in (note.run for note in found)}
        rounds = sum(len(run.rounds) for run in recorded if (run.study, run.arm) in arms)
        seeds = sorted({note.run.seed for note in found})
        where = f"seed {first.run.seed}, round {first.round}: {first.sentence}"
        rows.append((first.title, title, ", ".join(map(str, seeds)), f"{len(found)} of {rounds}", where))
    return rows


def _balance(study: Study) -> Grid | None:
    """How far the classes of all picks of a run are from the pool's, beside Random's, where recorded."""
    base = study.baseline
    values = {group.name: [kl for run in group.runs if (kl := _last_kl(run)) is not None] for group in study.groups}
    if not any(values.values()):
        return None
    rows = []
    for group in study.groups:
        found = values[group.name]
        middle = f"{statistics.median(found):.3f}" if found else NOT_RECORDED
        against = ""
        if found and base is not None and values[base] and group.name != base:
            difference = statistics.median(found) - statistics.median(values[base])
            against = f"{difference:+.3f}".replace("-", "−")
        rows.append((study.title(group.name), middle, against))
    other = f"less {study.title(base)}'s" if base is not None else "less the baseline's"
    return make(
        "Class balance of what was picked",
        ("arm", "KL to the pool", other),
        rows,
        "KL(classes of all picks of a run ‖ classes of the pool) in nats, median over seeds; 0: balanced as the pool.",
    )


def _last_kl(run: Run) -> float | None:
    known = [entry["health"].get("acquired_kl") for entry in run.rounds if isinstance(entry.get("health"), dict)]
    return next((float(value) for value in reversed(known) if isinstance(value, (int, float))), None)
