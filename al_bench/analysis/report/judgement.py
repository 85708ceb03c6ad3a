"""What is said of a study: verdict, tables, and which rounds were unhealthy, fetched from where they are computed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from al_bench.analysis.advice.next_step import next_step
from al_bench.analysis.advice.step import NextStep
from al_bench.analysis.families import family_lines
from al_bench.analysis.health_notes import NOT_RECORDED, has_health, titled_arms
from al_bench.analysis.tables.accuracy import compare_tables
from al_bench.analysis.tables.health import checks_table, class_balance_table
from al_bench.analysis.tables.pairwise import ranks_table, total_table
from al_bench.analysis.targets import in_order
from al_bench.analysis.verdict import Finding, default_targets, verdict, winning

if TYPE_CHECKING:
    from al_bench.analysis.study import Study
    from al_bench.analysis.tables.table import Table


@dataclass(frozen=True)
class Diagnostics:
    """What is to be said of the runs' health.

    Args:
        lines: Before the tables.
        tables: The checks beyond their threshold, and the class balance of the picks, as far as recorded.
    """

    lines: tuple[str, ...]
    tables: tuple[Table, ...]


@dataclass(frozen=True)
class Judgement:
    """A study and what is said of it.

    Args:
        study: The arms of one dataset.
        targets: Values of the metric to reach, as recorded.
        sentences: The verdict.
        tables: Those of `al-bench compare`.
        diagnostics: The health of its runs.
        tested: What was tested, in sentences.
        findings: The arms against the baseline; empty without one.
        winners: Those of them that the verdict claims to be better.
        step: What to do next.
    """

    study: Study
    targets: tuple[float, ...]
    sentences: tuple[str, ...]
    tables: tuple[Table, ...]
    diagnostics: Diagnostics
    step: NextStep
    tested: tuple[str, ...] = ()
    findings: tuple[Finding, ...] = ()
    winners: tuple[Finding, ...] = ()


def judge(study: Study, targets: Sequence[float] = ()) -> Judgement:
    """Judge a study at the targets given, or at those its curves suggest."""
    asked = in_order(study, targets) or None
    said = verdict(study, asked)
    return Judgement(
        study=study,
        targets=default_targets(study) if asked is None else asked,
        sentences=tuple(sentence.replace(" %", "\N{NO-BREAK SPACE}%") for sentence in said.sentences),
        tables=tuple(_with_capital(table) for table in compare_tables(study, asked)),
        diagnostics=diagnose(study),
        step=next_step(study, said.findings),
        tested=tuple(line.replace(" %", "\N{NO-BREAK SPACE}%") for line in family_lines(study, said.findings)),
        findings=said.findings,
        winners=winning(said),
    )


def joint_tables(studies: Sequence[Study]) -> tuple[Table, ...]:
    """The tables over several data sets; none for one."""
    tables = total_table(studies), ranks_table(studies)
    return tuple(_with_capital(table) for table in tables if table is not None)


def _with_capital(table: Table) -> Table:
    """The table with a note that begins with a capital, as on a page it stands by itself."""
    note = table.note if table.note.startswith("n =") else table.note[:1].upper() + table.note[1:]
    return replace(table, note=note)


def diagnose(study: Study) -> Diagnostics:
    """Read the health of every run of a study, whole-pool references included."""
    runs = [run for _, arm in titled_arms(study) for run in arm.runs]
    recorded = [run for run in runs if has_health(run)]
    if not recorded:
        line = f"Health: {NOT_RECORDED}. An older al-bench wrote these runs; it did not record the health of a round."
        return Diagnostics((line,), ())
    lines = []
    if len(recorded) < len(runs):
        missing = len(runs) - len(recorded)
        lines.append(f"Health: {NOT_RECORDED} in {missing} of {len(runs)} runs, those of an older al-bench.")
    checks, balance = checks_table(study, expert=True), class_balance_table(study, expert=True)
    if checks is None:
        lines.append(f"No check was beyond its threshold in any round of {len(recorded)} runs.")
    tables = tuple(
        replace(table, title=table.title.removesuffix(f" on {study.dataset}"))
        for table in (checks, balance)
        if table is not None
    )
    return Diagnostics(tuple(lines), tables)
