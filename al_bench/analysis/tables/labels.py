"""Tables about labels: how many it took to reach an accuracy, and how many fewer than the baseline."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

from al_bench.analysis.arms import Arm
from al_bench.analysis.budget import LABELS
from al_bench.analysis.finding import Finding
from al_bench.analysis.statistics.curves import labels_to_target, quantile
from al_bench.analysis.statistics.savings import Saved
from al_bench.analysis.study import Study
from al_bench.analysis.tables.curves import count, per_seed
from al_bench.analysis.tables.table import Table, Value, interval, p_value, percent
from al_bench.analysis.targets import in_order

_RULES = ("first", "sustained")


def targets_table(study: Study, targets: Mapping[str, Sequence[float]]) -> Table:
    """Labels to reach each target by first, sustained and median-curve crossing.

    Args:
        study: The arms of one dataset.
        targets: Of each arm, by its name.
    """
    rows, records = [], []
    for target in in_order(study, [target for asked in targets.values() for target in asked]):
        for arm in study.arms:
            if target not in targets[arm.name]:
                continue
            curve = labels_to_target(arm.curves.labels, arm.curves.values, target, "median_curve", study.metric.sign)
            row = [study.metric.text(target), study.marked_title(arm.name)]
            row += [per_seed(arm, target, rule) for rule in _RULES]
            rows.append((*row, count(curve, float(arm.curves.labels[-1]))))
            for rule in _RULES:
                records.append(
                    {**study.record_keys(arm.name), "target": target, "rule": rule, **_reached(arm, target, rule)}
                )
            records.append(
                {
                    **study.record_keys(arm.name),
                    "target": target,
                    "rule": "median_curve",
                    "median": curve,
                    "seeds": arm.seeds,
                }
            )
    note = (
        f"median [quartiles] over seeds of the {'size of the labelled set' if study.budget is LABELS else 'cost'}, "
        "initial set included; first crossing is "
        "optimistic on a noisy curve; sustained: never below again; "
        f"> L: not reached within {'L labels' if study.budget is LABELS else 'a cost of L'}."
    )
    heads = ("to reach", "arm", "first crossing", "sustained", "median curve")
    what = study.metric.noun_with_article
    return Table(
        "labels",
        f"{study.budget.title} to reach {what} on {study.dataset}",
        heads,
        tuple(rows),
        note,
        tuple(records),
        "llrrr",
    )


def _reached(arm: Arm, target: float, rule: str) -> dict[str, Value]:
    counts = [labels_to_target(run.labels, run.values, target, rule, arm.metric.sign) for run in arm.runs]
    return {
        "median": quantile(counts, 0.5),
        "q25": quantile(counts, 0.25),
        "q75": quantile(counts, 0.75),
        "seeds": len(counts),
        "not_reached": sum(math.isinf(value) for value in counts),
    }


def saved_table(study: Study, findings: Sequence[Finding]) -> Table:
    """Labels saved against the baseline at each target, with the interval, or a bound where a seed is censored."""
    rows, records = [], []
    several = len(study.baselines) > 1
    for target in in_order(study, [saving.target for finding in findings for saving in finding.saved]):
        for finding in findings:
            saving = next((saving for saving in finding.saved if saving.target == target), None)
            if saving is None:
                continue
            tested = saving.target == finding.primary
            rows.append(
                (
                    study.metric.text(saving.target),
                    study.marked_title(finding.name),
                    *([study.title(finding.baseline)] if several else []),
                    _saving(saving),
                    interval(saving.low, saving.high, 0),
                    p_value(finding.saved_holm) if tested else "",
                    str(saving.n),
                    _censored(study.title(finding.baseline), saving),
                )
            )
            records.append(
                {
                    **study.record_keys(finding.name),
                    "baseline": finding.baseline,
                    "target": saving.target,
                    "saved": saving.saved,
                    "low": saving.low,
                    "high": saving.high,
                    "p": saving.p,
                    "p_holm": finding.saved_holm if tested else None,
                    "seeds": saving.n,
                    "at_least": saving.at_least,
                    "at_most": saving.at_most,
                    "only_baseline_short": saving.censored[0],
                    "only_arm_short": saving.censored[1],
                    "both_short": saving.censored[2],
                }
            )
    base = study.against
    note = (
        f"1 − L / L({base}), L the {study.budget.noun} to get there, initial set included: over seeds, the geometric "
        "mean of the ratio, crossings of each seed's monotone fit to the "
        f"{study.budget.counts} at which both were evaluated, Student's 95 % interval on the log ratio, of one arm "
        "at a time, for roughly normal ones; p: Holm-adjusted with the differences in AUBC. Where a seed did not reach "
        "the target there is no interval; ≥ and ≤ bound the median over seeds."
    )
    heads = (
        "to reach",
        "arm",
        *(["against"] if several else []),
        "saved %",
        "95 % interval",
        "p",
        "seeds",
        "not reached",
    )
    goal = "" if study.metric.name == "accuracy" else f" to reach {study.metric.noun_with_article}"
    return Table(
        "saved",
        f"{study.budget.title} saved against {base}{goal} on {study.dataset}",
        heads,
        tuple(rows),
        note,
        tuple(records),
        "lllrrrrl" if several else "llrrrrl",
    )


def _saving(saving: Saved) -> str:
    if saving.exact:
        return percent(saving.saved, 0)
    bounds = [f"≥ {percent(saving.at_least, 0)}"] if math.isfinite(saving.at_least) else []
    bounds += [f"≤ {percent(saving.at_most, 0)}"] if saving.at_most < 1 else []
    return ", ".join(bounds) or "-"


def _censored(baseline: str, saving: Saved) -> str:
    names = (baseline, "arm", "both")
    return ", ".join(f"{name}: {seeds}" for name, seeds in zip(names, saving.censored, strict=True) if seeds)
