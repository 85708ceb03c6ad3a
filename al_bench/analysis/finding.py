"""What is said of one arm against its baseline, and by which tests."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from al_bench.analysis.statistics.paired import FEWEST, LEVEL, Estimate
from al_bench.analysis.statistics.savings import Saved
from al_bench.analysis.statistics.sign import SignTest, not_excluded, sign_test
from al_bench.metrics import Metric

NO_SEED = sign_test(np.array([]))

BUDGET_LEVEL = 0.03
"""The level of the family of differences by label count. With the 5 % of the other family (see `findings`), both
two-sided, a null strategy is called better in at most 1.5 + 2.5 = 4 % of studies: 1 % is left for differences over
seeds that are not quite normally distributed."""

COLLAPSE_POINTS = 5
"""A seed of an arm collapses where it is this many points of the metric or more behind the baseline under the same
seed, on average over the labels: a rule of the result alone, the same in every study, whatever the cause."""

BETTER, WORSE, MIXED = "better", "worse", "mixed"
TOO_FEW, NO_POINT = "too few seeds to tell", "no difference of a point seen"


def collapse_text(metric: Metric) -> str:
    """How far behind a collapsed seed is, in words: "5 points"."""
    return f"{COLLAPSE_POINTS} points" if metric.unit == "%" else metric.text(COLLAPSE_POINTS * metric.point)


@dataclass(frozen=True)
class BudgetDifference:
    """One arm less the baseline at one label count.

    Args:
        name: The arm.
        labels: The label count.
        estimate: The paired difference in the metric, in its unit.
        holm: Its adjusted p-value; NaN where it was not tested.
        sign: 1, or −1 where lower is better.
        tests: How many tests its family has; 0 where it was not tested.
        selected_level: The level of an interval that is printed because the difference is shown (see `selected_level`).
    """

    name: str
    labels: int
    estimate: Estimate
    holm: float
    sign: int = 1
    tests: int = 0
    selected_level: float = LEVEL

    @property
    def better(self) -> bool:
        """Whether the arm is shown to be better here."""
        return self.shown and self.sign * self.estimate.mean > 0

    @property
    def shown(self) -> bool:
        """Whether a difference is shown here, in either direction."""
        return self.holm <= BUDGET_LEVEL


@dataclass(frozen=True)
class Finding:
    """One arm against the baseline.

    Args:
        name, title: The arm.
        n: Seeds that both have, on the same data.
        unpaired: Whether the two do not share the network of round 0.
        oracle: Whether the arm reads the pool's labels; such an arm is shown but never claimed a winner.
        span: The range of labels of the area; None where the two share none.
        area: Difference in AUBC, arm less baseline, in the metric's unit.
        area_holm: Its p-value, adjusted; NaN where not tested.
        saved: Labels saved at each target.
        primary: The target that is tested; None where there is none.
        saved_holm: The p-value at `primary`, adjusted; NaN where not tested (fewer than 3 seeds, a censored seed).
        more_seeds: How many more seeds a difference in AUBC of a point of the metric needs at 80 % power, at the level
            of the family and from the spread seen (0: there are enough); None where the spread is unknown (1 seed).
        better_at, worse_at: The label counts at which it is shown to be better, and worse.
        outcome: better, worse, mixed, too few seeds to tell, or no difference of a point seen.
        sign: 1, or −1 where lower is better.
        baseline: The name of the arm that it is compared with.
        tests: How many tests its family has at the level of 5 %; 0 where it was not tested.
        budget_tests: How many its family of differences by label count has; 0 where it was not tested.
        planned: Whether it was named before the results were seen.
        alike: The names of other arms that rank alike, with which it is one test.
        ahead: In how many seeds it is better than its baseline on average over the labels, with the exact sign test.
        ahead_holm: The p-value of that test, adjusted over the arms of its family; NaN where not tested.
        ahead_tests: How many sign tests its family has; 0 where it was not tested.
        collapsed: Seeds in which it is 5 points of the metric or more behind its baseline on average over the labels.
        more_seeds_range: As more_seeds, at both ends of the 80 % interval of the spread; None where that is unknown.
        selected_level: The level of an interval of the area or the labels saved that is printed because its test is
            significant (see `selected_level`).
    """

    name: str
    title: str
    n: int
    unpaired: bool
    oracle: bool
    span: tuple[float, float] | None
    area: Estimate
    area_holm: float
    saved: tuple[Saved, ...]
    primary: float | None
    saved_holm: float
    more_seeds: int | None
    better_at: tuple[BudgetDifference, ...]
    worse_at: tuple[BudgetDifference, ...]
    outcome: str
    sign: int = 1
    baseline: str = ""
    tests: int = 0
    budget_tests: int = 0
    planned: bool = False
    alike: tuple[str, ...] = ()
    ahead: SignTest = NO_SEED
    ahead_holm: float = math.nan
    ahead_tests: int = 0
    collapsed: int = 0
    more_seeds_range: tuple[int, int] | None = None
    selected_level: float = LEVEL

    @property
    def ahead_in_most_seeds(self) -> bool:
        """Whether the exact sign test shows it to be ahead of its baseline in most of all seeds."""
        return self.ahead_holm <= LEVEL

    @property
    def unseen_collapse(self) -> float:
        """The largest share of all seeds that may collapse and that those seen do not exclude, at 95 %."""
        return not_excluded(self.collapsed, self.ahead.n)

    @property
    def primary_saving(self) -> Saved | None:
        """The labels saved at the primary target."""
        return next((saving for saving in self.saved if saving.target == self.primary), None)

    @property
    def needs_fewer_labels(self) -> bool:
        """Whether it is shown to need fewer labels than the baseline to reach the primary target."""
        saving = self.primary_saving
        return saving is not None and self.saved_holm <= LEVEL and saving.saved > 0

    @property
    def needs_more_labels(self) -> bool:
        """Whether it is shown to need more labels than the baseline to reach the primary target."""
        saving = self.primary_saving
        return saving is not None and self.saved_holm <= LEVEL and saving.saved < 0

    @property
    def better_on_average(self) -> bool:
        """Whether it is shown to be better than the baseline on average over the labels."""
        return self.area_holm <= LEVEL and self.sign * self.area.mean > 0

    @property
    def worse_on_average(self) -> bool:
        """Whether it is shown to be worse than the baseline on average over the labels."""
        return self.area_holm <= LEVEL and self.sign * self.area.mean < 0

    @property
    def area_outcome(self) -> str:
        """What the difference in AUBC alone tells."""
        if self.better_on_average or self.worse_on_average:
            return BETTER if self.better_on_average else WORSE
        return TOO_FEW if self.n < FEWEST or self.more_seeds is None or self.more_seeds > 0 else NO_POINT
