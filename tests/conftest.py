"""Runs of the command in this process, in a folder of their own."""

from __future__ import annotations

import json
import logging
import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from al_bench.cli import run as run_command
from al_bench.experiment import sweep
from al_bench.records import MEASURED

for variable in ("OMP_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ.setdefault(variable, "1")  # before anything imports torch: threads that share a core wait for each other
os.environ["AL_BENCH_CACHE"] = "off"  # every run works for itself, but for those of tests/storage/test_cache.py

REPOSITORY = Path(__file__).resolve().parents[1]
TINY = ("debug=smoke", "training.steps=8", "posterior.draws=4")
"""The smallest run: three rounds on synthetic data; its default arm is TINY_ARM."""
TINY_ARM = "posterior.draws=4,steps=8"

ESTIMATE = "al-bench: estimate: "
"""What the one line before each run and sweep begins with; its numbers depend on the machine."""


def without_estimates(text: str) -> str:
    """A text without the lines that say how long the runs take."""
    return "".join(line for line in text.splitlines(keepends=True) if not line.startswith(ESTIMATE))


def pytest_make_parametrize_id(val: object) -> str | None:
    """float32 for a dtype and 3x32x32 for a shape, in place of dtype0 and shape0."""
    if type(val).__name__ == "dtype":
        return str(val).removeprefix("torch.")
    if isinstance(val, tuple) and val and all(type(size) is int for size in val):
        return "x".join(map(str, val))
    return None


@dataclass(frozen=True)
class Ran:
    """What one command did.

    Args:
        status: Exit status.
        out: What it printed to stdout.
        printed: What it printed to stderr.
    """

    status: int
    out: str
    printed: str

    @property
    def err(self) -> str:
        """What it printed to stderr, but for the lines that say how long the runs take."""
        return without_estimates(self.printed)

    @property
    def estimates(self) -> list[str]:
        """The lines that say how long the runs take."""
        return [line for line in self.printed.splitlines() if line.startswith(ESTIMATE)]


@dataclass(frozen=True)
class Record:
    """What a run's folder holds."""

    folder: Path

    @property
    def rounds(self) -> list[dict[str, Any]]:
        """The rounds, with the keys that may differ between two runs, without their checks."""
        rounds = [json.loads(line) for line in (self.folder / "rounds.jsonl").read_text().splitlines()]
        for entry in rounds:
            for name in MEASURED:
                entry[name].pop("check", None)
        return rounds

    @property
    def stable(self) -> list[dict[str, Any]]:
        """The rounds without the keys that may differ between runs of equal results."""
        left_out = {*MEASURED, "digest"}
        return [{key: value for key, value in entry.items() if key not in left_out} for entry in self.rounds]

    @property
    def digests(self) -> list[str]:
        """The digest of each line."""
        return [entry["digest"] for entry in self.rounds]

    @property
    def header(self) -> dict[str, Any]:
        """header.json."""
        return json.loads((self.folder / "header.json").read_text())

    @property
    def status(self) -> str:
        """The status alone."""
        return json.loads((self.folder / "status.json").read_text())["status"]


def record(arm: str = f"bald,{TINY_ARM}", seed: int = 0, study: str = "smoke", dataset: str = "synthetic") -> Record:
    """The record of a run under the current folder."""
    return Record(Path("results/runs") / study / dataset / arm / f"seed-{seed}")


def written() -> list[str]:
    """Every file under the current folder."""
    return sorted(str(path) for path in Path().rglob("*") if path.is_file())


@pytest.fixture(autouse=True)
def _root_logger() -> Iterator[None]:
    """Hydra's --info and the like leave a handler on the root logger, whose stream closes with the test."""
    root = logging.getLogger()
    handlers, level = list(root.handlers), root.level
    yield
    root.handlers[:] = handlers
    root.setLevel(level)


@pytest.fixture
def run(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Callable[..., Ran]:
    """`al-bench run` with the arguments given, in this process and in an empty current folder."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "argv", ["al-bench"])
    monkeypatch.setattr(logging.getLogger("al_bench"), "propagate", True)
    monkeypatch.setenv("HYDRA_FULL_ERROR", "0")

    def call(*arguments: str) -> Ran:
        sweep.RESULTS.clear()
        capsys.readouterr()
        try:
            status = run_command.main(list(arguments))
        except SystemExit as leaving:  # argparse
            status = int(str(leaving.code))
        return Ran(status, *capsys.readouterr())

    return call


@pytest.fixture
def command(tmp_path: Path) -> Callable[..., subprocess.CompletedProcess[str]]:
    """The command in a process of its own, in the test's folder."""

    def call(*arguments: str, **options: Any) -> subprocess.CompletedProcess[str]:
        words = [sys.executable, "-m", "al_bench", *arguments]
        environment = {**os.environ, "OMP_NUM_THREADS": "1", **options.pop("env", {})}
        options = {"cwd": tmp_path, "capture_output": True, "text": True, "timeout": 280, **options}
        return subprocess.run(words, env=environment, check=False, **options)

    return call


def wait_for_rounds(folder: Path, count: int, limit: float = 200.0) -> None:
    """Wait until the record has so many rounds (or the time is over)."""
    end = time.monotonic() + limit
    while time.monotonic() < end:
        if any(file.read_bytes().count(b"\n") >= count for file in folder.rglob("rounds.jsonl")):
            return
        time.sleep(0.002)
    raise AssertionError(f"no {count} rounds within {limit} s")
