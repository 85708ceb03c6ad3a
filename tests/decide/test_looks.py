"""What a look says of an arm, and how far a decision is: by plans with limits that are easy to see through."""

from __future__ import annotations

import math
from dataclasses import dataclass

import msgspec
import numpy as np
import pytest
from scipy import stats

from al_bench.decide.looks import (
    AHEAD_LEVEL,
    AVERAGE_LEVEL,
    BETTER,
    LOOKS,
    NOT_SHOWN,
    SMALL,
    UNLIKELY,
    WORSE,
    leading,
    limits_fault,
    limits_for,
    look_at,
    looks_from,
    progress,
)
from al_bench.storage.decision_plan import DecisionPlan

POINT = 0.01


def a_plan(arms: tuple[str, ...] = ("margin",), tests: int = 1) -> DecisionPlan:
    limits, ahead = limits_for(LOOKS, tests)
    return DecisionPlan(
        1, "", "accuracy", "random", list(arms), False, tests, 5, list(range(20)), list(LOOKS), limits, ahead
    )


def spread(mean: float, sd: float, n: int) -> np.ndarray:
    """n differences of exactly that mean and standard deviation."""
    shape = np.linspace(-1, 1, n)
    return mean + sd * shape / shape.std(ddof=1)


@dataclass
class Ended:
    mean: float
    sd: float
    n: int
    ending: str


@pytest.mark.parametrize(
    "case",
    [
        Ended(0.03, 0.005, 5, BETTER),
        Ended(-0.03, 0.005, 5, WORSE),
        Ended(0.0, 0.002, 5, SMALL),
        Ended(0.004, 0.03, 10, UNLIKELY),
        Ended(0.004, 0.03, 7, ""),  # before half of the seeds nothing is given up
        Ended(0.02, 0.02, 10, ""),
        Ended(0.01, 0.03, 20, NOT_SHOWN),
    ],
    ids=lambda case: f"{case.mean} of {case.n}: {case.ending or 'open'}",
)
def test_an_arm_ends_by_its_interval_or_its_chance(case: Ended) -> None:
    plan = a_plan()
    place = LOOKS.index(case.n)
    look = look_at(spread(case.mean, case.sd, case.n), plan, place, POINT)
    half = plan.limits[place] * case.sd / math.sqrt(case.n)
    assert (look.low, look.high) == pytest.approx((case.mean - half, case.mean + half))
    assert look.ending == case.ending


def test_arms_that_did_the_same_gain_less_than_a_point() -> None:
    look = look_at(np.zeros(5), a_plan(), 0, POINT)
    assert (look.ending, look.low, look.high, look.sign.ahead) == (SMALL, 0, 0, 0)


def test_seeds_ahead_are_shown_from_the_limit_on_and_collapsed_ones_counted() -> None:
    plan = a_plan()
    values = np.full(10, 0.001)
    assert look_at(values, plan, 2, POINT).ahead
    values[3] = -0.06
    look = look_at(values, plan, 2, POINT)
    assert (look.ahead, look.collapsed, look.sign.ahead) == (False, 1, 9)


def test_a_decision_is_settled_by_the_first_arm_that_is_better_and_with_all_by_the_last() -> None:
    plan = a_plan(("margin", "bald"), 2)
    drawn = {"margin": np.tile(spread(0.05, 0.004, 5), 4), "bald": np.tile(spread(0.012, 0.02, 5), 4)}
    first = progress(lambda name, n: drawn[name][:n], plan, POINT)
    assert (first.settled, first.ended(BETTER), first.open, first.next) == (True, ["margin"], ("bald",), None)
    assert len(first.looks) == 1
    every = progress(lambda name, n: drawn[name][:n], plan, POINT, every=True)
    assert every.settled
    assert [set(look) for look in every.looks][:2] == [{"margin", "bald"}, {"bald"}]
    assert all(look.ending for look in every.last.values())


def test_looks_end_where_a_seed_is_missing_and_go_on_from_the_same_records() -> None:
    plan = a_plan()
    drawn = spread(0.01, 0.02, 20)[np.random.default_rng(1).permutation(20)]
    few = progress(lambda _, n: drawn[:n] if n <= 7 else None, plan, POINT)
    assert (len(few.looks), few.settled, few.next, few.open) == (2, False, 10, ("margin",))
    more = progress(lambda _, n: drawn[:n], plan, POINT)
    assert more.looks[:2] == few.looks
    none = progress(lambda _name, _n: None, plan, POINT)
    assert (none.looks, none.settled, none.next) == ((), False, 5)


def test_the_leaders_are_picked_and_looks_begin_where_the_seeds_are() -> None:
    assert leading({"a": 0.1, "b": 0.3, "c": -1.0, "d": 0.2}) == ["b", "d"]
    assert leading({"a": 0.1}) == ["a"]
    assert [looks_from(seeds) for seeds in (5, 6, 14, 15)] == [[5, 7, 10, 14, 20], [7, 10, 14, 20], [14, 20], [20]]


@pytest.mark.parametrize("tests", [1, 2, 6])
def test_limits_are_for_each_arm_there_was_to_pick_from(tests: int) -> None:
    plan = a_plan(tests=tests)
    assert limits_fault(plan) == ""
    first = stats.t.ppf(1 - AVERAGE_LEVEL / tests / 16 / 2, 4)
    assert plan.limits[0] == pytest.approx(first)
    assert stats.binom.sf(plan.ahead[-1] - 1, 20, 0.5) <= AHEAD_LEVEL / tests


@pytest.mark.parametrize("change", ["lower limit", "fewer ahead", "fewer tests"])
def test_limits_that_were_loosened_are_seen(change: str) -> None:
    plan = a_plan(tests=3)
    edited = {
        "lower limit": {"limits": [*plan.limits[:4], 2.0]},
        "fewer ahead": {"ahead": [*plan.ahead[:4], plan.ahead[4] - 1]},
        "fewer tests": {"tests": 1},
    }[change]
    assert limits_fault(msgspec.structs.replace(plan, **edited))


def test_a_null_strategy_is_claimed_better_or_worse_in_at_most_the_level_of_studies() -> None:
    generator = np.random.default_rng(5)
    claims, studies = 0, 1500
    plan = a_plan()
    for _ in range(studies):
        drawn = generator.normal(0, 0.03, 20)
        said = progress(lambda _, n, drawn=drawn: drawn[:n], plan, POINT)
        claims += bool(said.ended(BETTER) or said.ended(WORSE) or said.ahead)
    assert claims / studies <= 0.05
