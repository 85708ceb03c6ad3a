"""The answer: which strategy for which kind of data and regime, and how good such advice is on a data set not seen.

**The table.** A cell is a kind of data in a regime. Its strategy is the one with the largest mean gain over Random over
the cell's data sets. Only strategies that were run on all of them can be advised.

**Validated.** Each data set is left out in turn, the table is made again without it, and what it then advises is held
against always-margin, Random and the best strategy in hindsight on the data set left out. A cell whose only data set is
the one left out advises what the regime's other kinds of data do together. Regret is the area of the best less that of
the one advised, in points. Intervals are Student's over data sets, of each data set's mean over its regimes: the
regimes of one data set are not independent.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from al_bench.analysis.statistics.paired import Estimate, estimate
from al_bench.benchmark.outcomes import SettingOutcome
from al_bench.benchmark.protocol import BASELINE

MARGIN = "margin"
Cell = tuple[str, str]
"""A kind of data, and a regime."""


@dataclass(frozen=True)
class Advice:
    """What a cell advises.

    Args:
        strategy: Its name.
        gain: Over Random in points, with its interval over the cell's data sets.
        over_margin: The same over margin.
    """

    strategy: str
    gain: Estimate
    over_margin: Estimate


@dataclass(frozen=True)
class Validation:
    """How advice does on data sets left out.

    Args:
        n: Data sets.
        regret, margin_regret, random_regret: Of the advice, of always-margin and of Random, points.
        over_margin: The advice less margin, points.
        advised: Data set and regime to the strategy advised without it.
    """

    n: int
    regret: Estimate
    margin_regret: Estimate
    random_regret: Estimate
    over_margin: Estimate
    advised: Mapping[tuple[str, str], str]


def plain(outcomes: Sequence[SettingOutcome]) -> list[SettingOutcome]:
    """Those without a stress."""
    return [each for each in outcomes if not each.stress]


def gain(outcome: SettingOutcome, strategy: str) -> float:
    """A strategy's mean gain over Random in a setting, points."""
    return float(outcome.strategies[strategy].gains.mean())


def best(outcomes: Sequence[SettingOutcome]) -> str | None:
    """The strategy of the largest mean gain over some settings, of those that were run in all; None without any.

    Ties go to the first in the alphabet.
    """
    if not outcomes:
        return None
    common = sorted(set.intersection(*(set(each.strategies) for each in outcomes)))
    return max(common, key=lambda name: float(np.mean([gain(each, name) for each in outcomes])), default=None)


def advise(outcomes: Sequence[SettingOutcome], kind: str, regime: str) -> str | None:
    """What a table made of some settings advises for a cell; None where it has no setting of the regime."""
    regime_settings = [each for each in plain(outcomes) if each.regime == regime]
    return best([each for each in regime_settings if each.kind == kind]) or best(regime_settings)


def table(outcomes: Sequence[SettingOutcome]) -> dict[Cell, Advice]:
    """The advice of every cell that has settings, in their order."""
    cells = dict.fromkeys((each.kind, each.regime) for each in plain(outcomes))
    advices: dict[Cell, Advice] = {}
    for kind, regime in cells:
        here = [each for each in plain(outcomes) if (each.kind, each.regime) == (kind, regime)]
        if (strategy := best(here)) is not None and all(MARGIN in each.strategies for each in here):
            gains = np.array([gain(each, strategy) for each in here])
            margins = np.array([gain(each, MARGIN) for each in here])
            advices[kind, regime] = Advice(strategy, estimate(gains), estimate(gains - margins))
    return advices


def validate(outcomes: Sequence[SettingOutcome], regimes: Sequence[str] | None = None) -> Validation:
    """Every data set left out in turn.

    Args:
        outcomes: The settings.
        regimes: Those that are judged; None for all.
    """
    judged = [each for each in plain(outcomes) if regimes is None or each.regime in regimes]
    advised: dict[tuple[str, str], str] = {}
    by_dataset: dict[str, list[tuple[float, float, float, float]]] = {}
    for each in judged:
        others = [other for other in judged if other.dataset != each.dataset]
        strategy = advise(others, each.kind, each.regime)
        if strategy is None or strategy not in each.strategies or MARGIN not in each.strategies:
            continue
        advised[each.dataset, each.regime] = strategy
        top = max(gain(each, name) for name in each.strategies)
        own, margin, random = (gain(each, name) for name in (strategy, MARGIN, BASELINE))
        by_dataset.setdefault(each.dataset, []).append((top - own, top - margin, top - random, own - margin))
    means = np.array([np.mean(rows, axis=0) for rows in by_dataset.values()]).reshape(-1, 4)
    regret, margin_regret, random_regret, over_margin = (estimate(means[:, column]) for column in range(4))
    return Validation(len(means), regret, margin_regret, random_regret, over_margin, advised)
