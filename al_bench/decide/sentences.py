"""What `al-bench decide` says: of each look, of what is settled and how sure that is, and of the runs that it saves."""

from __future__ import annotations

import math
from collections.abc import Sequence

from al_bench.analysis.advice.runs import duration, seconds_of
from al_bench.analysis.claims import SYMMETRIC, baseline_is_random, small_difference
from al_bench.analysis.finding import collapse_text
from al_bench.analysis.findings import area_by_seed
from al_bench.analysis.statistics.sign import not_excluded
from al_bench.analysis.study import Study
from al_bench.decide.looks import (
    AHEAD_LEVEL,
    AVERAGE_LEVEL,
    BETTER,
    NOT_SHOWN,
    SMALL,
    UNLIKELY,
    UNLIKELY_CHANCE,
    WORSE,
    ArmLook,
    Progress,
)
from al_bench.decide.runs import Clock, NextRun
from al_bench.decide.start import Decision
from al_bench.storage.decision_plan import DecisionPlan

ERROR = AVERAGE_LEVEL + AHEAD_LEVEL


def plan_line(decision: Decision, plan: DecisionPlan) -> str:
    """What is fixed before the first look, without the full stop."""
    study = decision.study
    names = listed([study.title(name) for name in plan.arms])
    if plan.named:
        why = "named beforehand"
    elif plan.tests > len(plan.arms):
        why = f"the furthest ahead of {plan.tests} arms under the first {plan.first} seeds"
    else:
        why = "all there are"
    looks = listed([str(look) for look in plan.looks])
    return f"{names} ({why}) against {study.title(plan.baseline)}, looked at with {looks} seeds"


def look_line(study: Study, plan: DecisionPlan, look: dict[str, ArmLook]) -> str:
    """What one look said of each arm that was open."""
    first = next(iter(look.values()))
    arms = [
        f"{study.title(name)} {_size(study, here.mean)} {study.metric.interval(here.low, here.high)}, "
        f"ahead in {here.sign.ahead} of {here.n}: {here.ending or 'open'}"
        for name, here in look.items()
    ]
    return f"Look {first.place + 1} of {len(plan.looks)}, {first.n} seeds: {'; '.join(arms)}"


def verdict_sentences(decision: Decision, plan: DecisionPlan, said: Progress) -> list[str]:
    """What is settled, arm by arm, and how sure it is."""
    return [_answer(decision, said), *_by_arm(decision, plan, said), _certainty(decision, plan, said)]


def _answer(decision: Decision, said: Progress) -> str:
    """Whether any arm is better, in one sentence."""
    study, better = decision.study, said.ended(BETTER)
    gain = "more accuracy" if study.metric.name == "accuracy" else f"a better {study.metric.noun}"
    noun = study.budget.noun
    names = [study.title(name) for name in said.last]
    if better:
        what = "Active learning gives" if baseline_is_random(study) else "There is"
        return f"{what} {gain} for the same {noun} on {study.dataset}."
    if said.settled:
        return (
            f"It is not shown that {listed(names, 'or')} gives {gain} than {study.title(decision.baseline)} for the "
            f"same {noun} on {study.dataset}."
        )
    return f"Whether {listed(names, 'or')} gives {gain} for the same {noun} on {study.dataset} is still open."


def _by_arm(decision: Decision, plan: DecisionPlan, said: Progress) -> list[str]:
    """What the last look at each arm says, those that are better first."""
    order = sorted(said.last, key=lambda name: said.last[name].ending != BETTER)
    return [_arm(decision, plan, name, said.last[name], name in said.ahead) for name in order]


def _arm(decision: Decision, plan: DecisionPlan, name: str, look: ArmLook, ahead: bool) -> str:
    study = decision.study
    title, base = study.title(name), study.title(decision.baseline)
    point = small_difference(study)
    seen = f"{_interval(study, look)}, by {look.n} seeds"
    most = f"its gain is under {_amount(study, look.high)}" if look.high > 0 else "it gains nothing"
    texts = {
        BETTER: f"{title} is {_compared(study, look.mean)} than {base}{_over(decision, name, look.n)} {seen}",
        WORSE: f"{title} is {_compared(study, look.mean)} than {base}{_over(decision, name, look.n)} {seen}",
        SMALL: f"{title} gains less than {point} over {base}: {_size(study, look.mean)} {seen}",
        UNLIKELY: (
            f"{title} is given up: {_size(study, look.mean)} {seen}, and at this pace the chance that "
            f"{plan.looks[-1]} show it is under {100 * UNLIKELY_CHANCE:.0f} %; {most}"
        ),
        NOT_SHOWN: f"{title} is not shown to be better: {_size(study, look.mean)} {seen}; {most}",
        "": f"{title} is open: {_size(study, look.mean)} {seen}; {most}",
    }
    which = f"look {look.place + 1} of {len(plan.looks)}"
    counts = f"It is ahead in {look.sign.ahead} of them"
    shown = (
        f"{counts}, which shows that it is in most of all seeds, whatever the shape of the differences."
        if ahead
        else f"{counts}."
    )
    return f"{texts[look.ending]} ({which}). {shown}"


def _certainty(decision: Decision, plan: DecisionPlan, said: Progress) -> str:
    """How often claims are false, what that assumes, and which share of collapsing seeds is not excluded."""
    study = decision.study
    taken = [next(iter(look.values())).n for look in said.looks]
    were = "was" if len(taken) == 1 else "were"
    counted = f"{len(taken)} of {len(plan.looks)} looks {were} taken, with {listed([str(n) for n in taken])} seeds"
    if plan.tests == 1:
        arms = "the one arm"
    elif plan.tests > len(plan.arms):
        arms = f"the {plan.tests} arms that there were to pick from"
    else:
        arms = f"the {plan.tests} arms"
    sentences = [
        f"{counted}. Over all looks and {arms}, at most {100 * ERROR:.0f} % of studies make any claim that is false, "
        f"{SYMMETRIC}; the intervals count the looks, too, and are exact for normal ones."
    ]
    if better := said.ended(BETTER):
        bounds = []
        for name in better:
            look = said.last[name]
            share = 100 * not_excluded(look.collapsed, look.n)
            seen = (
                f"{look.collapsed or 'none'} of {look.n} did, but up to {share:.0f} % of all seeds could (95 % bound)"
            )
            bounds.append(seen if len(better) == 1 else f"of {study.title(name)} {seen}")
        sentences.append(
            "Better means on average over seeds that do not collapse, that is, fall "
            f"{collapse_text(study.metric)} or more behind {study.title(decision.baseline)}: {'; '.join(bounds)}. "
            "An early end tends to overstate the difference: trust the interval, not the number in front of it."
        )
    return " ".join(sentences)


def saved_sentence(decision: Decision, plan: DecisionPlan, said: Progress) -> str:
    """How many runs a settled decision saves against all seeds of all its arms."""
    seeds = {name: look.n for name, look in said.last.items()}
    seeds[decision.baseline] = max(seeds.values())
    last = plan.looks[-1]
    saved = {name: last - n for name, n in seeds.items()}
    seconds = sum(runs * seconds_of(decision.study.arm(name).runs) for name, runs in saved.items() if runs)
    known = f", {duration(seconds)} by those on record" if not math.isnan(seconds) and seconds else ""
    most = max(seeds.values())
    return (
        f"Settled with {most} of {last} seeds: {sum(saved.values())} of {last * len(seeds)} runs of "
        f"{listed([decision.study.title(name) for name in (decision.baseline, *said.last)])} are saved{known}."
    )


def missing_sentence(missing: Sequence[NextRun], wanted: int, clock: Clock) -> str:
    """What the next look lacks, how long that takes, and whether it fits into the time left."""
    seconds = sum(clock.expected(run) for run in missing) / clock.jobs
    unknown = any(math.isnan(run.seconds) for run in missing)
    seeds = ", ".join(str(seed) for seed in dict.fromkeys(run.seed for run in missing))
    runs, long = _runs(len(missing)), "no record says how long" if unknown else duration(seconds)
    text = f"{wanted} seeds lack {runs} (seed{'s' if ',' in seeds else ''} {seeds}; {long})"
    if seconds > clock.left:
        left = duration(max(0.0, clock.left)).removeprefix("about ")
        text += f", which do not all fit into the time left ({left}): as many are made as do"
    return f"{text}."


def unmade_sentence(left: Sequence[NextRun], wanted: int, clock: Clock) -> str:
    """That the time is over, and what is left to be made."""
    seconds = sum(clock.expected(run) for run in left) / clock.jobs
    over = "over" if clock.left <= 0 else f"too short for another run ({clock.left:.0f} s are left)"
    are = "is" if len(left) == 1 else "are"
    further = f"{_runs(len(left))} {are} left to {wanted} seeds, {duration(seconds)}"
    return f"The time is {over}: {further}. The same command goes on."


def _runs(count: int) -> str:
    return "1 run" if count == 1 else f"{count} runs"


def listed(texts: Sequence[str], last: str = "and") -> str:
    """Texts in a row: "a, b and c"."""
    return texts[0] if len(texts) == 1 else f"{', '.join(texts[:-1])} {last} {texts[-1]}"


def _over(decision: Decision, name: str, n: int) -> str:
    """Over which labels a difference is averaged."""
    study = decision.study
    span, _ = area_by_seed(study, name)
    return " on average" + (f" over {study.budget.span(*span)}" if span else "")


def _compared(study: Study, mean: float) -> str:
    """How much better or worse, in the words of the metric; the mean is above 0 where it is better."""
    if study.metric.name == "accuracy":
        return f"{100 * abs(mean):.1f} points {'more' if mean > 0 else 'less'} accurate"
    size = " ".join(filter(None, [study.metric.number(abs(mean)), study.metric.difference_unit]))
    return f"{size} {'better' if mean > 0 else 'worse'} in {study.metric.noun}"


def _size(study: Study, mean: float) -> str:
    return " ".join(filter(None, [study.metric.number(mean, sign=True), study.metric.difference_unit]))


def _amount(study: Study, value: float) -> str:
    return " ".join(filter(None, [study.metric.number(value), study.metric.difference_unit or study.metric.noun]))


def _interval(study: Study, look: ArmLook) -> str:
    low, high = (-look.high, -look.low) if look.ending == WORSE else (look.low, look.high)
    return f"(95 % interval over all looks {study.metric.number(low)} to {study.metric.number(high)})"
