"""Trackers as typed: what they are told, that a resumed run goes on in the same place, and that none stops a run."""

from __future__ import annotations

import json

import pytest

from al_bench.config.tracking_schema import TRACKERS as NAMES
from al_bench.experiment import loop
from al_bench.trackers.tracker import TRACKERS, make_tracker
from tests.conftest import TINY, record, written
from tests.trackers import fake

SHOWN = (*TINY, "tracker=mlflow")


@pytest.fixture(autouse=True)
def _fakes(monkeypatch):
    fake.TOLD.clear()
    fake.FAILS.clear()
    for name in ("mlflow", "wandb"):
        monkeypatch.setitem(TRACKERS, name, ("json", "tests.trackers.fake:FakeTracker"))


def told(method):
    return [arguments for name, *arguments in fake.TOLD if name == method]


def test_the_configuration_and_the_table_have_the_same_names():
    assert sorted(TRACKERS) == sorted(NAMES)


@pytest.mark.parametrize("name", TRACKERS)
def test_a_tracker_is_made_without_telling_anybody(name):
    assert make_tracker(name) is not None
    assert fake.TOLD == []


def test_every_round_is_told_against_its_labels(run):
    assert run(*SHOWN).status == 0
    assert [call[0] for call in fake.TOLD] == ["begin", "log", "log", "log", "attach", "end"]
    for (labels, values), entry in zip(told("log"), record().rounds, strict=True):
        assert labels == entry["labelled"]
        assert {name: values[name] for name in ("round", "accuracy", "nll", "ece")} == {
            name: entry[name] for name in ("round", "accuracy", "nll", "ece")
        }
        assert {name: values[name] for name in entry["metrics"]} == entry["metrics"]
        recalls = [values[f"recall/{label}"] for label in record().header["class_names"]]
        assert recalls == entry["class_metrics"]["recall"]
        assert values["system/seconds/train"] >= 0
    assert told("end") == [["complete"]]


def test_a_run_is_told_with_its_parameters_and_no_folder_of_the_machine(run, tmp_path):
    run(*SHOWN, f"results={tmp_path}/here/runs")
    ((shown, key),) = told("begin")
    assert key is None
    assert (shown.study, shown.name) == ("smoke", "synthetic/bald,posterior.draws=4,steps=8/seed-0")
    assert shown.parameters["training.steps"] == 8
    assert shown.parameters["results"] == "runs"
    assert str(tmp_path) not in str(dict(shown.parameters))
    assert not [name for name in shown.parameters if name.startswith("tracker")]


def test_the_curve_and_a_report_are_kept(run):
    run(*SHOWN)
    ((files,),) = told("attach")
    assert files["curve.png"].startswith(b"\x89PNG")
    assert b"<html" in files["report.html"]


@pytest.mark.parametrize(
    ("words", "left_out"), [((), True), (("tracker.items=true",), False)], ids=["default", "items"]
)
def test_items_are_in_the_report_only_where_it_was_asked_for(run, monkeypatch, words, left_out):
    asked = []
    monkeypatch.setattr(
        "al_bench.analysis.report.page.write_page", lambda request, *rest: asked.append(request.no_items) or "<html>"
    )
    run(*SHOWN, *words)
    assert asked == [left_out]


def test_rows_that_name_the_initial_set_are_not_told(run, tmp_path):
    lines = [f"{i},{i % 7},{'ab'[i % 2]},secret-{i}" for i in range(60)]
    (tmp_path / "own.csv").write_text("\n".join(["x,z,label,id", *lines]) + "\n")
    words = ("dataset=table", "dataset.path=own.csv", "dataset.label=label", "dataset.id=id", "model=linear")
    rows = "initial.rows=[secret-1,secret-2,secret-3,secret-4]"
    refused = run(*words, rows, "strategy=margin", "schedule.rounds=2", "schedule.batch=4", "tracker=mlflow")
    assert refused.status == 2
    assert "of the arm: give it one, as in arm=named, or allow it with tracker.items=true" in refused.err
    assert not fake.TOLD
    done = run(*words, rows, "arm=named", "strategy=margin", "schedule.rounds=2", "schedule.batch=4", "tracker=mlflow")
    assert done.status == 0, done.printed
    ((shown, _),) = told("begin")
    ((files,),) = told("attach")
    assert "secret" not in str(dict(shown.parameters))
    assert b"secret" not in files["report.html"]


def test_no_result_depends_on_a_tracker(run):
    run(*TINY)
    before = record().stable
    again = run(*SHOWN, "arm=shown")
    assert again.status == 0
    assert record("shown").stable == before
    assert "already complete" in run(*TINY, "arm=shown").out


def test_a_longer_run_goes_on_in_the_same_place(run):
    run(*SHOWN)
    fake.TOLD.clear()
    run(*SHOWN, "schedule.rounds=5")
    assert [key for _, key in told("begin")] == ["key-0"]
    assert [labels for labels, _ in told("log")] == [18, 22]
    assert told("end") == [["complete"]]


def test_an_interrupted_run_is_told_so_and_goes_on(run, monkeypatch):
    real = loop.acquire
    calls = []

    def acquire(*arguments):
        calls.append(1)
        if len(calls) == 2:
            raise KeyboardInterrupt
        return real(*arguments)

    with monkeypatch.context() as patch:
        patch.setattr(loop, "acquire", acquire)
        assert run(*SHOWN).status == 130
    assert told("end") == [["interrupted"]]
    assert run(*SHOWN).status == 0
    assert [labels for labels, _ in told("log")] == [6, 10, 14]
    assert [key for _, key in told("begin")] == [None, "key-0"]


def test_a_run_that_fails_is_told_so(run, monkeypatch):
    monkeypatch.setattr(loop, "acquire", lambda *arguments: 1 / 0)
    assert run(*SHOWN).status == 1
    assert told("end") in ([["failed"]], [])


def test_a_complete_run_is_told_once_and_an_old_one_afterwards(run):
    run(*TINY)
    assert "already complete" in run(*SHOWN).out
    assert len(told("log")) == 3
    fake.TOLD.clear()
    run(*SHOWN)
    assert fake.TOLD == []


@pytest.mark.parametrize("method", ["begin", "log", "attach", "end"])
def test_a_tracker_that_fails_fails_no_run_and_hears_the_rest_later(run, method):
    run(*TINY, "arm=alone")
    fake.FAILS.append(method)
    done = run(*SHOWN)
    assert done.status == 0
    (line,) = done.err.splitlines()
    assert line.startswith(f"al-bench: tracker mlflow failed (ConnectionError: nobody answers {method} second line); ")
    assert line.removeprefix("al-bench: ") in (record().folder / "run.log").read_text()
    assert record().stable == record("alone").stable
    fake.FAILS.clear()
    assert run(*SHOWN).status == 0
    assert [labels for labels, _ in told("log")] == [6, 10, 14]
    assert len(told("attach")) >= 1
    assert told("end") == [["complete"]]


def test_of_two_trackers_one_may_fail(run, monkeypatch):
    class Other(fake.FakeTracker):
        def log(self, labels, values):
            raise OSError("full")

    monkeypatch.setattr(fake, "Other", Other, raising=False)
    monkeypatch.setitem(TRACKERS, "wandb", ("json", "tests.trackers.fake:Other"))
    done = run(*TINY, "tracker=[mlflow,wandb]")
    assert done.status == 0
    assert "tracker wandb failed (OSError: full)" in done.err
    assert len(told("log")) == 3
    known = json.loads((record().folder / "trackers.json").read_text())
    assert {name: entry["rounds"] for name, entry in known.items()} == {"mlflow": 3, "wandb": 0}


def test_a_damaged_file_of_trackers_begins_anew(run):
    run(*SHOWN)
    (record().folder / "trackers.json").write_text('{"mlflow": 3}')
    done = run(*SHOWN, "schedule.rounds=4")
    assert done.status == 0
    assert "trackers.json cannot be read" in done.err
    assert len(told("log")) == 3 + 4


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (("tracker=neptune",), "tracker is 'neptune'; choose one of mlflow, tensorboard, wandb"),
        (("-m", "tracker=mlflow,wandb"), "has commas: for a run that is shown in each type 'tracker=[mlflow,wandb]'"),
        (("tracker=mlflow,wandb",), "type 'tracker=[mlflow,wandb]'"),
    ],
    ids=["unknown", "sweep", "commas"],
)  # fmt: skip
def test_what_cannot_be_meant_is_refused(run, words, message):
    done = run(*words[:1], *TINY, *words[1:])
    assert done.status == 2
    assert message in done.err
    assert done.err.count("\n") == 1
    assert written() == []


def test_a_package_that_is_not_there_is_named_before_anything_runs(run, monkeypatch):
    monkeypatch.setitem(TRACKERS, "mlflow", ("not_there", "tests.trackers.fake:FakeTracker"))
    done = run(*SHOWN)
    assert done.status == 2
    assert "needs the package not_there, which is not installed: pip install 'al-bench[mlflow]'" in done.err
    assert written() == []


def test_none_is_no_tracker(run):
    assert run(*TINY, "tracker=none").status == 0
    assert not (record().folder / "trackers.json").exists()
