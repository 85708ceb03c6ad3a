"""The tables of the benchmark's page: rows of texts, every number with its n and its interval."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from scipy import stats

from al_bench.analysis.statistics.paired import LEVEL, Estimate, estimate
from al_bench.analysis.statistics.ranks import ranks
from al_bench.benchmark.answer import gain, plain
from al_bench.benchmark.outcomes import SettingOutcome, StrategyOutcome
from al_bench.benchmark.protocol import BASELINE


@dataclass(frozen=True)
class PageTable:
    """A table of the page.

    Args:
        heads: Of its columns.
        rows: Its cells.
    """

    heads: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]


def points(value: Estimate) -> str:
    """A difference in points with its interval; without one where n is 1."""
    if value.n == 0 or math.isnan(value.mean):
        return "-"
    if math.isnan(value.low):
        return f"{value.mean:+.1f} (n = 1, no interval)"
    return f"{value.mean:+.1f} [{value.low:+.1f}, {value.high:+.1f}]"


def share(hits: int, n: int) -> str:
    """A share in per cent with the exact (Clopper-Pearson) 95 % interval."""
    low, high = stats.binomtest(hits, n).proportion_ci(1 - LEVEL)
    return f"{100 * hits / n:.0f} % [{100 * low:.0f}, {100 * high:.0f}]"


def complete(outcomes: Sequence[SettingOutcome]) -> list[str]:
    """The strategies that every one of some settings has, Random first."""
    common = set.intersection(*(set(each.strategies) for each in outcomes)) if outcomes else set()
    return sorted(common, key=lambda name: (name != BASELINE, name))


def by_gain(outcomes: Sequence[SettingOutcome]) -> list[str]:
    """The strategies beside Random that all settings have, that of the largest mean gain first."""
    names = [name for name in complete(outcomes) if name != BASELINE]
    return sorted(names, key=lambda name: -float(np.mean([gain(each, name) for each in outcomes])))


def labels_saved(outcomes: Sequence[SettingOutcome], strategy: str) -> str:
    """Labels saved against Random in per cent, the geometric mean over settings, with Student's interval over them."""
    logs = estimate(np.log([each.strategies[strategy].labels_ratio for each in outcomes]))
    saved = 100 * (1 - math.exp(logs.mean))
    if math.isnan(logs.low):
        return f"{saved:+.0f} (n = 1, no interval)"
    return f"{saved:+.0f} [{100 * (1 - math.exp(logs.high)):+.0f}, {100 * (1 - math.exp(logs.low)):+.0f}]"


def savings_table(outcomes: Sequence[SettingOutcome]) -> PageTable:
    """Labels saved by strategy and kind of data, in one regime; a column a kind, and all."""
    kinds = list(dict.fromkeys(each.kind for each in outcomes))
    groups: list[tuple[str, list[SettingOutcome]]] = [
        (f"{kind} (n = {sum(each.kind == kind for each in outcomes)})", [e for e in outcomes if e.kind == kind])
        for kind in kinds
    ]
    groups.append((f"all (n = {len(outcomes)})", list(outcomes)))
    rows = [(name, *(labels_saved(group, name) for _, group in groups)) for name in by_gain(outcomes)]
    return PageTable(("strategy", *(title for title, _ in groups)), tuple(rows))


def gains_table(outcomes: Sequence[SettingOutcome]) -> PageTable:
    """Points over Random on average over the labels, by data set, with the interval over seeds; one regime."""
    names = by_gain(outcomes)
    rows = [(name, *(points(each.strategies[name].gain) for each in outcomes)) for name in names]
    return PageTable(("strategy", *(each.dataset for each in outcomes)), tuple(rows))


def rank_table(outcomes: Sequence[SettingOutcome]) -> tuple[PageTable, str] | None:
    """Mean ranks over the data sets of one regime, and the sentence of the critical difference; None for fewer than 2.

    Source: Demšar 2006; Nemenyi's critical difference and Friedman's test.
    """
    names = complete(outcomes)
    if len(outcomes) < 2 or len(names) < 3:
        return None
    scores = np.array([[each.strategies[name].areas.mean() for name in names] for each in outcomes])
    ranked = ranks(scores)
    order = np.argsort(ranked.mean, kind="stable")
    random = ranked.mean[names.index(BASELINE)]
    rows = []
    for arm in order:
        distance = random - ranked.mean[arm]
        word = "better" if distance > ranked.critical else "worse" if -distance > ranked.critical else "not told apart"
        rows.append((names[arm], f"{ranked.mean[arm]:.1f}", "" if names[arm] == BASELINE else word))
    text = (
        f"n = {ranked.datasets} data sets, {len(names)} strategies; critical difference {ranked.critical:.1f} "
        f"(Nemenyi, 5 %); Friedman's test p = {ranked.p:.2g}."
    )
    return PageTable(("strategy", "mean rank", "against Random"), tuple(rows)), text


def shares_table(outcomes: Sequence[SettingOutcome]) -> PageTable:
    """In which share of the settings each strategy is better and worse than Random, by its interval over seeds."""
    rows = []
    for name in by_gain(outcomes):
        gains = [each.strategies[name].gain for each in outcomes]
        better, worse = sum(each.low > 0 for each in gains), sum(each.high < 0 for each in gains)
        behind = sum(each.mean < 0 for each in gains)
        n = len(gains)
        rows.append((name, str(n), share(better, n), share(worse, n), share(behind, n)))
    heads = ("strategy", "n settings", "shown to be better", "shown to be worse", "behind on average")
    return PageTable(heads, tuple(rows))


def cost_table(outcomes: Sequence[SettingOutcome]) -> PageTable:
    """Seconds of a batch and memory of a round: median over settings, with the least and the most."""

    def cell(value: Callable[[StrategyOutcome], float], name: str, form: str) -> str:
        values = [value(each.strategies[name]) for each in outcomes]
        return f"{np.median(values):{form}} [{min(values):{form}}, {max(values):{form}}]"

    rows = [
        (
            name,
            str(len(outcomes)),
            cell(lambda each: each.seconds, name, ".3f"),
            cell(lambda each: each.memory / 2**20, name, ".0f"),
        )
        for name in sorted(
            complete(outcomes), key=lambda name: float(np.median([e.strategies[name].seconds for e in outcomes]))
        )
    ]
    return PageTable(("strategy", "n settings", "seconds a batch", "memory, MiB"), tuple(rows))


def stress_table(outcomes: Sequence[SettingOutcome]) -> PageTable | None:
    """Points over Random under each stress and without, over the stressed data sets; None where none was run."""
    stressed = [each for each in outcomes if each.stress]
    if not stressed:
        return None
    rows = []
    kinds = list(dict.fromkeys(each.stress for each in stressed))
    names = [name for name in complete(stressed) if name != BASELINE]
    for kind in kinds:
        here = [each for each in stressed if each.stress == kind]
        same = [
            next((p for p in plain(outcomes) if (p.dataset, p.regime) == (each.dataset, each.regime)), None)
            for each in here
        ]
        pairs = [(after, before) for after, before in zip(here, same, strict=True) if before is not None]
        for name in names:
            after = estimate(np.array([gain(each, name) for each, _ in pairs]))
            before = estimate(np.array([gain(each, name) for _, each in pairs]))
            change = estimate(np.array([gain(a, name) - gain(b, name) for a, b in pairs]))
            rows.append((kind, name, str(len(pairs)), points(before), points(after), points(change)))
    heads = ("stress", "strategy", "n data sets", "over Random without it", "over Random with it", "change")
    return PageTable(heads, tuple(rows))
