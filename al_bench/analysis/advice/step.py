"""A next step: a sentence, and where runs are to be made, what to type for them."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

from al_bench.analysis.advice.runs import Commands, FurtherRuns, commands, of_arm, of_strategy
from al_bench.analysis.arms import Arm
from al_bench.analysis.finding import Finding
from al_bench.analysis.study import Study

LEADING = 5
"""Arms that a sentence names."""

FINISH, RUN, USE, WEIGH, STAY = "finish", "run", "use", "weigh", "stay"


@dataclass(frozen=True)
class NextStep:
    """What to do next.

    Args:
        kind: finish (runs), run (more), use (a strategy), weigh (use one under a condition), or stay (with Random).
        sentences: What to do, and why.
        further: What to type; no lines where nothing is to be run, or where no record says how the runs were begun.
        strategy: The name of the arm to use; None where there is none.
    """

    kind: str
    sentences: tuple[str, ...]
    further: Commands = field(default_factory=lambda: commands(()))
    strategy: str | None = None

    @property
    def text(self) -> str:
        """The sentences, and what must be known before the commands are typed."""
        return " ".join((*self.sentences, *self.further.remarks))

    def plain(self) -> dict[str, Any]:
        """As plain values, for JSON: minutes are null where no record says."""
        minutes = self.further.seconds / 60
        return {
            "kind": self.kind,
            "text": self.text,
            "strategy": self.strategy,
            "commands": list(self.further.lines),
            "runs": self.further.runs,
            "minutes": round(minutes, 1) if math.isfinite(minutes) else None,
        }


def run_step(what: str, why: str, missing: Sequence[FurtherRuns], *more: str) -> NextStep:
    """The step that makes the runs missing, with their number and duration."""
    further = commands(missing)
    return NextStep(RUN, (f"{what} {further.size}: {why}", *more), further)


def own_baseline(study: Study, best: Finding) -> NextStep:
    """A baseline for a setting that has none: so far its strategy was compared with one that differs in more."""
    arm, strategy = study.arm(best.name), study.arm(best.baseline).strategy
    differing = ", ".join(study.differing_components(best.name)) or "more than its strategy"
    why = (
        f"{best.title} was compared with {study.title(best.baseline)}, which differs in {differing}, so that what the "
        "strategy adds is not known."
    )
    return run_step(f"Run {strategy} in the setting of {best.title}", why, [beside(arm, strategy)])


def lacks_baseline(study: Study, finding: Finding) -> bool:
    """Whether no arm of the setting has the strategy of the baseline that the finding is against."""
    setting, strategy = study.setting_of(finding.name), study.arm(finding.baseline).strategy
    return not setting.own and all(study.arm(name).strategy != strategy for name in setting.arms)


def to_seeds(study: Study, findings: Iterable[Finding], wanted: int) -> list[FurtherRuns]:
    """The runs that bring arms and their baselines to so many shared seeds, the baselines first."""
    needed: dict[str, set[int]] = {}
    for finding in findings:
        ours, theirs = ({run.seed for run in study.arm(name).runs} for name in (finding.name, finding.baseline))
        shared = study.pairs(finding.name, finding.baseline)[0]
        either = sorted((ours ^ theirs) - set(shared))
        last = max(ours | theirs)
        chosen = [*shared, *either, *range(last + 1, last + 1 + wanted)][: max(wanted, len(shared))]
        for name in (finding.baseline, finding.name):
            needed.setdefault(name, set()).update(chosen)
    order = sorted(needed, key=lambda name: (name not in study.baselines, name))
    return [of_arm(study.arm(name), sorted(needed[name])) for name in order]


def beside(arm: Arm, strategy: str) -> FurtherRuns:
    """Runs of another strategy in the setting of an arm, under its seeds."""
    return of_strategy(arm, strategy, [run.seed for run in arm.runs])


def scope_of(study: Study, finding: Finding) -> str:
    """Where something was shown: the data and the labels."""
    return f"on {study.dataset}" + (f" and up to {study.budget.plain(int(finding.span[1]))}" if finding.span else "")


def base_of(study: Study, compared: Sequence[Finding]) -> str:
    """What the arms are compared with, at the beginning of a sentence."""
    if study.is_random(*(finding.baseline for finding in compared)):
        return "Random"
    title = baseline_titles(study, compared)
    return title[:1].upper() + title[1:]


def baseline_titles(study: Study, compared: Sequence[Finding]) -> str:
    """What the arms are compared with."""
    titles = {study.title(finding.baseline) for finding in compared}
    return titles.pop() if len(titles) == 1 else "their baselines"
