"""The sentences of claims: what is claimed of an arm, how large it is, and what that assumes.

Two claims are made of an arm. *Better*: on average over seeds, by Student's t-test. It assumes differences that are
roughly symmetric and is about seeds that do not collapse; the share that could is said. *Ahead in most seeds*: by the
exact sign test, which assumes nothing of the differences. An interval that is printed with a claim is adjusted for
having been selected (see `selected_level`).
"""

from __future__ import annotations

from collections.abc import Sequence

from al_bench.analysis.families import tested_families
from al_bench.analysis.finding import BudgetDifference, Finding, collapse_text
from al_bench.analysis.statistics.paired import FEWEST_FOR_SELECTED, LEVEL, MOST_SEEDS, Estimate
from al_bench.analysis.statistics.sign import fewest_seeds
from al_bench.analysis.study import Study

SYMMETRIC = "if differences over seeds are roughly symmetric"
"""What a claim about the average assumes."""
_CLAIMED = 3  # arms whose numbers stand in the first sentence
_NAMED = 4  # arms that a sentence names; of more it says how many


def winners_sentence(study: Study, winners: Sequence[Finding]) -> str:
    """The claim: which arms, how many labels, with the interval."""
    order = claim_order(study, winners)
    clean = [finding for finding in order if not study.differing_components(finding.name)]
    saving = any(finding.needs_fewer_labels for finding in clean or winners)
    noun = study.budget.noun
    gain = "more accuracy" if study.metric.name == "accuracy" else f"a better {study.metric.noun}"
    head = "Active learning " + (f"saves {noun}" if saving else f"gives {gain} for the same {noun}")
    # What is better than another strategy need not be better than none; nor is what differs in more than its strategy.
    if not baseline_is_random(study) or not clean:
        less = f"{study.budget.fewer.capitalize()} {'are' if noun.endswith('s') else 'is'} needed"
        head = less if saving else f"There is {gain} for the same {noun}"
    alike = len({finding.ahead for finding in winners}) == 1 < len(winners)  # said once
    claims = "; ".join(_claim(study, finding, ahead=not alike) for finding in order[:_CLAIMED])
    rest = order[_CLAIMED:]
    also = f"; {names_of(rest)} {'is' if len(rest) == 1 else 'are'} shown to be better too" if rest else ""
    also += f"; each is {seeds_ahead(winners[0])}" if alike and winners[0].ahead.n else ""
    return f"{head} on {study.dataset}: {claims}{also}."


def claim_order(study: Study, winners: Sequence[Finding]) -> list[Finding]:
    """The winners as they are named: first those whose strategy alone differs, those that save labels, the largest."""
    return sorted(
        winners,
        key=lambda finding: (
            bool(study.differing_components(finding.name)), not finding.needs_fewer_labels, -_size(finding)
        ),
    )  # fmt: skip


def _size(finding: Finding) -> float:
    """How large the claimed gain is, in labels saved or else in the metric; for the order of the claims only."""
    if finding.needs_fewer_labels and finding.primary_saving is not None:
        return finding.primary_saving.saved
    means = [finding.area.mean, *(difference.estimate.mean for difference in finding.better_at)]
    return max(finding.sign * mean for mean in means)


def _claim(study: Study, finding: Finding, ahead: bool) -> str:
    """One arm's claims, the strongest kind first, what speaks against it, and where asked the seeds it is ahead in."""
    notes = ["unpaired"] if finding.unpaired else []
    if differing := study.differing_components(finding.name):
        notes.append(f"not its strategy alone differs: {', '.join(differing)}")
    mark = f" ({'; '.join(notes)})" if notes else ""
    in_favour = _side(study, finding, finding.needs_fewer_labels, finding.better_on_average, finding.better_at)
    against = _side(study, finding, finding.needs_more_labels, finding.worse_on_average, finding.worse_at)
    if ahead and finding.ahead.n:
        in_favour.append(f"is {seeds_ahead(finding)}")
    sides = [" and ".join(claims) for claims in (in_favour, against) if claims]
    return f"{finding.title}{mark} " + " but ".join(sides)


def _side(
    study: Study, finding: Finding, labels: bool, on_average: bool, label_counts: Sequence[BudgetDifference]
) -> list[str]:
    """What is shown in one direction; single label counts only where nothing else is."""
    claims = [_labels_claim(study, finding)] if labels else []
    claims += [_average_claim(study, finding)] if on_average else []
    return claims or ([_label_count_claim(study, label_counts)] if label_counts else [])


def _labels_claim(study: Study, finding: Finding) -> str:
    saving = finding.primary_saving
    assert saving is not None
    ends = saving.interval(finding.selected_level)
    low, high = ends if saving.saved > 0 else (-ends[1], -ends[0])
    return (
        f"needs {100 * abs(saving.saved):.0f} % {study.budget.fewer if saving.saved > 0 else study.budget.more} than "
        f"{study.title(finding.baseline)} to reach {study.target_text(saving.target)}"
        f"{_adjusted(saving.n, f'{100 * low:.0f} to {100 * high:.0f} %')}"
    )


def _average_claim(study: Study, finding: Finding) -> str:
    assert finding.span is not None
    over = f"on average over {study.budget.span(*finding.span)}"
    than = f" than {study.title(finding.baseline)}" if len(study.baselines) > 1 else ""
    interval = _interval(study, finding.area, finding.selected_level)
    return f"is {_points(study, finding.area)}{than} {over}{interval}"


def _label_count_claim(study: Study, shown: Sequence[BudgetDifference]) -> str:
    most = max(shown, key=lambda difference: abs(difference.estimate.mean))
    than = study.title(study.compared_with(most.name))
    interval = _interval(study, most.estimate, most.selected_level)
    text = f"is {_points(study, most.estimate)} than {than} at {study.budget.plain(most.labels)}{interval}"
    if len(shown) > 1:
        span = study.budget.span(shown[0].labels, shown[-1].labels)
        text += f", the largest of {len(shown)} differences shown from {span}"
    return text


def _points(study: Study, difference: Estimate) -> str:
    """How much more accurate, or higher or lower in another metric."""
    metric, up = study.metric, difference.mean > 0
    if metric.name == "accuracy":
        return f"{100 * abs(difference.mean):.1f} points {'more' if up else 'less'} accurate"
    size = " ".join(filter(None, [metric.number(abs(difference.mean)), metric.difference_unit]))
    return f"{size} {'higher' if up else 'lower'} in {metric.noun}"


def _interval(study: Study, difference: Estimate, level: float) -> str:
    ends = difference.interval(level)
    low, high = ends if difference.mean > 0 else (-ends[1], -ends[0])
    return _adjusted(difference.n, f"{_signed(study, low)} to {_signed(study, high)}")


def _adjusted(n: int, ends: str) -> str:
    """The interval of a claim; none from so few seeds that it would miss too often."""
    return f" (adjusted 95 % interval {ends})" if n >= FEWEST_FOR_SELECTED else ""


def _signed(study: Study, value: float) -> str:
    """A number as the verdict's sentences have it, with a plain hyphen for a minus."""
    return study.metric.number(value).replace("−", "-")


def seeds_ahead(finding: Finding) -> str:
    """In how many of its seeds an arm is ahead, with the exact interval of the share of all seeds."""
    ahead = finding.ahead
    return (
        f"ahead over the whole curve in {ahead.ahead} of {ahead.n} seeds "
        f"(exact 95 % interval {100 * ahead.low:.0f} to {100 * ahead.high:.0f} % of all seeds)"
    )


def average_certainty(study: Study, winners: Sequence[Finding]) -> str:
    """How sure it is that the winners are better, what that assumes, and which share of bad seeds is not excluded."""
    low, high = min(shares := [finding.unseen_collapse for finding in winners]), max(shares)
    share = f"{100 * high:.0f} %" if f"{low:.2f}" == f"{high:.2f}" else f"{100 * low:.0f} to {100 * high:.0f} %"
    collapsed = collapsed_seeds(winners)
    seen = f"these did: {collapsed}" if collapsed else f"none of {seeds_of(winners)} did"
    few = (
        f" From fewer than {FEWEST_FOR_SELECTED} seeds a claim has no interval."
        if any(finding.n < FEWEST_FOR_SELECTED for finding in winners)
        else ""
    )
    family = " of one family of tests" if len(tested_families(study)) > 1 else ""
    return (
        "Better means on average over seeds that do not collapse, that is, fall "
        f"{collapse_text(study.metric)} or more behind {study.against} on average over the {study.budget.noun}: "
        f"{seen}, but up to {share} of all seeds could (95 % bound). The "
        f"chance that any strategy{family} is called better without being so (the family-wise error rate) is at most "
        f"{100 * LEVEL:.0f} %, {SYMMETRIC}.{few}"
    )


def collapsed_seeds(findings: Sequence[Finding]) -> str:
    """Which arms have seeds that collapsed, and how many; empty where none has."""
    return ", ".join(
        f"{finding.title} in {finding.collapsed} of {finding.ahead.n}" for finding in findings if finding.collapsed
    )


def ahead_certainty(strategies: Sequence[Finding]) -> str:
    """Of which arms the exact sign test shows that they are ahead in most seeds, or from how many seeds it could."""
    tested = [finding for finding in strategies if finding.ahead_tests]
    shown = [finding for finding in tested if finding.ahead_in_most_seeds]
    if not tested:
        return ""
    if shown:
        return f"Ahead in most seeds by the exact sign test, which assumes no shape: {names_of(shown)}."
    if all(finding.n < fewest_seeds(finding.ahead_tests) for finding in tested):
        most = max(finding.ahead_tests for finding in tested)
        arms = "one arm" if most == 1 else f"{most} arms"
        return (
            f"Ahead in most seeds cannot be shown by {seeds_of(tested)}: the exact sign test, which assumes no shape, "
            f"takes {fewest_seeds(most)} with {arms}."
        )
    return "Ahead in most seeds is shown of none by the exact sign test, which assumes no shape."


def baseline_is_random(study: Study) -> bool:
    """Whether there is a baseline and it picks at random."""
    return study.baseline is not None and study.arm(study.baseline).strategy == "random"


def small_difference(study: Study, point: str = "a point") -> str:
    """What a small difference in the metric is called."""
    return point if study.metric.unit == "%" else study.metric.text(study.metric.point)


def names_of(arms: Sequence[Finding]) -> str:
    if len(arms) > _NAMED:
        return f"{len(arms)} arms"
    titles = [finding.title for finding in arms]
    return titles[0] if len(titles) == 1 else f"{', '.join(titles[:-1])} and {titles[-1]}"


def seeds_of(arms: Sequence[Finding]) -> str:
    low, high = min(finding.n for finding in arms), max(finding.n for finding in arms)
    return f"{low} seeds" if low == high else f"{low} to {high} seeds"


def capitalised(sentence: str) -> str:
    return sentence[0].upper() + sentence[1:]


def seeds_text(low: int, high: int) -> str:
    """A range of seeds: "4 to 30", "up to 12", "at least 40" where the upper end is beyond anybody's means."""
    if high >= MOST_SEEDS // 2:
        return f"at least {low}"
    if low <= 0:
        return f"up to {high}"
    return f"{low}" if low == high else f"{low} to {high}"
