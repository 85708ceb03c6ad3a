"""The processes of a sweep: what becomes of them when it is ended."""

import json
import os
import signal
import subprocess
import sys

import pytest

from al_bench.reproduce import sweep
from tests.conftest import REPOSITORY, wait_for_rounds

SLEEP = [sys.executable, "-c", "import time; time.sleep(600)"]


def test_what_starts_after_the_end_is_ended_too():
    going = sweep.Going()
    going.end()
    status, out, err = going.finish(SLEEP, dict(os.environ))
    assert (status, out, err) == (-signal.SIGTERM, "", "")


def test_a_command_that_is_not_ended_says_what_it_said():
    words = [sys.executable, "-c", "import sys; print('out'); print('err', file=sys.stderr); sys.exit(3)"]
    assert sweep.Going().finish(words, dict(os.environ)) == (3, "out\n", "err\n")


SWEEP = """
import sys
from pathlib import Path
from al_bench.cli.main import sigterm_as_interrupt
from al_bench.errors import Terminated
from al_bench.reproduce.records import Planned
from al_bench.reproduce.sweep import run

words = ("debug=smoke", "schedule.rounds=100", "training.steps=50")
try:
    with sigterm_as_interrupt():
        run([Planned("bald", seed, (*words, f"seed={seed}"), Path("."), {}, {}) for seed in range(3)], 2, print)
except Terminated:
    sys.exit(130)
"""


@pytest.mark.slow
def test_sigterm_to_the_sweep_alone_ends_its_runs(tmp_path):
    environment = {**os.environ, "PYTHONPATH": str(REPOSITORY)}
    process = subprocess.Popen([sys.executable, "-c", SWEEP], cwd=tmp_path, env=environment, stdout=subprocess.PIPE)
    for seed in (0, 1):
        wait_for_rounds(tmp_path / f"results/runs/smoke/synthetic/bald,rounds=100,steps=50/seed-{seed}", 1)
    process.send_signal(signal.SIGTERM)
    out, _ = process.communicate(timeout=120)
    assert process.returncode == 130
    assert out == b""
    statuses = [json.loads(file.read_text())["status"] for file in tmp_path.rglob("status.json")]
    assert statuses == ["interrupted"] * 2  # the third is not begun
