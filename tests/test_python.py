"""What Python users import: the names, that they cost nothing until used, and that they say what the commands say."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest

import al_bench
from al_bench import InputError, compare, load_runs
from al_bench.analysis.studies import studies
from al_bench.cli.compare import main
from al_bench.cli.guide import topics
from tests.conftest import REPOSITORY

DIGITS = REPOSITORY / "results" / "runs" / "digits"


def test_every_name_is_there_and_promised_on_the_page():
    names = [name for name in dir(al_bench) if not name.startswith("_")]
    page = topics()["python"].read_text(encoding="utf-8")
    promised = page.split("change only with a line in the change log:")[1].split("[Extend]")[0]
    assert sorted(promised.replace("`", "").replace(".", "").replace(",", " ").split()) == sorted(names)
    assert all(getattr(al_bench, name).__doc__ for name in names)


def test_the_import_loads_no_library_of_size():
    code = "import sys, al_bench; al_bench.__version__; print(sorted({'torch', 'pandas', 'scipy'} & set(sys.modules)))"
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True).stdout == "[]\n"


def test_the_package_says_that_it_has_types():
    assert (REPOSITORY / "al_bench" / "py.typed").exists()


def test_runs_are_one_table():
    frame = load_runs(DIGITS)
    (study,) = studies([DIGITS])
    assert list(frame.columns[:7]) == ["dataset", "arm", "strategy", "reference", "seed", "round", "labels"]
    for arm in study.arms:
        rows = frame[(frame.arm == arm.name)].pivot(index="seed", columns="labels", values="accuracy")
        assert rows.to_numpy().tolist() == study.values[arm.name].tolist()


def test_the_verdict_is_that_of_the_command(capsys, tmp_path):
    (digits,) = compare(DIGITS, targets=[0.92])
    assert main([str(DIGITS), "--target", "0.92", "--json", str(tmp_path / "said.json")]) == 0
    (said,) = json.loads((tmp_path / "said.json").read_text())["datasets"]
    assert list(digits.verdict.sentences) == said["verdict"]
    assert str(digits) == " ".join(said["verdict"])
    assert digits.step.plain() == said["next_step"]
    assert [table.plain() for table in digits.tables] == said["tables"]
    assert set(digits.frame.arm) == {*(arm.name for arm in digits.study.arms), "full,steps=2000"}
    assert digits.table("saved").columns.tolist() == list(digits.tables[3].records[0])


def test_what_is_left_out_is_a_warning(tmp_path):
    (tmp_path / "runs").mkdir()
    (tmp_path / "runs" / "digits").symlink_to(DIGITS)
    broken = tmp_path / "runs" / "broken"
    broken.mkdir()
    (broken / "header.json").write_text("{")
    (broken / "rounds.jsonl").write_text("")
    with pytest.warns(UserWarning, match="broken"):
        load_runs(tmp_path / "runs")


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: compare("nowhere"), "nowhere"),
        (lambda: compare(), "no folder is given: name a study"),
        (lambda: load_runs(), "no folder is given: name a study"),
        (lambda: compare(DIGITS, over="money"), "over is 'money'; choose one of labels, cost"),
        (lambda: compare(DIGITS, metric="beauty"), "beauty"),
        (lambda: compare(DIGITS)[0].table("beauty"), "there is no table 'beauty'; there are accuracy, "),
    ],
    ids=["no such folder", "compare nothing", "load nothing", "budget", "metric", "table"],
)
def test_bad_input_is_one_line(call, message):
    with pytest.raises(InputError, match=message) as raised:
        call()
    assert "\n" not in str(raised.value)
