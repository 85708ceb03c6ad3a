"""The comparison script at a size that tests nothing but the script: its lines, its checks, its resumption."""

from __future__ import annotations

import csv
import importlib
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from tests.conftest import REPOSITORY

SCRIPT = REPOSITORY / "scripts" / "speed.py"


def speed(*words: str, folder: Path) -> subprocess.CompletedProcess[str]:
    common = ["--tiny", "--threads", "1", "--out", str(folder / "speed.csv"), "--cache", str(folder / "cache")]
    command = [sys.executable, str(SCRIPT), *common, *words]
    return subprocess.run(command, capture_output=True, text=True, timeout=280, env={**os.environ, "MPLBACKEND": "Agg"})


def lines(folder: Path) -> list[dict[str, str]]:
    with open(folder / "speed.csv", newline="") as file:
        return list(csv.DictReader(file))


@pytest.fixture
def modules(monkeypatch: pytest.MonkeyPatch) -> Any:
    monkeypatch.syspath_prepend(str(REPOSITORY / "scripts"))
    return importlib.import_module


@pytest.mark.slow
def test_lines_are_well_formed_and_not_measured_twice(tmp_path: Path) -> None:
    names = ("mc_batchbald_cnn", "k_centre_noise_numpy", "badge_noise_materialised")
    words = [word for name in names for word in ("--only", name)]
    ran = speed(*words, folder=tmp_path)
    assert ran.returncode == 0, ran.stderr
    found = lines(tmp_path)
    assert [line["threads"] for line in found] == ["1"] * 3
    columns = ["work", "against", "threads", "n", "ours_s", "theirs_s", "ratio", "spread", "target", "met", "reason"]
    for line in found:
        assert list(line) == columns
        assert line["n"] == "1/1"
        low, high = (float(part) for part in line["spread"].split("-"))
        ratio = float(line["theirs_s"]) / float(line["ours_s"])
        assert float(line["ratio"]) == pytest.approx(ratio, rel=0.01)
        assert low == pytest.approx(high)  # one repeat
        assert "NOT" not in line["reason"]
        assert line["met"] == ("yes" if float(line["ratio"]) >= float(line["target"]) else "no")
    assert "log p within 1e-5; against float64 ours" in found[0]["reason"]
    assert (tmp_path / "speed.png").stat().st_size > 10_000
    before = (tmp_path / "speed.csv").read_bytes()
    again = speed("--only", names[0], folder=tmp_path)
    assert "measured before" in again.stdout
    assert (tmp_path / "speed.csv").read_bytes() == before


def test_an_unknown_row_is_refused(tmp_path: Path) -> None:
    ran = speed("--only", "badger", folder=tmp_path)
    assert (ran.returncode, ran.stderr) == (2, "speed: no row 'badger'; --list names them\n")


def test_rows_of_the_table_are_distinct(modules: Any) -> None:
    rows = modules("comparison.rows")
    assert len(rows.NAMES) == len(rows.ROWS)
    assert len({(row.work, row.against) for row in rows.ROWS}) == len(rows.ROWS)
    environments = modules("comparison.peers").PACKAGES
    for row in rows.ROWS:
        for side in (row.ours, row.theirs):
            assert side.repeats >= 1
            assert not side.environment or side.environment in environments
            assert (SCRIPT.parent / "comparison" / side.file).exists()
            assert f'"{side.task}"' in (SCRIPT.parent / "comparison" / side.file).read_text()


def test_joint_information_is_compared_within_its_error(modules: Any) -> None:
    checks = modules("comparison.checks")
    generator = torch.Generator().manual_seed(0)
    draws = (4 * torch.randn(5, 6, 3, generator=generator, dtype=torch.float64)).log_softmax(2)
    better, worse = draws[:3], draws[[0, 0, 0]]
    truth = [checks.exact_information(part) for part in (better, worse)]
    difference, error, estimates = checks.compare_information(better, worse, samples=20_000)
    assert difference == pytest.approx(truth[0] - truth[1], abs=4 * error)
    assert estimates == pytest.approx(truth, abs=0.03)
    assert 0 < error < 0.01


def test_other_picks_do_not_pass_for_equal(modules: Any, tmp_path: Path) -> None:
    checks = modules("comparison.checks")
    generator = torch.Generator().manual_seed(0)
    for name, shape in (("features", (30, 4)), ("labelled_features", (2, 4))):
        np.save(tmp_path / f"{name}.npy", torch.randn(*shape, generator=generator).numpy())
    np.save(tmp_path / "log_probs.npy", torch.randn(30, 3, generator=generator).log_softmax(1).numpy())
    one, other = ({"rows": np.array(rows)} for rows in ([1, 2, 3], [4, 5, 6]))
    agrees, words = checks.k_centre(one, other, tmp_path, {"batch": 3})
    assert (agrees, words[:24]) == (False, "0 of 3 picks shared, rad")
    assert checks.k_centre(one, one, tmp_path, {"batch": 3}) == (True, "picks equal")
    assert not checks.badge(one, other, tmp_path, {"batch": 3})[0]
    close, off = ({"scores": np.array([0.5, value])} for value in (0.2, 0.21))
    assert checks.scores(close, close, tmp_path, {})[0]
    assert not checks.scores(close, off, tmp_path, {})[0]
