"""The next step after a comparison: use a strategy, stay with the baseline, or make runs that would tell.

The rule, of the strategies that are tested and the baseline of the setting of each. Runs that are not complete are
finished first. Of those that are, the first line that fits counts:

1. Without a baseline: run Random under the seeds that there are. Without a strategy beside it: run margin.
2. A strategy is shown to be better on average: use it, the one that the verdict names first. Where it is shown to be
   worse in part as well, only for the label counts at which it is not. Below 10 seeds the runs up to 10 are named.
3. A strategy is shown to be ahead in most seeds, but not to be better on average: use it where that is enough.
4. Of every strategy it is shown that it is worse, or that it gains less than a point and saves less than 10 % of the
   labels (95 % intervals, adjusted for their number): the baseline is good enough.
5. A strategy that is left open has fewer than 5 seeds: bring the five that lead to 5.
6. One that is left open leads, and 50 further seeds or fewer would show its lead, or a point or 10 % if it leads by
   less, with 80 % power at the level of its family of tests: run as many of it and its baseline.
7. Else the baseline is good enough.

What 2 or 6 would choose and was compared with a baseline of another setting gets a baseline of its own first. No line
says more than the tests show; a number of seeds is said with the range that the spread seen leaves open.
"""

from __future__ import annotations

from collections.abc import Sequence

from al_bench.analysis.advice.leads import SMALL_SAVING, difference_text, gain_of, is_closed, lead_of
from al_bench.analysis.advice.runs import commands, of_strategy, unfinished_run
from al_bench.analysis.advice.step import (
    FINISH,
    LEADING,
    STAY,
    NextStep,
    base_of,
    beside,
    lacks_baseline,
    own_baseline,
    run_step,
    to_seeds,
)
from al_bench.analysis.advice.use import use, use_mostly
from al_bench.analysis.claims import SYMMETRIC, seeds_of, seeds_text
from al_bench.analysis.finding import BETTER, MIXED, WORSE, Finding
from al_bench.analysis.settings import RANDOM
from al_bench.analysis.study import Study

FIRST_SEEDS = 5
"""Seeds for a first impression."""
MANY_SEEDS = 50
"""Further seeds above which nobody is advised to run them."""


def next_step(study: Study, judged: Sequence[Finding]) -> NextStep:
    """The next step of a study, by the rule above.

    Args:
        study: The arms of one dataset.
        judged: What `findings` says of them.
    """
    step = _by_rule(study, judged)
    if not study.unfinished:
        return step
    left = study.unfinished
    further = commands([unfinished_run(run, study.arms) for run in left])
    which = ", ".join(f"{run.arm} seed {run.seed}: {run.status}" for run in left[:LEADING])
    more = f" and {len(left) - LEADING} more" if len(left) > LEADING else ""
    runs = "the run that is" if len(left) == 1 else f"the {len(left)} runs that are"
    failed = " Why a run failed is in its run.log." if any(run.status == "failed" for run in left) else ""
    return NextStep(
        FINISH,
        (
            f"Finish {runs} not complete {further.size}, as what is missing may not be missing by chance: "
            f"{which}{more}.{failed}",
            f"By the runs {'as far as they got' if study.included else 'that are complete'}: {step.sentences[0]}",
        ),
        further,
        step.strategy,
    )


def _by_rule(study: Study, judged: Sequence[Finding]) -> NextStep:
    tested = [finding for finding in judged if study.is_tested(finding.name)]
    if study.baseline is None:
        return _without_baseline(study)
    if not tested:
        return _without_strategy(study)
    if winners := [finding for finding in tested if finding.outcome in (BETTER, MIXED)]:
        return use(study, tested, winners)
    if ahead := [finding for finding in tested if finding.ahead_in_most_seeds]:
        return use_mostly(study, ahead)
    left_open = [finding for finding in tested if not is_closed(study, finding, tested)]
    if not left_open:
        return _nothing_gained(study, tested)
    few = sorted(
        (finding for finding in left_open if finding.n < FIRST_SEEDS), key=lambda each: (-gain_of(each), each.name)
    )
    if few:
        paired = [finding for finding in few if not lacks_baseline(study, finding)]
        return _first_seeds(study, paired[:LEADING]) if paired else own_baseline(study, few[0])
    return _more_seeds(study, left_open)


def _without_baseline(study: Study) -> NextStep:
    missing = []
    for setting in study.every_setting:
        arms = [study.arm(name) for name in setting.arms]
        missing.append(of_strategy(arms[0], RANDOM, sorted({run.seed for arm in arms for run in arm.runs})))
    why = f"without it nothing can be said of {study.budget.noun} saved."
    return run_step("Run Random under the same seeds", why, missing)


def _without_strategy(study: Study) -> NextStep:
    base = study.arm(study.baseline or "")
    other = "margin" if base.strategy == RANDOM else RANDOM
    why = "there is no strategy to compare yet" if base.strategy == RANDOM else "what every strategy must beat"
    return run_step(f"Run {other} under the seeds of {study.title(base.name)}", f"{why}.", [beside(base, other)])


def _nothing_gained(study: Study, tested: Sequence[Finding]) -> NextStep:
    base = base_of(study, tested)
    if all(finding.outcome == WORSE for finding in tested):
        what = "the one strategy is" if len(tested) == 1 else f"each of the {len(tested)} strategies is"
        return NextStep(STAY, (f"{base} is good enough here: {what} shown to be worse, {SYMMETRIC}.",))
    savings = any(finding.primary is not None for finding in tested)
    saved = f" or saves {100 * SMALL_SAVING:.0f} % of the {study.budget.noun}" if savings else ""
    adjusted = "" if len(tested) == 1 else f", adjusted for {len(tested)} strategies"
    intervals = f"95 % intervals for roughly normal differences{adjusted}"
    text = f"no strategy gains {difference_text(study, study.metric.point)}{saved} on average, by {intervals}"
    return NextStep(STAY, (f"{base} is good enough here: {text}.",))


def _first_seeds(study: Study, few: Sequence[Finding]) -> NextStep:
    bases = dict.fromkeys(study.title(finding.baseline) for finding in few)
    *names, last = [finding.title for finding in few] + ([*bases] if len(bases) == 1 else ["their baselines"])
    least = min(finding.n for finding in few)
    one = "they share no seed yet" if least == 0 else "one seed leaves open what is better"
    why = one if least < 2 else f"{least} seeds leave open what is better"
    text = f"Run {', '.join(names)} and {last} up to {FIRST_SEEDS} seeds"
    return run_step(text, f"{why}.", to_seeds(study, few, FIRST_SEEDS))


def _more_seeds(study: Study, left_open: Sequence[Finding]) -> NextStep:
    leads = {finding.name: lead for finding in left_open if (lead := lead_of(study, finding)) is not None}
    base = base_of(study, left_open)
    seeds = seeds_of(left_open)
    if not leads:
        return NextStep(STAY, (f"{base} is good enough here: no strategy is ahead of it on average ({seeds}).",))
    best = min((each for each in left_open if each.name in leads), key=lambda each: (leads[each.name].order, each.name))
    lead = leads[best.name]
    if lacks_baseline(study, best):
        return own_baseline(study, best)
    if lead.more <= 0:
        power = f"{best.n} seeds of {best.title} show {lead.sought} with 80 % power"
        text = f"{power}, if differences are roughly normal, and none is shown"
        return NextStep(STAY, (f"{base} is good enough here: {text}.",))
    if lead.more > MANY_SEEDS:
        text = f"{best.title} {lead.text}, which would take more than {MANY_SEEDS} further seeds to show"
        return NextStep(STAY, (f"{base} is good enough here: {text}.",))
    more = f"{lead.more} more {'seed' if lead.more == 1 else 'seeds'}"
    why = (
        f"{best.title} {lead.text}, no more than chance could do; if there is {lead.sought}, so many seeds show it "
        f"with 80 % power, for roughly normal differences of the spread seen ({seeds_text(*lead.ends)}, as {best.n} "
        "seeds leave that open)."
    )
    once = "Then decide: whoever looks again after every seed makes a false claim likelier."
    runs = to_seeds(study, [best], best.n + lead.more)
    return run_step(f"Run {more} of {best.title} and {study.title(best.baseline)}", why, runs, once)
