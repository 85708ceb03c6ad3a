"""`al-bench reproduce`: what it runs, prints, writes and returns."""

from __future__ import annotations

import json
import math
import shutil

import pytest

from al_bench.cli import reproduce as command
from al_bench.experiment.outcome import Outcome
from al_bench.reproduce import launch, presets, runs
from tests.conftest import REPOSITORY
from tests.reproduce.planted import preset

COMMITTED = str(REPOSITORY / "results" / "runs")


@pytest.fixture
def reproduce(monkeypatch, tmp_path, capsys):
    """The command in this process and an empty folder: status, output, errors."""
    monkeypatch.chdir(tmp_path)

    def call(*words):
        status = command.main(list(words))
        return status, *capsys.readouterr()

    return call


def test_without_a_name_the_presets_are_listed(reproduce):
    status, out, _ = reproduce()
    assert status == 0
    assert [line.split()[0] for line in out.splitlines()] == list(presets.names())


def test_the_committed_runs_are_judged_without_running(reproduce, tmp_path):
    status, out, err = reproduce("gal2017_mnist", "--check-only", "--results", COMMITTED, "--json", "claims.json")
    assert status in (0, 1)
    assert err == ""
    for word in ("gal2017_mnist, scale laptop: claims", "PASS", "departures of scale laptop", "up to 400 labels"):
        assert word in out
    claims = json.loads((tmp_path / "claims.json").read_text())
    assert [each["claim"] for each in claims] == [
        f"{arm}_{error}" for arm in ("variation_ratio", "bald", "entropy") for error in (10, 5)
    ]
    keys = {"preset", "claim", "scale", "verdict", "n", "value", "interval", "band", "reason"}
    assert all(set(each) == keys for each in claims)
    assert all(each["verdict"] in ("pass", "fail", "not_enough_seeds", "not_run") for each in claims)
    by = {each["claim"]: each for each in claims}
    assert by["bald_5"]["interval"][0] is None  # Random is censored: a bound
    assert "random does not reach 95 %" in by["bald_5"]["reason"]
    assert (status == 0) is all(each["verdict"] == "pass" for each in claims)


@pytest.mark.slow
def test_nothing_run_is_no_pass(reproduce):
    status, out, err = reproduce("--all", "--check-only")
    assert status == 1
    assert "there is no folder results/runs; --results names where studies live" in err
    assert "NOT RUN" in out
    assert "Reproduced papers: claims by verdict" in out


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["--check-only"], "no preset is named; give one, such as gal2017_mnist, or --all"),
        (["scale=smoke"], "no preset is named"),
        (["nonsense"], "there is no preset 'nonsense'"),
        (["gal2017_mnist", "scale=big"], "scale is 'big'; choose one of paper, laptop, smoke"),
        (["gal2017_mnist", "seed=3"], "'seed=3' is no setting of reproduce"),
        (["gal2017_mnist", "--all"], "--all takes every preset, and gal2017_mnist is named too"),
        (["gal2017_mnist", "--jobs", "0"], "--jobs is 0; it must be at least 1"),
        (["gal2017_mnist", "--jobs", "two"], "--jobs is 'two'; it must be a whole number"),
        (["gal2017_mnist", "--results", " "], "--results is empty"),
        (["gal2017_mnist", "--nope"], "there is no option --nope; see al-bench reproduce --help"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else "",
)
def test_bad_input_is_one_line(reproduce, words, message):
    status, out, err = reproduce(*words)
    assert (status, out) == (2, "")
    assert len(err.splitlines()) == 1
    assert message in err


def test_json_that_cannot_be_written_is_said_before_the_sweep(reproduce, tmp_path):
    (tmp_path / "file").write_text("")
    status, out, err = reproduce("gal2017_mnist", "--json", "file/claims.json")
    assert (status, out) == (2, "")
    assert "file/claims.json cannot be written" in err


TINY = preset(
    {"metric": "accuracy_difference", "arm": "bald", "versus": "random", "at": 10, "band": [-math.inf, math.inf]},
    arms=("random", "bald"),
)


@pytest.fixture
def tiny(monkeypatch):
    """A preset of two arms and three seeds that runs in this process: synthetic data, three rounds."""

    def plan(chosen, scale, results):
        from al_bench.config.compose import compose, register
        from al_bench.experiment import sweep as sweeper

        register()
        sweeper.register()
        planned = []
        for seed in (0, 1, 2):
            for arm in ("random", "bald"):
                words = ["debug=smoke", "training.steps=4", f"strategy={arm}", f"arm={arm}", f"seed={seed}"]
                run = compose(words)
                planned.append(runs.PlannedRun(arm, seed, tuple(words), run.folder, run.identity, run.components))
        return planned

    monkeypatch.setattr(presets, "load", lambda name: TINY)
    monkeypatch.setattr(runs, "plan", plan)


def in_process(monkeypatch, run, calls):
    """Let the sweep's runs take place in this process."""

    def run_here(planned, processes):
        calls.append(planned.overrides)
        done = run(*planned.overrides)
        last = (done.out or done.err).splitlines()[-1]
        return Outcome("failed" if done.status else "complete", str(planned.folder), last)

    monkeypatch.setattr(launch, "run_process", run_here)


def test_a_sweep_runs_what_is_missing_and_judges_it(monkeypatch, run, tiny, capsys):
    calls = []
    in_process(monkeypatch, run, calls)
    assert command.main(["planted", "--jobs", "1"]) == 0
    out = capsys.readouterr().out
    assert len(calls) == 6
    assert "PASS" in out
    assert command.main(["planted", "--jobs", "1"]) == 0
    assert len(calls) == 6  # nothing is run twice
    assert "runs to do" not in capsys.readouterr().out


def test_the_estimate_is_printed_before_the_start(monkeypatch, tiny, tmp_path, capsys):
    monkeypatch.chdir(tmp_path)
    failed = Outcome("failed", "results/runs/folder", "no luck")
    monkeypatch.setattr(launch, "run_process", lambda planned, processes: failed)
    assert command.main(["planted", "--jobs", "1"]) == 1
    out = capsys.readouterr().out
    assert out.index("planted: 6 runs to do, about 1 minutes (none)") < out.index("[1/6] failed random seed 0: no luck")
    assert "[6/6] failed" in out
    assert out.splitlines().count("failed    results/runs/folder  no luck") == 6  # the table of outcomes
    assert "0 complete, 6 failed, 0 missing" in out
    assert "NOT RUN" in out


@pytest.mark.slow
def test_a_run_of_another_configuration_is_not_judged(monkeypatch, run, tiny, capsys):
    in_process(monkeypatch, run, [])
    command.main(["planted", "--jobs", "1"])
    planned = runs.plan(TINY, "laptop", "")[0]
    shutil.rmtree(planned.folder)
    assert run(*planned.overrides, "training.steps=5").status == 0
    capsys.readouterr()
    assert command.main(["planted", "--check-only"]) == 1
    out, err = capsys.readouterr()
    assert "left out" in err
    assert "training.steps" in err
    assert "NOT ENOUGH SEEDS" in out
    assert command.main(["planted"]) == 2  # and is not run over
    assert "another configuration" in capsys.readouterr().err


def test_an_incomplete_run_is_left_out(monkeypatch, run, tiny, capsys):
    in_process(monkeypatch, run, [])
    command.main(["planted", "--jobs", "1"])
    folder = runs.plan(TINY, "laptop", "")[0].folder
    (folder / "status.json").write_text(json.dumps({"status": "interrupted"}))
    capsys.readouterr()
    assert command.main(["planted", "--check-only"]) == 1
    assert f"left out {folder}: not complete" in capsys.readouterr().err


def test_an_interruption_is_said_and_returns_130(monkeypatch, tiny, tmp_path, capsys):
    monkeypatch.chdir(tmp_path)

    def interrupt(planned, processes):
        raise KeyboardInterrupt

    monkeypatch.setattr(launch, "run_process", interrupt)
    assert command.main(["planted", "--jobs", "1"]) == 130
    assert "the same command resumes" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("metric", "said"),
    [
        ("nll", "--metric is 'nll'; the bands of the claims are in points of accuracy"),
        (
            "balanced_accuracy",
            "has no balanced_accuracy on record: an older al-bench wrote it; choose --metric acc",
        ),
    ],
    ids=["another unit", "not recorded"],
)
def test_a_metric_that_the_claims_cannot_be_judged_by_is_one_line(reproduce, metric, said):
    words = ("gal2017_mnist", "--check-only", "--results", COMMITTED, "--metric", metric)
    status, _, err = reproduce(*words)
    assert status == 2
    assert said in err
    assert len(err.splitlines()) == 1
