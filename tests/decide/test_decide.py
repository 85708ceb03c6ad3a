"""`al-bench decide` on records: what it picks, types, writes, refuses and says; runs are stood in for by records."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import pytest

from al_bench.analysis.studies import studies
from al_bench.cli.decide import main
from al_bench.decide import runs as decide_runs
from al_bench.decide.runs import Clock, NextRun
from al_bench.experiment.outcome import Outcome
from al_bench.storage.decision_plan import NAME, read_decision
from tests.analysis.records import write_run
from tests.conftest import REPOSITORY

ROUNDS = 5
GAINS = {"random": 0.0, "margin": 4.0, "bald": 1.0, "entropy": -2.0}
SPREAD = {"random": 0.0, "margin": 1.6, "bald": 3.0, "entropy": 1.0}
"""Points of a hundred: margin is shown to be better after a few looks."""


def write(root: Path, arm: str, seed: int, **header: Any) -> Path:
    """A run of an arm whose curve lies so many points above Random's, give or take."""
    drawn = np.random.default_rng([seed, *arm.encode()]).normal() * SPREAD[arm]
    base = 60 + np.random.default_rng(seed).normal() + 5 * np.arange(ROUNDS)
    curve = base + (np.arange(ROUNDS) > 0) * (GAINS[arm] + drawn)
    rounds = [{"accuracy": round(value / 100, 6), "seconds": {"train": 2.0}} for value in curve]
    typed = ["study=study", f"strategy={arm}", f"seed={seed}"]
    fields = {"test": 1000, "command": typed, "choices": {"strategy": arm, "dataset": "digits"}} | header
    return write_run(root, rounds, arm=arm, strategy=arm, seed=seed, **fields)


def a_study(root: Path, arms: Sequence[str] = ("random", "margin", "bald"), seeds: Sequence[int] = range(5)) -> Path:
    for arm in arms:
        for seed in seeds:
            write(root, arm, seed)
    return root / "study"


@pytest.fixture
def made(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> list[tuple[str, ...]]:
    """The words of every run that is made; each leaves the record that it would."""
    words: list[tuple[str, ...]] = []

    def run(typed: Sequence[str], folder: Path, processes: object, environment: object) -> Outcome:
        words.append(tuple(typed))
        keys = dict(word.partition("=")[::2] for word in typed)
        write(folder.parents[3], keys["strategy"], int(keys["seed"]))
        return Outcome("complete", str(folder), "60 labels")

    monkeypatch.setattr(decide_runs, "run_in_process", run)
    return words


def seeds_of(words: Sequence[tuple[str, ...]], arm: str) -> list[int]:
    return [int(typed[-1].removeprefix("seed=")) for typed in words if f"strategy={arm}" in typed]


def test_it_ends_at_the_look_that_settles_and_says_what_that_saves(
    tmp_path: Path, made: list[tuple[str, ...]], capsys: pytest.CaptureFixture[str]
) -> None:
    folder = a_study(tmp_path)
    assert main([str(folder), "--minutes", "60"]) == 0
    out = " ".join(capsys.readouterr().out.split())
    last = 5 + len(seeds_of(made, "margin"))
    assert last in (7, 10, 14)
    assert "Active learning gives more accuracy for the same labels on digits." in out
    assert f"Settled with {last} of 20 seeds" in out
    assert "Over all looks and the 2 arms, at most 5 % of studies make any claim that is false, if" in out
    plan = read_decision(folder / "digits")
    assert plan is not None
    assert (plan.arms, plan.tests, plan.looks, plan.named) == (["bald", "margin"], 2, [5, 7, 10, 14, 20], False)
    assert plan.taken == plan.looks.index(last) + 1
    assert main([str(folder), "--minutes", "60"]) == 0
    assert f"Settled with {last} of 20 seeds" in capsys.readouterr().out
    assert len(made) == len(set(made))


def test_the_leaders_of_more_arms_are_picked_and_each_pays_for_the_choice(
    tmp_path: Path, made: list[tuple[str, ...]], capsys: pytest.CaptureFixture[str]
) -> None:
    folder = a_study(tmp_path, tuple(GAINS))
    main([str(folder), "--minutes", "60"])
    plan = read_decision(folder / "digits")
    assert plan is not None
    assert (plan.arms, plan.tests) == (["bald", "margin"], 3)
    assert seeds_of(made, "entropy") == []
    assert "the 3 arms that there were to pick from" in " ".join(capsys.readouterr().out.split())


def test_an_arm_that_is_named_beforehand_pays_for_itself_alone(tmp_path: Path, made: list[tuple[str, ...]]) -> None:
    folder = a_study(tmp_path, tuple(GAINS))
    assert main([str(folder), "--minutes", "60", "--arm", "margin"]) == 0
    plan = read_decision(folder / "digits")
    assert plan is not None
    assert (plan.arms, plan.tests, plan.named) == (["margin"], 1, True)
    assert {word for typed in made for word in typed if word.startswith("strategy=")} <= {
        "strategy=margin",
        "strategy=random",
    }


def test_arms_are_brought_to_five_seeds_first_with_seeds_that_some_have(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for arm, seeds in {"random": (0, 1, 9), "margin": (0, 4)}.items():
        a_study(tmp_path, (arm,), seeds)
    assert main([str(tmp_path / "study"), "--dry-run"]) == 0
    typed = [line for line in capsys.readouterr().out.splitlines() if line.startswith("al-bench run")]
    ends = [line.split()[-2:] for line in typed]
    assert ends == [
        ["strategy=margin", "seed=1"], ["strategy=random", "seed=4"], ["strategy=margin", "seed=9"],
        ["strategy=random", "seed=10"], ["strategy=margin", "seed=10"],
    ]  # fmt: skip
    assert not (tmp_path / "study" / "digits" / NAME).exists()


def test_a_dry_run_writes_nothing_and_says_what_is_open(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    folder = a_study(tmp_path, ("random", "bald"))
    before = sorted(tmp_path.rglob("*"))
    assert main([str(folder), "--dry-run"]) == 0
    out = " ".join(capsys.readouterr().out.split())
    assert "7 seeds lack 4 runs (seeds 5, 6; under a minute)" in out
    assert "bald gives more accuracy for the same labels on digits is still open" in out
    assert sorted(tmp_path.rglob("*")) == before


def test_six_seeds_begin_at_the_look_of_seven(tmp_path: Path, made: list[tuple[str, ...]]) -> None:
    folder = a_study(tmp_path, ("random", "margin"), range(6))
    main([str(folder), "--minutes", "60"])
    plan = read_decision(folder / "digits")
    assert plan is not None
    assert (plan.first, plan.looks) == (6, [7, 10, 14, 20])


def test_a_run_that_does_not_fit_is_not_started_and_the_same_command_goes_on(
    tmp_path: Path, made: list[tuple[str, ...]], capsys: pytest.CaptureFixture[str]
) -> None:
    folder = a_study(tmp_path)
    assert main([str(folder), "--minutes", "0.1"]) == 0  # 6 seconds, and runs on record took 10
    out = " ".join(capsys.readouterr().out.split())
    assert made == []
    assert "which do not all fit into the time left" in out
    assert "The time is too short for another run" in out
    assert "still open" in out
    assert read_decision(folder / "digits") is not None


def test_a_failed_run_ends_it_with_one_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = a_study(tmp_path)
    failed = Outcome("failed", "", "no memory")
    monkeypatch.setattr(decide_runs, "run_in_process", lambda *_: failed)
    assert main([str(folder), "--minutes", "60"]) == 1
    out, err = capsys.readouterr()
    assert "[1/6] failed random seed 5: no memory" in out
    assert err.startswith("al-bench decide: random seed 5 failed: ")
    assert err.count("\n") == 1


def test_a_run_that_leaves_no_record_where_it_should_has_failed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = a_study(tmp_path)
    monkeypatch.setattr(decide_runs, "run_in_process", lambda *_: Outcome("complete", "", "elsewhere"))
    assert main([str(folder), "--minutes", "60"]) == 1
    assert "has no complete record of it" in capsys.readouterr().out


def test_an_interruption_loses_nothing(
    tmp_path: Path, made: list[tuple[str, ...]], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = a_study(tmp_path)
    run = decide_runs.run_in_process

    def interrupted(*arguments: Any) -> Outcome:
        if len(made) == 2:
            raise KeyboardInterrupt
        return run(*arguments)

    monkeypatch.setattr(decide_runs, "run_in_process", interrupted)
    assert main([str(folder), "--minutes", "60"]) == 130
    assert "the same command goes on" in capsys.readouterr().err
    monkeypatch.setattr(decide_runs, "run_in_process", run)
    assert main([str(folder), "--minutes", "60"]) == 0
    assert len(made) == len(set(made))


def _no_baseline(root: Path) -> list[str]:
    return [str(a_study(root, ("margin", "bald")))]


def _two_data_sets(root: Path) -> list[str]:
    a_study(root)
    shutil.copytree(root / "study", root / "other")
    return [str(root)]


def _no_command(root: Path) -> list[str]:
    a_study(root, ("random",))
    for seed in range(5):
        write(root, "margin", seed, command=None)
    return [str(root / "study")]


def _fixed_start(root: Path) -> list[str]:
    for arm in ("random", "margin"):
        for seed in range(5):
            write(root, arm, seed, command=["study=study", "seeds.initial=1", f"strategy={arm}", f"seed={seed}"])
    return [str(root / "study")]


def _shared_seeds(root: Path) -> list[str]:
    for arm in ("random", "margin"):
        for seed in range(5):
            write(root, arm, seed, identity={"seeds.initial": 1})
    return [str(root / "study")]


def _enough(root: Path) -> list[str]:
    return [str(a_study(root, ("random", "margin"), range(20)))]


def _moved(root: Path) -> list[str]:
    a_study(root)
    shutil.move(root / "study", root / "renamed")
    return [str(root / "renamed")]


def _unknown_arm(root: Path) -> list[str]:
    return [str(a_study(root)), "--arm", "badge"]


def _three_arms(root: Path) -> list[str]:
    words = [str(a_study(root, tuple(GAINS)))]
    return [*words, "--arm", "margin", "--arm", "bald", "--arm", "entropy"]


def _one_arm_twice(root: Path) -> list[str]:
    return [str(a_study(root)), "--arm", "margin", "--arm", "margin"]


def _other_models(root: Path) -> list[str]:
    a_study(root, ("random",))
    for seed in range(5):
        write(root, "margin", seed, identity={"model.hidden": 8})
        write(root, "bald", seed, identity={"model.hidden": 9})
    return [str(root / "study")]


@pytest.mark.parametrize(
    ("prepare", "says"),
    [
        (_no_baseline, "has no complete run of random to compare with"),
        (_two_data_sets, "a decision is about one study on one data set: name one folder"),
        (_no_command, "the records of margin do not say how its runs were begun"),
        (_fixed_start, "was run with seeds.initial=1"),
        (_shared_seeds, "cannot be decided: Runs share seeds of initial"),
        (_enough, "has 20 seeds of every arm already"),
        (_moved, "does not lie where al-bench run would put it"),
        (_unknown_arm, "no arm 'badge' has a complete run"),
        (_three_arms, "--arm names 3 arms"),
        (_one_arm_twice, "--arm names margin twice"),
        (_other_models, "differ in more than their strategy"),
        (lambda root: [str(root / "nowhere")], "does not exist"),
    ],
)
def test_what_cannot_be_decided_is_refused_in_one_line(
    tmp_path: Path, prepare: Callable[[Path], list[str]], says: str, capsys: pytest.CaptureFixture[str]
) -> None:
    words = prepare(tmp_path)
    assert main([*words, "--minutes", "1"]) == 2
    err = capsys.readouterr().err
    assert says in err
    assert err.startswith("al-bench decide: ")
    assert len([line for line in err.splitlines() if not line.startswith("al-bench decide: left out")]) == 1
    assert not list(tmp_path.rglob(NAME))


@pytest.mark.parametrize("words", [[], ["--minutes", "0"], ["--minutes", "-3"], ["--minutes", "soon"]])
def test_the_time_is_asked_for(tmp_path: Path, words: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert main([str(a_study(tmp_path)), *words]) == 2
    assert "--minutes" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (["--arm", "margin"], "--arm is margin"),
        (["--metric", "nll"], "--metric is nll"),
        (["--baseline", "margin"], "--baseline is margin"),
    ],
)
def test_another_question_than_the_plan_s_is_refused(
    tmp_path: Path, made: list[tuple[str, ...]], words: list[str], says: str, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = a_study(tmp_path)
    assert main([str(folder), "--minutes", "0.1"]) == 0
    capsys.readouterr()
    assert main([str(folder), "--minutes", "1", *words]) == 2
    err = capsys.readouterr().err
    assert says in err
    assert "fixed at the first look" in err


@pytest.mark.parametrize(
    "change",
    [
        {"limits": [2.0] * 5}, {"seeds": [0] * 20}, {"looks": [5, 7]}, {"arms": ["random"]}, {"schema": 2},
        {"taken": 9}, {"surprise": 1}, {"arms": []}, {"ahead": [5, 7, 9, 12, 15]},
    ],
    ids=lambda change: next(iter(change)),
)  # fmt: skip
def test_a_plan_that_was_changed_or_damaged_is_refused(
    tmp_path: Path, made: list[tuple[str, ...]], change: dict[str, Any], capsys: pytest.CaptureFixture[str]
) -> None:
    folder = a_study(tmp_path)
    main([str(folder), "--minutes", "0.1"])
    path = folder / "digits" / NAME
    content = json.loads(path.read_text()) | change
    path.write_text(json.dumps(content))
    capsys.readouterr()
    assert main([str(folder), "--minutes", "1"]) == 2
    assert str(path) in capsys.readouterr().err
    path.write_text("{")
    assert main([str(folder), "--minutes", "1"]) == 2


def test_compare_says_that_there_were_looks(tmp_path: Path, made: list[tuple[str, ...]]) -> None:
    folder = a_study(tmp_path)
    (before,) = studies([folder], report=lambda _: None)
    main([str(folder), "--minutes", "60"])
    (after,) = studies([folder], report=lambda _: None)
    assert not any("decide" in line for line in before.counted)
    (line,) = [line for line in after.counted if "al-bench decide took" in line]
    plan = read_decision(folder / "digits")
    assert plan is not None
    assert f"{plan.taken} look" in line
    (folder / "digits" / NAME).write_text("{")
    (damaged,) = studies([folder], report=lambda _: None)
    assert any("cannot be read" in line for line in damaged.counted)


def test_the_clock_learns_how_long_runs_take_here() -> None:
    now = [0.0]
    clock = Clock(100, now=lambda: now[0])
    fast, slow, unknown = (NextRun(arm, 0, (), Path(arm), s) for arm, s in (("a", 10), ("b", 60), ("c", float("nan"))))
    assert [clock.expected(run) for run in (fast, slow, unknown)] == [10, 60, 0]
    clock.learn(fast, 25)
    assert [clock.expected(run) for run in (fast, slow, unknown)] == [25, 75, 15]
    now[0] = 30
    assert [clock.fits(run) for run in (fast, slow, unknown)] == [True, False, True]
    now[0] = 100
    assert not clock.fits(unknown)


def test_a_plan_is_read_as_it_was_written(tmp_path: Path, made: list[tuple[str, ...]]) -> None:
    folder = a_study(tmp_path)
    main([str(folder), "--minutes", "0.1"])
    plan = read_decision(folder / "digits")
    assert plan is not None
    assert json.loads((folder / "digits" / NAME).read_text()) == msgspec.to_builtins(plan)


def test_an_arm_is_called_as_it_was_typed(capsys):
    assert main([str(REPOSITORY / "results" / "runs" / "digits"), "--dry-run"]) == 0
    assert "\nvariation_ratio is open: " in capsys.readouterr().out
