"""The tidy frame of a study holds what the arrays hold, and its statistics are theirs."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from al_bench.analysis.arms import group_runs
from al_bench.analysis.figures.series import seconds_of
from al_bench.analysis.studies import studies
from al_bench.analysis.study import Study
from al_bench.metrics import METRICS
from al_bench.storage.runs import find_runs
from tests.analysis.illustrated import write_illustrated
from tests.analysis.records import write_run

DIGITS = Path(__file__).resolve().parents[2] / "results" / "runs" / "digits"


@pytest.fixture(scope="module")
def digits() -> Study:
    (study,) = studies([DIGITS])
    return study


def test_one_row_a_run_and_evaluated_round(digits: Study) -> None:
    frame = digits.frame
    arms = frame[~frame["reference"]]
    assert len(arms) == sum(len(run.labels) for arm in digits.arms for run in arm.runs)
    assert not arms.duplicated(["arm", "seed", "labels"]).any()
    assert list(frame.columns[:7]) == ["dataset", "arm", "strategy", "reference", "seed", "round", "labels"]
    assert list(frame.columns[7 : 7 + len(METRICS)]) == list(METRICS)
    assert set(frame[frame["reference"]]["arm"]) == {arm.name for arm in digits.references}


def test_a_pivot_of_it_is_the_studys_accuracy(digits: Study) -> None:
    for arm in digits.arms:
        rows = digits.frame[(digits.frame["arm"] == arm.name) & ~digits.frame["reference"]]
        grid = rows.pivot(index="seed", columns="labels", values="accuracy").reindex(columns=digits.labels)
        assert np.array_equal(grid.to_numpy(), digits.values[arm.name], equal_nan=True)
        assert tuple(grid.index) == digits.seeds[arm.name]


@pytest.mark.parametrize("statistic", ["median", "mean", "sem"])
def test_its_statistics_are_those_of_the_summaries(digits: Study, statistic: str) -> None:
    for arm in digits.arms:
        rows = digits.frame[(digits.frame["arm"] == arm.name) & ~digits.frame["reference"]]
        by_labels = rows.groupby("labels")["accuracy"].agg(statistic)
        assert by_labels.to_numpy() == pytest.approx(getattr(arm.summary, statistic), abs=1e-15)


@pytest.mark.parametrize("ends", ["common", "pad", "available"])
def test_seeds_of_different_lengths_are_put_on_one_grid_as_pandas_does(tmp_path: Path, ends: str) -> None:
    for seed, rounds in enumerate((5, 3, 4)):
        write_illustrated(tmp_path, [0.5 + 0.1 * step + 0.01 * seed for step in range(rounds)], arm="bald", seed=seed)
    (arm,) = group_runs(find_runs([tmp_path]), ends)
    (study,) = studies([tmp_path])
    grid = study.frame.pivot(index="seed", columns="labels", values="accuracy")
    nll = study.frame.pivot(index="seed", columns="labels", values="nll")
    if ends == "pad":
        grid, nll = grid.ffill(axis=1), nll.ffill(axis=1)
    if ends != "available":
        grid = grid.dropna(axis=1)
        nll = nll[grid.columns]
    assert np.array_equal(arm.curves.values, grid.to_numpy(), equal_nan=True)
    assert arm.curves.labels.tolist() == grid.columns.tolist()
    assert np.array_equal(arm.metric_curves("nll").values, nll.to_numpy(), equal_nan=True)


def test_seconds_add_up_to_those_of_the_figures(digits: Study) -> None:
    for arm in digits.arms:
        rows = digits.frame[(digits.frame["arm"] == arm.name) & ~digits.frame["reference"]].set_index(
            ["seed", "labels"]
        )
        stages = rows[["seconds_train", "seconds_score", "seconds_select"]].fillna(0)
        spent = stages.sum(axis=1).groupby("seed").cumsum() - stages["seconds_score"] - stages["seconds_select"]
        assert spent.unstack().to_numpy() == pytest.approx(seconds_of(arm))


def test_what_a_record_lacks_is_nan(tmp_path: Path) -> None:
    write_run(tmp_path, [0.5, None, 0.7])
    (study,) = studies([tmp_path])
    assert study.frame["round"].tolist() == [0, 2]
    assert study.frame["nll"].isna().all()
    assert pd.api.types.is_float_dtype(study.frame["nll"])
