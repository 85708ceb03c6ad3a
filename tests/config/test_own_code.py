"""The source of a user's own components is part of a run's identity: what was changed is refused, and named."""

from __future__ import annotations

import importlib
import json

import pytest

from al_bench.config.own_code import own_sources
from tests.config.own import MODEL, MOONS, STRATEGY, OwnFolder
from tests.conftest import TINY, record

OPTIONS = {"strategy": ("Mine", STRATEGY), "dataset": ("Moons", MOONS), "model": ("Net", MODEL)}


@pytest.fixture
def own(tmp_path, monkeypatch):
    return OwnFolder(tmp_path, monkeypatch)


def words(group: str, *more: str) -> list[str]:
    """The arguments of a run with one component of the user's own."""
    small = {"dataset": ["initial.size=4", "schedule.batch=2"], "model": ["strategy=entropy", "posterior.draws=0"]}.get(
        group, []
    )
    return ["--config-dir", "own", *TINY, *small, f"{group}=mine", "arm=a", *more]


def folder(group: str):
    """The record of that run."""
    return record("a", dataset="mine" if group == "dataset" else "synthetic")


@pytest.mark.parametrize("group", OPTIONS)
def test_an_edited_component_is_refused_and_an_untouched_one_goes_on(run, own, group):
    name, source = OPTIONS[group]
    own.write(source, **{f"{group}__mine": f"_target_: MODULE.{name}\n"})
    assert run(*words(group, "schedule.rounds=2")).status == 0
    assert "already complete" in run(*words(group, "schedule.rounds=2")).out
    assert run(*words(group, "schedule.rounds=3")).status == 0, "a longer run goes on"
    assert list(folder(group).header["own_code"]["files"]) == [f"{own.module}.py"]
    own.source.write_text(source + "# a comment\n")
    for rounds in (3, 4):
        done = run(*words(group, f"schedule.rounds={rounds}"))
        assert done.status == 2
        (line,) = done.err.splitlines()
        assert line.endswith(
            f"was run with other code of your own: {own.module}.py has changed; restore it, give this run a name with "
            "arm=…, or move the folder away (a changed comment counts, too)"
        )
    assert len(folder(group).rounds) == 3
    assert run(*words(group, "schedule.rounds=2", "arm=b")).status == 0
    own.source.write_text(source)
    assert "already complete" in run(*words(group, "schedule.rounds=3")).out


def test_an_interrupted_run_does_not_go_on_with_other_code(run, own):
    own.write(STRATEGY, strategy__mine="_target_: MODULE.Mine\n")
    assert run(*words("strategy")).status == 0
    rounds = folder("strategy").folder / "rounds.jsonl"
    rounds.write_text("".join(rounds.read_text().splitlines(keepends=True)[:1]))
    own.source.write_text(f"{STRATEGY}# a comment\n")
    done = run(*words("strategy"))
    assert done.status == 2
    assert f"{own.module}.py has changed" in done.err
    assert len(folder("strategy").rounds) == 1


@pytest.mark.slow
def test_two_processes_agree_on_the_code_until_it_is_edited(command, own):
    (own.folder / f"{own.module}_near.py").write_text("import json\n\nFACTOR = 1\n")
    own.write(f"import {own.module}_near\n{MODEL}", model__mine="_target_: MODULE.Net\n")
    assert command("run", *words("model")).returncode == 0
    done = command("run", *words("model"))
    assert "already complete" in done.stdout, done.stderr
    (own.folder / f"{own.module}_near.py").write_text("import json\n\nFACTOR = 2\n")
    done = command("run", *words("model"))
    assert done.returncode == 2
    assert f": {own.module}_near.py has changed; restore it" in done.stderr


@pytest.mark.parametrize("lazy", [False, True], ids=["at the top", "inside a function"])
def test_an_edited_module_that_a_component_imports_is_refused(run, own, lazy):
    (own.folder / f"{own.module}_near.py").write_text(f"import {own.module}_far\n")
    (own.folder / f"{own.module}_far.py").write_text("FACTOR = 1\n")
    (own.folder / f"{own.module}_other.py").write_text("FACTOR = 1\n")
    line = f"import {own.module}_near\n"
    source = (
        STRATEGY.replace("        super().__post", f"        {line}        super().__post") if lazy else line + STRATEGY
    )
    own.write(source, strategy__mine="_target_: MODULE.Mine\n")
    assert run(*words("strategy")).status == 0
    (own.folder / f"{own.module}_other.py").write_text("FACTOR = 2\n")
    assert run(*words("strategy")).status == 0, "a module that nothing imports is none of it"
    (own.folder / f"{own.module}_far.py").write_text("FACTOR = 2\n")
    done = run(*words("strategy"))
    assert done.status == 2
    assert f"of your own: {own.module}_far.py has changed;" in done.err


def test_a_record_of_before_goes_on_and_says_that_nothing_is_compared(run, own):
    own.write(STRATEGY, strategy__mine="_target_: MODULE.Mine\n")
    assert run(*words("strategy", "schedule.rounds=2")).status == 0
    path = folder("strategy").folder
    header = folder("strategy").header
    del header["own_code"], header["digests"]
    lines = [{key: value for key, value in entry.items() if key != "digest"} for entry in folder("strategy").rounds]
    (path / "rounds.jsonl").write_text("".join(f"{json.dumps(line, separators=(',', ':'))}\n" for line in lines))
    for key in ("stochastic", "beta", "power", "colour", "inner.depth", "layers", "pair", "name", "anything"):
        del header["identity"][f"strategy.{key}"]  # only what the option lists was a key then
    (path / "header.json").write_text(json.dumps(header))
    (path / "stop_set.bin").unlink()  # no record of that time has one
    own.source.write_text(f"{STRATEGY}# a comment\n")
    remark = "the record does not say which code of your own it was run with, so it is not compared"
    done = run(*words("strategy", "schedule.rounds=2"))
    assert done.status == 0, done.err
    assert f"({remark})" in done.out
    assert run(*words("strategy", "schedule.rounds=3")).status == 0
    assert remark in (path / "run.log").read_text()
    done = run(*words("strategy", "schedule.rounds=3", "strategy.power=2"))
    assert done.status == 2
    assert "strategy.power (here 2.0, there 1.0)" in done.err


def test_a_run_of_built_in_components_has_no_code_of_its_own(run):
    assert run(*TINY, "arm=a").status == 0
    assert record("a").header.get("own_code") is None


@pytest.mark.parametrize(
    ("source", "files"),
    [
        ("import PACKAGE.deep.leaf\n", ["__init__.py", "deep/__init__.py", "deep/leaf.py", "main.py"]),
        ("from PACKAGE.deep import leaf\n", ["__init__.py", "deep/__init__.py", "deep/leaf.py", "main.py"]),
        ("from .deep import leaf\n", ["__init__.py", "deep/__init__.py", "deep/leaf.py", "main.py"]),
        ("from . import side\n", ["__init__.py", "main.py", "side.py"]),
        ("from .side import VALUE\n", ["__init__.py", "main.py", "side.py"]),
        ("def f():\n    from PACKAGE import side\n", ["__init__.py", "main.py", "side.py"]),
        ("import importlib\nS = importlib.import_module('PACKAGE.side')\n", ["__init__.py", "main.py", "side.py"]),
        (
            "import importlib\nS = importlib.import_module('.side', __package__)\n",
            ["__init__.py", "main.py", "side.py"],
        ),
        ("import os\nimport torch\n", ["__init__.py", "main.py"]),
    ],
    ids=["import", "from", "relative", "sibling", "a name", "lazy", "by name", "by a relative name", "libraries"],
)
def test_the_modules_of_a_package_that_is_not_installed_are_those_imported(own, source, files):
    package = own.folder / own.module
    (package / "deep").mkdir(parents=True)
    for name in ("__init__.py", "deep/__init__.py", "deep/leaf.py", "side.py", "unused.py"):
        (package / name).write_text("VALUE = 1\n")
    (package / "main.py").write_text(source.replace("PACKAGE", own.module) + "class Thing:\n    pass\n")
    cls = importlib.import_module(f"{own.module}.main").Thing
    assert list(own_sources([cls])) == [f"{own.module}/{name}" for name in files]


def test_of_an_installed_package_all_files_count_and_no_others(own):
    name = own.module
    (own.folder / name).mkdir()
    for file in (f"{name}/__init__.py", f"{name}/data.csv", f"{name}/unused.py", f"{name}_second.py", "other.py"):
        (own.folder / file).write_text("")
    (own.folder / name / "__init__.py").write_text("class Thing:\n    pass\n")
    about = own.folder / f"{name}-1.0.dist-info"
    about.mkdir()
    (about / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: 1.0\n")
    files = [f"{name}/__init__.py", f"{name}/data.csv", f"{name}/unused.py"]
    cls = importlib.import_module(name).Thing
    assert list(own_sources([cls])) == files, "without a list of files, the folder counts"
    listed = [*files, f"{name}_second.py", f"{name}/__pycache__/x.pyc", "../../bin/x", f"{name}-1.0.dist-info/METADATA"]
    (about / "RECORD").write_text("".join(f"{file},,\n" for file in listed))
    assert list(own_sources([cls])) == [*files, f"{name}_second.py"]
