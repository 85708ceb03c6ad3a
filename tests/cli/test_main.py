"""The command itself: dispatch, exit statuses, start-up, completion, streams."""

from __future__ import annotations

import os
import subprocess
import sys
from importlib.metadata import version
from pathlib import Path

import pytest

from al_bench.cli import main as cli
from tests.conftest import TINY

HEAVY = {"torch", "torchvision", "sklearn", "scipy", "pandas", "matplotlib"}


@pytest.mark.parametrize(
    ("words", "status", "out", "err"),
    [
        (["--version"], 0, f"al-bench {version('al-bench')}\n", ""),
        (["-V"], 0, f"al-bench {version('al-bench')}\n", ""),
        (["run", "--version"], 0, f"al-bench {version('al-bench')}\n", ""),
        (["--help"], 0, cli.USAGE, ""),
        (["help"], 0, cli.USAGE, ""),
        ([], 2, cli.USAGE, ""),
    ],
)
def test_the_command_without_a_subcommand(capsys, words, status, out, err):
    assert cli.dispatch(words) == status
    assert capsys.readouterr() == (out, err)


@pytest.mark.parametrize("word", ["runn", "-x", "strategy=bald", ""])
def test_an_unknown_command_is_one_line(capsys, word):
    assert cli.dispatch([word]) == 2
    out, err = capsys.readouterr()
    assert out == ""
    assert len(err.splitlines()) == 1
    assert repr(word) in err
    assert ", ".join(cli.COMMANDS) in err


def test_the_usage_names_every_command():
    for name in cli.COMMANDS:
        assert f"\n  {name} " in cli.USAGE


SCRIPT = """
import atexit, sys
atexit.register(lambda: print(*sys.modules, file=sys.stderr))
from al_bench.cli import main as cli
sys.argv = ["al-bench", *sys.argv[1:]]
sys.exit(cli.main())
"""


@pytest.mark.parametrize(
    "words",
    [
        *(["--help"], ["--version"], ["list"], ["list", "strategies"], ["run", "--help"], ["run", "--cfg", "job"]),
        *(["reproduce"], ["reproduce", "--help"], ["nope"]),
    ],
    ids=" ".join,
)
def test_nothing_heavy_is_imported_to_answer(tmp_path, words):
    done = subprocess.run([sys.executable, "-c", SCRIPT, *words], cwd=tmp_path, capture_output=True, text=True)
    assert done.returncode == (2 if words == ["nope"] else 0), done.stderr
    loaded = set(done.stderr.splitlines()[-1].split())
    assert "al_bench.cli.main" in loaded
    assert not HEAVY & loaded
    assert list(tmp_path.iterdir()) == []


def test_help_of_run_names_the_groups_and_the_config(run):
    done = run("--help")
    assert done.status == 0
    for word in ("strategy: ", "dataset: ", "mnist", "posterior: ", "schedule:", "batch: 10"):
        assert word in done.out, word


def test_the_resolved_config_is_printed_and_nothing_runs(run):
    done = run("--cfg", "job", *TINY, "schedule.batch=7")
    assert done.status == 0
    assert "batch: 7" in done.out
    assert list(Path().iterdir()) == []


def test_info_prints_the_defaults(run):
    done = run("--info", "defaults")
    assert done.status == 0
    assert "strategy" in done.out


def completions(line, tmp_path):
    environment = {**os.environ, "COMP_LINE": line, "COMP_POINT": str(len(line))}
    words = [sys.executable, "-m", "al_bench", "-sc", "query=bash"]
    done = subprocess.run(words, env=environment, cwd=tmp_path, capture_output=True, text=True, check=True)
    return done.stdout.split()


@pytest.mark.parametrize(
    ("line", "among"),
    [
        ("al-bench ", "run"),
        ("al-bench r", "run"),
        ("al-bench run strategy=", "strategy=bald"),
        ("al-bench run strategy=ba", "strategy=bald"),
        ("al-bench run schedule.ba", "schedule.batch="),
        ("al-bench run seed=1 dataset=mn", "dataset=mnist"),
    ],
)
def test_completion(line, among, tmp_path):
    assert among in completions(line, tmp_path)


def test_completion_can_be_installed(tmp_path):
    done = subprocess.run(
        [sys.executable, "-m", "al_bench", "run", "-sc", "install=bash"], cwd=tmp_path, capture_output=True, text=True
    )
    assert done.returncode == 0
    assert "complete " in done.stdout


@pytest.mark.slow
def test_true_exit_statuses(command):
    assert command("run", *TINY).returncode == 0
    assert command("run", *TINY, "training.lr=1e30").returncode == 1
    bad = command("run", *TINY, "seed=x")
    assert bad.returncode == 2
    assert bad.stderr.count("\n") == 1
    assert bad.stdout == ""


def test_the_console_script_is_installed(tmp_path):
    script = Path(sys.executable).with_name("al-bench")
    done = subprocess.run([str(script), "--version"], cwd=tmp_path, capture_output=True, text=True, check=True)
    assert done.stdout == f"al-bench {version('al-bench')}\n"


def test_a_reader_that_leaves_is_no_error(tmp_path):
    """`al-bench list | head -1`."""
    process = subprocess.Popen(
        [sys.executable, "-m", "al_bench", "list"],
        cwd=tmp_path,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )
    assert process.stdout is not None
    assert process.stderr is not None
    process.stdout.close()
    err = process.stderr.read()
    assert process.wait() == 141
    process.stderr.close()
    assert err == b""


def test_ctrl_c_before_a_run_exits_130(monkeypatch):
    def interrupted(words):
        raise KeyboardInterrupt

    monkeypatch.setattr(cli, "dispatch", interrupted)
    assert cli.main() == 130
