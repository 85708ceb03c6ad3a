"""The growth script at a size that tests nothing but the script: its lines, its conclusions, its resumption."""

from __future__ import annotations

import csv
import importlib
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.conftest import REPOSITORY

SCRIPT = REPOSITORY / "scripts" / "growth.py"


def growth(*words: str, folder: Path) -> subprocess.CompletedProcess[str]:
    common = ["--tiny", "--out", str(folder / "growth.csv"), "--cache", str(folder / "cache")]
    return subprocess.run([sys.executable, str(SCRIPT), *common, *words], capture_output=True, text=True, timeout=280)


@pytest.fixture
def script(monkeypatch: pytest.MonkeyPatch) -> Any:
    monkeypatch.syspath_prepend(str(REPOSITORY / "scripts"))
    return importlib.import_module("growth")


@pytest.mark.slow
@pytest.mark.timeout(300)
def test_lines_are_well_formed_and_not_measured_twice(tmp_path: Path, script: Any) -> None:
    ran = growth("--only", "badge", folder=tmp_path)
    assert ran.returncode == 0, ran.stderr
    with open(tmp_path / "growth.csv", newline="") as file:
        found = list(csv.DictReader(file))
    places = [(line["axis"], line["n_rows"], line["labelled"]) for line in found]
    grown = [("pool", "300", "20"), ("pool", "600", "20")]
    assert places == [*grown, ("labelled", "300", "20"), ("labelled", "300", "40")]
    for line in found:
        assert tuple(line) == script.COLUMNS
        assert int(line["n"]) > 1
        assert float(line["train_s"]) > 0
        assert float(line["score_s"]) + float(line["select_s"]) > 0
        assert line["exponent"]
        assert (line["met"] == "") == (line["axis"] == "labelled")
    assert found[0]["score_s"] == found[2]["score_s"], "the smallest of both axes are one measurement"
    assert (tmp_path / "growth.png").stat().st_size > 10_000
    before = (tmp_path / "growth.csv").read_bytes()
    assert growth("--only", "badge", folder=tmp_path).stdout == ""
    assert (tmp_path / "growth.csv").read_bytes() == before


def test_the_slope_of_a_power_is_its_exponent(script: Any) -> None:
    assert script.slope((10, 100, 1000), (3, 3 * 10**1.5, 3 * 10**3)) == pytest.approx(1.5)


def lines(script: Any, strategy: str, seconds: tuple[float | None, ...]) -> list[dict[str, str]]:
    """Lines of pools of 1e5, 1e6 … points whose selection took some seconds, or was given up."""
    made = []
    for place, value in enumerate(seconds):
        found = {"n": 1, "train_s": 1, "score_s": 1, "select_s": value, "wall_s": 1, "memory": (place + 1) * 9e7}
        key = (strategy, "pool", str(10 ** (5 + place)), "100")
        made.append(script.line(key, 100, None if value is None else found, "" if value else "given up after 9 s"))
    script.conclude(made, 10 ** (4 + len(seconds)))
    return made


def test_a_miss_has_a_reason_and_what_was_given_up_no_verdict(script: Any) -> None:
    linear, steep, short = (
        lines(script, strategy, seconds)
        for strategy, seconds in (("badge", (1, 19)), ("typiclust", (1, 199)), ("typiclust", (1, 199, None)))
    )
    assert [(line["exponent"], line["met"], line["reason"]) for line in linear] == [("1.00", "yes", "")] * 2
    assert linear[0]["bytes_a_point"] == "100"
    assert {(line["exponent"], line["met"]) for line in steep} == {("2.00", "no")}
    assert all("within a cluster" in line["reason"] for line in steep)
    assert {(line["exponent"], line["met"]) for line in short} == {("2.00", "")}
    assert short[-1]["reason"] == f"given up after 9 s; {script.CASES['typiclust'].above}"


def test_every_strategy_measured_is_one(script: Any) -> None:
    assert set(script.CASES) <= {path.stem for path in (REPOSITORY / "conf" / "strategy").glob("*.yaml")}
