"""The profile's bookkeeping: stacks to stages, functions and shares."""

from __future__ import annotations

import importlib
from typing import Any

import pytest

from tests.conftest import REPOSITORY

LOOP = (
    "<module> (al_bench/__main__.py:7);_play (al_bench/experiment/job.py:144);play (al_bench/experiment/loop.py:{line})"
)
FIT = f"{LOOP.format(line=50)};train (al_bench/experiment/loop.py:97);fit (al_bench/learners/fit.py:190)"
STACKS = [
    f"{FIT};backward (torch/_tensor.py:8) 60",
    f"{FIT};backward (torch/_tensor.py:9) 20",
    f"{LOOP.format(line=66)};score (al_bench/experiment/acquire.py:33);bald (al_bench/kernels/scores.py:191) 15",
    "<module> (al_bench/__main__.py:7);main (al_bench/cli/main.py:90) 4",
    f"{LOOP.format(line=83)};describe (al_bench/experiment/loop.py:101) 1",
    "_bootstrap_inner (threading.py:1045);run (threading.py:982);sample (al_bench/experiment/meter.py:44) 500",
]


@pytest.fixture
def script(monkeypatch: pytest.MonkeyPatch) -> Any:
    monkeypatch.syspath_prepend(str(REPOSITORY / "scripts"))
    return importlib.import_module("profile_run")


def test_samples_are_booked_by_stage_and_place(script: Any) -> None:
    found = script.counted(STACKS)
    assert found == {
        ("train", "learners.fit.fit", "backward (_tensor.py)"): 80,
        ("score", "kernels.scores.bald", "bald (scores.py)"): 15,
        ("start-up", "cli.main.main", "main (main.py)"): 4,
        ("other", "experiment.loop.describe", "describe (loop.py)"): 1,
    }


def test_the_table_adds_up(script: Any) -> None:
    rows = script.table(script.counted(STACKS))
    sums = {row["stage"]: float(row["share_percent"]) for row in rows if row["al_bench"] == "all"}
    assert sums == {"train": 80.0, "score": 15.0, "start-up": 4.0, "other": 1.0}
    assert rows[0] == {
        "stage": "train",
        "seconds": "1.6",
        "share_percent": "80.0",
        "al_bench": "all",
        "innermost": "all",
    }


def test_small_places_are_summed_up(script: Any) -> None:
    stacks = [
        f"{LOOP.format(line=50)};train (al_bench/experiment/loop.py:97);f{at} (torch/x.py:1) 1" for at in range(300)
    ]
    rows = script.table(script.counted(stacks))
    assert [row["al_bench"] for row in rows] == ["all", "others"]
    assert rows[1]["share_percent"] == "100.0"
