"""The planted studies: their truth is what they say, their lines can be made again, and the committed table holds."""

from __future__ import annotations

import csv
import importlib
import sys
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest

ROOT = Path(__file__).resolve().parents[2]
COMMITTED = ROOT / "results" / "planted_savings.csv"


@pytest.fixture(scope="module")
def cases() -> ModuleType:
    sys.path.insert(0, str(ROOT / "scripts"))
    try:
        return importlib.import_module("planted_cases")
    finally:
        sys.path.pop(0)


@pytest.fixture(scope="module")
def planted(cases: ModuleType) -> ModuleType:
    sys.path.insert(0, str(ROOT / "scripts"))
    try:
        return importlib.import_module("planted_savings")
    finally:
        sys.path.pop(0)


def committed() -> list[dict[str, str]]:
    with COMMITTED.open(newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


@pytest.mark.parametrize("saved", [0.15, 0.3])
def test_the_noise_free_curves_cross_with_exactly_so_many_fewer_labels(cases: ModuleType, saved: float) -> None:
    def crossed(curve: np.ndarray) -> float:
        return float(np.interp(cases.TARGET, curve, cases.LABELS))  # both curves rise

    strategy = cases.saving_curve(saved)
    assert (np.diff(cases.RANDOM) > 0).all()
    assert (np.diff(strategy) > 0).all()
    assert 1 - crossed(strategy) / crossed(cases.RANDOM) == pytest.approx(saved, abs=1e-9)


def test_the_crossing_curves_have_equal_areas(cases: ModuleType) -> None:
    difference = cases.crossing_curve() - cases.RANDOM
    assert np.trapezoid(difference, cases.LABELS) == pytest.approx(0, abs=1e-9)
    assert difference.min() < -0.03
    assert difference.max() > 0.005


def test_collapsing_seeds_undo_the_gain_of_the_others(cases: ModuleType) -> None:
    case = next(case for case in cases.CASES if "collapse" in case.name)
    truth = cases.truths(case, 4000)["planted"]
    assert truth.area > 0.02
    assert truth.mean_area == pytest.approx(0, abs=0.003)
    assert truth.collapsing == pytest.approx(0.15, abs=0.02)
    assert truth.ahead > 0.8


def test_arms_share_round_zero_and_nothing_later(cases: ModuleType) -> None:
    study = cases.play(cases.CASES[0], 8, np.random.default_rng(0))
    one, other = study["null_0"], study["random"]
    assert (one[:, 0] == other[:, 0]).all()
    assert (one[:, 1:] != other[:, 1:]).mean() > 0.9
    departures = one - cases.RANDOM
    lag = np.corrcoef(departures[:, 5:20].ravel(), departures[:, 6:21].ravel())[0, 1]
    assert 0.3 < lag < 0.9


def test_a_line_is_made_again_and_a_file_goes_on(planted: ModuleType, cases: ModuleType, tmp_path: Path) -> None:
    case, out = cases.CASES[5], tmp_path / "table.csv"
    planted.table([case], 4, out)
    whole = out.read_text()
    lines = whole.splitlines(keepends=True)
    assert len(lines) == 1 + len(planted.SEEDS)
    out.write_text("".join(lines[:3]))
    planted.table([case], 4, out)
    assert out.read_text() == whole


def test_the_committed_table_has_every_case_at_every_number_of_seeds(planted: ModuleType, cases: ModuleType) -> None:
    lines = committed()
    assert [(line["case"], int(line["seeds"])) for line in lines] == [
        (case.name, seeds) for case in cases.CASES for seeds in planted.SEEDS
    ]
    assert all(int(line["repetitions"]) >= 500 for line in lines)


def test_no_claim_is_false_by_its_own_words_in_more_than_five_per_cent_of_the_planted_studies() -> None:
    for line in committed():
        for claim in ("false_better", "false_ahead", "collapse_missed"):
            assert float(line[claim]) <= 0.05, (line["case"], line["seeds"], claim)


def test_the_guide_shows_the_committed_table() -> None:
    sys.path.insert(0, str(ROOT / "scripts"))
    try:
        pages = importlib.import_module("guide_pages")
    finally:
        sys.path.pop(0)
    page = ROOT / "al_bench" / "guide" / "statistics.md"
    assert pages.statistics_page(page.read_text(encoding="utf-8")) == page.read_text(encoding="utf-8")
