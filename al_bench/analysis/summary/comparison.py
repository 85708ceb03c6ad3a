"""From folders of runs to verdicts, as values: what `al-bench compare` prints, for a notebook."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from al_bench.analysis.advice.next_step import next_step
from al_bench.analysis.advice.step import NextStep
from al_bench.analysis.budget import BUDGETS
from al_bench.analysis.families import family_lines
from al_bench.analysis.implied import implied_lines
from al_bench.analysis.start import start_lines
from al_bench.analysis.studies import studies
from al_bench.analysis.study import Study
from al_bench.analysis.tables.accuracy import compare_tables
from al_bench.analysis.tables.health import health_tables
from al_bench.analysis.tables.table import Table
from al_bench.analysis.targets import in_order
from al_bench.analysis.verdict import Verdict, verdict
from al_bench.errors import InputError

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True)
class Comparison:
    """What the runs on one dataset show.

    Args:
        study: The runs.
        verdict: Two sentences, and what they rest on.
        step: What to do next.
        tables: The tables, in the order in which they are printed.
    """

    study: Study
    verdict: Verdict
    step: NextStep
    tables: tuple[Table, ...]

    @property
    def frame(self) -> pd.DataFrame:
        """One row for each arm, seed and evaluated round."""
        return self.study.frame

    @property
    def notes(self) -> tuple[str, ...]:
        """What was tested, what labels count, and how the runs began, a sentence or more each."""
        study = self.study
        tested = family_lines(study, self.verdict.findings)
        return (*study.counted, *tested, *start_lines(study), *implied_lines(study))

    def table(self, key: str) -> pd.DataFrame:
        """A table in full precision.

        Args:
            key: As `--csv` names its file, such as `accuracy`.

        Raises:
            InputError: there is none of that name.
        """
        import pandas as pd

        for table in self.tables:
            if table.key == key:
                return pd.DataFrame.from_records(list(table.records))
        raise InputError(f"there is no table {key!r}; there are {', '.join(table.key for table in self.tables)}")

    def __str__(self) -> str:
        return " ".join(self.verdict.sentences)


def compare(
    *folders: str | Path,
    metric: str = "accuracy",
    baseline: str | None = None,
    targets: Sequence[float] = (),
    planned: Sequence[str] = (),
    over: str = "labels",
    log: bool = False,
    include_incomplete: bool = False,
    report: Callable[[str], None] = warnings.warn,
) -> list[Comparison]:
    """Judge the runs in and under folders, a comparison for each dataset.

    Args:
        folders: Studies, archives, arms or runs, in any mixture.
        metric: What the arms are judged by: a metric's name, or `recall:CLASS`.
        baseline: The strategy to compare with; None: Random.
        targets: Values of the metric to reach, as it is recorded (accuracy from 0 to 1); empty: up to three that fit.
        planned: Arms or strategies that were named before the results were seen: a family of tests of their own.
        over: What the curves run over, `labels` or `cost`.
        log: Areas under the curve over ln labels: early labels weigh more.
        include_incomplete: Take in runs that are running, failed or interrupted, as far as they got.
        report: Called with a line for everything that is left out or chosen.

    Raises:
        InputError: nothing to compare, or a metric, baseline, planned arm or budget that there is not.
    """
    if over not in BUDGETS:
        raise InputError(f"over is {over!r}; choose one of {', '.join(BUDGETS)}")
    found = studies(paths_of(folders), baseline, include_incomplete, report, metric, tuple(planned), BUDGETS[over])
    return [comparison(study, in_order(study, tuple(targets)) or None, log) for study in found]


def paths_of(folders: Sequence[str | Path]) -> list[Path]:
    """Folders as paths.

    Raises:
        InputError: there is none.
    """
    if not folders:
        raise InputError("no folder is given: name a study, such as results/runs/my-study")
    return [Path(folder) for folder in folders]


def comparison(study: Study, targets: Sequence[float] | None = None, log: bool = False) -> Comparison:
    """Judge one study.

    Args:
        targets: Values of the metric to reach, in order; None: up to three that fit.
        log: Areas under the curve over ln labels.
    """
    tables = (*compare_tables(study, targets, log), *health_tables(study))
    said = verdict(study, targets)
    return Comparison(study, said, next_step(study, said.findings), tables)


def load_runs(*folders: str | Path, metric: str = "accuracy", include_incomplete: bool = False) -> pd.DataFrame:
    """The runs in and under folders as one table, a row for each run and evaluated round.

    Args:
        folders: Studies, archives, arms or runs, in any mixture.
        metric: The one that every run must have; all others that are on record are columns, too.
        include_incomplete: Take in runs that are running, failed or interrupted, as far as they got.

    Returns:
        Columns: dataset, arm, strategy, reference, seed, round (from 0), labels (initial set included), each metric as
        recorded (accuracy and other fractions from 0 to 1), and seconds_train, seconds_evaluate, seconds_score,
        seconds_select of that round.

    Raises:
        InputError: no run is there, or none is complete.
    """
    import pandas as pd

    found = studies(paths_of(folders), include_incomplete=include_incomplete, report=warnings.warn, metric=metric)
    return pd.concat([study.frame for study in found], ignore_index=True)
