"""The table of warm-ups: the labels until an arm is ahead of its baseline for good, and the seeds ever behind."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from al_bench.analysis.finding import Finding
from al_bench.analysis.statistics import Floats
from al_bench.analysis.statistics.curves import quantile
from al_bench.analysis.statistics.sign import exact_share
from al_bench.analysis.statistics.warm_up import ever_behind, warm_up
from al_bench.analysis.study import Study
from al_bench.analysis.tables.curves import count
from al_bench.analysis.tables.table import Table, Value, interval


def warm_up_table(study: Study, findings: Sequence[Finding]) -> Table | None:
    """Warm-up and seeds ever behind of every arm; None where no arm shares a label count after the start."""
    several, budget = len(study.baselines) > 1, study.budget
    rows: list[tuple[str, ...]] = []
    records: list[dict[str, Value]] = []
    for finding in findings:
        ahead = picked_ahead(study, finding)
        ahead = ahead[~np.isnan(ahead).all(axis=1)]
        if not len(ahead):
            continue
        counts = warm_up(study.labels, ahead).tolist()
        mean = float(warm_up(study.labels, ahead.mean(axis=0, keepdims=True))[0])
        ends = [float(study.labels[~np.isnan(row)][-1]) for row in ahead]
        behind, n = int(ever_behind(ahead).sum()), len(ahead)
        low, high = exact_share(behind, n)
        rows.append(
            (
                study.marked_title(finding.name),
                *([study.title(finding.baseline)] if several else []),
                _median(counts, ends),
                "-" if math.isnan(mean) else count(mean, min(ends)),
                f"{behind} of {n}",
                interval(low, high, 0),
            )
        )
        records.append(
            {
                **study.record_keys(finding.name),
                "baseline": finding.baseline,
                "seeds": n,
                "warm_up": quantile(counts, 0.5),
                "q25": quantile(counts, 0.25),
                "q75": quantile(counts, 0.75),
                "not_reached": sum(map(math.isinf, counts)),
                "warm_up_of_mean": mean,
                "ever_behind": behind,
                "share_low": low,
                "share_high": high,
            }
        )
    if not rows:
        return None
    base = study.against
    note = (
        f"warm-up: the first {budget.count} at which an arm is ahead of {base} under the same seed and behind at none "
        "after it, of those evaluated after the start: median [quartiles] over seeds, and of the mean over seeds; > L: "
        "ahead for good from none up to L. Ever behind: seeds in which the arm is behind anywhere after the start, be "
        "it by one test point; the interval of the share of all seeds is exact (Clopper and Pearson). Nothing is "
        "tested here."
    )
    heads = ("arm", *(["against"] if several else []), "warm-up", "of the mean", "ever behind", "% of all seeds")
    return Table(
        "warm_up",
        f"{budget.title} until ahead of {base} for good{study.in_metric} on {study.dataset}",
        heads,
        tuple(rows),
        note,
        tuple(records),
        "llrrrr" if several else "lrrrr",
    )


def picked_ahead(study: Study, finding: Finding) -> Floats:
    """How much better an arm is than its baseline where it had picked labels, [P, B]; NaN elsewhere.

    At the start of a run no strategy has picked anything: what arms differ by there is no work of theirs.
    """
    seeds, ours, theirs = study.pairs(finding.name, finding.baseline)
    ahead = finding.sign * (ours - theirs)
    starts = [
        {run.seed: run.rounds[0].labelled for run in study.arm(name).runs} for name in (finding.name, finding.baseline)
    ]
    for row, seed in enumerate(seeds):
        ahead[row, study.labels <= max(start[seed] for start in starts)] = np.nan
    return ahead


def _median(counts: Sequence[float], ends: Sequence[float]) -> str:
    """Median [quartiles] of counts that may be infinite; the ends of the curves bound these from below."""
    bounds = [min(value, end) for value, end in zip(counts, ends, strict=True)]
    middle, low, high = (count(quantile(counts, q), quantile(bounds, q)) for q in (0.5, 0.25, 0.75))
    return middle if middle == low == high else f"{middle} [{low}, {high}]"
