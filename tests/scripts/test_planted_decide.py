"""The planted decisions: their lines can be made again, and the committed table holds what the guide says of it."""

from __future__ import annotations

import csv
import importlib
import sys
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest

from al_bench.analysis.statistics.area import area
from al_bench.decide.looks import BETTER

ROOT = Path(__file__).resolve().parents[2]
COMMITTED = ROOT / "results" / "planted_decide.csv"


@pytest.fixture(scope="module")
def planted() -> ModuleType:
    sys.path.insert(0, str(ROOT / "scripts"))
    try:
        return importlib.import_module("planted_decide")
    finally:
        sys.path.pop(0)


def committed() -> list[dict[str, str]]:
    with COMMITTED.open(newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


def test_the_committed_table_has_every_case_with_enough_repetitions(planted: ModuleType) -> None:
    assert [line["case"] for line in committed()] == [case.name for case in planted.cases()]
    assert all(int(line["repetitions"]) >= 1000 for line in committed())


@pytest.mark.parametrize("line", committed(), ids=lambda line: line["case"])
def test_claims_are_false_in_at_most_five_per_cent_of_studies(line: dict[str, str]) -> None:
    assert float(line["high"]) <= 0.05
    assert 5 <= float(line["seeds"]) < 20
    assert 0.3 < float(line["saved"]) < 0.7
    assert sum(float(line[f"ends_at_{look}"]) for look in (5, 7, 10, 14, 20)) == pytest.approx(1, abs=5e-4)
    assert float(line["better"]) >= float(line["better_at_20"]) - 0.05


def test_the_differences_are_those_of_the_area_under_the_curve(planted: ModuleType) -> None:
    case = planted.cases()[1]
    study = planted.play(case, 6, np.random.default_rng(0))
    ends = (float(planted.LABELS[0]), float(planted.LABELS[-1]))
    wanted = area(planted.LABELS, study["planted"], *ends) - area(planted.LABELS, study["random"], *ends)
    assert planted.gains(study)["planted"] == pytest.approx(wanted)


def test_the_mean_of_all_seeds_counts_those_that_collapse(planted: ModuleType) -> None:
    case = next(case for case in planted.cases() if case.name.endswith("no better on average"))
    assert planted.mean_of_all(case)["balanced"] == pytest.approx(0, abs=1e-12)
    drawn = planted.gains(planted.play(case, 4000, np.random.default_rng(0)))["balanced"]
    assert abs(drawn.mean()) < 4 * drawn.std() / len(drawn) ** 0.5


def test_a_line_is_made_from_its_case_alone_and_a_large_saving_is_found(planted: ModuleType) -> None:
    case = next(case for case in planted.cases() if case.name == "one strategy, saves 30 %")
    first, again = planted.judge(case, 20), planted.judge(case, 20)
    assert first == again
    assert float(first["better"]) == 1
    said = planted.decide(planted.gains(planted.play(case, 20, np.random.default_rng(1))))
    assert said.ended(BETTER) == ["planted"]
