"""Completion: what the shell is told, by the protocol of its script, in a process of its own."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from al_bench.cli.main import COMMANDS

AL_BENCH = [sys.executable, "-m", "al_bench"]
BASH_BREAKS = " \t\n\"'><=;|&(:"
"""The characters that end a word for bash, as it has them by default."""


def answer(instruction: str, folder: Path, **variables: str) -> str:
    """What the command prints when a shell asks."""
    environment = {**os.environ, "_AL_BENCH_COMPLETE": instruction, **variables}
    done = subprocess.run(AL_BENCH, env=environment, cwd=folder, capture_output=True, text=True, check=True)
    assert done.stderr == ""
    return done.stdout


def in_bash(line: str, folder: Path, breaks: str = BASH_BREAKS) -> list[str]:
    """The completions of a line, each as `type,value`."""
    return answer("bash_complete", folder, COMP_LINE=line, COMP_WORDBREAKS=breaks).split()


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("al-bench ", [f"plain,{name}" for name in COMMANDS]),
        ("al-bench re", ["plain,report", "plain,rescore", "plain,reproduce"]),
        ("al-bench --v", ["plain,--version"]),
        ("al-bench plot --ki", ["plain,--kind"]),
        ("al-bench plot --width ", ["plain,page", "plain,phone"]),
        ("al-bench plot runs --statistic=m", ["plain,median", "plain,mean"]),
        ("al-bench plot resu", ["file,resu"]),
        ("al-bench compare --json ", ["file,"]),
        ("al-bench list stra", ["plain,strategies"]),
        ("al-bench list strategies --verb", ["plain,--verbose"]),
        ("al-bench reproduce --check-only scale=", ["plain,paper", "plain,laptop", "plain,smoke"]),
        ("al-bench run strategy=softm", ["plain,softmax_bald"]),
        ("al-bench run -m seed=1 schedule.ba", ["plain,schedule.batch="]),
        ("al-bench run exp", ["plain,experiment="]),
        ("al-bench run -x exp", []),
        ("al-bench run --resolve --bogus=3 exp", []),
        ("al-bench run experiment=gal2017_mnist_", ["plain,gal2017_mnist_deterministic"]),
        ("al-bench run dataset=mnist strategy=bald  model=batchbald_", ["plain,batchbald_cnn"]),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_bash_is_told_what_comes_next(line, expected, tmp_path):
    assert in_bash(line, tmp_path) == expected


def test_a_word_that_bash_does_not_break_is_completed_whole(tmp_path):
    assert in_bash("al-bench run strategy=softm", tmp_path, breaks=" ") == ["plain,strategy=softmax_bald"]


@pytest.mark.parametrize("line", ["al-bench reproduce gal", "al-bench plot --paper gal"])
def test_presets_and_papers_are_completed(line, tmp_path):
    completions = in_bash(line, tmp_path)
    assert "plain,gal2017_mnist" in completions
    assert all(word.startswith("plain,gal2017_") for word in completions)


def test_options_of_a_folder_of_ones_own_are_completed(tmp_path):
    (tmp_path / "own" / "strategy").mkdir(parents=True)
    (tmp_path / "own" / "strategy" / "mine.yaml").write_text("# Mine.\n_target_: mine.Mine\n")
    assert in_bash("al-bench run --config-dir own strategy=mi", tmp_path) == ["plain,mine"]
    assert in_bash("al-bench run --config-dir=own strategy=mi", tmp_path) == ["plain,mine"]


def test_zsh_and_fish_are_told_with_descriptions(tmp_path):
    zsh = answer("zsh_complete", tmp_path, COMP_WORDS="al-bench rep", COMP_CWORD="1")
    assert zsh.splitlines()[:3] == ["plain", "report", COMMANDS["report"]]
    fish = answer("fish_complete", tmp_path, COMP_WORDS="al-bench rep", COMP_CWORD="rep")
    assert fish.splitlines()[0] == f"plain,report\t{COMMANDS['report']}"
    assert answer("zsh_complete", tmp_path, COMP_WORDS="al-bench run strategy=softm", COMP_CWORD="2").split() == [
        "plain",
        "strategy=softmax_bald",
        "_",
    ]


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_every_shell_has_its_script(shell, tmp_path):
    script = answer(f"{shell}_source", tmp_path)
    assert "_AL_BENCH_COMPLETE" in script
    assert f"{shell}_complete" in script
    if shutil.which(shell):
        checked = subprocess.run([shell, "-n"], input=script, capture_output=True, text=True)
        assert (checked.returncode, checked.stderr) == (0, "")


def test_zsh_adds_no_space_after_a_key(tmp_path):
    """As fish does by itself, and bash's script by `compopt -o nospace`."""
    assert "compadd -U -S '' -V unsorted -- ${(M)completions:#*[=./]}" in answer("zsh_source", tmp_path)


def test_the_line_that_installed_hydras_completion_installs_this(tmp_path):
    words = [*AL_BENCH, "run", "-sc", "install=bash"]
    done = subprocess.run(words, cwd=tmp_path, capture_output=True, text=True, check=True)
    assert done.stdout == answer("bash_source", tmp_path)


BASH = """
eval "$(_AL_BENCH_COMPLETE=bash_source {al_bench})"
COMP_LINE=$1 COMP_POINT=${{#1}}
_al_bench_completion {script} 2> /dev/null
printf '%s\\n' "${{COMPREPLY[@]}}"
complete -p al-bench
"""


@pytest.mark.skipif(shutil.which("bash") is None, reason="needs bash")
@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("al-bench compa", ["compare"]),
        ("al-bench run strategy=softm", ["softmax_bald"]),
        ("al-bench plot --kind d", ["difference", "discovery"]),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_the_script_completes_in_bash(line, expected, tmp_path):
    script = tmp_path / "al-bench"
    script.write_text(f'#!/bin/sh\nexec {sys.executable} -m al_bench "$@"\n')
    script.chmod(0o755)
    code = BASH.format(al_bench=script, script=script)
    done = subprocess.run(["bash", "--norc", "-c", code, "bash", line], cwd=tmp_path, capture_output=True, text=True)
    assert done.stdout.splitlines() == [*expected, "complete -F _al_bench_completion al-bench"], done.stderr
    assert done.returncode == 0


def test_a_shell_that_is_not_known_has_status_1(tmp_path):
    environment = {**os.environ, "_AL_BENCH_COMPLETE": "csh_source"}
    done = subprocess.run(AL_BENCH, env=environment, cwd=tmp_path, capture_output=True, text=True)
    assert (done.returncode, done.stdout) == (1, "")
