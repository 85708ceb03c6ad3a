"""The verdict: two sentences that answer whether active learning saved labels, and how sure that is.

**The error rate.** A winner is claimed where the labels saved at the primary target, the difference in AUBC or the
difference at some label count is significant after Holm's correction over all arms of its setting (see `findings`).
The chance that any arm is called better than its baseline without being so, the family-wise error rate, is then at most
5 % where differences over seeds are roughly symmetric, seeds that collapse set aside. It is 4 % by calculation where
they are normally distributed, and the rest is for those that are not quite. That an arm is ahead in most seeds is
another claim, with 5 % of its own, which assumes no shape. Nothing is promised over several data sets together.
results/planted_savings.csv has the rates in planted studies.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from al_bench.analysis.claims import (
    SYMMETRIC,
    ahead_certainty,
    average_certainty,
    capitalised,
    collapsed_seeds,
    names_of,
    seeds_ahead,
    seeds_of,
    seeds_text,
    small_difference,
    winners_sentence,
)
from al_bench.analysis.finding import BETTER, MIXED, NO_POINT, TOO_FEW, WORSE, Finding
from al_bench.analysis.findings import findings
from al_bench.analysis.statistics.paired import FEWEST, FEWEST_FOR_SELECTED, MOST_SEEDS
from al_bench.analysis.study import Study
from al_bench.analysis.targets import default_targets

__all__ = ["Finding", "Verdict", "default_targets", "verdict", "winning"]


@dataclass(frozen=True)
class Verdict:
    """What a study says.

    Args:
        sentences: The answer, and how sure it is or what would make it sure.
        findings: The arms, in the study's order; empty without a baseline.
        winners: Names of the arms that the first sentence claims to be better than the baseline, on average.
        ahead: Names of the arms that are claimed to be ahead of it in most seeds.
    """

    sentences: tuple[str, str]
    findings: tuple[Finding, ...]
    winners: tuple[str, ...]
    ahead: tuple[str, ...] = ()


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
    cannot = f"Whether active learning saves {study.budget.noun} on {study.dataset} cannot be said: "
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
        sentences = winners_sentence(study, winners), _certainty(study, strategies)
    else:
        sentences = _no_winner(study, strategies), _certainty(study, strategies)
    ahead = tuple(finding.name for finding in strategies if finding.ahead_in_most_seeds)
    return Verdict(sentences, every, tuple(finding.name for finding in winners), ahead)


def _too_few_seeds(study: Study, strategies: Sequence[Finding]) -> tuple[str, str]:
    most = max(finding.n for finding in strategies)
    have = "no seed" if most == 0 else "one seed" if most == 1 else f"{most} seeds"
    first = (
        f"Too few seeds to tell whether active learning saves {study.budget.noun} on {study.dataset}: "
        f"the arms share {have} with {study.against}, and fewer than {FEWEST} are always too few."
    )
    if most < 2:
        missing = FEWEST - most
        return first, f"Run at least {missing} more seeds of every arm; then their spread says how many would do."
    return first, capitalised(f"{_seeds_to_add(study, [finding for finding in strategies if finding.n == most])}.")


def _no_winner(study: Study, strategies: Sequence[Finding]) -> str:
    """No claim: what stands instead, with the arms that are shown to be worse."""
    base = study.against
    worse = [finding for finding in strategies if finding.outcome == WORSE]
    which = "the one strategy" if len(strategies) == 1 else f"any of the {len(strategies)} arms"
    tail = f"; {names_of(worse)} {'is' if len(worse) == 1 else 'are'} worse than {base}, {SYMMETRIC}" if worse else ""
    return (
        f"It is not shown that {which} saves {study.budget.noun} over {base} on {study.dataset} "
        f"({seeds_of(strategies)}){tail}{_ahead(strategies)}{_nearest(study, strategies)}."
    )


def _ahead(strategies: Sequence[Finding]) -> str:
    """The arms that are ahead in most seeds although they are not shown to be better on average."""
    shown = [finding for finding in strategies if finding.ahead_in_most_seeds]
    if not shown:
        return ""
    arms = "; ".join(f"{finding.title} is {seeds_ahead(finding)}" for finding in shown)
    return f"; {'but in most seeds' if len(shown) == 1 else 'but these are in most seeds'} {arms}"


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
    low, high = saving.interval(finding.selected_level)
    interval = f"adjusted 95 % interval {100 * low:.0f} to {100 * high:.0f} %, but "
    return (
        f"; nearest to it is {finding.title}, with {100 * saving.saved:.0f} % {study.budget.fewer} to reach "
        f"{study.target_text(saving.target)} ({interval if saving.n >= FEWEST_FOR_SELECTED else ''}"
        f"p = {finding.saved_holm:.2g} after correction, for roughly normal differences)"
    )


def _certainty(study: Study, strategies: Sequence[Finding]) -> str:
    """How sure the claims are, what they assume, and what is left open."""
    sentences, parts = [], []
    winners = [finding for finding in strategies if finding.outcome in (BETTER, MIXED)]
    others = [finding for finding in strategies if finding not in winners]
    if winners:
        sentences.append(average_certainty(study, winners))
    sentences += filter(None, [ahead_certainty(strategies)])
    if collapsed := collapsed_seeds([finding for finding in others if finding.collapsed < finding.ahead.n]):
        parts.append(f"seeds that collapsed: {collapsed}")
    worse = [finding for finding in strategies if finding.outcome == WORSE]
    if winners and worse:
        parts.append(f"worse than {study.against}: {names_of(worse)}")
    for known in (True, False):  # the seeds of one arm say nothing of how many another needs
        undecided = [
            finding
            for finding in strategies
            if finding.outcome == TOO_FEW and (finding.more_seeds is not None) is known
        ]
        if undecided:
            parts.append(f"too few seeds to tell for {names_of(undecided)}: {_seeds_to_add(study, undecided)}")
    same = [finding for finding in strategies if finding.outcome == NO_POINT]
    if same:
        seen = f"no difference of {small_difference(study)} seen, with seeds enough for one, if they are roughly normal"
        parts.append(f"{seen}: {names_of(same)}")
    if parts:
        sentences.append(capitalised("; ".join(parts)) + ".")
    return " ".join(sentences)


def _seeds_to_add(study: Study, undecided: Sequence[Finding]) -> str:
    """How many more seeds a difference of one point needs, as a range."""
    ranges = [
        tuple(max(end, FEWEST - finding.n) for end in finding.more_seeds_range)
        for finding in undecided
        if finding.more_seeds_range is not None
    ]
    if not ranges:
        missing = max(FEWEST - min(finding.n for finding in undecided), 1)
        return f"at least {missing} more seeds are needed to know the spread"
    low, high = min(ends[0] for ends in ranges), max(ends[1] for ends in ranges)
    size = "one accuracy point" if study.metric.name == "accuracy" else small_difference(study, "one point")
    if low >= MOST_SEEDS // 2:
        return f"no feasible number of seeds would show a difference of {size}"
    return (
        f"{seeds_text(low, high)} more seeds would show a difference of {size} with 80 % power, if differences "
        f"are normally distributed (a range, as {seeds_of(undecided)} leave their spread open)"
    )
