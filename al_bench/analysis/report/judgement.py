"""What is said of a study: verdict, tables and health remarks, fetched from where they are computed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from al_bench.analysis.pairwise import ranks_table, total_table
from al_bench.analysis.report.diagnostics import Diagnostics, diagnose
from al_bench.analysis.report.grid import Grid
from al_bench.analysis.tables.accuracy import compare_tables
from al_bench.analysis.verdict import default_targets, verdict

if TYPE_CHECKING:
    from al_bench.analysis.study import Study
    from al_bench.analysis.tables.table import Table


@dataclass(frozen=True)
class Judgement:
    """A study and what is said of it.

    Args:
        study: The arms of one dataset.
        targets: Accuracies to reach, fractions.
        sentences: The verdict.
        tables: Those of `al-bench compare`.
        diagnostics: The health of its runs.
    """

    study: Study
    targets: tuple[float, ...]
    sentences: tuple[str, ...]
    tables: tuple[Grid, ...]
    diagnostics: Diagnostics


def judge(study: Study, targets: Sequence[float] = ()) -> Judgement:
    """Judge a study at the targets given, or at those its curves suggest."""
    asked = tuple(targets) or default_targets(study)
    return Judgement(
        study=study,
        targets=asked,
        sentences=tuple(sentence.replace(" %", "\N{NO-BREAK SPACE}%") for sentence in verdict(study, asked).sentences),
        tables=tuple(_grid(table) for table in compare_tables(study, asked)),
        diagnostics=diagnose(study),
    )


def joint_tables(found: Sequence[Study]) -> tuple[Grid, ...]:
    """The tables over several data sets; none for one."""
    return tuple(_grid(table) for table in (total_table(found), ranks_table(found)) if table is not None)


def _grid(table: Table) -> Grid:
    note = table.note if table.note.startswith("n =") else table.note[:1].upper() + table.note[1:]
    return Grid(table.title, table.columns, table.rows, note)
