"""A metric that the runs recorded as their own is drawn and tabulated by its name, unit and direction."""

from __future__ import annotations

import csv
from pathlib import Path

import numpy as np
import pytest

from al_bench.analysis.figures.curves import draw_curves
from al_bench.analysis.report.figures import figure_specs
from al_bench.analysis.report.judgement import judge
from al_bench.analysis.studies import studies
from al_bench.analysis.study import Study
from al_bench.analysis.tables.accuracy import compare_tables, metrics_table
from al_bench.analysis.tables.curves import write_csv
from al_bench.errors import InputError
from tests.analysis.illustrated import write_illustrated
from tests.analysis.records import write_run

BRIER = {"brier": {"label": "Brier score", "unit": "", "higher_is_better": False, "low": 0.0, "high": 2.0}}
"""As a run's header describes it."""


@pytest.fixture
def study(tmp_path: Path) -> Study:
    """Two arms whose rounds recorded a metric of their own; one of them goes further."""
    for arm, value in (("random", 0.5), ("bald", 0.25)):
        for seed in range(2):
            accuracy = [0.5, 0.6, 0.7] if arm == "random" else [0.5, 0.6, 0.7, 0.8]
            rounds = {"metrics": {"brier": value + 0.1 * seed}, "nll": None}
            write_illustrated(tmp_path, accuracy, arm=arm, seed=seed, rounds=rounds, header={"own_metrics": BRIER})
    return studies([tmp_path])[0]


def test_it_is_drawn_on_its_own_axis(study: Study) -> None:
    (axes,) = draw_curves([study], "brier").axes
    (line,) = (line for line in axes.lines if line.get_label() == "bald")
    assert np.asarray(line.get_ydata()).tolist() == pytest.approx([0.3] * 4)
    assert axes.get_ylabel() == "Brier score"
    assert axes.get_ylim()[0] >= 0


def test_it_is_tabulated_at_the_last_shared_label_count(study: Study) -> None:
    table = metrics_table(study)
    assert table is not None
    assert table in compare_tables(study, ())
    assert table.columns == ("arm", "seeds", "Calibration error (%)", "Brier score")
    assert table.rows == (("bald", "2", "10.0 ± 0.0", "0.300 ± 0.071"), ("random", "2", "10.0 ± 0.0", "0.550 ± 0.071"))
    assert "at 40 labels" in table.note
    assert "brier score: lower is better" in table.note
    assert table.records[1]["brier"] == 0.35


def test_it_is_in_the_report(study: Study) -> None:
    assert "Brier score" in [spec.title for spec in figure_specs(judge(study))]


def test_runs_that_recorded_accuracy_alone_have_no_such_table(tmp_path: Path) -> None:
    write_run(tmp_path, [0.5, 0.6], arm="random")
    assert metrics_table(studies([tmp_path])[0]) is None


def test_arms_that_share_no_label_count_have_no_such_table(tmp_path: Path) -> None:
    write_illustrated(tmp_path, [0.5, 0.6], arm="random")
    write_illustrated(tmp_path, [0.5, 0.6], arm="bald", start=15)
    assert metrics_table(studies([tmp_path])[0]) is None


def test_a_metric_that_no_run_has_is_refused_with_those_there_are(study: Study) -> None:
    with pytest.raises(InputError, match="--metric is 'f1'; these runs have accuracy, nll, ece, balanced_accuracy"):
        draw_curves([study], "f1")


def test_it_is_a_column_of_the_frame(study: Study) -> None:
    assert study.frame.groupby("seed")["brier"].max().tolist() == pytest.approx([0.5, 0.6])


def test_its_curves_are_written_as_csv(study: Study, tmp_path: Path) -> None:
    write_csv(study.arms, tmp_path / "curves.csv", "brier")
    rows = list(csv.DictReader((tmp_path / "curves.csv").read_text().splitlines()))
    medians = {(row["arm"], row["labels"]): float(row["median"]) for row in rows}
    assert medians["bald", "20"] == pytest.approx(0.3)
    assert medians["random", "40"] == pytest.approx(0.55)
    with pytest.raises(InputError, match="no run of bald on digits recorded f1; plot another --metric"):
        write_csv(study.arms, tmp_path / "curves.csv", "f1")
