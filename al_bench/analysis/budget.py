"""What a curve runs over: the number of labels, or what they cost; and runs as their cost sees them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from fractions import Fraction

import msgspec
import numpy as np

from al_bench.records import RoundRecord
from al_bench.storage.runs import Run


@dataclass(frozen=True)
class Budget:
    """What is spent along a curve, and what sentences call it.

    Args:
        noun: Of what is spent; also a column of tables and a key of their records.
        fewer, more: Before "than".
        count, counts: One and several of the places at which curves are read.
        axis: The name of the axis.
        place: Where a curve is read, with the number in place of {}.
        range: From where to where, likewise.
    """

    noun: str
    fewer: str
    more: str
    count: str
    counts: str
    axis: str
    place: str
    range: str

    @property
    def title(self) -> str:
        """The noun to begin a title with."""
        return self.noun.capitalize()

    def at(self, amount: float) -> str:
        """A place on the axis: "1,200 labels", "a cost of 1,200"."""
        return self.place.format(f"{amount:,}")

    def plain(self, amount: float) -> str:
        """The same without commas in the number."""
        return self.place.format(f"{amount}")

    def span(self, low: float, high: float) -> str:
        """From one place to another: "20 to 40 labels", "a cost of 20 to 40"."""
        return self.range.format(f"{low:g}", f"{high:g}")


LABELS = Budget(
    "labels", "fewer labels", "more labels", "label count", "label counts", "Number of labels", "{} labels",
    "{} to {} labels",
)  # fmt: skip
COST = Budget(
    "cost", "less cost", "more cost", "cost", "costs", "Cost, in the unit of annotator.price", "a cost of {}",
    "a cost of {} to {}",
)  # fmt: skip
BUDGETS = {budget.noun: budget for budget in (LABELS, COST)}
"""What `--over` takes, to what it means."""


def cost_of(record: RoundRecord) -> int:
    """What a round's labels cost, those of the rounds before it included; 1 each where the record does not say."""
    return record.labelled if record.annotation is None else record.annotation.cost


def over_cost(runs: Sequence[Run]) -> list[Run]:
    """Runs of one dataset as their cost sees them: what is called `labelled` in their rounds is a cost.

    Where every label of every run cost the same, a round stands at its own cost. Else all runs are read at common
    costs, where each stands at the last network that it had paid for: nothing is interpolated. The costs lie at equal
    steps, about as many as the runs have evaluated rounds where all of them have begun and none has ended.
    """
    if one_price(runs):
        return [replace(run, rounds=tuple(_at(record, cost_of(record)) for record in run.rounds)) for run in runs]
    grid = common_costs([[cost_of(record) for record in _evaluated(run)] for run in runs if not run.reference])
    return [
        replace(run, rounds=tuple(_at(record, cost_of(record)) for record in run.rounds))
        if run.reference or not run.labels
        else _read_at(run, grid)
        for run in runs
    ]


def one_price(runs: Sequence[Run]) -> bool:
    """Whether every label of the runs cost the same."""
    prices = {Fraction(cost_of(record), record.labelled) for run in runs for record in run.rounds if record.labelled}
    return len(prices) <= 1


def _evaluated(run: Run) -> list[RoundRecord]:
    return [record for record in run.rounds if record.accuracy is not None]


def common_costs(costs: Sequence[Sequence[int]]) -> list[int]:
    """Costs at which curves are compared, increasing whole numbers.

    With low = max over runs of the first cost, high = min over runs of the last, and n the median number of costs of a
    run between them, the costs are low + k · (high − low) / (n − 1), for whole k, from the lowest first cost to the
    highest last one, rounded. Where low ≥ high they go from the lowest to the highest in as many steps as the longest
    run has.

    Args:
        costs: Of the evaluated rounds of every run, increasing, at least one each.
    """
    costs = [row for row in costs if row]
    if not costs:
        return []
    first, last = min(row[0] for row in costs), max(row[-1] for row in costs)
    low, high = max(row[0] for row in costs), min(row[-1] for row in costs)
    if low >= high:
        low, high, number = first, last, max(len(row) for row in costs)
    else:
        number = round(float(np.median([sum(low <= cost <= high for cost in row) for row in costs])))
    if first == last:
        return [first]
    step = max(Fraction(high - low, max(number - 1, 1)), Fraction(1))
    before, after = (low - first) // step, (last - low) // step
    return sorted({round(low + k * step) for k in range(-before, after + 1)})


def _read_at(run: Run, grid: Sequence[int]) -> Run:
    """A run at the costs of a grid that its own curve covers, each at the last evaluated round that was paid for."""
    evaluated = _evaluated(run)
    costs = [cost_of(record) for record in evaluated]
    covered = [cost for cost in grid if costs[0] <= cost <= costs[-1]] or [costs[0]]
    places = [int(np.searchsorted(costs, cost, side="right")) - 1 for cost in covered]
    numbers = [evaluated[place].round for place in places]
    rounds = []
    for step, (cost, number) in enumerate(zip(covered, numbers, strict=True)):
        since = numbers[step - 1] if step else -1
        merged = _merge(run.rounds[number], run.rounds[since + 1 : number + 1])
        rounds.append(_at(msgspec.structs.replace(merged, round=step), cost))
    rounds[-1] = msgspec.structs.replace(
        rounds[-1], acquired=None, scores=None, acquired_labels=None, acquired_items=None
    )
    return replace(run, rounds=tuple(rounds))


def _merge(last: RoundRecord, rounds: Sequence[RoundRecord]) -> RoundRecord:
    """The record of the last of some rounds with what all of them took and acquired; of no round, with nothing."""
    seconds: dict[str, float] = dict.fromkeys(last.seconds, 0.0)
    for record in rounds:
        for stage, spent in record.seconds.items():
            seconds[stage] = seconds.get(stage, 0.0) + spent
    joined = {
        name: None
        if any(getattr(record, name) is None for record in rounds)
        else [entry for record in rounds for entry in getattr(record, name)]
        for name in ("acquired", "scores", "acquired_labels", "acquired_items")
    }
    return msgspec.structs.replace(last, seconds=seconds, **joined)


def _at(record: RoundRecord, cost: int) -> RoundRecord:
    return msgspec.structs.replace(record, labelled=cost)


def budget_lines(budget: Budget, before: Sequence[Run]) -> tuple[str, ...]:
    """What the labels or the cost of a study count, and which labels that had to be bought as well they do not.

    Args:
        budget: What its curves run over.
        before: Its runs as they were recorded.
    """
    silent = any(record.annotation and record.annotation.abstained for run in before for record in run.rounds)
    beside = bought_beside(before)
    left_out = f", not {beside}, which every arm needs, too." if beside else "."
    if budget is LABELS:
        text = "Labels count the initial set and what was acquired after it"
        text += " (also the items asked about that got no label)" if silent else ""
        return (f"{text}{left_out} Shares saved are of what is counted.",)
    text = "Cost counts what annotators were paid for all items asked about, the initial set included"
    text += " (also those that got no label)" if silent else ""
    text += left_out
    if not one_price(before):
        text += " Labels differ in price: runs are read at common costs, each at the last network that it had paid for."
    elif all(record.annotation is None for run in before for record in run.rounds):
        text += " Every label cost 1."
    return (text,)


def bought_beside(runs: Sequence[Run]) -> str:
    """The labels that runs need beside those of their curves, in words: of a validation set and of the test part.

    Empty where the runs have neither.
    """
    parts = []
    for counts, name in (
        ({run.header.validation for run in runs}, "the validation set"),
        ({run.header.test for run in runs}, "the test part"),
    ):
        known = sorted(count for count in counts if count is not None)
        if None in counts or not known:
            parts.append(f"labels of {'a validation set' if name == 'the validation set' else name}")
        elif known[-1]:
            many = f"{known[0]:,}" if len(known) == 1 else f"{known[0]:,} to {known[-1]:,}"
            parts.append(f"the {many} labels of {name}")
    return " and ".join(parts)
