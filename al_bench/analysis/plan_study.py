"""What a study says of the labels still needed with each strategy, and whether the one that leads will stay ahead."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from al_bench.analysis.arms import Arm
from al_bench.analysis.forecast import FEWEST, Forecast, Seen, lead
from al_bench.analysis.forecast_calibration import Calibration, Leads
from al_bench.analysis.plan import Answer, Question, answer
from al_bench.analysis.statistics import Floats
from al_bench.analysis.study import Study

FEWEST_SEEDS = 3
"""Seeds of each arm, below which nothing is said of a leader."""
LIKELY = 0.8
"""A leader is recommended where at least this share of the leaders like it stayed within a point of the first."""


@dataclass(frozen=True)
class ArmPlan:
    """One strategy.

    Args:
        title: What it is called.
        seeds: Behind its curve.
        answer: What its curve says.
        round_seconds: Seconds that a round takes the computer, the median over rounds and seeds.
        batch: Labels of a round.
    """

    title: str
    seeds: int
    answer: Answer
    round_seconds: float
    batch: int


@dataclass(frozen=True)
class Leader:
    """Which strategy is first at the end of the forecasts.

    Args:
        title: Its name; empty where it cannot be told at all.
        second: The name of the next.
        labels: Where the forecasts are compared.
        lead: Over the second, in standard errors.
        like: What became of leaders with such a lead; None where it cannot be told.
        why: Why it cannot be told.
    """

    title: str = ""
    second: str = ""
    labels: int = 0
    lead: float = 0.0
    like: Leads | None = None
    why: str = ""

    @property
    def named(self) -> bool:
        """Whether it may be recommended."""
        return self.like is not None and self.like.near >= LIKELY


def arm_plans(study: Study, question: Question, calibration: Calibration) -> list[ArmPlan]:
    """What is known of each arm of a study, oracles left out, those that need the fewest labels first."""
    plans = []
    for arm in usable_arms(study):
        labels, values = curve_of(arm)
        seen = Seen(labels, values.mean(axis=0), arm.seeds)
        found = answer(seen, question, calibration, batch_of(labels))
        seconds = [sum(record.seconds.values()) for run in arm.runs for record in run.rounds]
        plans.append(ArmPlan(study.title(arm.name), arm.seeds, found, float(np.median(seconds)), batch_of(labels)))
    return sorted(plans, key=_order)


def usable_arms(study: Study) -> list[Arm]:
    """The arms that anybody could use and that have a label count above 0."""
    return [arm for arm in study.arms if not study.is_oracle(arm.name) and (arm.curves.labels > 0).any()]


def curve_of(arm: Arm) -> tuple[Floats, Floats]:
    """Label counts above 0 [K] and accuracies [S, K] of an arm."""
    known = arm.curves.labels > 0
    return arm.curves.labels[known].astype(np.float64), arm.curves.values[:, known]


def batch_of(labels: Floats) -> int:
    """Labels of a round: the last step between label counts; of one count, that."""
    return max(1, int(labels[-1] - labels[-2] if len(labels) > 1 else labels[-1]))


def _order(plan: ArmPlan) -> tuple[float, float]:
    found = plan.answer
    labels = float("inf") if found.labels is None else found.labels
    return labels, -(found.value if found.value is not None else found.accuracy or 0.0)


def leader(study: Study, calibration: Calibration) -> Leader | None:
    """Who is first at the end of the forecasts, and how often such leaders stayed; None with a single strategy."""
    arms = usable_arms(study)
    if len(arms) < 2:
        return None
    seeds = sorted(set.intersection(*({run.seed for run in arm.runs} for arm in arms)))
    if len(seeds) < FEWEST_SEEDS:
        return Leader(why=f"the strategies share {len(seeds)} seeds, and {FEWEST_SEEDS} are needed")
    curves = {arm.name: curve_of(arm) for arm in arms}
    common = sorted(set.intersection(*(set(labels.tolist()) for labels, _ in curves.values())))
    if len(common) < FEWEST:
        return Leader(why=f"the strategies share {len(common)} label counts, and {FEWEST} are needed")
    farthest = np.array([2 * common[-1]])
    forecasts, last = {}, {}
    for arm in arms:
        labels, values = curves[arm.name]
        rows = [row for row, run in enumerate(arm.runs) if run.seed in seeds]
        columns = np.searchsorted(labels, common)
        values = values[rows][:, columns]
        seen = Seen(np.array(common), values.mean(axis=0), len(rows))
        forecasts[arm.name] = float(Forecast.of(seen).centre(farthest)[0])
        last[arm.name] = values[:, -1]
    first, second = sorted(forecasts, key=lambda name: -forecasts[name])[:2]
    size = lead(forecasts[first] - forecasts[second], last[first] - last[second])
    return Leader(study.title(first), study.title(second), int(farthest[0]), size, calibration.leads_of(size))
