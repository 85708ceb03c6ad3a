"""The verdict: two sentences that answer whether active learning saved labels, and how sure that is.

**The error rate.** A winner is claimed where the labels saved at the primary target, the difference in AUBC or the
difference at some label count is significant after Holm's correction over all arms (see `findings`). The chance that
any arm of a study is called better than the baseline without being so, the family-wise error rate, is then at most 5 %
where differences over seeds are normally distributed. It is 4 % by calculation, and the rest is for differences that
are not quite normal; nothing is promised for strongly skewed ones, nor over several data sets together.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from al_bench.analysis.finding import BETTER, MIXED, NO_POINT, TOO_FEW, WORSE, BudgetDifference, Finding
from al_bench.analysis.findings import findings
from al_bench.analysis.statistics.paired import FEWEST, LEVEL, MOST_SEEDS, Estimate
from al_bench.analysis.study import Study
from al_bench.analysis.targets import default_targets

__all__ = ["Finding", "Verdict", "default_targets", "verdict", "winning"]

_CLAIMED = 3  # arms whose numbers stand in the first sentence
_NAMED = 4  # arms that a sentence names; of more it says how many


@dataclass(frozen=True)
class Verdict:
    """What a study says.

    Args:
        sentences: The answer, and how sure it is or what would make it sure.
        findings: The arms, in the study's order; empty without a baseline.
        winners: Names of the arms that the first sentence claims to be better than the baseline.
    """

    sentences: tuple[str, str]
    findings: tuple[Finding, ...]
    winners: tuple[str, ...]


def winning(said: Verdict) -> tuple[Finding, ...]:
    """What is said of the arms that a verdict calls better than the baseline."""
    return tuple(finding for finding in said.findings if finding.name in said.winners)


def verdict(study: Study, targets: Sequence[float] | None = None) -> Verdict:
    """Judge a study.

    A winner is never claimed from fewer than 3 seeds, is never an oracle, and beside Random as the baseline never
    Random again.

    Args:
        study: The arms of one dataset.
        targets: Values of the study's metric to reach, as recorded; None: those of `default_targets`, of each setting
            its own.
    """
    every = findings(study, targets)
    strategies = tuple(finding for finding in every if study.is_tested(finding.name))
    winners = tuple(finding for finding in strategies if finding.outcome in (BETTER, MIXED))
    cannot = f"Whether active learning saves labels on {study.dataset} cannot be said: "
    if study.baseline is None:
        names = "there is one arm" if len(study.arms) == 1 else f"there are {len(study.arms)} arms"
        sentences = (
            f"{cannot}{names}, but none to compare with.",
            "Run strategy=random under the same seeds, or name another baseline.",
        )
    elif not strategies:
        on_its_data = " on its data" if study.inconsistencies else ""
        sentences = (
            f"{cannot}there is no strategy beside {study.title(study.baseline)}{on_its_data}.",
            f"Run strategies under the same seeds{', on the same data' if study.inconsistencies else ''}.",
        )
    elif max(finding.n for finding in strategies) < FEWEST:
        sentences = _too_few_seeds(study, strategies)
    elif winners:
        sentences = _winners(study, winners), _certainty(study, strategies)
    else:
        sentences = _no_winner(study, strategies), _certainty(study, strategies)
    return Verdict(sentences, every, tuple(finding.name for finding in winners))


def _is_random(study: Study, name: str | None) -> bool:
    """Whether an arm picks at random; False where there is no such arm."""
    return name is not None and study.arm(name).strategy == "random"


def _baseline_title(study: Study) -> str:
    return study.against


def _too_few_seeds(study: Study, strategies: Sequence[Finding]) -> tuple[str, str]:
    most = max(finding.n for finding in strategies)
    have = "no seed" if most == 0 else "one seed" if most == 1 else f"{most} seeds"
    first = (
        f"Too few seeds to tell whether active learning saves labels on {study.dataset}: "
        f"the arms share {have} with {_baseline_title(study)}, and fewer than {FEWEST} are always too few."
    )
    if most < 2:
        missing = FEWEST - most
        return first, f"Run at least {missing} more seeds of every arm; then their spread says how many would do."
    return first, _capitalised(f"{_seeds_to_add(study, [finding for finding in strategies if finding.n == most])}.")


def _winners(study: Study, winners: Sequence[Finding]) -> str:
    """The claim: which arms, how many labels, with the interval."""
    confounded = {finding.name for finding in winners if study.differing_components(finding.name)}
    order = sorted(
        winners,
        key=lambda finding: (finding.name in confounded, not finding.needs_fewer_labels, -_size(finding)),
    )
    clean = [finding for finding in winners if finding.name not in confounded]
    saving = any(finding.needs_fewer_labels for finding in clean or winners)
    gain = "more accuracy" if study.metric.name == "accuracy" else f"a better {study.metric.noun}"
    head = "Active learning " + ("saves labels" if saving else f"gives {gain} for the same labels")
    # What is better than another strategy need not be better than none; nor is what differs in more than its strategy.
    if not _is_random(study, study.baseline) or not clean:
        head = "Fewer labels are needed" if saving else f"There is {gain} for the same labels"
    claims = "; ".join(_claim(study, finding) for finding in order[:_CLAIMED])
    rest = order[_CLAIMED:]
    also = f"; {_names(rest)} {'is' if len(rest) == 1 else 'are'} shown to be better too" if rest else ""
    return f"{head} on {study.dataset}: {claims}{also}."


def _size(finding: Finding) -> float:
    """How large the claimed gain is, in labels saved or else in the metric; for the order of the claims only."""
    if finding.needs_fewer_labels and finding.primary_saving is not None:
        return finding.primary_saving.saved
    means = [finding.area.mean, *(difference.estimate.mean for difference in finding.better_at)]
    return max(finding.sign * mean for mean in means)


def _claim(study: Study, finding: Finding) -> str:
    """One arm's claims, the strongest kind first, and what speaks against it."""
    notes = ["unpaired"] if finding.unpaired else []
    if differing := study.differing_components(finding.name):
        notes.append(f"not its strategy alone differs: {', '.join(differing)}")
    mark = f" ({'; '.join(notes)})" if notes else ""
    in_favour, against = [], []
    if finding.needs_fewer_labels:
        in_favour.append(_labels_claim(study, finding))
    if finding.better_on_average:
        in_favour.append(_average_claim(study, finding))
    if finding.better_at and not in_favour:
        in_favour.append(_label_count_claim(study, finding.better_at))
    if finding.needs_more_labels:
        against.append(_labels_claim(study, finding))
    if finding.worse_on_average:
        against.append(_average_claim(study, finding))
    if finding.worse_at and not against:
        against.append(_label_count_claim(study, finding.worse_at))
    sides = [" and ".join(claims) for claims in (in_favour, against) if claims]
    return f"{finding.title}{mark} " + " but ".join(sides)


def _labels_claim(study: Study, finding: Finding) -> str:
    saving = finding.primary_saving
    assert saving is not None
    low, high = (saving.low, saving.high) if saving.saved > 0 else (-saving.high, -saving.low)
    return (
        f"needs {100 * abs(saving.saved):.0f} % {'fewer' if saving.saved > 0 else 'more'} labels than "
        f"{study.title(finding.baseline)} to reach {study.target_text(saving.target)} "
        f"(95 % interval {100 * low:.0f} to {100 * high:.0f} %)"
    )


def _average_claim(study: Study, finding: Finding) -> str:
    assert finding.span is not None
    over = f"on average over {finding.span[0]:g} to {finding.span[1]:g} labels"
    than = f" than {study.title(finding.baseline)}" if len(study.baselines) > 1 else ""
    return f"is {_points(study, finding.area)}{than} {over} {_interval(study, finding.area)}"


def _label_count_claim(study: Study, shown: Sequence[BudgetDifference]) -> str:
    most = max(shown, key=lambda difference: abs(difference.estimate.mean))
    than = study.title(study.compared_with(most.name))
    size, interval = _points(study, most.estimate), _interval(study, most.estimate)
    text = f"is {size} than {than} at {most.labels} labels {interval}"
    if len(shown) > 1:
        text += f", the largest of {len(shown)} differences shown from {shown[0].labels} to {shown[-1].labels} labels"
    return text


def _points(study: Study, difference: Estimate) -> str:
    """How much more accurate, or higher or lower in another metric."""
    metric, up = study.metric, difference.mean > 0
    if metric.name == "accuracy":
        return f"{100 * abs(difference.mean):.1f} points {'more' if up else 'less'} accurate"
    size = " ".join(filter(None, [metric.number(abs(difference.mean)), metric.difference_unit]))
    return f"{size} {'higher' if up else 'lower'} in {metric.noun}"


def _interval(study: Study, difference: Estimate) -> str:
    low, high = (difference.low, difference.high) if difference.mean > 0 else (-difference.high, -difference.low)
    return f"(95 % interval {_signed(study, low)} to {_signed(study, high)})"


def _signed(study: Study, value: float) -> str:
    """A number as the verdict's sentences have it, with a plain hyphen for a minus."""
    return study.metric.number(value).replace("−", "-")


def _no_winner(study: Study, strategies: Sequence[Finding]) -> str:
    """No claim: what stands instead, with the arms that are shown to be worse."""
    base = _baseline_title(study)
    worse = [finding for finding in strategies if finding.outcome == WORSE]
    which = "the one strategy" if len(strategies) == 1 else f"any of the {len(strategies)} arms"
    tail = f"; {_names(worse)} {'is' if len(worse) == 1 else 'are'} worse than {base}" if worse else ""
    return (
        f"It is not shown that {which} saves labels over {base} on {study.dataset} "
        f"({_seeds(strategies)}){tail}{_nearest(study, strategies)}."
    )


def _nearest(study: Study, strategies: Sequence[Finding]) -> str:
    """The saving that comes nearest to significance, as what it is: a number without a claim."""
    savings = [
        (finding, saving)
        for finding in strategies
        if (saving := finding.primary_saving) is not None and saving.saved > 0 and finding.saved_holm < 1
    ]
    if not savings:
        return ""
    finding, saving = min(savings, key=lambda pair: pair[0].saved_holm)
    return (
        f"; nearest to it is {finding.title}, with {100 * saving.saved:.0f} % fewer labels to reach "
        f"{study.target_text(saving.target)} (95 % interval {100 * saving.low:.0f} to {100 * saving.high:.0f} %, "
        f"but p = {finding.saved_holm:.2g} after correction)"
    )


def _certainty(study: Study, strategies: Sequence[Finding]) -> str:
    """How sure the claims are, and what is left open."""
    parts = []
    winners = [finding for finding in strategies if finding.outcome in (BETTER, MIXED)]
    if winners:
        parts.append(
            f"the chance that any strategy is called better without being so (the family-wise error rate) is at most "
            f"{100 * LEVEL:.0f} %, if differences over seeds are normally distributed ({_seeds(winners)})"
        )
        worse = [finding for finding in strategies if finding.outcome == WORSE]
        if worse:
            parts.append(f"worse than {_baseline_title(study)}: {_names(worse)}")
    for known in (True, False):  # the seeds of one arm say nothing of how many another needs
        undecided = [
            finding
            for finding in strategies
            if finding.outcome == TOO_FEW and (finding.more_seeds is not None) is known
        ]
        if undecided:
            parts.append(f"too few seeds to tell for {_names(undecided)}: {_seeds_to_add(study, undecided)}")
    same = [finding for finding in strategies if finding.outcome == NO_POINT]
    if same:
        parts.append(f"no difference of {_small(study)} seen, with seeds enough for one: {_names(same)}")
    if not parts:
        parts.append(f"all differences are beyond chance ({_seeds(strategies)})")
    return _capitalised("; ".join(parts)) + "."


def _seeds_to_add(study: Study, undecided: Sequence[Finding]) -> str:
    """How many more seeds a difference of one point needs."""
    numbers = [max(finding.more_seeds, FEWEST - finding.n) for finding in undecided if finding.more_seeds is not None]
    if not numbers:
        missing = max(FEWEST - min(finding.n for finding in undecided), 1)
        return f"at least {missing} more seeds are needed to know the spread"
    low, high = min(numbers), max(numbers)
    if low >= MOST_SEEDS // 2:
        return f"no feasible number of seeds would show a difference of {_small(study, 'one point')}"
    many = f"{low}" if low == high else f"{low} to {high}"
    size = "one accuracy point" if study.metric.name == "accuracy" else f"{_small(study, 'one point')}"
    return f"about {many} more seeds would show a difference of {size} with 80 % power"


def _small(study: Study, point: str = "a point") -> str:
    """What a small difference in the metric is called."""
    return point if study.metric.unit == "%" else study.metric.text(study.metric.point)


def _names(arms: Sequence[Finding]) -> str:
    if len(arms) > _NAMED:
        return f"{len(arms)} arms"
    titles = [finding.title for finding in arms]
    return titles[0] if len(titles) == 1 else f"{', '.join(titles[:-1])} and {titles[-1]}"


def _seeds(arms: Sequence[Finding]) -> str:
    low, high = min(finding.n for finding in arms), max(finding.n for finding in arms)
    return f"{low} seeds" if low == high else f"{low} to {high} seeds"


def _capitalised(sentence: str) -> str:
    return sentence[0].upper() + sentence[1:]
