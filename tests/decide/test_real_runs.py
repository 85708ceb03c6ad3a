"""`al-bench decide` with runs that are really made, each in a process of its own."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from al_bench.decide.looks import LOOKS
from al_bench.storage.decision_plan import read_decision
from al_bench.storage.runs import Run, find_runs
from tests.conftest import wait_for_rounds

SMOKE = ("debug=smoke", "study=small", "model=linear")
STUDY = Path("results", "runs", "small")


def al_bench(*words: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([sys.executable, "-m", "al_bench", *words], capture_output=True, text=True, check=False)


def recorded() -> dict[tuple[str, int], Run]:
    return {(run.strategy, run.seed): run for run in find_runs([STUDY])}


@pytest.mark.slow
@pytest.mark.timeout(1500)
def test_runs_between_looks_are_those_that_would_be_typed_and_an_interruption_goes_on(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    made = al_bench("run", "-m", *SMOKE, "strategy=random,margin", f"seed={','.join(map(str, range(LOOKS[0])))}")
    assert made.returncode == 0, made.stderr

    command = [sys.executable, "-m", "al_bench", "decide", str(STUDY), "--minutes", "20"]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    plan_file = STUDY / _data_set() / "decide.json"
    try:
        wait_for_rounds(plan_file.parent / "random,model=linear" / "seed-5", 1)
    finally:
        process.send_signal(signal.SIGTERM)
        _, errors = process.communicate()
    assert process.returncode == 130, errors
    assert "the same command goes on" in errors
    plan = read_decision(plan_file.parent)
    assert plan is not None
    assert (plan.tests, plan.looks, plan.taken) == (1, list(LOOKS), 1)

    again = al_bench("decide", str(STUDY), "--minutes", "20")
    assert again.returncode == 0, again.stderr
    assert "Settled with" in again.stdout
    runs = recorded()
    last = max(seed for _, seed in runs) + 1
    assert last in LOOKS
    assert set(runs) == {(name, seed) for name in ("random", "margin") for seed in range(last)}
    assert all(run.complete for run in runs.values())

    typed = al_bench("run", *SMOKE, "strategy=margin", "seed=5", "results=typed")
    assert typed.returncode == 0, typed.stderr
    (twin,) = find_runs([Path("typed")])
    ours = runs["margin", 5]
    assert [record.acquired for record in ours.rounds] == [record.acquired for record in twin.rounds]
    assert ours.accuracy == twin.accuracy
    differing = {
        key for key, value in (twin.header.identity or {}).items() if (ours.header.identity or {})[key] != value
    }
    assert not differing
    assert json.loads(plan_file.read_text())["taken"] == LOOKS.index(last) + 1


def _data_set() -> str:
    (folder,) = [path.name for path in STUDY.iterdir() if path.is_dir()]
    return folder
