"""A plan in words: the table of strategies, the sentences below it, and the same as plain values."""

from __future__ import annotations

import math
import textwrap
from dataclasses import asdict, dataclass, field
from typing import Any

import msgspec

from al_bench.analysis.advice.runs import duration
from al_bench.analysis.budget import bought_beside
from al_bench.analysis.forecast_calibration import Calibration
from al_bench.analysis.plan import REACHED, UNKNOWN, Answer, Question
from al_bench.analysis.plan_study import ArmPlan, Leader, arm_plans, leader
from al_bench.analysis.study import Study
from al_bench.analysis.tables.table import Table, interval, percent

WIDTH = 110
"""Characters a line of a sentence."""


@dataclass(frozen=True)
class Said:
    """A plan.

    Args:
        lines: What is printed.
        values: The same as plain values.
    """

    lines: tuple[str, ...]
    values: dict[str, Any] = field(default_factory=dict)

    def plain(self) -> dict[str, Any]:
        """The values, null where a number is not finite."""
        return {**_finite(self.values), "said": list(self.lines)}


def study_said(study: Study, question: Question, calibration: Calibration) -> Said:
    """The plan of one dataset of a study."""
    plans = arm_plans(study, question, calibration)
    first = leader(study, calibration)
    seeds = sorted({plan.seeds for plan in plans})
    many = f"{seeds[0]}" if len(seeds) == 1 else f"{seeds[0]} to {seeds[-1]}"
    head = f"{study.dataset}: {many} seed{'' if seeds == [1] else 's'} a strategy, judged by a test part"
    sentences = [
        *unknown_sentences([(plan.title, plan.answer) for plan in plans]),
        *promise([plan.answer for plan in plans], calibration, max(seeds), audit=False),
        *leader_sentences(first),
        counted(question, bought_beside([run for arm in study.arms for run in arm.runs])),
    ]
    values: dict[str, Any] = {
        "dataset": study.dataset,
        "judged_by": "test part",
        "arms": [asdict(plan) | {"more": plan.answer.more} for plan in plans],
        "leader": None if first is None else _leader_values(first),
    }
    return Said((head, *plan_table(plans, question).to_terminal().splitlines()[1:], *wrapped(sentences)), values)


def plan_table(plans: list[ArmPlan], question: Question) -> Table:
    """A row a strategy."""
    columns = ["strategy", "labels", "accuracy, %", *answer_heads(question)]
    rows = [
        (plan.title, f"{plan.answer.seen:,}", _percent(plan.answer.accuracy), *answer_cells(plan.answer, question),
         computing(plan))
        for plan in plans
    ]  # fmt: skip
    return Table("plan", "Plan", (*columns, "computer"), tuple(rows))


def answer_heads(question: Question) -> list[str]:
    """The heads of `answer_cells`."""
    if question.budget is not None:
        heads = [f"at {question.budget:,} labels, %", "still to label"]
    else:
        assert question.target is not None
        heads = ["at twice the labels, %", f"labels to {percent(question.target, 3).rstrip('0').rstrip('.')} %"]
        heads.append("still to label")
    heads += ["money"] if question.price is not None else []
    return heads + (["by hand"] if question.seconds is not None else [])


def answer_cells(found: Answer, question: Question) -> list[str]:
    """The forecast, the labels, and what they come to, each with its interval."""
    value = "-" if found.value is None else _value(found)
    cells = [value] if question.budget is not None else [value, _labels(found)]
    more = found.more
    if more is None:
        return [*cells, UNKNOWN, *("-" for price in (question.price, question.seconds) if price is not None)]
    farthest = max(found.farthest - found.seen, 0)
    cells.append(span(*more, farthest, lambda labels: f"{labels:,.0f}"))
    if question.price is not None:
        price = question.price
        cells.append(span(*more, farthest, lambda labels: f"{labels * price:,.2f}"))
    if question.seconds is not None:
        seconds = question.seconds
        cells.append(span(*more, farthest, lambda labels: duration(labels * seconds) if labels else "0"))
    return cells


def span(value: float, low: float, high: float, farthest: float, text: Any) -> str:
    """A number with its interval, `> …` where it is more than the farthest forecast; alone where it has none."""
    said = [f"> {text(farthest)}" if math.isinf(number) else text(number) for number in (value, low, high)]
    return said[0] if said[0] == said[1] == said[2] else f"{said[0]} [{said[1]}, {said[2]}]"


def _labels(found: Answer) -> str:
    if found.labels is None or found.low is None or found.high is None:
        return "-"
    return span(found.labels, found.low, found.high, found.farthest, lambda labels: f"{labels:,.0f}")


def _value(found: Answer) -> str:
    assert found.value is not None
    assert found.value_low is not None
    assert found.value_high is not None
    return f"{percent(found.value)} {interval(found.value_low, found.value_high)}"


def _percent(value: float | None) -> str:
    return "-" if value is None else percent(value)


def computing(plan: ArmPlan) -> str:
    """How long the computer takes for the rounds to come, by the rounds on record."""
    more = plan.answer.more
    if more is None or math.isinf(more[0]):
        return "-"
    return duration(math.ceil(more[0] / plan.batch) * plan.round_seconds) if more[0] else "0"


def unknown_sentences(answers: list[tuple[str, Answer]]) -> list[str]:
    """What cannot be told yet, and what would tell; one sentence for all that have the same reason."""
    same: dict[tuple[str, int], list[str]] = {}
    for title, found in answers:
        if found.state == UNKNOWN:
            same.setdefault((found.why, found.label_more), []).append(title)
    return [
        f"Cannot tell yet for {', '.join(titles)}: {why}. Label about {more:,} more, and ask again."
        for (why, more), titles in same.items()
    ]


def promise(answers: list[Answer], calibration: Calibration, seeds: int, audit: bool) -> list[str]:
    """What the intervals are, where there are any."""
    said = []
    if any(found.value is not None for found in answers):
        scores = calibration.scores_of(seeds, audit)
        covered = " and ".join(f"{100 * scores.coverage[share]:.0f} %" for share in sorted(scores.coverage))
        like = "curves seen through simulated audits of 100 items" if audit else "curves like these"
        said.append(
            f"Intervals aim at {100 * calibration.level:.0f} %: of {like} in {calibration.studies} studies "
            f"on {calibration.data_sets} data sets, each left out in turn, they covered {covered} with 30 and 50 % of "
            "the labels seen. That they do so here assumes that your data are like those. No forecast goes beyond "
            "twice the labels seen."
        )
    if any(found.state == REACHED for found in answers):
        said.append("Where nothing is still to label the accuracy was reached already, at the label count shown.")
    return said


def leader_sentences(first: Leader | None) -> list[str]:
    """Who leads, and how much that is worth."""
    if first is None:
        return []
    if first.like is None:
        return [f"Which strategy is best cannot be told yet: {first.why}."]
    like = first.like
    record = (
        f"{first.title} leads the forecasts at {first.labels:,} labels, {first.lead:.1f} standard errors ahead of "
        f"{first.second}. Of {like.pilots} leaders of archived pilots with such a lead {100 * like.stayed:.0f} % were "
        f"first at twice the labels, {100 * like.near:.0f} % within a point of the first"
    )
    if first.named:
        return [f"{record}: take {first.title}, as one of the best, not as the best."]
    return [
        f"Which strategy is best cannot be told yet: {record}. A pilot shorter than the warm-up names the wrong one."
    ]


def counted(question: Question, beside: str) -> str:
    """What labels, money and hours count."""
    spent = " and ".join(
        name for name, price in (("money", question.price), ("hours by hand", question.seconds)) if price is not None
    )
    text = "Labels count the initial set and what is acquired after it"
    text += f", {spent} those still to label" if spent else ""
    return f"{text}{f'; not {beside}' if beside else ''}."


def wrapped(sentences: list[str]) -> list[str]:
    """Sentences as lines."""
    return [line for text in sentences for line in textwrap.wrap(text, WIDTH, break_on_hyphens=False)]


def _leader_values(first: Leader) -> dict[str, Any]:
    like = None if first.like is None else msgspec.structs.asdict(first.like)
    return asdict(first) | {"like": like, "recommended": first.named}


def _finite(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _finite(entry) for key, entry in value.items()}
    if isinstance(value, list | tuple):
        return [_finite(entry) for entry in value]
    return None if isinstance(value, float) and not math.isfinite(value) else value
