"""The health of the runs: which rounds were beyond a threshold, and how balanced the picks' classes were."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from al_bench.analysis.health_notes import NOT_RECORDED, has_health, health_notes
from al_bench.analysis.report.grid import Grid

if TYPE_CHECKING:
    from al_bench.analysis.figures.overlay import Mark
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
    from al_bench.analysis.tables.health import balance_table, checks_table, titled

    runs = [run for _, group in titled(study) for run in group.runs]
    recorded = [run for run in runs if has_health(run)]
    if not recorded:
        line = f"Health: {NOT_RECORDED}. These runs were played by an al-bench that did not keep the health of a round."
        return Diagnostics((line,), (), ())
    lines = []
    if len(recorded) < len(runs):
        lines.append(
            f"Health: {NOT_RECORDED} in {len(runs) - len(recorded)} of {len(runs)} runs, those of an older al-bench."
        )
    checks, balance = checks_table(study), balance_table(study)
    if checks is None:
        lines.append(f"No check was beyond its threshold in any round of {len(recorded)} runs.")
    marks = tuple(
        Mark(study.dataset, group.name, note.labelled, note.check)
        for group in study.groups
        for note in health_notes(group.runs)
        if not note.remark
    )
    tables = tuple(
        Grid(table.title.removesuffix(f" on {study.dataset}"), table.columns, table.rows, table.note, words)
        for table, words in ((checks, True), (balance, False))
        if table is not None
    )
    return Diagnostics(tuple(lines), tables, marks)
