"""A run in the processes of torchrun: that of one process, and no process that stays behind."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import psutil
import pytest
import torch

from tests.conftest import Record, wait_for_rounds

pytestmark = [
    pytest.mark.slow,
    pytest.mark.timeout(600),
    pytest.mark.skipif(not torch.distributed.is_available() or sys.platform != "linux", reason="no gloo here"),
]
WORDS = (
    *("run", "dataset=digits", "strategy=bald", "posterior.draws=300", "schedule.rounds=5", "training.stop=steps"),
    *("training.steps=20", "arm=a", "evaluation.draws=2"),
)


def start(folder: Path, *words: str, ranks: int = 2) -> subprocess.Popen[str]:
    torchrun = ("-m", "torch.distributed.run", "--standalone", f"--nproc_per_node={ranks}") if ranks else ()
    return subprocess.Popen(
        [sys.executable, *torchrun, "-m", "al_bench", *WORDS, *words],
        cwd=folder,
        env={**os.environ, "OMP_NUM_THREADS": "1"},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
        start_new_session=True,
    )


def run_of(folder: Path, study: str = "default") -> Record:
    return Record(folder / "results/runs" / study / "digits/a/seed-0")


def ends(process: subprocess.Popen[str]) -> tuple[str, str]:
    """What a command said; every process of it has ended."""
    out, err = process.communicate(timeout=300)
    return out, err


def ours(err: str) -> list[str]:
    return [line for line in err.splitlines() if line.startswith("al-bench run:")]


@pytest.mark.parametrize("ranks", [1, 3])
def test_a_run_is_that_of_one_process(tmp_path, ranks):
    process = start(tmp_path, "engine=torchrun", ranks=ranks)
    out, err = ends(process)
    assert process.returncode == 0, err
    assert out.count("results/runs/default") == 2, "one process speaks"
    again = start(tmp_path, "engine=torchrun", ranks=ranks)
    out, err = ends(again)
    assert (again.returncode, "already complete" in out) == (0, True), err
    other = start(tmp_path, "study=other", ranks=0)
    _, err = ends(other)
    assert other.returncode == 0, err
    assert run_of(tmp_path).stable == run_of(tmp_path, "other").stable


def test_processes_that_would_all_do_the_run_are_refused_in_one_line(tmp_path):
    process = start(tmp_path)
    _, err = ends(process)
    assert process.returncode == 1  # torchrun's
    assert len(ours(err)) == 1
    assert "add engine=torchrun" in ours(err)[0]
    assert not (tmp_path / "results").exists()


@pytest.mark.parametrize("way", ["Ctrl-C", "SIGTERM", "torchrun killed", "rank 0 killed", "rank 1 killed"])
def test_a_run_that_ends_in_the_middle_leaves_no_process_and_goes_on(tmp_path, way):
    process = start(tmp_path, "engine=torchrun", "schedule.rounds=40")
    wait_for_rounds(tmp_path, 2)
    ranks = psutil.Process(process.pid).children()
    assert len(ranks) == 2
    sent = {"Ctrl-C": signal.SIGINT, "SIGTERM": signal.SIGTERM, "torchrun killed": signal.SIGKILL}
    if way in sent:
        process.send_signal(sent[way])  # torchrun starts its ranks in sessions of their own
    else:
        ranks[int(way[5])].kill()
    _, err = ends(process)
    assert not psutil.wait_procs(ranks, timeout=20)[1]
    assert process.returncode != 0
    status = json.loads((run_of(tmp_path).folder / "status.json").read_text())["status"]
    expected = {"rank 0 killed": "running", "rank 1 killed": "failed"}.get(way, "interrupted")
    assert status == expected, err
    if way == "rank 1 killed":
        assert len(ours(err)) == 1, err
        assert "rank 1 of torchrun was ended from outside" in ours(err)[0]
        last = len(run_of(tmp_path).rounds)
        again = start(tmp_path, "engine=torchrun", f"schedule.rounds={last + 1}")
        _, err = ends(again)
        assert again.returncode == 0, err
        other = start(tmp_path, "study=other", f"schedule.rounds={last + 1}", ranks=0)
        _, err = ends(other)
        assert other.returncode == 0, err
        assert run_of(tmp_path).stable == run_of(tmp_path, "other").stable
