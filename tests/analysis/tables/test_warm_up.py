"""The table of warm-ups: seeds, their mean, what the start is no part of, and other directions and settings."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from al_bench.analysis.studies import studies
from al_bench.analysis.tables.accuracy import compare_tables
from al_bench.analysis.tables.table import Table
from tests.analysis.records import write_run
from tests.reference.warm_up import ever_behind, warm_up

CURVES = {
    "random": [[0.5, 0.6, 0.7, 0.8], [0.5, 0.6, 0.7, 0.8], [0.5, 0.6, 0.7, 0.8]],
    "margin": [[0.5, 0.7, 0.8, 0.9], [0.5, 0.5, 0.8, 0.9], [0.5, 0.7, 0.65, 0.9]],
    "bald": [[0.4, 0.5, 0.6, 0.7], [0.4, 0.5, 0.6, 0.7], [0.4, 0.5, 0.6, 0.8]],
}


def table(root: Path, metric: str = "accuracy") -> Table | None:
    (study,) = studies([root], report=lambda _: None, metric=metric)
    return next((each for each in compare_tables(study, ()) if each.key == "warm_up"), None)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for name, curves in CURVES.items():
        for seed, curve in enumerate(curves):
            write_run(tmp_path, [{"accuracy": value, "nll": 1 - value} for value in curve], arm=name, seed=seed)
    return tmp_path


def test_seeds_and_their_mean_are_as_defined_after_the_start(folder: Path) -> None:
    labels = [30, 40, 50]
    each = {
        name: [warm_up(labels, ours[1:], base[1:]) for ours, base in zip(curves, CURVES["random"], strict=True)]
        for name, curves in CURVES.items()
    }
    assert each["margin"] == [30, 40, 50]
    shown = table(folder)
    assert shown is not None
    assert shown.rows == (
        ("bald †", "> 50", "> 50", "3 of 3", "[29, 100]"),
        ("margin", "40 [35, 45]", "30", "2 of 3", "[9, 99]"),
    )
    margin = next(record for record in shown.records if record["arm"] == "margin")
    assert (margin["warm_up"], margin["q25"], margin["q75"], margin["not_reached"]) == (40, 35, 45, 0)
    means = [np.mean(CURVES[name], axis=0).round(6).tolist()[1:] for name in ("margin", "random")]
    assert margin["warm_up_of_mean"] == warm_up(labels, *means)
    behind = [ever_behind(ours[1:], base[1:]) for ours, base in zip(CURVES["margin"], CURVES["random"], strict=True)]
    assert margin["ever_behind"] == sum(behind) == 2


def test_a_difference_at_the_start_is_no_work_of_the_strategy(tmp_path: Path) -> None:
    write_run(tmp_path, [0.5, 0.6, 0.7], arm="random")
    write_run(tmp_path, [0.3, 0.7, 0.8], arm="bald")
    shown = table(tmp_path)
    assert shown is not None
    assert shown.rows[0][1:4] == ("30", "30", "0 of 1")


def test_of_a_loss_lower_is_ahead(folder: Path) -> None:
    ours, theirs = table(folder, "nll"), table(folder)
    assert ours is not None
    assert theirs is not None
    assert [row[1:] for row in ours.rows] == [row[1:] for row in theirs.rows]
    assert "in negative log-likelihood" in ours.title


def test_runs_that_were_evaluated_at_the_start_alone_have_no_such_table(tmp_path: Path) -> None:
    for name in ("random", "margin"):
        write_run(tmp_path, [0.5], arm=name)
    assert table(tmp_path) is None
