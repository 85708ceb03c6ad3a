"""The processes of a sweep: what they report, and what becomes of them when it is terminated."""

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from al_bench.reproduce.launch import ProcessGroup, launch, run_process
from al_bench.reproduce.runs import PlannedRun
from tests.conftest import REPOSITORY, wait_for_rounds

SLEEP = [sys.executable, "-c", "import time; time.sleep(600)"]


def planned(*overrides, seed=0):
    """A planned run whose record is of no interest."""
    return PlannedRun("arm", seed, overrides, Path("folder"), {}, {})


def test_a_process_that_starts_after_the_termination_is_terminated_too():
    processes = ProcessGroup()
    processes.terminate()
    ended = processes.run(SLEEP, dict(os.environ))
    assert (ended.returncode, ended.stdout, ended.stderr) == (-signal.SIGTERM, "", "")


def test_output_errors_and_status_of_a_process_are_returned():
    command = [sys.executable, "-c", "import sys; print('out'); print('err', file=sys.stderr); sys.exit(3)"]
    ended = ProcessGroup().run(command, dict(os.environ))
    assert (ended.returncode, ended.stdout, ended.stderr) == (3, "out\n", "err\n")


def test_a_refused_run_has_its_reason_as_note(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    outcome = run_process(planned("strategy=nonsense"), ProcessGroup())
    assert (outcome.status, outcome.bad_input) == ("failed", True)
    assert outcome.note.startswith("strategy is 'nonsense'; choose one of ")
    assert os.listdir(tmp_path) == []


def test_a_terminated_run_names_the_signal():
    processes = ProcessGroup()
    processes.terminate()
    outcome = run_process(planned("debug=smoke"), processes)
    assert (outcome.status, outcome.note) == ("failed", "ended by SIGTERM; run the command again")


def test_outcomes_come_in_the_given_order_and_each_is_reported(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    lines = []
    runs = [planned(f"strategy={name}", seed=seed) for seed, name in enumerate(("first", "second"))]
    outcomes = launch(runs, 2, lines.append)
    assert [name for name, _ in outcomes] == ["arm seed 0", "arm seed 1"]
    assert ["'first'" in outcomes[0][1].note, "'second'" in outcomes[1][1].note] == [True, True]
    assert sorted(line[:5] for line in lines) == ["[1/2]", "[2/2]"]


SWEEP = """
import sys
from pathlib import Path
from al_bench.cli.main import sigterm_as_interrupt
from al_bench.errors import Terminated
from al_bench.reproduce.launch import launch
from al_bench.reproduce.runs import PlannedRun

overrides = ("debug=smoke", "schedule.rounds=100", "training.steps=50")
try:
    with sigterm_as_interrupt():
        runs = [PlannedRun("bald", seed, (*overrides, f"seed={seed}"), Path("."), {}, {}) for seed in range(3)]
        launch(runs, 2, print)
except Terminated:
    sys.exit(130)
"""


@pytest.mark.slow
def test_sigterm_to_the_sweep_alone_ends_its_runs(tmp_path):
    environment = {**os.environ, "PYTHONPATH": str(REPOSITORY)}
    process = subprocess.Popen([sys.executable, "-c", SWEEP], cwd=tmp_path, env=environment, stdout=subprocess.PIPE)
    for seed in (0, 1):
        wait_for_rounds(tmp_path / f"results/runs/smoke/synthetic/bald,steps=50/seed-{seed}", 1)
    process.send_signal(signal.SIGTERM)
    out, _ = process.communicate(timeout=120)
    assert process.returncode == 130
    assert out == b""
    statuses = [json.loads(file.read_text())["status"] for file in tmp_path.rglob("status.json")]
    assert statuses == ["interrupted"] * 2  # the third is not begun
