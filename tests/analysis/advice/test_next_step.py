"""The next step follows from the findings by rule, and what it names to type makes exactly the runs that it counts."""

from __future__ import annotations

import json
import math
import re
import shlex
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from scipy import stats

from al_bench.analysis.advice.next_step import FIRST_SEEDS, MANY_SEEDS, next_step
from al_bench.analysis.advice.runs import FORMER_KEYS
from al_bench.analysis.advice.step import FINISH, RUN, STAY, USE, WEIGH, NextStep
from al_bench.analysis.findings import findings
from al_bench.analysis.studies import studies
from al_bench.cli.compare import main
from al_bench.storage.identity import FORMER_DEFAULTS
from tests.analysis.records import write_run

ROUNDS = 10
LABELS = 20 + 10 * np.arange(ROUNDS)


def arm(
    root: Path,
    name: str,
    gain: float | list[float] = 0.0,
    seeds: tuple[int, ...] = (0, 1, 2, 3, 4),
    noise: tuple[float, ...] = (-0.2, 0.1, 0.3, -0.4, 0.2),
    status: str = "complete",
    command: tuple[str, ...] | None = ("study=study",),
    seconds: float = 60.0,
    **header: Any,
) -> None:
    """Runs of an arm that are `gain` points above Random at every label count but the first, give or take `noise`."""
    strategy = name.partition(",")[0]
    gains = np.broadcast_to(gain, ROUNDS)
    for seed in seeds:
        drawn = noise[seed % len(noise)]
        curve = 90 - 40 * np.exp(-LABELS / 60) + (np.arange(ROUNDS) > 0) * (gains + drawn)
        rounds = [{"accuracy": round(value / 100, 6), "seconds": {"train": seconds / ROUNDS}} for value in curve]
        typed = None if command is None else [*command, f"strategy={strategy}", f"seed={seed}"]
        write_run(
            root, rounds, arm=name, strategy=strategy, seed=seed, status=status, test=10_000, command=typed,
            **({"choices": {"strategy": strategy, "dataset": "digits"}} | header),
        )  # fmt: skip


def step_of(root: Path, **options: Any) -> NextStep:
    (study,) = studies([root], report=lambda _: None, **options)
    return next_step(study, findings(study))


def lines(step: NextStep) -> tuple[str, ...]:
    """The commands without the place of the results, which a test of its own is about."""
    return tuple(re.sub(" results=[^ ]+", "", line) for line in step.further.lines)


def typed_runs(step: NextStep) -> list[tuple[str, int]]:
    """What the commands make: strategy and seed of every run."""
    made = []
    for line in step.further.lines:
        words = dict(word.partition("=")[::2] for word in shlex.split(line) if "=" in word)
        runs = [(s, int(n)) for s in words["strategy"].split(",") for n in words["seed"].split(",")]
        assert ("-m" in shlex.split(line)) == (len(runs) > 1)
        made += runs
    return made


def test_without_a_baseline_random_is_run_under_the_same_seeds(tmp_path: Path) -> None:
    arm(tmp_path, "margin", seeds=(0, 1))
    arm(tmp_path, "bald", seeds=(1, 4))
    step = step_of(tmp_path)
    assert step.kind == RUN
    assert step.text.startswith("Run Random under the same seeds (3 runs one after another, about 3 minutes by those")
    assert typed_runs(step) == [("random", 0), ("random", 1), ("random", 4)]


def test_random_takes_over_the_setting_of_an_arm_and_not_its_strategys_keys_or_name(tmp_path: Path) -> None:
    arm(tmp_path, "badge", seeds=(3,), command=("model.hidden=[8,8]", "strategy.gradients=exact", "arm=mine"))
    assert lines(step_of(tmp_path)) == ("al-bench run 'model.hidden=[8,8]' strategy=random seed=3",)


def test_beside_random_alone_margin_is_run_and_beside_margin_alone_random(tmp_path: Path) -> None:
    arm(tmp_path / "a", "random", seeds=(0, 1))
    assert typed_runs(step_of(tmp_path / "a")) == [("margin", 0), ("margin", 1)]
    arm(tmp_path / "b", "margin", seeds=(2,))
    step = step_of(tmp_path / "b", baseline="margin")
    assert typed_runs(step) == [("random", 2)]
    assert "what every strategy must beat" in step.text


@pytest.mark.parametrize("seeds", [1, 2, 3, 4])
def test_fewer_than_five_seeds_are_brought_to_five(tmp_path: Path, seeds: int) -> None:
    for name, gain in (("random", 0.0), ("margin", 0.4), ("bald", -0.3)):
        noise = {"random": (0.0,), "margin": (3.0, -2.0, 4.0, -1.0), "bald": (2.0, -3.0, 4.0, -1.0)}[name]
        arm(tmp_path, name, gain, seeds=tuple(range(seeds)), noise=noise)
    step = step_of(tmp_path)
    assert step.kind == RUN
    assert f"up to {FIRST_SEEDS} seeds" in step.text
    wanted = {(name, seed) for name in ("random", "margin", "bald") for seed in range(seeds, FIRST_SEEDS)}
    assert sorted(typed_runs(step)) == sorted(wanted)
    assert step.further.runs == len(wanted)
    assert step.further.seconds == pytest.approx(60 * len(wanted))


def test_seeds_that_one_of_two_arms_has_are_used_before_new_ones(tmp_path: Path) -> None:
    arm(tmp_path, "random", seeds=(0, 1, 2, 7))
    arm(tmp_path, "margin", 1.0, seeds=(1, 2, 9), noise=(3, -2, 1))
    made = typed_runs(step_of(tmp_path))
    assert sorted(made) == [("margin", 0), ("margin", 7), ("random", 9)]


def test_a_winner_is_used_and_brought_to_ten_seeds(tmp_path: Path) -> None:
    arm(tmp_path, "random")
    arm(tmp_path, "margin", 4.0, noise=(0.1, -0.1, 0.2, 0, 0))
    step = step_of(tmp_path)
    assert (step.kind, step.strategy) == (USE, "margin")
    assert step.text == (
        "Use margin: on digits and up to 110 labels, it is shown to be better than random on average, if differences "
        "over seeds are roughly symmetric. Before much depends on it, bring both to 10 seeds (10 runs one after "
        "another, about 10 minutes by those on record): that up to 45 % of all seeds collapse is not excluded yet."
    )
    assert lines(step) == ("al-bench run -m study=study strategy=random,margin seed=5,6,7,8,9",)


def test_of_ten_seeds_no_more_are_asked_for(tmp_path: Path) -> None:
    arm(tmp_path, "random", seeds=tuple(range(10)))
    arm(tmp_path, "margin", 4.0, seeds=tuple(range(10)), noise=(0.1, -0.1, 0.2, 0, 0))
    step = step_of(tmp_path)
    assert (step.kind, step.further.lines, step.further.runs) == (USE, (), 0)


def test_curves_that_cross_are_used_beyond_where_they_are_worse(tmp_path: Path) -> None:
    gains = [0, -4, -4, -4, 0, 0, 4, 4, 4, 4]
    arm(tmp_path, "random", seeds=tuple(range(10)), noise=(0.0,))
    arm(tmp_path, "margin", gains, seeds=tuple(range(10)), noise=(0.1, -0.1, 0.05))
    step = step_of(tmp_path)
    assert step.kind == WEIGH
    assert step.text.startswith("Use margin only if you go on beyond 50 labels: on digits and up to 110 labels, ")
    assert (
        "better than random in part, but worse at 3 label counts from 30 to 50, if differences over seeds are roughly"
        in step.text
    )
    arm(tmp_path, "bald", [-gain for gain in gains], seeds=tuple(range(10)), noise=(0.1, -0.1, 0.05))
    (study,) = studies([tmp_path], report=lambda _: None)
    bald = tuple(finding for finding in findings(study) if finding.name == "bald")
    assert "Use bald only if you stop before 80 labels" in next_step(study, bald).text


def test_random_is_good_enough_where_every_strategy_is_worse(tmp_path: Path) -> None:
    arm(tmp_path, "random", noise=(0.0,))
    for name in ("margin", "bald"):
        arm(tmp_path, name, -6.0, noise=(0.1, -0.1, 0.05))
    step = step_of(tmp_path)
    assert step.kind == STAY
    assert step.text == (
        "Random is good enough here: each of the 2 strategies is shown to be worse, if differences over seeds are "
        "roughly symmetric."
    )


def test_random_is_good_enough_where_a_gain_of_a_point_is_excluded(tmp_path: Path) -> None:
    arm(tmp_path, "random", noise=(0.0,))
    for name in ("margin", "bald"):
        arm(tmp_path, name, 0.0, noise=(0.1, -0.1, 0.05, 0.08, -0.12))
    step = step_of(tmp_path)
    assert step.kind == STAY
    assert step.text == (
        "Random is good enough here: no strategy gains a point or saves 10 % of the labels on average, by 95 % "
        "intervals for roughly normal differences, adjusted for 2 strategies."
    )


def test_a_lead_that_is_open_names_the_seeds_that_show_it_as_a_t_test_needs_them(tmp_path: Path) -> None:
    noise = (2.0, -1.5, 0.5, -2.0, 1.0)
    arm(tmp_path, "random", noise=(0.0,))
    arm(tmp_path, "margin", 1.5, noise=noise)
    (study,) = studies([tmp_path], report=lambda _: None)
    (finding,) = findings(study)
    step = next_step(study, (finding,))
    assert step.kind == RUN
    wanted = {len({seed for _, seed in typed_runs(step)})}

    def power(n: int, mean: float, sd: float) -> float:
        level = 0.05 / finding.tests
        critical, shift = stats.t.isf(level / 2, n - 1), math.sqrt(n) * mean / sd
        return float(stats.nct.sf(critical, n - 1, shift) + stats.nct.cdf(-critical, n - 1, shift))

    measures = [(finding.area.mean, finding.area.sd)]
    if finding.primary_saving is not None and finding.primary_saving.ratio is not None:
        measures.append((-finding.primary_saving.ratio.mean, finding.primary_saving.ratio.sd))
    fewest = [next(n for n in range(6, 1000) if power(n, *each) >= 0.8) - 5 for each in measures if each[0] > 0]
    assert wanted == {min(fewest)}
    assert 0 < min(fewest) <= MANY_SEEDS
    assert "no more than chance could do" in step.text
    assert "as 5 seeds leave that open" in step.text
    assert step.text.endswith("whoever looks again after every seed makes a false claim likelier.")


def test_a_lead_that_too_many_seeds_would_take_to_show_is_not_sought(tmp_path: Path) -> None:
    arm(tmp_path, "random", noise=(0.0,))
    arm(tmp_path, "margin", 0.2, noise=(6.0, -5.0, 4.0, -5.5, 1.0))
    step = step_of(tmp_path)
    assert step.kind == STAY
    assert "which would take more than 50 further seeds to show" in step.text


def test_nothing_ahead_is_no_reason_to_go_on(tmp_path: Path) -> None:
    arm(tmp_path, "random", noise=(0.0,))
    arm(tmp_path, "margin", -1.0, noise=(2.0, -2.0, 1.0, -1.5, 0.5))
    step = step_of(tmp_path)
    assert step.text == "Random is good enough here: no strategy is ahead of it on average (5 seeds)."


def test_ahead_in_most_seeds_alone_is_used_where_that_is_enough(tmp_path: Path) -> None:
    noise = (1.0, 1.2, 0.8, 1.1, 0.9, 1.3, 0.7, 1.0, 1.1, -14.0)
    arm(tmp_path, "random", seeds=tuple(range(20)), noise=(0.0,))
    arm(tmp_path, "margin", 0.0, seeds=tuple(range(20)), noise=noise)
    step = step_of(tmp_path)
    assert (step.kind, step.strategy) == (WEIGH, "margin")
    assert "only where being ahead in most seeds is enough" in step.text
    assert "(it collapsed in 2 of 20)" in step.text


def setting(hidden: int) -> dict[str, Any]:
    return {
        "identity": {"model.hidden": hidden},
        "choices": {"model": "mlp", "dataset": "digits"},
        "command": ("study=study", f"model.hidden={hidden}"),
    }


def test_each_setting_has_its_own_strategy(tmp_path: Path) -> None:
    for hidden, gain in ((8, 0.0), (16, 4.0), (32, 5.0)):
        arm(tmp_path, f"random,hidden={hidden}", noise=(0.0,), **setting(hidden))
        arm(tmp_path, f"margin,hidden={hidden}", gain, noise=(0.1, -0.1, 0.05), **setting(hidden))
    step = step_of(tmp_path)
    assert step.text.startswith("Use margin,hidden=32: on digits")
    assert "In the other setting it is margin,hidden=16. In another setting no strategy is shown" in step.text
    assert all("model.hidden=32" in line for line in step.further.lines)


def test_a_winner_of_a_setting_without_random_gets_one(tmp_path: Path) -> None:
    arm(tmp_path, "random", noise=(0.0,), **setting(8))
    arm(tmp_path, "margin,hidden=16", 4.0, noise=(0.1, -0.1, 0.05), **setting(16))
    step = step_of(tmp_path)
    assert step.kind == RUN
    assert "so that what the strategy adds is not known" in step.text
    assert lines(step) == ("al-bench run -m study=study model.hidden=16 strategy=random seed=0,1,2,3,4",)


def test_a_baseline_that_the_user_chose_for_all_settings_is_no_missing_one(tmp_path: Path) -> None:
    for hidden in (8, 16):
        arm(tmp_path, f"random,hidden={hidden}", noise=(0.0,), **setting(hidden))
    arm(tmp_path, "margin,hidden=16", 4.0, noise=(0.1, -0.1, 0.05), **setting(16))
    assert step_of(tmp_path, baseline="random,hidden=8").kind == USE


def test_runs_that_are_not_complete_are_finished_first(tmp_path: Path) -> None:
    arm(tmp_path, "random")
    arm(tmp_path, "margin", 4.0, noise=(0.1, -0.1, 0.2, 0, 0))
    arm(tmp_path, "margin", seeds=(5,), status="interrupted", seconds=24.0)
    arm(tmp_path, "bald", seeds=(0,), status="failed")
    step = step_of(tmp_path)
    assert step.kind == FINISH
    assert step.text.startswith(
        "Finish the 2 runs that are not complete (2 runs one after another), as what is missing may not be missing by "
        "chance: bald seed 0: failed, margin seed 5: interrupted. Why a run failed is in its run.log. By the runs that "
        "are complete: Use margin"
    )
    assert sorted(typed_runs(step)) == [("bald", 0), ("margin", 5)]
    assert "By the runs as far as they got" in step_of(tmp_path, include_incomplete=True).text


def test_what_an_interrupted_run_still_takes_is_known_from_its_arm(tmp_path: Path) -> None:
    arm(tmp_path, "random")
    arm(tmp_path, "random", seeds=(5,), status="interrupted", seconds=20.0)
    assert step_of(tmp_path).further.seconds == pytest.approx(40)


def test_records_that_do_not_say_how_they_were_begun_name_the_seeds(tmp_path: Path) -> None:
    for name, noise in (("random", (0.0,)), ("margin", (3.0, -2.0, 1.0))):
        arm(tmp_path, name, 0.1, seeds=(0, 1, 2), noise=noise, command=None)
    step = step_of(tmp_path)
    assert step.further.lines == ()
    assert step.further.runs == 4
    assert step.text.endswith("do not say how these runs were begun: type what began them, with seed=3,4.")


def test_minutes_that_no_record_has_are_not_said(tmp_path: Path) -> None:
    arm(tmp_path, "margin", seeds=(0,), seconds=0.0)
    step = step_of(tmp_path)
    assert "(1 run):" in step.text
    assert step.plain()["minutes"] is None


def test_a_rule_that_was_another_when_the_runs_began_goes_on(tmp_path: Path) -> None:
    arm(tmp_path, "random", seeds=(0,), identity={"initial.kind": "balanced"}, choices={"dataset": "csv"})
    (line,) = lines(step_of(tmp_path))
    assert "initial.kind=balanced strategy=margin" in line
    choices = {"strategy": "bait", "dataset": "digits"}
    arm(tmp_path / "b", "bait", 0.3, seeds=(0,), noise=(2.0,), identity={"model.hidden": 8}, choices=choices)
    arm(tmp_path / "b", "random", seeds=(0,), identity={"model.hidden": 8})
    bait = next(line for line in lines(step_of(tmp_path / "b")) if "strategy=bait" in line)
    assert "strategy.labelled_weighting=sum arm=bait" in bait


def test_every_key_of_a_strategy_with_a_former_rule_is_known_to_the_commands() -> None:
    assert set(FORMER_KEYS.values()) == {key for key in FORMER_DEFAULTS if key.startswith("strategy.")}


def test_runs_that_were_extended_go_on_at_their_present_length(tmp_path: Path) -> None:
    arm(
        tmp_path, "margin", seeds=(0,), command=("schedule.rounds=4",), extended=[{"from": 4}],
        identity={"schedule.rounds": 9, "schedule.budget": None},
    )  # fmt: skip
    assert lines(step_of(tmp_path)) == ("al-bench run schedule.rounds=9 strategy=random seed=0",)


def test_a_study_elsewhere_gets_its_runs_there(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    arm(Path("copies"), "margin", seeds=(0,))
    assert step_of(Path("copies")).further.lines == ("al-bench run study=study results=copies strategy=random seed=0",)
    arm(Path("results/runs"), "margin", seeds=(0,))
    assert step_of(Path("results")).further.lines == ("al-bench run study=study strategy=random seed=0",)
    Path("copies/study").rename("copies/renamed")
    assert "The new runs are recorded in results/runs/study: compare it beside copies/renamed then." in (
        step_of(Path("copies")).text
    )


def test_a_file_that_is_not_here_is_said(tmp_path: Path) -> None:
    arm(tmp_path, "margin", seeds=(0,), command=("dataset=csv", "dataset.path='a b.csv'"))
    assert "dataset.path='a b.csv' is not to be seen from here" in step_of(tmp_path).text


def test_compare_ends_with_the_next_step_in_every_format(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    for dataset in ("digits", "letter"):
        for name in ("random", "margin"):
            arm(Path("results/runs"), name, seeds=(0,))
        Path("results/runs/study/digits").rename(f"results/runs/study/{dataset}-made")
        for path in Path(f"results/runs/study/{dataset}-made").rglob("header.json"):
            header = json.loads(path.read_text()) | {"dataset": f"{dataset}-made"}
            path.write_text(json.dumps(header | {"choices": header["choices"] | {"dataset": header["dataset"]}}))
    assert main(["results/runs", "--json", "c.json", "--markdown", "c.md"]) == 0
    out = capsys.readouterr().out
    command = "al-bench run -m study=study strategy=random,margin seed=1,2,3,4"
    end = out[out.index("Next step on digits-made: Run margin and random up to 5 seeds") :]
    assert end.index("Next step on letter-made") > end.index(command)
    assert end.count(command) == 2
    (first, _) = json.loads(Path("c.json").read_text())["datasets"]
    assert first["next_step"]["commands"] == [command]
    assert (first["next_step"]["kind"], first["next_step"]["runs"], first["next_step"]["minutes"]) == ("run", 8, 8.0)
    assert f"```sh\n{command}\n```" in Path("c.md").read_text()
