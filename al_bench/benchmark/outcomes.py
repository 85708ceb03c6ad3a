"""What the runs of a setting come to, strategy by strategy: numbers over seeds, paired with Random's.

Letters: S seeds, T evaluations.

- area: AUBC, the mean of the metric over the labels of the run, in per cent (`al_bench.analysis.statistics.area`).
- gain: area less Random's under the same seed, in points.
- labels_ratio: labels to the highest value that both mean curves reach, by those of Random. With m(L) and r(L) the
  monotone fits of the mean curves over seeds, the value is min(max m, max r), so that neither curve is censored; below
  1 the strategy needs fewer labels. 1 less the ratio is the share of labels saved.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from al_bench.analysis.statistics.area import area
from al_bench.analysis.statistics.paired import Estimate, estimate
from al_bench.analysis.statistics.savings import crossings, max_fitted
from al_bench.benchmark.protocol import BASELINE, Kind, Protocol, Setting
from al_bench.records import TUNE
from al_bench.storage.runs import Run

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class StrategyOutcome:
    """A strategy in a setting.

    Args:
        strategy: Its name.
        n: Seeds that it shares with Random.
        areas: [n] its areas, per cent.
        gains: [n] its areas less Random's, points.
        labels_ratio: Its labels by Random's; see the module.
        seconds: Median over runs of the seconds of scoring and selecting a batch.
        memory: Median over runs of the highest memory of a round, bytes.
    """

    strategy: str
    n: int
    areas: Floats
    gains: Floats
    labels_ratio: float
    seconds: float
    memory: float

    @property
    def gain(self) -> Estimate:
        """The mean gain with Student's interval over seeds."""
        return estimate(self.gains)


@dataclass(frozen=True)
class SettingOutcome:
    """A setting with its strategies.

    Args:
        dataset, kind, regime, stress: What it is; stress is empty for none.
        strategies: By name, Random among them; only those with all seeds of the protocol.
        runs: Complete runs behind them.
    """

    dataset: str
    kind: Kind
    regime: str
    stress: str
    strategies: Mapping[str, StrategyOutcome]
    runs: int


def curves(runs: Sequence[Run], metric: str) -> tuple[Floats, dict[int, Floats]]:
    """Labels [T], and seed to its values [T] as fractions.

    Raises:
        ValueError: The runs were not evaluated at the same label counts.
    """
    labels = {run.labels for run in runs}
    if len(labels) != 1:
        raise ValueError(f"runs of {runs[0].arm} in {runs[0].study} were evaluated at different label counts")
    values = {
        run.seed: np.array(
            [float(record.metric(metric) or 0.0) for record in run.rounds if record.accuracy is not None]
        )
        for run in runs
    }
    return np.array(labels.pop(), dtype=float), values


def outcome(setting: Setting, runs: Sequence[Run]) -> SettingOutcome | None:
    """What complete runs of a setting come to; None where Random is not complete.

    Args:
        setting: Which one.
        runs: Its complete runs; those on other data than Random's under the same seed are left out.
    """
    by_strategy: dict[str, dict[int, Run]] = {}
    for run in runs:
        by_strategy.setdefault(run.strategy, {})[run.seed] = run
    base = by_strategy.get(BASELINE, {})
    seeds = range(setting.protocol.seeds)
    if any(seed not in base for seed in seeds):
        return None
    metric = setting.data.metric
    labels, base_values = curves([base[seed] for seed in seeds], metric)
    base_areas = _areas(labels, base_values)
    done: dict[str, StrategyOutcome] = {}
    used = 0
    for strategy, mine in by_strategy.items():
        if any(seed not in mine or mine[seed].header.fingerprint != base[seed].header.fingerprint for seed in seeds):
            continue
        own_labels, values = curves([mine[seed] for seed in seeds], metric)
        if len(own_labels) != len(labels) or (own_labels != labels).any():
            continue
        areas = _areas(labels, values)
        shared = sorted(values)
        mean, base_mean = (np.mean([each[seed] for seed in shared], axis=0) for each in (values, base_values))
        used += len(shared)
        done[strategy] = StrategyOutcome(
            strategy,
            len(shared),
            np.array([areas[seed] for seed in shared]),
            np.array([areas[seed] - base_areas[seed] for seed in shared]),
            labels_ratio(labels, mean, base_mean),
            float(np.median([seconds_a_batch(run) for run in mine.values()])),
            float(np.median([peak_memory(run) for run in mine.values()])),
        )
    return SettingOutcome(setting.dataset, setting.data.kind, setting.regime, setting.stress, done, used)


def _areas(labels: Floats, values: Mapping[int, Floats]) -> dict[int, float]:
    stacked = np.array(list(values.values()))
    found = area(labels.astype(np.int64), stacked, labels[0], labels[-1])
    return {seed: 100 * float(value) for seed, value in zip(values, found, strict=True)}


def labels_ratio(labels: Floats, curve: Floats, baseline: Floats) -> float:
    """Labels of one mean curve by those of another, to the highest value that both reach; see the module.

    Args:
        labels: [T] label counts, increasing.
        curve, baseline: [T] means over seeds.
    """
    both = np.array([curve, baseline])
    target = float(max_fitted(both).min())
    crossed = crossings(labels.astype(np.int64), both, [target])[:, 0]
    return float(crossed[0] / crossed[1])


def seconds_a_batch(run: Run) -> float:
    """Seconds that choosing took, the mean over the batches of a run: everything but training and evaluation."""
    chosen = [record for record in run.rounds if record.acquired is not None]
    apart = ("train", TUNE, "evaluate", "metrics")
    return float(np.mean([sum(v for stage, v in record.seconds.items() if stage not in apart) for record in chosen]))


def peak_memory(run: Run) -> float:
    """The highest memory of any round, bytes."""
    return float(max(max(record.peak_memory_bytes.values(), default=0) for record in run.rounds))


def outcomes(protocol: Protocol, archives: Mapping[str, Sequence[Run]]) -> list[SettingOutcome]:
    """Every setting that archives have runs of, in the protocol's order.

    Args:
        protocol: Its settings.
        archives: Runs by the archive's name; a run belongs to the setting that its study is called by.
    """
    by_study: dict[str, list[Run]] = {}
    for runs in archives.values():
        for run in runs:
            if run.complete:
                by_study.setdefault(run.study, []).append(run)
    every = [outcome(setting, by_study.get(setting.name, [])) for setting in protocol.settings()]
    return [each for each in every if each is not None]
