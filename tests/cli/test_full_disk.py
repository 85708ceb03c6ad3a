"""A full disk: one line, a status as true as there is room for, and the same command goes on."""

from __future__ import annotations

import errno
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from al_bench.cli import compare, plot, report
from al_bench.cli import main as cli
from al_bench.storage.cache import Cache
from tests.analysis.records import write_run
from tests.conftest import REPOSITORY, TINY, record

FULL = Path("/dev/full")
needs_full = pytest.mark.skipif(not FULL.exists(), reason="there is no /dev/full here")
ADVICE = "No space left on device; make room, then the same command goes on"


@pytest.fixture
def full_from(monkeypatch):
    """From the n-th file that is put on the disk on, there is no room for any; returns how many were asked for."""
    real = os.fsync

    def start(number: int | None) -> list[int]:
        asked: list[int] = []

        def fsync(handle: int) -> None:
            asked.append(handle)
            if number is not None and len(asked) > number:
                raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
            real(handle)

        monkeypatch.setattr(os, "fsync", fsync)
        return asked

    return start


PLACES = ["config.yaml", "header.json", "status.json", "round 0", "round 1", "round 2", "the last status"]


@pytest.mark.parametrize("number", range(len(PLACES)), ids=PLACES)
def test_a_run_says_one_line_and_goes_on_later(run, full_from, number):
    whole = run(*TINY, "arm=whole")
    assert whole.status == 0
    asked = full_from(number)
    done = run(*TINY, "arm=here")
    assert len(asked) > number
    assert (done.status, done.out) == (1, "")
    (line,) = done.err.splitlines()
    folder = record("here").folder
    assert line.startswith(f"al-bench run: {folder} cannot be written: {ADVICE}")
    if number > 2:  # there is a status to write over
        assert json.loads((folder / "status.json").read_text()) == {"status": "failed"}
    full_from(None)
    assert run(*TINY, "arm=here").status == 0
    assert record("here").stable == record("whole").stable
    assert json.loads((folder / "status.json").read_text()) == {"status": "complete"}


def test_weights_that_find_no_room_are_one_line(run, full_from):
    words = [*TINY, "training.warm_start=true", "arm=warm"]
    full_from(3)  # after config.yaml, header.json and status.json
    done = run(*words)
    assert done.status == 1
    assert len(done.err.splitlines()) == 1
    assert ADVICE in done.err
    assert not list(record("warm").folder.glob("*.part"))
    full_from(None)
    assert run(*words).status == 0


def test_a_cache_that_finds_no_room_is_a_line_in_the_log_alone(tmp_path, full_from, caplog):
    full_from(0)
    Cache(tmp_path).store("first-rounds", "a", {"x": 1})
    (line,) = caplog.messages
    assert line.startswith("nothing is kept in the cache: ")
    assert not list(tmp_path.rglob("*.p*t"))


@needs_full
def test_a_log_that_finds_no_room_costs_no_line(run):
    assert run(*TINY, "arm=here").status == 0
    folder = record("here").folder
    (folder / "rounds.jsonl").unlink()
    (folder / "run.log").unlink()
    (folder / "run.log").symlink_to(FULL)
    done = run(*TINY, "arm=here")
    assert (done.status, done.err) == (0, "")


def test_a_log_that_is_a_pipe_is_refused(run):
    assert run(*TINY, "arm=here").status == 0
    folder = record("here").folder
    (folder / "rounds.jsonl").unlink()
    (folder / "run.log").unlink()
    os.mkfifo(folder / "run.log")
    done = run(*TINY, "arm=here")
    assert done.status == 2
    assert "run.log is no regular file; restore the file" in done.err
    assert len(done.err.splitlines()) == 1


@pytest.fixture
def study(tmp_path):
    for arm in ("random", "entropy"):
        for seed in range(3):
            write_run(tmp_path / "runs", [0.5, 0.6, 0.7], arm=arm, seed=seed)
    return tmp_path / "runs"


OUTPUTS = {
    "plot as PDF": (plot, "--out", "x.pdf"),
    "plot as SVG": (plot, "--out", "x.svg"),
    "plot's numbers": (plot, "--csv", "x.csv"),
    "report": (report, "--out", "x.html"),
    "compare's tables": (compare, "--csv", "x"),
    "compare as JSON": (compare, "--json", "x.json"),
    "compare as Markdown": (compare, "--markdown", "x.md"),
    "compare as LaTeX": (compare, "--latex", "x.tex"),
}


@pytest.mark.parametrize("output", OUTPUTS)
def test_an_output_that_finds_no_room_is_one_line(study, tmp_path, full_from, capsys, output):
    module, option, name = OUTPUTS[output]
    full_from(0)
    assert module.main([str(study), option, str(tmp_path / name)]) == 2
    (line,) = capsys.readouterr().err.splitlines()
    assert line.endswith("cannot be written: No space left on device; choose another file")
    assert not list(tmp_path.glob("x*.part"))


@needs_full
@pytest.mark.parametrize("option", ["--json", "--markdown", "--latex"])
def test_a_device_that_is_full_is_one_line(study, capsys, option):
    assert compare.main([str(study), option, str(FULL)]) == 2
    (line,) = capsys.readouterr().err.splitlines()
    assert line == f"al-bench compare: {FULL} cannot be written: No space left on device; choose another file"


COMMANDS = {
    "help": ["--help"],
    "version": ["--version"],
    "list": ["list"],
    "guide": ["guide", "concepts"],
    "compare": ["compare", "STUDY"],
    "plot": ["plot", "STUDY", "--csv", "curves.csv"],
    "report": ["report", "STUDY", "--out", "page.html"],
    "reproduce": ["reproduce", "gal2017_mnist", "--check-only", "--results", "nowhere"],
    "help of run": ["run", "--help"],
    "run": ["run", *TINY, "cache=off"],
    "sweep": ["run", "-m", *TINY, "seed=0,1", "cache=off"],
}


@needs_full
@pytest.mark.parametrize("name", COMMANDS)
def test_a_full_standard_output_is_one_line(study, tmp_path, name):
    words = [str(study) if word == "STUDY" else word for word in COMMANDS[name]]
    environment = {**os.environ, "PYTHONPATH": str(REPOSITORY), "MPLBACKEND": "Agg"}
    with FULL.open("w") as output:
        command = [sys.executable, "-m", cli.__name__, *words]
        done = subprocess.run(
            command, stdout=output, stderr=subprocess.PIPE, text=True, cwd=tmp_path, env=environment, timeout=120
        )
    assert done.returncode == 1
    other = ("al-bench reproduce: there is no folder", "al-bench: estimate:")
    lines = [line for line in done.stderr.splitlines() if not line.startswith(other)]
    assert lines == ["al-bench: the output cannot be written: No space left on device"]


def test_a_small_disk_ends_in_one_line_and_the_run_goes_on(tmp_path):
    """On a disk of its own, where the one who runs the tests may mount one."""
    disk = tmp_path / "disk"
    disk.mkdir()
    mounted = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=16k", "tmpfs", str(disk)], capture_output=True)
    if mounted.returncode:
        pytest.skip("no disk can be mounted here")
    environment = {**os.environ, "PYTHONPATH": str(REPOSITORY)}
    command = [sys.executable, "-m", cli.__name__, "run", *TINY, "cache=off", f"results={disk}", "schedule.rounds=9"]
    try:
        done = subprocess.run(command, capture_output=True, text=True, cwd=tmp_path, env=environment, timeout=120)
        assert done.returncode == 1
        assert len(done.stderr.splitlines()) == 1
        assert ADVICE in done.stderr
        subprocess.run(["mount", "-o", "remount,size=8m", str(disk)], check=True)
        done = subprocess.run(command, capture_output=True, text=True, cwd=tmp_path, env=environment, timeout=120)
        assert done.returncode == 0
    finally:
        subprocess.run(["umount", str(disk)], check=True)


@needs_full
@pytest.mark.parametrize(
    "words", [("--info", "defaults"), ("--info", "config"), ("--cfg", "job"), ("--help",)], ids=" ".join
)
def test_what_hydra_prints_to_a_full_output_is_one_line(command, words):
    with FULL.open("w") as out:
        done = command("run", *words, stdout=out, stderr=subprocess.PIPE, capture_output=False)
    assert done.returncode == 1
    assert done.stderr == "al-bench: the output cannot be written: No space left on device\n"
