"""The verdict: two sentences that answer whether active learning saved labels, and how sure that is."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from al_bench.analysis.findings import BETTER, MIXED, NO_POINT, TOO_FEW, WORSE, BudgetDifference, Finding, findings
from al_bench.analysis.statistics.paired import FEWEST, LEVEL, MOST_SEEDS, Estimate
from al_bench.analysis.study import Study
from al_bench.analysis.targets import default_targets

__all__ = ["Finding", "Verdict", "default_targets", "verdict"]

_CLAIMED = 3
_NAMED = 4  # a sentence that names more arms than this is no sentence


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


def verdict(study: Study, targets: Sequence[float] | None = None) -> Verdict:
    """Judge a study.

    A winner is claimed where the labels saved at the primary target, the difference in AUBC or the difference at some
    label count is significant after correction over all arms (see findings: at most 5 % of studies of null strategies
    claim any); never from fewer than 3 seeds, never an oracle, and beside Random as the baseline never Random again.

    Args:
        study: The arms of one dataset.
        targets: Accuracies to reach, fractions; None: those of `default_targets`.
    """
    found = findings(study, default_targets(study) if targets is None else targets)
    usable = tuple(one for one in found if not one.oracle and not (_random(study) and _random(study, one.name)))
    winners = tuple(one for one in usable if one.words in (BETTER, MIXED))
    if study.baseline is None:
        names = "there is one arm" if len(study.groups) == 1 else f"there are {len(study.groups)} arms"
        sentences = (
            f"Whether active learning saves labels on {study.dataset} cannot be said: {names}, "
            "but none to compare with.",
            "Run strategy=random under the same seeds, or name another baseline.",
        )
    elif not usable:
        sentences = (
            f"Whether active learning saves labels on {study.dataset} cannot be said: "
            f"there is no strategy beside {study.title(study.baseline)}{' on its data' if study.unlike else ''}.",
            "Run strategies under the same seeds, on the same data."
            if study.unlike
            else "Run strategies under the same seeds.",
        )
    elif max(one.n for one in usable) < FEWEST:
        sentences = _too_few(study, usable)
    elif winners:
        sentences = _won(study, winners), _rest(study, usable)
    else:
        sentences = _undecided(study, usable), _rest(study, usable)
    return Verdict(sentences, found, tuple(one.name for one in winners))


def _random(study: Study, name: str | None = None) -> bool:
    """Whether an arm, or else the baseline, picks at random."""
    chosen = name or study.baseline
    return chosen is not None and study.group(chosen).strategy == "random"


def _too_few(study: Study, found: Sequence[Finding]) -> tuple[str, str]:
    base = study.title(study.baseline or "")
    most = max(one.n for one in found)
    have = "no seed" if most == 0 else "one seed" if most == 1 else f"{most} seeds"
    first = (
        f"Too few seeds to tell whether active learning saves labels on {study.dataset}: "
        f"the arms share {have} with {base}, and fewer than {FEWEST} are always too few."
    )
    if most < 2:
        missing = FEWEST - most
        return first, f"Run at least {missing} more seeds of every arm; then their spread says how many would do."
    return first, _capital(f"{_more([one for one in found if one.n == most])}.")


def _won(study: Study, winners: Sequence[Finding]) -> str:
    """The claim: who, how many labels, with the interval."""
    confounded = {one.name for one in winners if study.departures(one.name)}
    order = sorted(winners, key=lambda one: (one.name in confounded, not one.saves, -_size(one)))
    clean = [one for one in winners if one.name not in confounded]
    saving = any(one.saves for one in clean or winners)
    head = "Active learning " + ("saves labels" if saving else "gives more accuracy for the same labels")
    # What is better than another strategy need not be better than none; nor is what differs in more than its strategy.
    if not _random(study) or not clean:
        head = "Fewer labels are needed" if saving else "There is more accuracy for the same labels"
    claims = "; ".join(_claim(study, one) for one in order[:_CLAIMED])
    left = order[_CLAIMED:]
    also = f"; {_names(left)} {'is' if len(left) == 1 else 'are'} shown to be better too" if left else ""
    return f"{head} on {study.dataset}: {claims}{also}."


def _size(one: Finding) -> float:
    """How large the claimed gain is, in labels saved or else in accuracy; for the order of the claims only."""
    if one.saves and one.tested is not None:
        return one.tested.saved
    return max([one.area.mean, *(at.estimate.mean for at in one.ahead)])


def _claim(study: Study, one: Finding) -> str:
    """One arm's claims, the strongest kind first, and what speaks against it."""
    notes = ["unpaired"] if one.unpaired else []
    if differing := study.departures(one.name):
        notes.append(f"not its strategy alone differs: {', '.join(differing)}")
    mark = f" ({'; '.join(notes)})" if notes else ""
    for_, against = [], []
    if one.saves:
        for_.append(_labels(study, one))
    if one.gains:
        for_.append(_average(one))
    if one.ahead and not for_:
        for_.append(_somewhere(study, one, one.ahead))
    if one.costs:
        against.append(_labels(study, one))
    if one.loses:
        against.append(_average(one))
    if one.behind and not against:
        against.append(_somewhere(study, one, one.behind))
    return f"{one.title}{mark} " + " but ".join(" and ".join(parts) for parts in (for_, against) if parts)


def _labels(study: Study, one: Finding) -> str:
    saving = one.tested
    assert saving is not None
    low, high = (saving.low, saving.high) if saving.saved > 0 else (-saving.high, -saving.low)
    return (
        f"needs {100 * abs(saving.saved):.0f} % {'fewer' if saving.saved > 0 else 'more'} labels than "
        f"{study.title(study.baseline or '')} to reach {_percent(saving.target)} "
        f"(95 % interval {100 * low:.0f} to {100 * high:.0f} %)"
    )


def _average(one: Finding) -> str:
    assert one.span is not None
    over = f"on average over {one.span[0]:g} to {one.span[1]:g} labels"
    return f"is {_points(one.area)} accurate {over} {_interval(one.area)}"


def _somewhere(study: Study, one: Finding, places: Sequence[BudgetDifference]) -> str:
    most = max(places, key=lambda at: abs(at.estimate.mean))
    than = study.title(study.baseline or "")
    text = f"is {_points(most.estimate)} accurate than {than} at {most.labels} labels {_interval(most.estimate)}"
    if len(places) > 1:
        text += (
            f", the largest of {len(places)} differences shown from {places[0].labels} to {places[-1].labels} labels"
        )
    return text


def _points(one: Estimate) -> str:
    return f"{100 * abs(one.mean):.1f} points {'more' if one.mean > 0 else 'less'}"


def _interval(one: Estimate) -> str:
    low, high = (one.low, one.high) if one.mean > 0 else (-one.high, -one.low)
    return f"(95 % interval {100 * low:.1f} to {100 * high:.1f})"


def _undecided(study: Study, found: Sequence[Finding]) -> str:
    """No claim: what stands instead, with the arms that are shown to be worse."""
    base = study.title(study.baseline or "")
    worse = [one for one in found if one.words == WORSE]
    strategies = "the one strategy" if len(found) == 1 else f"any of the {len(found)} arms"
    tail = f"; {_names(worse)} {'is' if len(worse) == 1 else 'are'} worse than {base}" if worse else ""
    return (
        f"It is not shown that {strategies} saves labels over {base} on {study.dataset} "
        f"({_seeds(found)}){tail}{_nearest(found)}."
    )


def _nearest(found: Sequence[Finding]) -> str:
    """The saving that comes nearest to significance, as what it is: a number without a claim."""
    open_ = [one for one in found if one.tested is not None and one.tested.saved > 0 and one.saved_holm < 1]
    if not open_:
        return ""
    one = min(open_, key=lambda candidate: candidate.saved_holm)
    saving = one.tested
    assert saving is not None
    return (
        f"; nearest to it is {one.title}, with {100 * saving.saved:.0f} % fewer labels to reach "
        f"{_percent(saving.target)} (95 % interval {100 * saving.low:.0f} to {100 * saving.high:.0f} %, "
        f"but p = {one.saved_holm:.2g} after correction)"
    )


def _rest(study: Study, found: Sequence[Finding]) -> str:
    """How sure, and what is left open."""
    parts = []
    winners = [one for one in found if one.words in (BETTER, MIXED)]
    if winners:
        parts.append(
            f"that a strategy is called better here without being so has at most a {100 * LEVEL:.0f} % chance "
            f"({_seeds(winners)})"
        )
        worse = [one for one in found if one.words == WORSE]
        if worse:
            parts.append(f"worse than {study.title(study.baseline or '')}: {_names(worse)}")
    for known in (True, False):  # the seeds of one arm say nothing of how many another needs
        open_ = [one for one in found if one.words == TOO_FEW and (one.further is not None) is known]
        if open_:
            parts.append(f"too few seeds to tell for {_names(open_)}: {_more(open_)}")
    same = [one for one in found if one.words == NO_POINT]
    if same:
        parts.append(f"no difference of a point seen, with seeds enough for one: {_names(same)}")
    if not parts:
        parts.append(f"all differences are beyond chance ({_seeds(found)})")
    return _capital("; ".join(parts)) + "."


def _more(found: Sequence[Finding]) -> str:
    """How many more seeds a difference of one point needs."""
    numbers = [max(one.further, FEWEST - one.n) for one in found if one.further is not None]
    if not numbers:
        return f"at least {max(FEWEST - min(one.n for one in found), 1)} more seeds are needed to know the spread"
    low, high = min(numbers), max(numbers)
    if low >= MOST_SEEDS // 2:
        return "no feasible number of seeds would show a difference of one point"
    many = f"{low}" if low == high else f"{low} to {high}"
    return f"about {many} more seeds would show a difference of one accuracy point with 80 % power"


def _names(found: Sequence[Finding]) -> str:
    if len(found) > _NAMED:
        return f"{len(found)} arms"
    titles = [one.title for one in found]
    return titles[0] if len(titles) == 1 else f"{', '.join(titles[:-1])} and {titles[-1]}"


def _seeds(found: Sequence[Finding]) -> str:
    low, high = min(one.n for one in found), max(one.n for one in found)
    return f"{low} seeds" if low == high else f"{low} to {high} seeds"


def _percent(target: float) -> str:
    return f"{100 * target:g} %"


def _capital(sentence: str) -> str:
    return sentence[0].upper() + sentence[1:]
