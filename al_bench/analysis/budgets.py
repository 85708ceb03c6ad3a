"""Differences to the baseline at every label count, with Holm's correction over all of them."""

from __future__ import annotations

import math
from dataclasses import dataclass

from al_bench.analysis.statistics.paired import FEWEST, Estimate, estimates, holm
from al_bench.analysis.study import Study

BUDGET_LEVEL = 0.03
"""The level of this family. With the 5 % of the other (see findings), both two-sided, a null strategy is called better
in at most 1.5 + 2.5 = 4 % of studies: 1 % is kept for spreads that are not normal."""


@dataclass(frozen=True)
class BudgetDifference:
    """One arm less the baseline at one label count.

    Args:
        name: The arm.
        labels: The label count.
        estimate: The paired difference in accuracy, a fraction.
        holm: Its adjusted p-value; NaN where it was not tested.
    """

    name: str
    labels: int
    estimate: Estimate
    holm: float

    @property
    def ahead(self) -> bool:
        """Whether the arm is shown to be more accurate here."""
        return self.shown and self.estimate.mean > 0

    @property
    def shown(self) -> bool:
        """Whether a difference is shown here, in either direction."""
        return self.holm <= BUDGET_LEVEL


def budget_differences(study: Study) -> tuple[BudgetDifference, ...]:
    """Arm by arm, label count by label count; where no seed has both there is nothing.

    One family: all arms (oracles aside) at all label counts with at least 3 seeds. The network of round 0 that paired
    arms share differs by nothing and asks nothing; it is not tested. A test set of few points has coarse accuracies,
    which the intervals and p-values take in (see `estimates`).
    """
    if study.baseline is None:
        return ()
    found = []
    for group in study.others:
        _, ours, theirs = study.pairs(group.name, study.baseline)
        for place, one in enumerate(estimates(ours - theirs, study.grain(group.name))):
            if one.n:
                found.append((group.name, int(study.labels[place]), one))
    oracles = {group.name for group in study.others if study.oracle(group.name)}
    tested = [
        place
        for place, (name, _, one) in enumerate(found)
        if one.n >= FEWEST and name not in oracles and (one.sd > 0 or one.mean != 0)
    ]
    adjusted = dict(zip(tested, holm([found[place][2].p for place in tested]), strict=True))
    return tuple(
        BudgetDifference(name, labels, one, adjusted.get(place, math.nan))
        for place, (name, labels, one) in enumerate(found)
    )
