"""What is said of a study: verdict, tables and health remarks, fetched from where they are computed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from al_bench.analysis.report.grid import Grid
from al_bench.analysis.verdict import default_targets, verdict

if TYPE_CHECKING:
    from al_bench.analysis.figures.overlay import Mark
    from al_bench.analysis.study import Study


@dataclass(frozen=True)
class Judgement:
    """A study and what is said of it.

    Args:
        study: The arms of one dataset.
        targets: Accuracies to reach, fractions.
        sentences: The verdict.
        tables: Those of `al-bench compare`.
        health_lines: What to say before the table of remarks, or in its place.
        health: The remarks, a row each.
        marks: Where the remarks are on the curves.
    """

    study: Study
    targets: tuple[float, ...]
    sentences: tuple[str, ...]
    tables: tuple[Grid, ...]
    health_lines: tuple[str, ...]
    health: Grid | None
    marks: tuple[Mark, ...]


def judge(study: Study, targets: Sequence[float] = ()) -> Judgement:
    """Judge a study at the targets given, or at those its curves suggest."""
    asked = tuple(targets) or default_targets(study)
    return Judgement(
        study=study,
        targets=asked,
        sentences=verdict(study, asked).sentences,
        tables=(),
        health_lines=(),
        health=None,
        marks=(),
    )
