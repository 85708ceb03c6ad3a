"""Stopping rules replayed on runs that went on: where each would have stopped, and what that would have cost.

Letters: L_t the labels of a run's round t, A_t the metric there, e its last round, s the round a rule stops after.
What counts as a loss is more than the metric's `point`: one point of accuracy.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from al_bench.analysis.measured import value_in
from al_bench.metrics import Metric
from al_bench.stopping.rule import StoppingRule, first_stop
from al_bench.storage.runs import Run


@dataclass(frozen=True)
class Replay:
    """What one rule does to one run.

    Args:
        fired: Whether it stops the run before its last round.
        labels: L_s where it fires, else those of the last round.
        end: L of the last round.
        lost: How much worse the metric is in round s than in round e, A_e − A_s; below 0: better.
        needed: The fewest labels from which on the metric is never worse than at the end by more than a point.
        too_early: Whether more than a point is lost.
    """

    fired: bool
    labels: int
    end: int
    lost: float
    needed: int
    too_early: bool

    @property
    def saved(self) -> float:
        """The share of the labels at the end that the stop leaves unbought."""
        return 1 - self.labels / self.end

    @property
    def regret(self) -> int:
        """Labels bought beyond `needed`; below 0: too few."""
        return self.labels - self.needed


def has_signals(run: Run) -> bool:
    """Whether a run can be replayed: it recorded its stop set, and no rule or accuracy ended it before its budget."""
    identity = run.header.identity or {}
    ended_early = identity.get("schedule.stop_at_accuracy") is not None or any(
        key.startswith("stopping.") for key in identity
    )
    return not ended_early and not run.reference and any(record.stop_set is not None for record in run.rounds)


def replay(run: Run, rule: StoppingRule, metric: Metric) -> Replay | None:
    """What a rule does to a run that is on record; None where fewer than two of its rounds have the metric.

    Args:
        run: A run with signals, in full.
        rule: The rule.
        metric: What the run is judged by; of one that is better low, as nll, a loss is a rise.
    """
    curve = [
        (record.labelled, metric.sign * value)
        for record in run.rounds
        if (value := value_in(run, record, metric.name)) is not None
    ]
    if len(curve) < 2:
        return None
    signals = [record.stop_set for record in run.rounds]
    stop = first_stop(rule, signals, run.header.classes or 0)
    fired = stop is not None and stop < len(run.rounds) - 1
    labels = run.rounds[stop if stop is not None else -1].labelled
    last = curve[-1][1]
    reached = [value for count, value in curve if count <= labels]
    lost = last - (reached[-1] if reached else curve[0][1])
    needed = curve[-1][0]
    for count, value in reversed(curve):
        if last - value > metric.point:
            break
        needed = count
    return Replay(fired, labels, run.rounds[-1].labelled, lost, needed, lost > metric.point)


def replays(runs: Sequence[Run], rules: Mapping[str, StoppingRule], metric: Metric) -> dict[str, list[Replay]]:
    """By rule, its replays on all runs with signals."""
    usable = [run for run in runs if has_signals(run)]
    every = {name: [replay(run, rule, metric) for run in usable] for name, rule in rules.items()}
    return {name: [result for result in results if result is not None] for name, results in every.items()}
