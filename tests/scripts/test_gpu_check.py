"""The check of a GPU: it says where there is none, and its whole code runs at a size that tests nothing else."""

from __future__ import annotations

import csv
import os
import subprocess
import sys
from pathlib import Path

import pytest
import torch

from tests.conftest import REPOSITORY

SCRIPT = REPOSITORY / "scripts" / "gpu_check.py"


def check(*words: str) -> subprocess.CompletedProcess[str]:
    """Type the command."""
    environment = {**os.environ, "OMP_NUM_THREADS": "1"}
    command = [sys.executable, str(SCRIPT), *words]
    return subprocess.run(command, capture_output=True, text=True, timeout=280, env=environment, check=False)


@pytest.mark.skipif(torch.cuda.is_available(), reason="there is a GPU")
def test_without_a_gpu_it_says_so_and_writes_nothing(tmp_path: Path) -> None:
    done = check("--out", str(tmp_path / "gpu.csv"))
    assert done.returncode == 2
    assert done.stderr == "gpu_check: this machine has no CUDA device: nothing was measured\n"
    assert not list(tmp_path.iterdir())


def test_a_part_that_there_is_not_is_refused() -> None:
    done = check("--only", "everything")
    assert done.returncode == 2
    assert "invalid choice: 'everything'" in done.stderr


@pytest.mark.slow
def test_its_whole_code_runs_on_the_cpu(tmp_path: Path) -> None:
    done = check("--device", "cpu", "--small", "--out", str(tmp_path / "gpu.csv"))
    assert done.returncode == 0, done.stderr
    with open(tmp_path / "gpu.csv", newline="") as file:
        lines = list(csv.DictReader(file))
    parts = {"equality", "waits", "scoring", "training", "layouts", "features", "seeds", "run"}
    assert {line["part"] for line in lines} == parts
    assert not [line for line in lines if "failed" in line["note"]]
    picks = [line for line in lines if line["subject"].startswith("picks of ")]
    assert len(picks) == 10
    for line in picks:
        assert line["agreement"] == "100% of 10 picks the same, in the same order"
    assert [line["met"] for line in lines if line["part"] == "equality"] == ["yes"] * 12
    timed = [line for line in lines if line["against"] == "plain PyTorch"]
    assert len(timed) == 6
    assert all(float(line["ours_s"]) > 0 and float(line["theirs_s"]) > 0 for line in timed)
    assert {line["device"] for line in lines} == {f"cpu, torch {torch.__version__}"}


def test_the_plain_joint_picks_are_those_of_the_kernel(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(str(REPOSITORY / "scripts"))
    from gpu.whole import joint_picks

    from al_bench.kernels import select_batchbald

    draws = torch.randn(60, 8, 4, generator=torch.Generator().manual_seed(0)).mul(2).log_softmax(2)
    ours = select_batchbald(draws, 3, torch.Generator().manual_seed(0), exact_cap=10_000, samples=10_000)
    assert joint_picks(draws, 3).tolist() == ours.rows.tolist()
