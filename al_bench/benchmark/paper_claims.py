"""Claims of papers that the benchmark's own settings can speak to, each a difference of two strategies."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from al_bench.analysis.statistics.paired import Estimate, estimate
from al_bench.benchmark.answer import gain, plain
from al_bench.benchmark.outcomes import SettingOutcome


@dataclass(frozen=True)
class PaperClaim:
    """That one strategy is better than another on some settings.

    Args:
        paper: Authors and year.
        text: The claim, as far as it can be told here.
        better, than: The two strategies.
        regimes: Where; none for every regime.
        kinds: On which kinds of data; none for all.
    """

    paper: str
    text: str
    better: str
    than: str
    regimes: tuple[str, ...] = ()
    kinds: tuple[str, ...] = ()


CLAIMS = (
    PaperClaim("Hacohen et al. 2022", "with few labels TypiClust beats margin", "typiclust", "margin", ("low",)),
    PaperClaim("Hacohen et al. 2022", "with few labels TypiClust beats Random", "typiclust", "random", ("low",)),
    PaperClaim("Yehuda et al. 2022", "with few labels ProbCover beats Random", "probcover", "random", ("low",)),
    PaperClaim("Doucet et al. 2024", "TCM is better than margin with few labels", "tcm", "margin", ("low",)),
    PaperClaim("Bae et al. 2024", "with few labels MaxHerding beats TypiClust", "maxherding", "typiclust", ("low",)),
    PaperClaim("Ash et al. 2020", "BADGE is better than k-centre core-set", "badge", "coreset_greedy"),
    PaperClaim("Ash et al. 2020", "BADGE is better than Random", "badge", "random"),
    PaperClaim("Sener & Savarese 2018", "k-centre core-set is better than Random", "coreset_greedy", "random"),
    PaperClaim("Kirsch et al. 2023", "PowerBALD is better than BALD taken in batches", "power_bald", "bald"),
    PaperClaim("Citovsky et al. 2021", "Cluster-Margin is better than margin", "cluster_margin", "margin"),
    PaperClaim("Margatina et al. 2021", "on texts CAL is better than entropy", "cal", "entropy", (), ("text",)),
)
"""Fixed before a result was read."""


def effect(claim: PaperClaim, outcomes: Sequence[SettingOutcome]) -> Estimate:
    """The difference in points with its interval over data sets, each the mean over its regimes."""
    by_dataset: dict[str, list[float]] = {}
    for each in plain(outcomes):
        fits = (not claim.regimes or each.regime in claim.regimes) and (not claim.kinds or each.kind in claim.kinds)
        if fits and {claim.better, claim.than} <= set(each.strategies):
            by_dataset.setdefault(each.dataset, []).append(gain(each, claim.better) - gain(each, claim.than))
    return estimate(np.array([np.mean(values) for values in by_dataset.values()]))


def verdict(value: Estimate) -> str:
    """What an interval says of a claim that a difference is above 0."""
    if value.n < 3:
        return "too few data sets"
    return "holds here" if value.low > 0 else "the opposite holds here" if value.high < 0 else "not shown here"
