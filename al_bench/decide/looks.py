"""What one look says of an arm, and how far a decision is after all looks that its seeds allow.

Everything about the average is read off one interval: mean ± c_j · sd / √n_j at look j, with the limits c_j of
`t_limits`. The intervals of all looks and all arms that there were to pick from cover the true mean differences
together in at least 1 − AVERAGE_LEVEL of studies, where differences over seeds are normal (repeated confidence
intervals, Jennison & Turnbull 1989), so that a study may end at any look and for any reason. An arm ends where its
interval lies above 0 (better), below 0 (worse) or below a point (small), and where it is unlikely to come to anything.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from al_bench.analysis.finding import COLLAPSE_POINTS
from al_bench.analysis.statistics import Floats
from al_bench.analysis.statistics.paired import estimate
from al_bench.analysis.statistics.sequential import chance_at_the_end, sign_limits, spent, t_limits
from al_bench.analysis.statistics.sign import SignTest, sign_test
from al_bench.storage.decision_plan import DecisionPlan

LOOKS = (5, 7, 10, 14, 20)
AVERAGE_LEVEL = 0.04
"""Two-sided, of all that is said of averages; with AHEAD_LEVEL at most 5 % of studies claim anything false, where
differences are normal. In one direction it is 2 %, which leaves room for those that are not quite."""
AHEAD_LEVEL = 0.01
"""One-sided, of the sign test."""
UNLIKELY_CHANCE = 0.1
"""Below this chance of being shown at the last look, an arm is given up once half of the seeds are there."""
MOST_ARMS = 2

BETTER, WORSE, SMALL = "better", "worse", "gains less than a point"
UNLIKELY, NOT_SHOWN = "unlikely to be shown", "not shown"


@dataclass(frozen=True)
class ArmLook:
    """One look at one arm. Differences are to the baseline, above 0 where the arm is better.

    Args:
        place: Of the look, from 0.
        n: Seeds.
        mean: Of the differences in AUBC, in the metric's unit.
        low, high: The interval that holds at all looks together.
        chance: Of being shown to be better at the last look, at the present pace; NaN at the last look.
        sign: In how many seeds it is ahead.
        ahead: Whether that shows it to be ahead in most of all seeds, over all looks.
        collapsed: Seeds in which it is COLLAPSE_POINTS points or more behind.
        ending: What is settled of it; empty where it goes on.
    """

    place: int
    n: int
    mean: float
    low: float
    high: float
    chance: float
    sign: SignTest
    ahead: bool
    collapsed: int
    ending: str


@dataclass(frozen=True)
class Progress:
    """How far a decision is.

    Args:
        looks: What each look said of the arms that were still open, by arm.
        last: The last look at each arm; empty before the first.
        ahead: The arms that any look has shown to be ahead in most seeds.
        settled: Whether nothing more is to be run.
        open: The arms that go on, or would if the decision did.
        next: Seeds of the next look; None where it is settled.
    """

    looks: tuple[Mapping[str, ArmLook], ...]
    last: Mapping[str, ArmLook]
    ahead: frozenset[str]
    settled: bool
    open: tuple[str, ...]
    next: int | None

    def ended(self, ending: str) -> list[str]:
        """The arms with an ending."""
        return [name for name, look in self.last.items() if look.ending == ending]


def limits_for(looks: Sequence[int], tests: int) -> tuple[list[float], list[int]]:
    """The limits of |t| and of the number of seeds ahead at each look, each for one of so many arms (Bonferroni)."""
    return list(t_limits(tuple(looks), AVERAGE_LEVEL / tests)), list(sign_limits(looks, AHEAD_LEVEL / tests))


def looks_from(seeds: int) -> list[int]:
    """The looks that are still to be taken of a study with so many seeds."""
    return [look for look in LOOKS if look >= seeds]


def leading(gains: Mapping[str, float]) -> list[str]:
    """The arms that go on: those MOST_ARMS with the largest mean difference, in the order given."""
    best = sorted(gains, key=lambda name: -gains[name])[:MOST_ARMS]
    return [name for name in gains if name in best]


def look_at(differences: Floats, plan: DecisionPlan, place: int, point: float) -> ArmLook:
    """One look at one arm.

    Args:
        differences: In AUBC, one a seed, above 0 where the arm is better, [n].
        plan: Looks and limits.
        place: Of the look, from 0.
        point: A small difference, in the unit of the differences.
    """
    seen, sign = estimate(differences), sign_test(differences)
    half = plan.limits[place] * seen.sd / math.sqrt(seen.n)
    low, high = seen.mean - half, seen.mean + half
    is_last = place == len(plan.looks) - 1
    chance = math.nan if is_last else _chance(seen.mean, seen.sd, seen.n, plan)
    if low > 0:
        ending = BETTER
    elif high < 0:
        ending = WORSE
    elif high < point:
        ending = SMALL
    elif is_last:
        ending = NOT_SHOWN
    else:
        ending = UNLIKELY if 2 * seen.n >= plan.looks[-1] and chance < UNLIKELY_CHANCE else ""
    collapsed = int((differences <= -COLLAPSE_POINTS * point).sum())
    return ArmLook(
        place, seen.n, seen.mean, low, high, chance, sign, sign.ahead >= plan.ahead[place], collapsed, ending
    )


def _chance(mean: float, sd: float, n: int, plan: DecisionPlan) -> float:
    t = math.sqrt(n) * mean / sd if sd > 0 else math.copysign(math.inf, mean) if mean else 0.0
    return chance_at_the_end(t, n, plan.limits[-1], plan.looks[-1])


def progress(
    differences: Callable[[str, int], Floats | None], plan: DecisionPlan, point: float, every: bool = False
) -> Progress:
    """All looks that the seeds allow, from the first on: they follow from the plan and the records alone.

    Args:
        differences: From an arm and a number of seeds to its differences under the first so many seeds of the plan,
            above 0 where it is better; None where one of them is missing.
        plan: What was fixed before the first look.
        point: A small difference, in the unit of the differences.
        every: Go on until each arm has an ending; else the first that is better settles the decision.
    """
    looks: list[dict[str, ArmLook]] = []
    last: dict[str, ArmLook] = {}
    ahead: set[str] = set()
    settled = False
    for place, n in enumerate(plan.looks):
        still_open = [name for name in plan.arms if name not in last or not last[name].ending]
        known = {name: differences(name, n) for name in still_open}
        if any(values is None for values in known.values()):
            break
        here = {name: look_at(values, plan, place, point) for name, values in known.items() if values is not None}
        looks.append(here)
        last |= here
        ahead |= {name for name, look in here.items() if look.ahead}
        endings = [look.ending for look in last.values()]
        settled = all(endings) or (BETTER in endings and not every)
        if settled:
            break
    still_open = [name for name in plan.arms if name not in last or not last[name].ending]
    following = None if settled else plan.looks[len(looks)]
    return Progress(tuple(looks), last, frozenset(ahead), settled, tuple(still_open), following)


def limits_fault(plan: DecisionPlan) -> str:
    """Whether the limits of a plan are those of its looks and tests; empty where they can be.

    Those of the sign test and the first of t are exact. Of the others it is checked that they lie where the spending
    function lets them: between the quantiles of what is spent so far and of what is spent at this look alone.
    """
    ahead = list(sign_limits(plan.looks, AHEAD_LEVEL / plan.tests))
    if plan.ahead != ahead:
        return f"ahead is {plan.ahead}, and with {plan.tests} arms it is {ahead}"
    before = 0.0
    for n, limit in zip(plan.looks, plan.limits, strict=True):
        so_far = spent(AVERAGE_LEVEL / plan.tests, n / plan.looks[-1])
        low, high = (t_limits((n,), level)[0] for level in (so_far, so_far - before))
        if not 0.99 * low <= limit <= 1.01 * high:
            return f"the limit at {n} seeds is {limit:.2f}, and with {plan.tests} arms it is {low:.2f} to {high:.2f}"
        before = so_far
    return ""
