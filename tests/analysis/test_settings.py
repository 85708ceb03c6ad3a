"""Settings: each is judged by itself, so that arms of another take no verdict away."""

from __future__ import annotations

import math
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from al_bench.analysis.families import family_lines
from al_bench.analysis.figures.difference import differences
from al_bench.analysis.findings import budget_differences, findings
from al_bench.analysis.settings import ALIKE_OF_TWO_CLASSES
from al_bench.analysis.studies import studies
from al_bench.analysis.study import Study
from al_bench.analysis.tables.accuracy import compare_tables
from al_bench.analysis.verdict import verdict
from al_bench.errors import InputError
from tests.analysis.records import write_run

ROUNDS = 12
SMALL, LARGE = {"model.hidden": 32}, {"model.hidden": 512}


def arm(root: Path, name: str, gain: float, seeds: int = 5, noise: float = 0.012, **identity: Any) -> None:
    """Runs of one arm, `gain` above the curve of Random at every label count but the first."""
    strategy = name.partition(",")[0]
    for seed in range(seeds):
        generator = np.random.default_rng([seed, sum(name.encode())])
        labels = 20 + 10 * np.arange(ROUNDS)
        values = (
            0.9
            - 0.4 * np.exp(-labels / 60)
            + (np.arange(ROUNDS) > 0)
            * (gain + noise * generator.standard_normal() + noise / 4 * generator.standard_normal(ROUNDS))
        )
        write_run(
            root, np.round(values, 4).tolist(), arm=name, strategy=strategy, seed=seed, test=10_000,
            identity={"seed": seed, "model.hidden": 32, "schedule.rounds": 12, "strategy.name": strategy} | identity,
            choices={"model": "mlp", "strategy": strategy},
        )  # fmt: skip


def six_arms(root: Path) -> None:
    """Random and five strategies, of which one is better by little: no room for a larger family."""
    arm(root, "random", 0.0)
    arm(root, "margin", 0.0365)
    for name in ("entropy", "coreset", "badge", "kmeans"):
        arm(root, name, 0.002)


def only_study(root: Path, **options: Any) -> Study:
    (study,) = studies([root], report=lambda _: None, **options)
    return study


def test_arms_of_another_network_take_no_verdict_away(tmp_path: Path) -> None:
    six_arms(tmp_path)
    alone = verdict(only_study(tmp_path))
    assert alone.winners == ("margin",)
    arm(tmp_path, "random,hidden=512", 0.001, **LARGE)
    arm(tmp_path, "margin,hidden=512", 0.002, **LARGE)
    study = only_study(tmp_path)
    both = verdict(study)
    assert both.winners == alone.winners
    assert [setting.arms for setting in study.settings] == [
        ("badge", "coreset", "entropy", "kmeans", "margin", "random"),
        ("margin,hidden=512", "random,hidden=512"),
    ]
    before = {finding.name: finding for finding in alone.findings}
    as_one = {finding.name: finding for finding in findings(replace(study, settings=()))}
    assert before["margin"].better_on_average  # which a family of both settings would take away
    assert not as_one["margin"].better_on_average
    for finding in both.findings:
        if finding.name in before:
            former = before[finding.name]
            assert (finding.area_holm, finding.saved_holm, finding.primary, finding.tests) == pytest.approx(
                (former.area_holm, former.saved_holm, former.primary, former.tests), nan_ok=True
            )
            assert [cell.labels for cell in finding.better_at] == [cell.labels for cell in former.better_at]


def test_further_arms_of_the_same_setting_do_weaken_a_claim(tmp_path: Path) -> None:
    six_arms(tmp_path)
    before = {finding.name: finding for finding in findings(only_study(tmp_path))}["margin"]
    arm(tmp_path, "typiclust", 0.002)
    arm(tmp_path, "probcover", 0.002)
    after = {finding.name: finding for finding in findings(only_study(tmp_path))}["margin"]
    assert (before.tests, after.tests) == (10, 14)
    assert before.better_on_average
    assert not after.better_on_average


def test_each_arm_is_compared_with_random_of_its_own_setting(tmp_path: Path) -> None:
    for name, identity in (("random", SMALL), ("margin", SMALL), ("random,hidden=512", LARGE), ("bald,x=1", LARGE)):
        arm(tmp_path, name, 0.01, **identity)
    study = only_study(tmp_path)
    assert study.baseline == "random"
    assert study.baselines == ("random,hidden=512", "random")
    assert {one.name: study.baseline_of(one.name) for one in study.others} == {
        "bald,x=1": "random,hidden=512",
        "margin": "random",
        "random,hidden=512": "random",
    }
    assert {finding.name: finding.tests for finding in findings(study)} == {
        "bald,x=1": 2,
        "margin": 2,
        "random,hidden=512": 0,
    }
    tested = {cell.name for cell in budget_differences(study) if cell.tests}
    assert tested == {"bald,x=1", "margin"}


def test_without_one_of_its_own_the_nearest_is_compared_with_and_said(tmp_path: Path) -> None:
    arm(tmp_path, "random", 0.0, **SMALL)
    arm(tmp_path, "random,hidden=512", 0.0, **LARGE)
    arm(tmp_path, "bald,draws=5", 0.0, **LARGE, **{"posterior.draws": 5, "training.lr": 1})
    for seed in range(5):  # its record is like the large one's but for a key that both have
        path = tmp_path / "study/digits/random,hidden=512" / f"seed-{seed}" / "header.json"
        path.write_text(path.read_text().replace('"model.hidden": 512', '"model.hidden": 512, "training.lr": 2'))
        path = tmp_path / "study/digits/random" / f"seed-{seed}" / "header.json"
        path.write_text(path.read_text().replace('"model.hidden": 32', '"model.hidden": 32, "training.lr": 2'))
    said: list[str] = []
    (study,) = studies([tmp_path], report=said.append)
    assert study.baseline_of("bald,draws=5") == "random,hidden=512"
    assert said == [
        "digits: bald,draws=5 has no random of the same setting: compared with random,hidden=512, the nearest"
    ]
    assert study.is_tested("bald,draws=5")


def test_how_long_a_run_was_to_be_and_keys_that_a_record_lacks_make_no_setting(tmp_path: Path) -> None:
    arm(tmp_path, "random", 0.0)
    arm(tmp_path, "margin", 0.0, **{"schedule.rounds": 50, "scoring": "fast", "initial.kind": "balanced"})
    assert len(only_study(tmp_path).settings) == 1


def test_strategies_that_rank_alike_of_two_classes_are_one_test(tmp_path: Path) -> None:
    arm(tmp_path, "random", 0.0)
    for name in (*ALIKE_OF_TWO_CLASSES, "badge"):
        arm(tmp_path, name, 0.02, **{"strategy.name": "same"})
    many = {finding.name: finding for finding in findings(only_study(tmp_path))}
    for path in tmp_path.rglob("header.json"):
        path.write_text(path.read_text().replace('"classes": 10', '"classes": 2'))
    two = {finding.name: finding for finding in findings(only_study(tmp_path))}
    assert {finding.tests for finding in many.values()} == {8}
    assert {finding.tests for finding in two.values()} == {4}
    assert two["margin"].alike == ("entropy", "least_confidence")
    assert len({two[name].area_holm for name in ALIKE_OF_TWO_CLASSES}) == 1
    assert two["margin"].area_holm >= max(two[name].area.p for name in ALIKE_OF_TWO_CLASSES)


def test_a_planned_arm_is_tested_by_itself(tmp_path: Path) -> None:
    six_arms(tmp_path)
    planned = {finding.name: finding for finding in findings(only_study(tmp_path, planned=("margin",)))}
    plain = {finding.name: finding for finding in findings(only_study(tmp_path))}
    assert (planned["margin"].tests, planned["badge"].tests, plain["margin"].tests) == (2, 8, 10)
    assert planned["margin"].area_holm < plain["margin"].area_holm
    assert [finding.name for finding in planned.values() if finding.planned] == ["margin"]
    assert planned["margin"].budget_tests == ROUNDS - 1


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("typiclust", "--planned typiclust is no arm of these runs; those tested are badge, coreset"),
        ("random", "--planned random is not tested, but compared with; those tested are badge"),
    ],
    ids=["no arm", "the baseline"],
)
def test_a_plan_that_fits_nothing_is_refused(tmp_path: Path, name: str, message: str) -> None:
    six_arms(tmp_path)
    with pytest.raises(InputError, match=message):
        only_study(tmp_path, planned=(name,))


def test_a_baseline_that_names_one_arm_is_that_of_all_settings(tmp_path: Path) -> None:
    for name, identity in (("random", SMALL), ("random,hidden=512", LARGE), ("margin,hidden=512", LARGE)):
        arm(tmp_path, name, 0.0, **identity)
    study = only_study(tmp_path, baseline="random,hidden=512")
    assert study.baseline_of("margin,hidden=512") == "random,hidden=512"
    assert study.baseline_of("random") == "random,hidden=512"
    assert not study.is_tested("random")


def test_an_arm_alone_in_its_setting_is_compared_although_it_is_of_the_baselines_strategy(tmp_path: Path) -> None:
    arm(tmp_path, "margin", 0.0, **SMALL)
    arm(tmp_path, "margin,hidden=512", 0.05, **LARGE)
    study = only_study(tmp_path, baseline="margin")
    (finding,) = findings(study)
    assert (finding.name, finding.baseline, finding.tests) == ("margin,hidden=512", "margin", 2)
    assert not math.isnan(finding.area_holm)


def test_the_tests_are_counted_in_a_sentence_for_each_family(tmp_path: Path) -> None:
    six_arms(tmp_path)
    for name, gain in (("random,hidden=512", 0.001), ("margin,hidden=512", 0.002)):
        arm(tmp_path, name, gain, **LARGE)
    study = only_study(tmp_path, planned=("badge",))
    lines = family_lines(study, findings(study, (0.85,)))
    planned, further, other, last = lines
    assert planned == (
        "Tested against random: 1 planned arm, 2 tests (difference in AUBC and labels saved at 85 %), corrected "
        "together; 11 differences by label count, likewise."
    )
    assert "4 further arms, 8 tests" in further
    assert "44 differences" in further
    assert other.startswith("Tested against random,hidden=512: 1 further arm, 2 tests")
    assert "weaken each claim" in last
    assert "arms of another setting do not" in last


def test_the_tables_and_the_figure_compare_each_arm_with_its_own(tmp_path: Path) -> None:
    for name, gain, identity in (
        ("random", 0.0, SMALL),
        ("margin", 0.03, SMALL),
        ("random,hidden=512", 0.05, LARGE),
        ("margin,hidden=512", 0.05, LARGE),
    ):
        arm(tmp_path, name, gain, noise=0.0, **identity)
    study = only_study(tmp_path)
    tables = {table.key: table for table in compare_tables(study)}
    assert tables["difference"].columns[:2] == ("arm", "against")
    rows = {row[0]: row[1:] for row in tables["difference"].rows}
    assert rows["margin"][0] == "random"
    assert rows["margin"][1].startswith("+2.8")
    assert rows["margin,hidden=512"][:2] == ("random,hidden=512", "+0.00")
    assert rows["random,hidden=512 †"][-1] == "not tested"
    assert {record["baseline"] for record in tables["saved"].records} == {"random", "random,hidden=512"}
    lines = differences(study)
    assert abs(lines["margin,hidden=512"][0].centre).max() < 1e-12
    errors = {row[0]: row[1:] for row in tables["errors"].rows}
    assert errors["margin,hidden=512"][2] == "1.00"
