"""Effects: one number with a 95 % interval, from the runs of a claim's arms.

Letters: S seeds, of which P are shared by two arms; L label counts. Differences are paired by seed.

- accuracy: test accuracy in per cent, at a label count or averaged over a span (area under the curve over its length).
- accuracy_difference: the same of an arm less that of another, in points, from the label counts at which both were
  tested: between those of a coarser arm a curve bends and a straight line does not.
- labels: labels (the initial set included) to an accuracy, geometric mean over seeds of where each seed reaches it: by
  the rule `isotonic` where its isotonic fit crosses it (`al_bench.analysis.statistics.savings`), by the rule `first` at
  its first test there, which noise makes early.
- labels_ratio: the geometric mean over seeds of the quotient of two arms' labels.
- balance_difference: entropy of the classes acquired up to a label count, over log C, of an arm less of another.
- penalty_place: 1 + how many arms are beaten less often in the BADGE paper's penalty matrix; 1 is best.

**Intervals** are Student's over seeds (for labels of their logarithms). **Not reached:** a seed that ends below the
target needed more labels than it had. With its end in place of its crossing the quotient is a bound, below where only
the arm is censored, above where only the other is: the interval is then open on the other side, and a claim can still
pass or fail. **penalty_place** has no value a seed: in place of an interval it has the range of places over leaving
out each seed in turn. Arms that are beaten equally often share their places, the best to the last of them, so a matrix
in which no arm beats any other leaves every place possible.
"""

from __future__ import annotations

import math
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from al_bench.analysis.statistics.area import area
from al_bench.analysis.statistics.curves import labels_to_target, stack
from al_bench.analysis.statistics.paired import Estimate, estimate
from al_bench.analysis.statistics.penalty import penalty, total
from al_bench.analysis.statistics.savings import crossings
from al_bench.reproduce.preset import Claim
from al_bench.storage.runs import Run

Floats = NDArray[np.float64]
Seeds = Mapping[int, Run]
"""The complete runs of one arm, by seed."""


@dataclass(frozen=True)
class Effect:
    """A number over n seeds with its interval; NaN and n = 0 where there is none.

    `note` says what a reader must know: why there is none, or which way it is a bound.
    """

    n: int
    value: float
    low: float
    high: float
    note: str = ""


def none(reason: str) -> Effect:
    """No effect, and why."""
    return Effect(0, math.nan, math.nan, math.nan, reason)


def effect(claim: Claim, arms: Mapping[str, Seeds]) -> Effect:
    """The effect that a claim is about.

    Args:
        claim: The claim.
        arms: The complete runs of every arm by seed; an arm without runs may be absent.
    """
    if claim.seeds:
        arms = {name: {seed: run for seed, run in runs.items() if seed in claim.seeds} for name, runs in arms.items()}
    if absent := [name for name in claim.arms if not arms.get(name)]:
        return none(f"no complete run of {', '.join(absent)}")
    if claim.metric == "penalty_place":
        return _penalty_place(claim, arms)
    ours = arms[claim.arm]
    theirs = arms[claim.versus] if claim.versus else ours
    seeds = sorted(set(ours) & set(theirs))
    if not seeds:
        return none(f"{claim.arm} and {claim.versus} share no seed")
    one, other = ([runs[seed] for seed in seeds] for runs in (ours, theirs))
    if claim.metric == "labels":
        return _labels(claim, one)
    if claim.metric == "labels_ratio":
        return _labels_ratio(claim, one, other)
    if claim.metric == "accuracy":
        values = np.array([_accuracy(claim, run, run.labels) for run in one])
    else:
        difference = _balance_difference if claim.metric == "balance_difference" else _accuracy_difference
        values = np.array([difference(claim, *pair) for pair in zip(one, other, strict=True)])
    kept = values[~np.isnan(values)]
    if not len(kept):
        return none(f"no evaluation {_where(claim)}")
    found = _plain(estimate(kept))
    if len(kept) < len(values):
        found = Effect(
            found.n,
            found.value,
            found.low,
            found.high,
            f"{len(values) - len(kept)} of {len(values)} seeds have no evaluation there",
        )
    return Effect(found.n, float(np.median(kept)), found.low, found.high, found.note) if claim.spread else found


def _plain(found: Estimate) -> Effect:
    return Effect(found.n, found.mean, found.low, found.high)


def _where(claim: Claim) -> str:
    return f"at {claim.at} labels" if claim.at is not None else f"over {claim.span[0]} to {claim.span[1]} labels"  # type: ignore[index]


def _accuracy(claim: Claim, run: Run, counts: Collection[int]) -> float:
    """Per cent, from the evaluations at these label counts; NaN where they do not reach."""
    curves = stack([run])
    kept = np.isin(curves.labels, list(counts))
    labels, accuracy = curves.labels[kept], curves.accuracy[:, kept]
    if claim.span is not None:
        return 100 * float(area(labels, accuracy, *claim.span)[0])
    there = np.flatnonzero(labels == claim.at)
    return 100 * float(accuracy[0, there[0]]) if len(there) else math.nan


def _accuracy_difference(claim: Claim, one: Run, other: Run) -> float:
    shared = set(one.labels) & set(other.labels)
    return _accuracy(claim, one, shared) - _accuracy(claim, other, shared)


def _balance_difference(claim: Claim, one: Run, other: Run) -> float:
    return _balance(claim, one) - _balance(claim, other)


def _balance(claim: Claim, run: Run) -> float:
    """Entropy of the acquired classes up to `claim.at` labels over log C: 1 is even, 0 one class only."""
    start = np.array(run.rounds[0]["class_counts"], dtype=float)
    for entry in run.rounds:
        if entry["labelled"] == claim.at:
            acquired = np.array(entry["class_counts"], dtype=float) - start
            if acquired.sum() == 0:
                return math.nan
            shares = acquired[acquired > 0] / acquired.sum()
            return float(-(shares * np.log(shares)).sum() / math.log(len(acquired)))
    return math.nan


def _crossings(claim: Claim, runs: Sequence[Run]) -> tuple[Floats, Floats]:
    """Where each run reaches the target (inf where it does not) and where it ends, [S] each."""
    assert claim.target is not None
    if claim.rule == "first":
        found = [labels_to_target(run.labels, run.accuracy, claim.target) for run in runs]
    else:
        found = [crossings(np.array(run.labels), np.array([run.accuracy]), [claim.target])[0, 0] for run in runs]
    return np.array(found), np.array([run.labels[-1] for run in runs], dtype=float)


def _labels(claim: Claim, runs: Sequence[Run]) -> Effect:
    assert claim.target is not None
    reached, ends = _crossings(claim, runs)
    short = int(np.isinf(reached).sum())
    found = _exponential(np.log(np.where(np.isinf(reached), ends, reached)))
    if not short:
        return found
    note = f"{short} of {len(runs)} seeds do not reach {100 * claim.target:g} % by {ends.max():g} labels: more than"
    return Effect(found.n, found.value, found.low, math.inf, note)


def _labels_ratio(claim: Claim, one: Sequence[Run], other: Sequence[Run]) -> Effect:
    assert claim.target is not None
    (ours, our_ends), (theirs, their_ends) = (_crossings(claim, runs) for runs in (one, other))
    lost, short = np.isinf(ours), np.isinf(theirs)
    ratio = np.where(lost, our_ends, ours) / np.where(short, their_ends, theirs)
    found = _exponential(np.log(ratio))
    goal = f"{100 * claim.target:g} %"
    if lost.any() and short.any():
        note = f"seeds of both {claim.arm} and {claim.versus} do not reach {goal}"
        return Effect(found.n, math.nan, math.nan, math.nan, note)
    if lost.any():
        note = f"{claim.arm} does not reach {goal} under {lost.sum()} of {len(one)} seeds: at least"
        return Effect(found.n, found.value, found.low, math.inf, note)
    if short.any():
        note = f"{claim.versus} does not reach {goal} under {short.sum()} of {len(one)} seeds: at most"
        return Effect(found.n, found.value, -math.inf, found.high, note)
    return found


def _exponential(logs: Floats) -> Effect:
    found = estimate(logs)
    return Effect(found.n, math.exp(found.mean), math.exp(found.low), math.exp(found.high))


def _penalty_place(claim: Claim, arms: Mapping[str, Seeds]) -> Effect:
    seeds = sorted(set.intersection(*(set(arms[name]) for name in claim.arms)))
    if len(seeds) < 2:
        return Effect(len(seeds), math.nan, math.nan, math.nan, "no t-test with fewer than 2 seeds")
    best, last = _places(claim, arms, seeds)
    left = [_places(claim, arms, [seed for seed in seeds if seed != out]) for out in seeds] if len(seeds) > 2 else []
    low, high = min([best, *(one for one, _ in left)]), max([last, *(one for _, one in left)])
    if last - best + 1 == len(claim.settings[0]):
        return Effect(len(seeds), math.nan, low, high, "no arm beats any other beyond chance")
    return Effect(len(seeds), best, low, high, f"{last - best + 1} arms share this place" if last > best else "")


def _places(claim: Claim, arms: Mapping[str, Seeds], seeds: Sequence[int]) -> tuple[int, int]:
    """The best and the last place of `claim.arm` by column average: they differ where arms are beaten equally often."""
    settings = []
    for names in claim.settings:
        curves = [stack([arms[name][seed] for seed in seeds], "available") for name in names]
        labels = sorted({int(count) for curve in curves for count in curve.labels})
        rows = []
        for curve in curves:
            grid = np.full((len(seeds), len(labels)), np.nan)
            grid[:, np.searchsorted(labels, curve.labels)] = curve.accuracy
            rows.append(grid)
        batch = int(np.diff(labels).min()) if len(labels) > 1 else 1
        random = next((place for place, name in enumerate(names) if arms[name][seeds[0]].strategy == "random"), None)
        settings.append(penalty(rows, [list(seeds)] * len(names), labels, batch, random))
    beaten = np.nan_to_num(total(settings).beaten)  # an arm that could not be tested was not beaten
    ours = beaten[claim.settings[0].index(claim.arm)]
    return 1 + int((beaten < ours - 1e-12).sum()), int((beaten <= ours + 1e-12).sum())
