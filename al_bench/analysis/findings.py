"""What the runs say of each arm against the baseline, over the whole curve and at every label count, and how sure."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from al_bench.analysis.families import tested_families
from al_bench.analysis.finding import BETTER, BUDGET_LEVEL, COLLAPSE_POINTS, MIXED, WORSE, BudgetDifference, Finding
from al_bench.analysis.settings import rank_alike
from al_bench.analysis.statistics import Floats
from al_bench.analysis.statistics.area import area, shared_range
from al_bench.analysis.statistics.paired import (
    FEWEST,
    LEVEL,
    Estimate,
    estimate,
    estimates,
    holm,
    seeds_needed,
    seeds_range,
    selected_level,
)
from al_bench.analysis.statistics.savings import crossings, saved
from al_bench.analysis.statistics.sign import sign_test
from al_bench.analysis.study import Study
from al_bench.analysis.targets import primary_target, targets_by_arm


def findings(study: Study, targets: Sequence[float] | None = None) -> tuple[Finding, ...]:
    """Every arm but the baseline, in the study's order; empty without a baseline.

    Every arm is compared with the baseline of its setting. There are two families of tests for each setting, of its
    arms with 3 seeds or more (oracles aside), each two-sided by Holm: the difference in AUBC together with the labels
    saved at the primary target, at 5 %; and the differences at every label count, at 3 % (see budget_differences). An
    arm that is no better than the baseline is called better in at most 4 % of studies of a setting, where differences
    over seeds are roughly symmetric. A third family, at 5 %, assumes no shape: the sign tests of being ahead in most
    seeds, on average over the labels. Arms that were planned have families of their own; arms that rank alike are one
    test, with the larger of their p-values.

    Args:
        study: The arms of one dataset.
        targets: Values of the study's metric to reach, of all arms; None: those of `default_targets`, of each setting
            its own.
    """
    if study.baseline is None:
        return ()
    asked = targets_by_arm(study, targets)
    budgets = budget_differences(study)
    judged: dict[str, Finding] = {}
    for arm in study.others:
        judged[arm.name] = _unadjusted(study, arm.name, list(asked[arm.name]))
    for family in tested_families(study):
        judged |= _adjusted(study, [judged[name] for name in family])
    return tuple(_judged(study, judged[arm.name], budgets) for arm in study.others)


def _adjusted(study: Study, family: Sequence[Finding]) -> dict[str, Finding]:
    """The findings of one family with their adjusted p-values, by name."""
    able = {finding.name: finding for finding in family if finding.n >= FEWEST}
    groups = rank_alike([study.arm(name) for name in able])
    p_values = [_largest(able[name].area.p for name in group) for group in groups]
    if next((finding.primary for finding in able.values()), None) is not None:
        savings = [[able[name].primary_saving for name in group] for group in groups]
        p_values += [_largest(saving.p for saving in group if saving is not None) for group in savings]
    adjusted = holm(p_values)
    ahead = holm([_largest(able[name].ahead.p for name in group) for group in groups])
    level = LEVEL / max(1, len(p_values))
    selected = selected_level(sum(p <= LEVEL for p in adjusted), len(p_values))
    judged = {}
    for finding in family:
        number = next((number for number, group in enumerate(groups) if finding.name in group), None)
        if number is not None:
            saving = finding.primary_saving
            saved_holm = math.nan if saving is None or math.isnan(saving.p) else adjusted[len(groups) + number]
            finding = replace(
                finding,
                area_holm=adjusted[number],
                saved_holm=saved_holm,
                tests=len(p_values),
                alike=tuple(name for name in groups[number] if name != finding.name),
                ahead_holm=ahead[number],
                ahead_tests=len(groups),
                selected_level=selected,
            )
        judged[finding.name] = _with_more_seeds(study, finding, level)
    return judged


def _with_more_seeds(study: Study, finding: Finding, level: float) -> Finding:
    """The finding with the seeds that a difference of one point needs beside those there are."""
    point, seen = study.metric.point, finding.area
    if math.isnan(seen.sd):
        return finding
    low, high = (max(seeds - finding.n, 0) for seeds in seeds_range(point, seen.sd, seen.n, level))
    more_seeds = max(seeds_needed(point, seen.sd, level) - finding.n, 0)
    return replace(finding, more_seeds=more_seeds, more_seeds_range=(low, high))


def _largest(p_values: Iterable[float]) -> float:
    """The largest of the p-values that there are: strategies that rank alike are shown only where each is."""
    return max((p for p in p_values if not math.isnan(p)), default=math.nan)


def _judged(study: Study, finding: Finding, budgets: Sequence[BudgetDifference]) -> Finding:
    """A finding with what its differences by label count show, and its outcome."""
    here = [difference for difference in budgets if difference.name == finding.name]
    shown = [difference for difference in here if difference.shown]
    if finding.more_seeds is None:
        finding = _with_more_seeds(study, finding, LEVEL)
    finding = replace(
        finding,
        better_at=tuple(difference for difference in shown if difference.better),
        worse_at=tuple(difference for difference in shown if not difference.better),
        budget_tests=max((difference.tests for difference in here), default=0),
        planned=finding.name in study.planned,
    )
    return replace(finding, outcome=_outcome(finding))


def budget_differences(study: Study) -> tuple[BudgetDifference, ...]:
    """Arm by arm, label count by label count; label counts at which no seed has both are left out.

    A family: all arms of a setting (oracles aside) at all label counts with at least 3 seeds. The network of round 0
    that paired arms share is the same: that label count is not tested. A test set of few points has coarse accuracies,
    which the intervals and p-values allow for (see `estimates`).
    """
    if study.baseline is None:
        return ()
    cells: dict[tuple[str, int], Estimate] = {}
    for arm in study.others:
        _, ours, theirs = study.pairs(arm.name, study.compared_with(arm.name))
        for column, difference in enumerate(estimates(ours - theirs, study.resolution(arm.name))):
            if difference.n:
                cells[arm.name, int(study.labels[column])] = difference
    adjusted: dict[tuple[str, int], tuple[float, int, float]] = {}
    for family in tested_families(study):
        able = {
            (name, labels): difference.p
            for (name, labels), difference in cells.items()
            if name in family and difference.n >= FEWEST and (difference.sd > 0 or difference.mean != 0)
        }
        tests: dict[tuple[str, int], list[tuple[str, int]]] = {}
        for group in rank_alike([study.arm(name) for name in family]):
            for name, labels in able:
                if name in group:
                    tests.setdefault((group[0], labels), []).append((name, labels))
        corrected = holm([_largest(able[cell] for cell in test) for test in tests.values()])
        selected = selected_level(sum(p <= BUDGET_LEVEL for p in corrected), len(tests))
        for test, p_value in zip(tests.values(), corrected, strict=True):
            adjusted |= dict.fromkeys(test, (p_value, len(tests), selected))
    return tuple(
        BudgetDifference(name, labels, difference, p_value, study.metric.sign, tests, level)
        for (name, labels), difference in cells.items()
        for p_value, tests, level in [adjusted.get((name, labels), (math.nan, 0, LEVEL))]
    )


def area_differences(study: Study, name: str, log: bool = False) -> tuple[tuple[float, float] | None, Estimate]:
    """The range of labels that an arm and its baseline share, and their paired difference in AUBC over it.

    Both areas are over the label counts at which both were evaluated.
    """
    span, differences = area_by_seed(study, name, log)
    return span, estimate(differences)


def area_by_seed(study: Study, name: str, log: bool = False) -> tuple[tuple[float, float] | None, Floats]:
    """As `area_differences`, the difference under every shared seed, [P]; none where no range of labels is shared."""
    _, ours, theirs = study.pairs(name, study.compared_with(name))
    span = shared_range(study.labels, [ours, theirs], log) if len(ours) else None
    if span is None:
        return None, np.array([])
    return span, area(study.labels, ours, *span, log) - area(study.labels, theirs, *span, log)


def _unadjusted(study: Study, name: str, targets: list[float]) -> Finding:
    """One arm before any correction."""
    other = study.compared_with(name)
    seeds, ours, theirs = study.pairs(name, other)
    ends = [_last_labels(study.labels, rows) for rows in (ours, theirs)]
    sign = study.metric.sign
    oriented = [sign * target for target in targets]
    arm, base = (crossings(study.labels, sign * rows, oriented) for rows in (ours, theirs))  # [P,X]
    savings = tuple(saved(target, arm[:, column], base[:, column], *ends) for column, target in enumerate(targets))
    span, differences = area_by_seed(study, name)
    return Finding(
        name=name,
        title=study.title(name),
        n=len(seeds),
        unpaired=name in study.unpaired,
        oracle=study.is_oracle(name),
        span=span,
        area=estimate(differences),
        area_holm=math.nan,
        saved=savings,
        primary=primary_target(replace(study, baseline=other), targets),
        saved_holm=math.nan,
        more_seeds=None,
        better_at=(),
        worse_at=(),
        outcome="",
        sign=sign,
        baseline=other,
        ahead=sign_test(sign * differences),
        collapsed=int((sign * differences <= -COLLAPSE_POINTS * study.metric.point).sum()),
    )


def _last_labels(labels: NDArray[np.int64], values: Floats) -> Floats:
    """The last label count at which each seed was evaluated, [S]."""
    return np.array([float(labels[~np.isnan(row)][-1]) for row in values])


def _outcome(finding: Finding) -> str:
    better = finding.needs_fewer_labels or finding.better_on_average or bool(finding.better_at)
    worse = finding.needs_more_labels or finding.worse_on_average or bool(finding.worse_at)
    if better and worse:
        return MIXED
    if better or worse:
        return BETTER if better else WORSE
    return finding.area_outcome
