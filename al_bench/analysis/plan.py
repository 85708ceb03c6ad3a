"""What a study so far says of the labels that are still needed, or that it cannot tell yet.

The answers for one curve, whatever judged it (a test part, or an audit); what is said of several strategies at once is
in `al_bench.analysis.plan_study`.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from al_bench.analysis.forecast import FARTHEST, FEWEST, Crossing, Forecast, Seen
from al_bench.analysis.forecast_calibration import Calibration

FEWEST_ITEMS = 50
"""Items of an audit with a label, below which its accuracies are too uncertain to go on from."""
REACHED, FORESEEN, UNKNOWN = "reached", "foreseen", "cannot tell yet"


@dataclass(frozen=True)
class Question:
    """What is asked.

    Args:
        target: An accuracy to reach, a fraction; None where a budget is given.
        budget: Labels in all, those seen included; None where a target is given.
        price: Money a label; None: no money is spoken of.
        seconds: A person's seconds a label; None: no hours are spoken of.
    """

    target: float | None = None
    budget: int | None = None
    price: float | None = None
    seconds: float | None = None


@dataclass(frozen=True)
class Answer:
    """What is known of one curve.

    Args:
        state: `REACHED`, `FORESEEN` or `UNKNOWN`.
        seen: Labels so far.
        accuracy: There; None where nothing judged it.
        labels, low, high: Labels in all to the target, and the ends of their interval, inf where more than the farthest
            forecast; the budget three times where that was asked; None where nothing can be said.
        value, value_low, value_high: The accuracy at the budget, or without one at the farthest forecast, and the ends
            of its interval.
        farthest: The most labels that anything is said of.
        label_more: How many more labels would tell; 0 where it is told.
        why: Why it cannot be told yet; empty where it can.
    """

    state: str
    seen: int
    accuracy: float | None = None
    labels: float | None = None
    low: float | None = None
    high: float | None = None
    value: float | None = None
    value_low: float | None = None
    value_high: float | None = None
    farthest: int = 0
    label_more: int = 0
    why: str = ""

    @property
    def more(self) -> tuple[float, float, float] | None:
        """Labels still to buy, with the ends of the interval; None where nothing can be said."""
        if self.labels is None or self.low is None or self.high is None:
            return None
        first, low, high = (max(0.0, value - self.seen) for value in (self.labels, self.low, self.high))
        return first, low, high


def answer(seen: Seen, question: Question, calibration: Calibration, batch: int) -> Answer:
    """What one curve says.

    Args:
        seen: The curve so far, at least one label count.
        question: A target or a budget.
        calibration: How wrong such forecasts were.
        batch: Labels of a round.
    """
    last = int(seen.last)
    accuracy = float(seen.values[-1])
    if question.target is not None and (reached := np.flatnonzero(seen.values >= question.target - 1e-9)).size:
        at = float(seen.labels[reached[0]])
        return Answer(REACHED, last, accuracy, at, at, at)
    if seen.items is not None and seen.items < FEWEST_ITEMS:
        why = f"the audit has {seen.items} labelled items, and {FEWEST_ITEMS} are needed"
        return Answer(UNKNOWN, last, accuracy, label_more=batch, why=why)
    if (count := len(seen.labels)) < FEWEST:
        why = f"{count} label count{' is' if count == 1 else 's are'} on record, and {FEWEST} are needed"
        return Answer(UNKNOWN, last, accuracy, label_more=(FEWEST - count) * batch, why=why)
    if not calibration.promises(seen.seeds, seen.items is not None):
        worst = min(calibration.scores_of(seen.seeds, seen.items is not None).coverage.values())
        why = f"intervals of such curves covered {100 * worst:.0f} %, where {100 * calibration.level:.0f} % was the aim"
        return Answer(UNKNOWN, last, accuracy, label_more=last, why=why)
    forecast = Forecast.of(seen)
    if question.budget is not None:
        return _at_budget(forecast, question.budget, calibration, accuracy)
    assert question.target is not None
    crossing = forecast.crossing(question.target, calibration)
    value, low, high = forecast.at(forecast.farthest, calibration)
    if math.isinf(crossing.labels):
        reason = (
            f"not even the upper end of the interval reaches it at {forecast.farthest:,.0f} labels"
            if math.isinf(crossing.low)
            else f"the forecast does not reach it by {forecast.farthest:,.0f} labels, twice those seen"
        )
        return Answer(
            UNKNOWN, last, accuracy, crossing.labels, _up(crossing.low), crossing.high, value, low, high,
            int(forecast.farthest), until_told(forecast, question.target, batch), reason,
        )  # fmt: skip
    found = Crossing(_up(crossing.labels), _up(crossing.low), _up(crossing.high))
    return Answer(
        FORESEEN, last, accuracy, found.labels, found.low, found.high, value, low, high, int(forecast.farthest)
    )


def _at_budget(forecast: Forecast, budget: int, calibration: Calibration, accuracy: float) -> Answer:
    last = int(forecast.seen.last)
    if budget > forecast.farthest:
        more = math.ceil(budget / FARTHEST) - last
        why = f"{budget:,} labels are more than twice those seen"
        return Answer(UNKNOWN, last, accuracy, farthest=int(forecast.farthest), label_more=more, why=why)
    value, low, high = forecast.at(max(budget, last), calibration)
    return Answer(FORESEEN, last, accuracy, budget, budget, budget, value, low, high, int(forecast.farthest))


def until_told(forecast: Forecast, target: float, batch: int) -> int:
    """How many more labels until a target that is too far would be within twice the labels seen.

    By the mean curve, carried on as far as nobody should trust it; at least a batch, at most as many as were seen.

    Args:
        forecast: Whose farthest labels do not reach the target.
        target: An accuracy.
        batch: Labels of a round.
    """
    last = forecast.seen.last
    grid = np.geomspace(forecast.farthest, 16 * last, 200)
    reached = np.flatnonzero(forecast.centre(grid) >= target)
    more = last if not len(reached) else grid[reached[0]] / FARTHEST - last
    return int(min(last, max(batch, math.ceil(more / batch) * batch)))


def _up(labels: float) -> float:
    """Whole labels, not fewer."""
    return labels if math.isinf(labels) else float(math.ceil(labels - 1e-9))
