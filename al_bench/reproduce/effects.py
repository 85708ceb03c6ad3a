"""Effects: one number with a 95 % interval, from the runs of a claim's arms.

Letters: S seeds, of which P are shared by two arms; L label counts. Differences are paired by seed.

- accuracy: test accuracy in per cent, at a label count or averaged over a span (area under the curve over its length).
- accuracy_difference: the same of an arm less that of another, in points. Both are taken at the label counts at which
  both were tested, because a curve bends between the counts of the arm that was tested less often.
- labels: labels (the initial set included) to an accuracy, geometric mean over seeds. Under the rule `isotonic` a seed
  reaches it where its isotonic fit crosses it (`al_bench.analysis.statistics.savings`), under the rule `first` at the
  first evaluation that reaches it, which noise makes too early.
- labels_ratio: the geometric mean over seeds of the quotient of two arms' labels.
- balance_difference: entropy of the classes acquired up to a label count, over log C, of an arm less of another.
- penalty_place: 1 + how many arms are beaten less often in the BADGE paper's penalty matrix; 1 is best.

**Intervals** are Student's over seeds (for labels of their logarithms). **Not reached:** a seed that ends below the
target needed more labels than it had. With its last label count in place of the crossing the quotient is a lower bound
where only the arm is censored and an upper bound where only the other arm is: the interval is then open on the other
side, and a claim can still pass or fail. **penalty_place** has no value per seed. Instead of an interval it has the
range of places when each seed in turn is left out. Arms that are beaten equally often share their places, the best to
the last of them, so that every place is possible where no arm beats any other.
"""

from __future__ import annotations

import math
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from al_bench.analysis.statistics import Floats
from al_bench.analysis.statistics.area import area
from al_bench.analysis.statistics.curves import labels_to_target, stack
from al_bench.analysis.statistics.paired import estimate
from al_bench.analysis.statistics.penalty import penalty, total
from al_bench.analysis.statistics.savings import crossings
from al_bench.health.class_balance import relative_class_entropy
from al_bench.reproduce.preset import Claim, CurvePoint
from al_bench.storage.runs import Run

RunsBySeed = Mapping[int, Run]
"""The complete runs of one arm, by seed."""


@dataclass(frozen=True)
class Effect:
    """A number over seeds with its 95 % interval.

    Args:
        n: Seeds behind it; 0 where there is no effect.
        value: In per cent, points, labels, a quotient or a place, as the metric says; NaN where it is not known.
        low, high: The interval; NaN where there is none, infinite on the open side of a bound.
        note: Why there is no effect, or on which side it is a bound; may be empty.
        mean, sd: Over seeds, of the values behind a Student interval (of logarithms where `logarithmic`); NaN where
            there is none.
        logarithmic: Whether the interval is one of logarithms.
    """

    n: int
    value: float
    low: float
    high: float
    note: str = ""
    mean: float = math.nan
    sd: float = math.nan
    logarithmic: bool = False


def no_effect(reason: str) -> Effect:
    """An effect of no seeds, and why."""
    return Effect(0, math.nan, math.nan, math.nan, reason)


def compute_effect(claim: Claim, arms: Mapping[str, RunsBySeed]) -> Effect:
    """The effect that a claim is about, over the seeds that its arms share.

    Args:
        claim: The claim.
        arms: The complete runs of every arm by seed; an arm without runs may be absent.
    """
    if claim.seeds:
        arms = {name: {seed: run for seed, run in runs.items() if seed in claim.seeds} for name, runs in arms.items()}
    if absent := [name for name in claim.arms if not arms.get(name)]:
        return no_effect(f"no complete run of {', '.join(absent)}")
    if claim.metric == "penalty_place":
        return _penalty_place(claim, arms)
    of_arm = arms[claim.arm]
    of_versus = arms[claim.versus] if claim.versus else of_arm
    seeds = sorted(set(of_arm) & set(of_versus))
    if not seeds:
        return no_effect(f"{claim.arm} and {claim.versus} share no seed")
    runs, versus_runs = [of_arm[seed] for seed in seeds], [of_versus[seed] for seed in seeds]
    if claim.metric == "labels":
        return _labels(claim, runs)
    if claim.metric == "labels_ratio":
        return _labels_ratio(claim, runs, versus_runs)
    if claim.metric == "accuracy":
        return _over_seeds(claim, [_accuracy(claim, run, run.labels) for run in runs])
    difference = _balance_difference if claim.metric == "balance_difference" else _accuracy_difference
    return _over_seeds(claim, [difference(claim, *pair) for pair in zip(runs, versus_runs, strict=True)])


def _over_seeds(claim: Claim, values: Sequence[float]) -> Effect:
    """Mean (of a point of a curve, median) and interval of one value a seed; NaN where a seed was not tested there."""
    tested = np.array([value for value in values if not math.isnan(value)])
    if not len(tested):
        return no_effect(f"no evaluation {_counts_text(claim)}")
    result = estimate(tested)
    untested = len(values) - len(tested)
    note = f"{untested} of {len(values)} seeds have no evaluation there" if untested else ""
    centre = float(np.median(tested)) if isinstance(claim, CurvePoint) else result.mean
    return Effect(result.n, centre, result.low, result.high, note, result.mean, result.sd)


def _counts_text(claim: Claim) -> str:
    return f"over {claim.start} to {claim.end} labels" if claim.at is None else f"at {claim.at} labels"


def _accuracy(claim: Claim, run: Run, counts: Collection[int]) -> float:
    """Test accuracy in per cent, from the evaluations at these label counts; NaN where they do not reach."""
    curves = stack([run])
    used = np.isin(curves.labels, list(counts))
    labels, accuracy = curves.labels[used], curves.values[:, used]
    if claim.span is not None:
        return 100 * float(area(labels, accuracy, *claim.span)[0])
    columns = np.flatnonzero(labels == claim.at)
    return 100 * float(accuracy[0, columns[0]]) if len(columns) else math.nan


def _accuracy_difference(claim: Claim, run: Run, versus_run: Run) -> float:
    shared = set(run.labels) & set(versus_run.labels)
    return _accuracy(claim, run, shared) - _accuracy(claim, versus_run, shared)


def _balance_difference(claim: Claim, run: Run, versus_run: Run) -> float:
    return _balance(claim, run) - _balance(claim, versus_run)


def _balance(claim: Claim, run: Run) -> float:
    """Entropy of the classes acquired up to `claim.at` labels over log C: 1 is even, 0 is one class only."""
    start = np.array(run.rounds[0].class_counts)
    acquired = (np.array(record.class_counts) - start for record in run.rounds if record.labelled == claim.at)
    return relative_class_entropy(counts.tolist()) if (counts := next(acquired, None)) is not None else math.nan


def _crossings(claim: Claim, runs: Sequence[Run]) -> tuple[Floats, Floats]:
    """Label counts at which each run reaches the target (inf where it does not) and at which it ends, [S] each."""
    assert claim.target is not None
    if claim.rule == "first":
        reached = [labels_to_target(run.labels, run.values, claim.target) for run in runs]
    else:
        reached = [crossings(np.array(run.labels), np.array([run.values]), [claim.target])[0, 0] for run in runs]
    return np.array(reached), np.array([run.labels[-1] for run in runs], dtype=float)


def _labels(claim: Claim, runs: Sequence[Run]) -> Effect:
    assert claim.target is not None
    reached, ends = _crossings(claim, runs)
    censored = np.isinf(reached)
    result = _geometric(np.where(censored, ends, reached))
    if not censored.any():
        return result
    goal, counts = f"{100 * claim.target:g} %", f"{censored.sum()} of {len(runs)} seeds"
    note = f"{counts} do not reach {goal} by {ends.max():g} labels: more than"
    return replace(result, high=math.inf, note=note)


def _labels_ratio(claim: Claim, runs: Sequence[Run], versus_runs: Sequence[Run]) -> Effect:
    assert claim.target is not None
    (reached, ends), (versus_reached, versus_ends) = _crossings(claim, runs), _crossings(claim, versus_runs)
    censored, versus_censored = np.isinf(reached), np.isinf(versus_reached)
    result = _geometric(np.where(censored, ends, reached) / np.where(versus_censored, versus_ends, versus_reached))
    goal = f"{100 * claim.target:g} %"
    if censored.any() and versus_censored.any():
        note = f"seeds of both {claim.arm} and {claim.versus} do not reach {goal}"
        return Effect(result.n, math.nan, math.nan, math.nan, note)
    if censored.any():
        note = f"{claim.arm} does not reach {goal} under {censored.sum()} of {len(runs)} seeds: at least"
        return replace(result, high=math.inf, note=note)
    if versus_censored.any():
        note = f"{claim.versus} does not reach {goal} under {versus_censored.sum()} of {len(runs)} seeds: at most"
        return replace(result, low=-math.inf, note=note)
    return result


def _geometric(values: Floats) -> Effect:
    """Geometric mean of one value a seed, with Student's interval of the logarithms."""
    logs = estimate(np.log(values))
    low, high = math.exp(logs.low), math.exp(logs.high)
    return Effect(logs.n, math.exp(logs.mean), low, high, "", logs.mean, logs.sd, logarithmic=True)


def _penalty_place(claim: Claim, arms: Mapping[str, RunsBySeed]) -> Effect:
    seeds = sorted(set.intersection(*(set(arms[name]) for name in claim.arms)))
    if len(seeds) < 2:
        return Effect(len(seeds), math.nan, math.nan, math.nan, "no t-test with fewer than 2 seeds")
    best, last = _places(claim, arms, seeds)
    subsets = [[seed for seed in seeds if seed != left_out] for left_out in seeds] if len(seeds) > 2 else []
    ranges = [(best, last), *(_places(claim, arms, subset) for subset in subsets)]
    low, high = min(first for first, _ in ranges), max(end for _, end in ranges)
    if last - best + 1 == len(claim.settings[0]):
        return Effect(len(seeds), math.nan, low, high, "no arm beats any other beyond chance")
    return Effect(len(seeds), best, low, high, f"{last - best + 1} arms share this place" if last > best else "")


def _places(claim: Claim, arms: Mapping[str, RunsBySeed], seeds: Sequence[int]) -> tuple[int, int]:
    """The best and the last place of `claim.arm` by column average: they differ where arms are beaten equally often."""
    settings = []
    for names in claim.settings:
        curves = [stack([arms[name][seed] for seed in seeds], "available") for name in names]
        labels = sorted({int(count) for curve in curves for count in curve.labels})
        accuracy = []
        for curve in curves:
            grid = np.full((len(seeds), len(labels)), np.nan)
            grid[:, np.searchsorted(labels, curve.labels)] = curve.values
            accuracy.append(grid)
        batch = int(np.diff(labels).min()) if len(labels) > 1 else 1
        random = next((index for index, name in enumerate(names) if arms[name][seeds[0]].strategy == "random"), None)
        settings.append(penalty(accuracy, [list(seeds)] * len(names), labels, batch, random))
    beaten = np.nan_to_num(total(settings).beaten)  # an arm that could not be tested was not beaten
    own = beaten[claim.settings[0].index(claim.arm)]
    return 1 + int((beaten < own - 1e-12).sum()), int((beaten <= own + 1e-12).sum())
