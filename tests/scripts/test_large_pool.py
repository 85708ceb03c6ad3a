"""The script that measures pools in shards, on a small pool."""

from __future__ import annotations

import importlib
import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.conftest import REPOSITORY

SCRIPTS = REPOSITORY / "scripts"


@pytest.fixture
def script(monkeypatch: pytest.MonkeyPatch) -> Any:
    monkeypatch.syspath_prepend(str(SCRIPTS))
    return importlib.import_module("large_pool")


def line(name: str, rows: int, workers: int, main: float, others: float) -> tuple[tuple[str, ...], dict[str, str]]:
    key = (name, "shards", str(rows), str(workers))
    return key, {"main_s": str(main), "workers_s": str(others), "select_s": "0"}


def test_conclusions_are_those_of_the_lines(script: Any) -> None:
    found = dict([line("mlp", 10, 1, 4.0, 0.0), line("mlp", 10, 2, 0.5, 4.5), line("mlp", 100, 1, 40.0, 0.0)])
    script.conclude(found)
    one, two, larger = found.values()
    assert two["critical_s"] == "2.75"
    assert two["efficiency"] == "0.73"  # 4 / (2 · 2.75)
    assert one["efficiency"] == one["exponent"] == two["exponent"] == ""
    assert larger["exponent"] == "1.00"


@pytest.mark.slow
def test_parquet_files_are_the_same_data_and_picks(tmp_path: Path, script: Any) -> None:
    pool = script.features(tmp_path / "pool", 2_000)
    files, test = script.in_parquet(pool)
    assert len(list(files.glob("part-*.parquet"))) == 20
    found = []
    given = [f"dataset.path={files}", f"dataset.test_path={test}", f"cache={tmp_path / 'cache'}"]
    for words in (["dataset=npz", f"dataset.path={pool}"], ["dataset=table", *given]):
        command = [sys.executable, str(SCRIPTS / "large_pool_line.py"), "1", "1", *words]
        ran = subprocess.run(
            [*command, *script.ROUND, *script.WORDS["linear"]], capture_output=True, text=True, check=True
        )
        found.append(json.loads(ran.stdout.splitlines()[-1]))
    assert found[0]["picks"] == found[1]["picks"]
    assert found[0]["fingerprint"] == found[1]["fingerprint"]
    assert [each["reads"] for each in found] == [1.0, 1.0]


@pytest.mark.slow
def test_a_line_is_measured_and_picks_are_those_of_one_process_and_of_memory(tmp_path: Path, script: Any) -> None:
    pool = script.features(tmp_path / "pool", 20_000)
    assert len(list(pool.glob("x-*.npy"))) == 20
    found = []
    for path, workers in ((pool, "1"), (pool, "2"), (script.in_memory(pool), "1")):
        words = [f"dataset.path={path}", "dataset=npz", *script.ROUND, *script.WORDS["mlp"]]
        command = [sys.executable, str(SCRIPTS / "large_pool_line.py"), workers, "1", *words]
        ran = subprocess.run(command, capture_output=True, text=True, check=True)
        found.append(json.loads(ran.stdout.splitlines()[-1]))
    assert len({each["picks"] for each in found}) == 1
    assert len({each["fingerprint"] for each in found}) == 1
    assert [each["rows"] for each in found] == [19_900] * 3
    assert round(found[0]["reads"] * 19_900) in (19_900, 19_901)  # one more may be read, to find the shapes of masks
    assert found[0]["workers_s"] == [0]
    assert found[1]["workers_s"][0] > 0
