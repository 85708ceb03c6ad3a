"""A study as one tidy table: a pandas DataFrame for notebooks and for plots of one's own.

The package's own figures and tables use the arrays of `statistics.curves`: importing pandas would make `al-bench plot`
and `al-bench compare` 0.3 s slower. A test holds that both say the same.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any

from al_bench.analysis.measured import value_in

if TYPE_CHECKING:
    import pandas as pd

    from al_bench.analysis.arms import Arm
    from al_bench.storage.runs import Run

_STAGES = ("train", "evaluate", "score", "select", "tune")


def tidy_frame(arms: Iterable[Arm], metrics: Sequence[str], budget: str = "labels") -> pd.DataFrame:
    """One row per run and evaluated round.

    Args:
        arms: Arms, whole-pool references among them or not.
        metrics: Names of the metrics, accuracy first.
        budget: What the column of labels is called: cost where that is what it holds.

    Returns:
        Columns: dataset, arm, strategy, reference (whether the run trained once on the whole pool), seed, round (from
        0), labels (initial set included), each metric as it was recorded (accuracy and other fractions from 0 to 1, NaN
        where the round has none), and seconds_train, seconds_evaluate, seconds_score, seconds_select and
        seconds_tune of that round, NaN for a stage that it did not have. Rows are ordered by arm, seed and round.
    """
    import pandas as pd

    rows = [row for arm in arms for run in arm.runs for row in _rows(arm, run, metrics, budget)]
    columns = ["dataset", "arm", "strategy", "reference", "seed", "round", budget, *metrics]
    columns += [f"seconds_{stage}" for stage in _STAGES]
    frame = pd.DataFrame(rows, columns=columns)
    return frame.astype(dict.fromkeys(columns[7:], "float64"))


def _rows(arm: Arm, run: Run, metrics: Sequence[str], budget: str) -> list[dict[str, Any]]:
    return [
        {
            "dataset": arm.dataset,
            "arm": arm.name,
            "strategy": arm.strategy,
            "reference": arm.reference,
            "seed": run.seed,
            "round": record.round,
            budget: record.labelled,
            **{name: value_in(run, record, name) for name in metrics},
            **{f"seconds_{stage}": record.seconds.get(stage) for stage in _STAGES},
        }
        for record in run.rounds
        if record.accuracy is not None
    ]
