"""`al-bench new`: what it writes runs and passes its test, and what it refuses is one line with what to type."""

from __future__ import annotations

import os
import shlex
import subprocess
import sys
from pathlib import Path

import pytest

from al_bench.cli import new, run
from al_bench.config.new_component import KINDS, TEMPLATES
from tests.conftest import REPOSITORY

GROUPS = {kind: made.group for kind, made in KINDS.items()}


@pytest.fixture(autouse=True)
def here(tmp_path, monkeypatch):
    """The current folder, empty."""
    monkeypatch.chdir(tmp_path)
    return tmp_path


def written() -> set[str]:
    """The files below the current folder."""
    return {path.as_posix() for path in Path().rglob("*") if path.is_file()}


def files_of(kind: str, name: str) -> set[str]:
    """The files of a component."""
    option = set() if GROUPS[kind] is None else {f"conf/{GROUPS[kind]}/{name}.yaml"}
    return {f"{name}.py", f"test_{name}.py", *option}


def refused(capsys, *words: str) -> str:
    """The one line of a refusal."""
    assert new.main(list(words)) == 2
    out, err = capsys.readouterr()
    assert out == ""
    assert err.count("\n") == 1
    return err.removeprefix("al-bench new: ").rstrip("\n")


@pytest.mark.parametrize("kind", KINDS)
def test_it_writes_code_option_and_test_and_says_what_to_type(capsys, kind):
    assert new.main([kind, "my_thing"]) == 0
    out, err = capsys.readouterr()
    assert err == ""
    first, *following = out.splitlines()
    assert set(first.removeprefix("wrote ").split(", ")) == files_of(kind, "my_thing") == written()
    assert following[0] == "next: python -m pytest test_my_thing.py"
    assert all(line.startswith("next: al-bench ") for line in following[1:])
    text = Path("my_thing.py").read_text(encoding="utf-8")
    assert len(text.splitlines()) <= 80, "it is meant to be short"
    assert kind in ("model", "metric", "plot") or ("Source:" in text and "\n    Args:\n" in text)


@pytest.mark.parametrize("name", ["my_thing", "x", "a_component_of_a_long_name_that_says_what_it_is_for_ok"])
def test_what_it_writes_is_clean(name):
    for kind in KINDS:
        folder = Path(kind)
        folder.mkdir()
        done = subprocess.run(
            [sys.executable, "-m", "al_bench", "new", kind, name], cwd=folder, capture_output=True, text=True
        )
        assert done.returncode == 0, done.stderr
    rules = ["--isolated", "--line-length=120", "--target-version=py311"]
    usual = name == "my_thing"  # lines are longer with a longer name
    select = f"--select={'E,' if usual else ''}F,W,B,UP,C4,SIM,PT,RET,PIE,NPY"
    for words in (["check", *rules, select], ["format", "--check", *rules] if usual else ["version"]):
        done = subprocess.run([sys.executable, "-m", "ruff", *words], capture_output=True, text=True)
        assert done.returncode == 0, done.stdout


@pytest.mark.slow
@pytest.mark.timeout(900)
def test_everything_it_writes_passes_its_test_and_runs_by_the_commands_it_prints(capsys, tmp_path):
    commands = []
    for kind in KINDS:
        assert new.main([kind, f"own_{kind}"]) == 0
        commands += [
            line.removeprefix("next: ") for line in capsys.readouterr().out.splitlines() if "next: al-bench" in line
        ]
    environment = os.environ | {"PYTHONPATH": str(REPOSITORY)}

    def call(*words: str) -> None:
        done = subprocess.run([sys.executable, "-m", *words], env=environment, capture_output=True, text=True)
        assert done.returncode == 0, f"{words}: {done.stdout}{done.stderr}"

    call("pytest", "-q", "-W", "error")
    call("mypy", "--ignore-missing-imports", "--disallow-untyped-defs", *(f"own_{kind}.py" for kind in KINDS))
    for command in commands:
        program, *words = shlex.split(command)
        assert program == "al-bench"
        call("al_bench", *words)
    runs = {path.parent for path in Path("results/runs/smoke").rglob("rounds.jsonl")}
    assert len(runs) == len(KINDS) - 1, runs  # the metric's run and the plot's are one
    assert Path("own_plot.png").stat().st_size > 5_000


def test_a_class_is_not_called_as_what_its_code_imports():
    for kind, name in (("strategy", "evidence"), ("annotator", "items"), ("dataset", "dataset")):
        assert new.main([kind, name]) == 0
        compile(Path(f"{name}.py").read_text(encoding="utf-8"), name, "exec")
    assert "class EvidenceStrategy(ScoreStrategy):" in Path("evidence.py").read_text(encoding="utf-8")
    assert "_target_: items.ItemsAnnotator\n" in Path("conf/annotator/items.yaml").read_text(encoding="utf-8")


@pytest.mark.parametrize("kind", ["strategy", "metric"])
def test_nothing_is_overwritten(capsys, kind):
    assert new.main([kind, "mine"]) == 0
    Path("mine.py").write_text("# my work\n")
    Path("test_mine.py").unlink()
    capsys.readouterr()
    there = "mine.py" if kind == "metric" else f"mine.py and {Path('conf/strategy/mine.yaml')}"
    verb = "is" if kind == "metric" else "are"
    line = refused(capsys, kind, "mine")
    assert line == (
        f"{there} {verb} there, and nothing is overwritten: give another name, as in al-bench new {kind} mine_2"
    )
    assert Path("mine.py").read_text() == "# my work\n"
    assert not Path("test_mine.py").exists()
    assert new.main(shlex.split(line.partition("al-bench new ")[2])) == 0


def test_a_link_to_nowhere_is_not_written_through(capsys):
    Path("mine.py").symlink_to("nowhere.py")
    assert refused(capsys, "model", "mine").startswith("mine.py is there, and nothing is overwritten")
    assert not Path("nowhere.py").exists()


@pytest.mark.parametrize(
    ("kind", "name", "begins", "typed"),
    [
        ("strategy", "My-Score", "NAME is 'My-Score'; it must be lower-case letters", "strategy my_score"),
        ("strategy", "MyScore", "NAME is 'MyScore'; it must be", "strategy my_score"),
        ("model", "3layers", "NAME is '3layers'; it must be", "model my_3layers"),
        ("model", "größe", "NAME is 'größe'; it must be", "model gr_e"),
        ("model", "", "NAME is ''; it must be", "model my_model"),
        ("model", "../up", "NAME is '../up'; it must be", "model up"),
        ("dataset", "class", "NAME is 'class'; it must be", "dataset my_class"),
        ("dataset", "null", "NAME is 'null'; it must be", "dataset my_null"),
        ("strategy", "bald", "there is a strategy bald already", "strategy my_bald"),
        ("stopping", "none", "there is a stopping none already", "stopping my_none"),
        ("learner", "mlp", "there is a learner mlp already", "learner my_mlp"),
        ("metric", "accuracy", "there is a metric accuracy already", "metric my_accuracy"),
        ("plot", "curves", "there is a plot curves already", "plot my_curves"),
        ("model", "torch", "NAME is torch, and Python has a module of that name", "model my_torch"),
    ],
)
def test_a_name_that_cannot_be_is_refused_with_one_that_can(capsys, kind, name, begins, typed):
    line = refused(capsys, kind, name)
    assert line.startswith(begins)
    assert line.endswith(f": al-bench new {typed}")
    assert written() == set()
    assert new.main(typed.split()) == 0


def test_a_name_that_is_too_long_is_refused(capsys):
    assert refused(capsys, "model", "m" * 61) == "NAME has 61 characters, and 60 are the limit"
    assert new.main(["model", "m" * 60]) == 0


def test_an_unknown_kind_and_missing_words_are_refused(capsys):
    assert refused(capsys, "strategies", "mine").startswith("KIND is 'strategies'; choose one of strategy, dataset")
    assert refused(capsys, "strategy") == "NAME is missing; see al-bench new --help"
    assert refused(capsys) == "KIND is missing; see al-bench new --help"


def test_a_run_that_forgets_the_folder_of_options_says_what_to_add(capsys):
    assert new.main(["strategy", "my_thing"]) == 0
    capsys.readouterr()
    assert run.main(["strategy=my_thing", "debug=smoke"]) == 2
    assert capsys.readouterr().err == (
        "al-bench run: strategy is 'my_thing', which conf/strategy/my_thing.yaml describes: add --config-dir conf\n"
    )


def test_the_folder_of_options_can_have_another_name(capsys):
    assert new.main(["strategy", "mine", "--config-dir", "my options"]) == 0
    assert written() == {"mine.py", "test_mine.py", "my options/strategy/mine.yaml"}
    assert "al-bench run --config-dir 'my options' strategy=mine debug=smoke" in capsys.readouterr().out


def test_options_are_not_written_among_those_of_al_bench(capsys, monkeypatch):
    monkeypatch.chdir(REPOSITORY)
    assert refused(capsys, "strategy", "mine") == (
        "conf is al-bench's own folder of options: go to a folder of yours, or add --config-dir own"
    )
    assert not Path("mine.py").exists()


def test_where_one_file_cannot_be_written_none_is(capsys):
    Path("conf").write_text("a file\n")
    assert refused(capsys, "strategy", "mine") == (
        f"{Path('conf/strategy')} cannot be written: Not a directory; go to another folder"
    )
    assert written() == {"conf"}


def test_every_kind_has_its_templates():
    expected = {
        f"{kind}{suffix}.jinja"
        for kind, made in KINDS.items()
        for suffix in (".py", "_test.py", *([] if made.group is None else [".yaml"]))
    }
    assert {path.name for path in TEMPLATES.iterdir()} == expected
