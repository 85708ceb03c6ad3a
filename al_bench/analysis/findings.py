"""What the runs say of each arm against the baseline, over the whole curve and at every label count, and how sure."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from al_bench.analysis.statistics.area import area, shared_range
from al_bench.analysis.statistics.paired import FEWEST, LEVEL, Estimate, estimate, estimates, holm, seeds_needed
from al_bench.analysis.statistics.savings import Saved, crossings, saved
from al_bench.analysis.study import Study
from al_bench.analysis.targets import primary_target

Floats = NDArray[np.float64]

POINT = 0.01
"""One accuracy point, the difference that 'how many more seeds' is about."""

BUDGET_LEVEL = 0.03
"""The level of this family. With the 5 % of the other (see findings), both two-sided, a null strategy is called better
in at most 1.5 + 2.5 = 4 % of studies: 1 % is kept for spreads that are not normal."""

BETTER, WORSE, MIXED = "better", "worse", "mixed"
TOO_FEW, NO_POINT = "too few seeds to tell", "no difference of a point seen"


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


@dataclass(frozen=True)
class Finding:
    """One arm against the baseline.

    Args:
        name, title: The arm.
        n: Seeds that both have, on the same data.
        unpaired: Whether the two do not share the network of round 0.
        oracle: Whether the arm reads the pool's labels; such an arm is shown but never claimed a winner.
        span: The range of labels of the area; None where the two share none.
        area: Difference in AUBC, arm less baseline, a fraction.
        area_holm: Its p-value, adjusted; NaN where not tested.
        saved: Labels saved at each target.
        primary: The target that is tested; None where there is none.
        saved_holm: The p-value at `primary`, adjusted; NaN where not tested (fewer than 3 seeds, a censored seed).
        further: How many more seeds a difference in AUBC of one point needs at 80 % power, at the level of the
            family and from the spread seen (0: there are enough); None where the spread is unknown (1 seed).
        ahead, behind: The label counts at which it is shown to be more, and less, accurate.
        words: better, worse, mixed, too few seeds to tell, or no difference of a point seen.
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
    further: int | None
    ahead: tuple[BudgetDifference, ...]
    behind: tuple[BudgetDifference, ...]
    words: str

    @property
    def tested(self) -> Saved | None:
        """The labels saved at the primary target."""
        return next((one for one in self.saved if one.target == self.primary), None)

    @property
    def saves(self) -> bool:
        """Whether it is shown to need fewer labels than the baseline to reach the primary target."""
        return self.tested is not None and self.saved_holm <= LEVEL and self.tested.saved > 0

    @property
    def gains(self) -> bool:
        """Whether it is shown to be more accurate than the baseline on average over the labels."""
        return self.area_holm <= LEVEL and self.area.mean > 0

    @property
    def costs(self) -> bool:
        """Whether it is shown to need more labels than the baseline to reach the primary target."""
        return self.tested is not None and self.saved_holm <= LEVEL and self.tested.saved < 0

    @property
    def loses(self) -> bool:
        """Whether it is shown to be less accurate than the baseline on average over the labels."""
        return self.area_holm <= LEVEL and self.area.mean < 0

    @property
    def area_words(self) -> str:
        """What the difference in AUBC alone tells."""
        if self.gains or self.loses:
            return BETTER if self.gains else WORSE
        return TOO_FEW if self.n < FEWEST or self.further is None or self.further > 0 else NO_POINT


def findings(study: Study, targets: Sequence[float]) -> tuple[Finding, ...]:
    """Every arm but the baseline, in the study's order; empty without a baseline.

    Two families of tests a study, of the arms with 3 seeds or more (oracles aside), each two-sided by Holm: the
    difference in AUBC together with the labels saved at the primary target, at 5 %; and the differences at every label
    count, at 3 % (see budget_differences). An arm that is no better than the baseline is called better in at most
    4 % of studies.
    """
    if study.baseline is None:
        return ()
    primary = primary_target(study, targets)
    raw = [_raw(study, group.name, list(targets), primary) for group in study.others]
    family = [place for place, one in enumerate(raw) if one.n >= FEWEST and not one.oracle]
    p_values = [raw[place].area.p for place in family]
    if primary is not None:
        p_values += [tested.p for place in family if (tested := raw[place].tested) is not None]
    adjusted = holm(p_values)
    level = LEVEL / max(1, len(p_values))
    budgets = [at for at in budget_differences(study) if at.shown]
    judged = []
    for place, one in enumerate(raw):
        if place in family:
            at = family.index(place)
            one = replace(one, area_holm=adjusted[at])
            if primary is not None:
                one = replace(one, saved_holm=adjusted[len(family) + at])
        further = None
        if not math.isnan(one.area.sd):
            further = max(seeds_needed(POINT, one.area.sd, level) - one.n, 0)
        here = [at for at in budgets if at.name == one.name]
        ahead, behind = (tuple(at for at in here if at.ahead is wanted) for wanted in (True, False))
        one = replace(one, further=further, ahead=ahead, behind=behind)
        judged.append(replace(one, words=_words(one)))
    return tuple(judged)


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


def area_differences(study: Study, name: str, log: bool = False) -> tuple[tuple[float, float] | None, Estimate]:
    """The range of labels that an arm and the baseline share, and their paired difference in AUBC over it.

    Both areas are over the label counts at which both were evaluated.
    """
    assert study.baseline is not None
    _, ours, theirs = study.pairs(name, study.baseline)
    span = shared_range(study.labels, [ours, theirs]) if len(ours) else None
    if span is not None and log and span[0] <= 0:
        positive = study.labels[study.labels > 0]
        span = (float(positive[0]), span[1]) if len(positive) and positive[0] < span[1] else None
    if span is None:
        return None, estimate(np.array([]))
    return span, estimate(area(study.labels, ours, *span, log) - area(study.labels, theirs, *span, log))


def _raw(study: Study, name: str, targets: list[float], primary: float | None) -> Finding:
    """One arm before any correction."""
    assert study.baseline is not None
    seeds, ours, theirs = study.pairs(name, study.baseline)
    ends = [_last(study.labels, rows) for rows in (ours, theirs)]
    arm, base = (crossings(study.labels, rows, targets) for rows in (ours, theirs))  # [P,X]
    savings = tuple(saved(target, arm[:, place], base[:, place], *ends) for place, target in enumerate(targets))
    span, difference = area_differences(study, name)
    return Finding(
        name=name,
        title=study.title(name),
        n=len(seeds),
        unpaired=name in study.unpaired,
        oracle=study.oracle(name),
        span=span,
        area=difference,
        area_holm=math.nan,
        saved=savings,
        primary=primary,
        saved_holm=math.nan,
        further=None,
        ahead=(),
        behind=(),
        words="",
    )


def _last(labels: NDArray[np.int64], accuracy: Floats) -> Floats:
    """The last label count at which each seed was evaluated, [S]."""
    return np.array([float(labels[~np.isnan(row)][-1]) for row in accuracy])


def _words(one: Finding) -> str:
    better = one.saves or one.gains or bool(one.ahead)
    worse = one.costs or one.loses or bool(one.behind)
    if better and worse:
        return MIXED
    if better or worse:
        return BETTER if better else WORSE
    return one.area_words
