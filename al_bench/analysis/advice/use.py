"""The step of using a strategy, where one is shown to be better, in part or in most seeds."""

from __future__ import annotations

from collections.abc import Sequence

from al_bench.analysis.advice.leads import gain_of
from al_bench.analysis.advice.runs import commands
from al_bench.analysis.advice.step import (
    LEADING,
    USE,
    WEIGH,
    NextStep,
    lacks_baseline,
    own_baseline,
    scope_of,
    to_seeds,
)
from al_bench.analysis.claims import SYMMETRIC, claim_order
from al_bench.analysis.finding import BETTER, MIXED, BudgetDifference, Finding
from al_bench.analysis.settings import Setting
from al_bench.analysis.study import Study

DECIDING_SEEDS = 10
"""Seeds for a decision on which much depends."""


def use(study: Study, tested: Sequence[Finding], winners: Sequence[Finding]) -> NextStep:
    """Use the strategy that the verdict names first, of those that are better, else of those that are in part."""
    order = claim_order(study, winners)
    clean = [finding for finding in order if not lacks_baseline(study, finding)]
    if not clean:
        return own_baseline(study, order[0])
    best = next((finding for finding in clean if finding.outcome == BETTER), clean[0])
    base = study.title(best.baseline)
    where = scope_of(study, best)
    if best.outcome == MIXED:
        what = f"it is shown to be better than {base} in part, but worse {_worse(study, best)}"
        first = f"{_condition(study, best)}: {where}, {what}, {SYMMETRIC}."
    else:
        what = f"it is shown to be better than {base} {_better(study, best)}"
        first = f"Use {best.title}: {where}, {what}, {SYMMETRIC}."
    further = commands(to_seeds(study, [best], DECIDING_SEEDS) if best.n < DECIDING_SEEDS else ())
    surer: tuple[str, ...] = ()
    if further.runs:
        surer = (
            f"Before much depends on it, bring both to {DECIDING_SEEDS} seeds {further.size}: that up to "
            f"{100 * best.unseen_collapse:.0f} % of all seeds collapse is not excluded yet.",
        )
    kind = WEIGH if best.outcome == MIXED else USE
    return NextStep(kind, (first, *_other_settings(study, tested, order, best), *surer), further, best.name)


def _better(study: Study, best: Finding) -> str:
    if best.needs_fewer_labels or best.better_on_average:
        return "on average"
    return _at(study, best.better_at)


def _worse(study: Study, mixed: Finding) -> str:
    if mixed.needs_more_labels and mixed.primary is not None:
        return f"in {study.budget.noun} to reach {study.target_text(mixed.primary)}"
    return "on average" if mixed.worse_on_average else _at(study, mixed.worse_at)


def _at(study: Study, shown: Sequence[BudgetDifference]) -> str:
    """At which label counts, or costs, differences are shown."""
    counts = [difference.labels for difference in shown]
    if len(counts) == 1:
        return f"at {study.budget.plain(counts[0])}"
    return f"at {len(counts)} {study.budget.counts} from {min(counts)} to {max(counts)}"


def _other_settings(
    study: Study, tested: Sequence[Finding], order: Sequence[Finding], best: Finding
) -> tuple[str, ...]:
    """What is shown in the other settings, as that of the best says nothing of them."""
    here = study.setting_of(best.name)
    first: dict[Setting, Finding] = {}
    for finding in order:
        first.setdefault(study.setting_of(finding.name), finding)
    shown = [
        finding.title for setting, finding in first.items() if setting != here and not lacks_baseline(study, finding)
    ]
    left = len({study.setting_of(finding.name) for finding in tested} - {*first, here})
    sentences = []
    if shown:
        more = f" and {len(shown) - LEADING} more" if len(shown) > LEADING else ""
        other = "the other setting" if len(shown) == 1 else f"{len(shown)} other settings"
        sentences.append(f"In {other} it is {', '.join(shown[:LEADING])}{more}.")
    if left:
        other = "another setting" if left == 1 else f"{left} other settings"
        sentences.append(f"In {other} no strategy is shown to be better.")
    return tuple(sentences)


def _condition(study: Study, mixed: Finding) -> str:
    """For which label counts a strategy that is better in part is to be used."""
    better, worse = ([each.labels for each in side] for side in (mixed.better_at, mixed.worse_at))
    if worse and all(labels > max(worse) for labels in better) and not mixed.needs_more_labels:
        return f"Use {mixed.title} only if you go on beyond {study.budget.plain(max(worse))}"
    if better and worse and max(better) < min(worse) and not mixed.needs_fewer_labels:
        return f"Use {mixed.title} only if you stop before {study.budget.plain(min(worse))}"
    return f"Look at both curves before you use {mixed.title}"


def use_mostly(study: Study, ahead: Sequence[Finding]) -> NextStep:
    """Use a strategy that is shown to be ahead in most seeds where that is enough."""
    best = max(ahead, key=lambda finding: (finding.ahead.low, gain_of(finding), finding.name))
    fell = f" (it collapsed in {best.collapsed} of {best.ahead.n})" if best.collapsed else ""
    text = (
        f"Use {best.title} only where being ahead in most seeds is enough: {scope_of(study, best)}, that is shown "
        f"against {study.title(best.baseline)} by the sign test, which assumes no shape, but not that it is better on "
        f"average{fell}."
    )
    return NextStep(WEIGH, (text,), strategy=best.name)
