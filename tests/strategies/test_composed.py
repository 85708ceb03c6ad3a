"""Strategies made of others pick what the others pick: before and after the switch, and class by class."""

from __future__ import annotations

import pytest
import torch

from al_bench.errors import InputError
from al_bench.evidence import Evidence, Product
from al_bench.records import StopSetRecord
from al_bench.strategies.composed import ClassBalance, Switch
from al_bench.strategies.density import TypiClust
from al_bench.strategies.uncertainty import Margin
from tests.conftest import TINY, record


def rounds(run, *overrides: str, arm: str) -> list[dict]:
    ran = run(*TINY, *overrides, f"arm={arm}")
    assert ran.status == 0, ran.err
    return record(arm).rounds


def test_a_switch_picks_what_its_parts_pick(run):
    """Six labels at first, four a round: TypiClust in round 0, margin from ten labels on."""
    switched = rounds(run, "strategy=tcm", "strategy.after=10", arm="switch")
    typiclust = rounds(run, "strategy=typiclust", arm="first")
    assert [entry["notes"].get("picked_by") for entry in switched] == ["typiclust", "margin", None]
    assert switched[0]["acquired"] == typiclust[0]["acquired"]
    assert switched[1]["acquired"] != typiclust[1]["acquired"]
    margin = rounds(run, "strategy=tcm", "strategy.after=1", arm="then")
    assert [entry["notes"].get("picked_by") for entry in margin] == ["margin", "margin", None]
    assert margin[0]["acquired"] == rounds(run, "strategy=margin", arm="margin")[0]["acquired"]


def test_a_signal_switches_for_good_and_an_interrupted_run_goes_on_the_same(run):
    words = (
        "strategy=switch",
        "strategy.signal=classification_change",
        "strategy.signal_threshold=1",
        "evaluation.stop_set=50",
    )
    short = rounds(run, *words, "schedule.rounds=2", arm="signal")
    longer = rounds(run, *words, "schedule.rounds=5", arm="signal")
    whole = rounds(run, *words, "schedule.rounds=5", arm="unbroken")
    assert [entry["notes"].get("picked_by") for entry in longer] == ["typiclust", *["margin"] * 3, None]
    assert [entry["acquired"] for entry in longer] == [entry["acquired"] for entry in whole]
    assert short[0]["acquired"] == whole[0]["acquired"]


def test_a_rule_that_fired_once_has_switched():
    switch = Switch(signal="stabilizing_predictions", signal_threshold=0.9)
    signals = [StopSetRecord(points=9, entropy=0.1, kappa=kappa) for kappa in (None, 0.95, 0.95, 0.95, 0.2)]
    assert [switch.acting(10, 3, signals[: end + 1]) for end in range(5)] == [0, 0, 0, 1, 1]
    assert Switch().acting(14, 3, []) == 0
    assert Switch().acting(15, 3, []) == 1  # five a class


def test_keys_and_features_reach_the_parts():
    switch = Switch(then_keys={"stochastic": "power", "beta": 3.0}, first_keys={"neighbours": 7}, features="input")
    (_, first), (_, then) = switch.parts()
    assert isinstance(first, TypiClust)
    assert (first.neighbours, first.features) == (7, "input")
    assert isinstance(then, Margin)
    assert (then.stochastic.value, then.beta) == ("power", 3.0)


@pytest.mark.parametrize(
    ("make", "part"),
    [
        (lambda: Switch(first="tcm"), "strategy.first is 'tcm', made of other strategies; choose one of alfamix"),
        (lambda: Switch(then="oracle_loss"), "strategy.then is 'oracle_loss', a bound that reads labels"),
        (lambda: Switch(then="nothing"), "strategy.then is 'nothing'; choose one of alfamix"),
        (
            lambda: Switch(then_keys={"stochastic": "power", "beta": -1.0}),
            "strategy.then=margin: strategy.beta is -1.0",
        ),
        (lambda: Switch(then_keys={"betta": 1}), "betta"),
        (lambda: Switch(after=0), "strategy.after is 0; it must be at least 1"),
        (lambda: Switch(after=5, signal="overall_uncertainty"), "set one of them to null"),
        (lambda: Switch(signal="never"), "strategy.signal is 'never'; choose one of stabilizing_predictions"),
        (lambda: Switch(signal_threshold=0.5), "and there is no signal"),
        (lambda: Switch(signal="overall_uncertainty", signal_threshold=2.0), "strategy.signal_threshold is 2.0"),
        (lambda: ClassBalance(of="badge"), "strategy.of is 'badge', which does not score each row by itself"),
    ],
    ids=["made of others", "oracle", "unknown", "value", "key", "after", "both", "rule", "threshold", "range", "score"],
)
def test_what_cannot_be_composed_is_one_line(make, part):
    with pytest.raises(InputError) as caught:
        make()
    assert part in str(caught.value)
    assert "\n" not in str(caught.value)


def balanced_evidence() -> Evidence:
    """Nine rows: six predicted 0, two 1, one 2; more certain from row to row."""
    probs = torch.full((9, 3), 0.1)
    for row, label in enumerate([0, 0, 0, 0, 0, 0, 1, 1, 2]):
        probs[row] = (1 - 0.5 - row / 30) / 2
        probs[row, label] = 0.5 + row / 30
    return Evidence(
        9, {Product.mean_log_probs: probs.log(), Product.labelled_labels: torch.tensor([0, 0, 1])}, classes=3
    )


def test_each_class_gives_its_rows_of_highest_score():
    chosen = ClassBalance().select(balanced_evidence(), 5, torch.Generator().manual_seed(0))
    # Labels (2, 1, 0): class 2 gets its one row, class 1 its two, and class 0 two.
    assert sorted(chosen.rows.tolist()) == [0, 1, 6, 7, 8]
    assert chosen.rows[0] == 8
    assert chosen.notes["predicted_classes"] == [2, 2, 1]
    margin = Margin().select(balanced_evidence(), 5, torch.Generator().manual_seed(0)).rows
    assert sorted(margin.tolist()) == [0, 1, 2, 3, 4]


def test_by_chunks_as_in_a_run_and_whole_are_the_same(run):
    subject, given = ClassBalance(of="entropy"), balanced_evidence()
    reduced = Evidence(9, {Product.labelled_labels: given.labelled_labels}, classes=3, reduced=subject.reduce(given))
    whole = subject.select(given, 6, torch.Generator().manual_seed(1)).rows
    assert subject.select(reduced, 6, torch.Generator().manual_seed(1)).rows.tolist() == whole.tolist()
    drawn = rounds(run, "strategy=class_balance", "strategy.of=bald", "posterior.draws=3", arm="bald")
    assert all(sum(entry["notes"]["predicted_classes"]) == 4 for entry in drawn[:-1])
