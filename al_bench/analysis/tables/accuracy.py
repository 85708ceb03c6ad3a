"""The tables of one study: what `al-bench compare` prints and the report shows."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from al_bench.analysis.findings import findings
from al_bench.analysis.pairwise import has_best, study_penalty
from al_bench.analysis.statistics.area import area, shared_range
from al_bench.analysis.study import Study
from al_bench.analysis.successor import is_of_successor
from al_bench.analysis.tables.cost import cost_table
from al_bench.analysis.tables.differences import area_table, budgets_table
from al_bench.analysis.tables.labels import saved_table, targets_table
from al_bench.analysis.tables.pairwise import error_table, penalty_table
from al_bench.analysis.tables.seeds import seeds_table
from al_bench.analysis.tables.table import Table, Value, spread
from al_bench.analysis.tables.tuning import tuning_table
from al_bench.analysis.tables.variance import variance_table
from al_bench.analysis.tables.warm_up import warm_up_table
from al_bench.analysis.targets import targets_by_arm
from al_bench.metrics import Metric
from al_bench.metrics.table import LabelMetric
from al_bench.records import SUCCESSOR
from al_bench.storage.runs import Run


def compare_tables(study: Study, targets: Sequence[float] | None = None, log: bool = False) -> list[Table]:
    """All tables of a study; tables that would be empty are left out.

    Without a baseline there are no differences, without two shared seeds no penalty matrix.

    Args:
        study: The arms of one dataset.
        targets: Values of the study's metric to reach, as recorded; None: those that fit each setting.
        log: Take the areas over ln labels.
    """
    tables = [accuracy_table(study, log)]
    if (metrics := metrics_table(study)) is not None:
        tables.append(metrics)
    asked = targets_by_arm(study, targets)
    if any(asked.values()):
        tables.append(targets_table(study, asked))
    if study.baseline is not None and study.others:
        compared = findings(study, targets)
        if any(finding.saved for finding in compared):
            tables.append(saved_table(study, compared))
        tables += [area_table(study, compared, log), seeds_table(study, compared)]
        tables += filter(None, [warm_up_table(study, compared)])
        tables.append(budgets_table(study))
    if len(study.arms) > 1 and study_penalty(study).seeds[1] > 0:
        tables.append(penalty_table(study))
    if study.baseline is not None and study.others and has_best(study.metric):
        tables.append(error_table(study))
    if (variance := variance_table(study)) is not None:
        tables.append(variance)
    tuned = tuning_table(study)
    return [*tables, cost_table(study), *([] if tuned is None else [tuned])]


def metrics_table(study: Study) -> Table | None:
    """The metrics beside the study's own at the last label count that all arms share, mean ± deviation over seeds.

    None where no run recorded any, or where the arms share no label count.
    """
    shared = study.labels[study.shared_counts([arm.name for arm in study.arms])]
    if not len(shared):
        return None
    labels = int(shared[-1])
    others = [metric for metric in study.metrics.values() if is_other(study, metric)]
    values = {
        (arm.name, metric.name): [_recorded(run, labels, metric.name) for run in arm.runs if labels in run.labels]
        for arm in study.arms
        for metric in others
    }
    recorded = [
        metric
        for metric in others
        if any(not math.isnan(value) for arm in study.arms for value in values[arm.name, metric.name])
    ]
    if not recorded:
        return None
    rows: list[tuple[str, ...]] = []
    records: list[dict[str, Value]] = []
    for arm in study.arms:
        seeds = [run.seed for run in arm.runs if labels in run.labels]
        cells = [mean_and_deviation(metric, values[arm.name, metric.name]) for metric in recorded]
        rows.append((study.marked_title(arm.name), str(len(seeds)), *cells))
        records += [
            {
                **study.record_keys(arm.name),
                "seed": seed,
                study.budget.noun: labels,
                **{metric.name: values[arm.name, metric.name][number] for metric in recorded},
            }
            for number, seed in enumerate(seeds)
        ]
    directions = ", ".join(
        f"{metric.noun}: {'higher' if metric.higher_is_better else 'lower'} is better" for metric in recorded
    )
    note = f"at {study.budget.plain(labels)}, mean ± standard deviation over seeds; {directions}. {study.marks_note}"
    heads = ("arm", "seeds", *(metric.axis_label for metric in recorded))
    return Table("metrics", f"Other metrics on {study.dataset}", heads, tuple(rows), note.strip(), tuple(records))


def is_other(study: Study, metric: Metric) -> bool:
    """Whether a metric is shown beside the study's own: those of the labelled set have a figure of theirs.

    Of the learner that is not judged, where there are two, the accuracy alone is.
    """
    if metric.name == study.metric.name or isinstance(metric, LabelMetric):
        return False
    accuracy = metric.name.removeprefix(SUCCESSOR) == "accuracy"
    return accuracy or is_of_successor(metric) == is_of_successor(study.metric)


def mean_and_deviation(metric: Metric, values: Sequence[float]) -> str:
    """Mean ± standard deviation over seeds in the metric's unit."""
    return spread(values, metric.scale, 1 if metric.unit in ("%", "classes") else 3)


def _recorded(run: Run, labels: int, metric: str) -> float:
    """A metric of the round with that many labels; NaN where it was not recorded."""
    values = (record.metric(metric) for record in run.rounds if record.labelled == labels)
    return math.nan if (value := next(values, None)) is None else value


def accuracy_table(study: Study, log: bool = False) -> Table:
    """Final and mean value of the metric and AUBC of every arm, mean ± standard deviation over seeds."""
    metric = study.metric
    shared = study.shared_counts([arm.name for arm in study.arms])
    labels = study.labels[shared]
    span = shared_range(labels, [rows[:, shared] for rows in study.values.values()], log)
    rows, records = [], []
    for arm in study.arms:
        curves = study.values[arm.name][:, shared]  # [S,b]
        final = [run.values[-1] for run in arm.runs]
        mean = [float(np.nanmean(row)) if not np.isnan(row).all() else math.nan for row in curves]
        areas = [math.nan] * len(curves) if span is None else area(labels, curves, *span, log).tolist()
        ends = sorted({run.labels[-1] for run in arm.runs})
        end = f"{ends[0]}" if len(ends) == 1 else f"{ends[0]}–{ends[-1]}"
        numbers = (mean_and_deviation(metric, values) for values in (final, mean, areas))
        rows.append((study.marked_title(arm.name), str(arm.seeds), end, *numbers))
        records += [
            {
                **study.record_keys(arm.name),
                "seed": seed,
                study.budget.noun: run.labels[-1],
                "final": final[number],
                "mean": mean[number],
                "aubc": areas[number],
                "aubc_log": log,
            }
            for number, (seed, run) in enumerate(zip(study.seeds[arm.name], arm.runs, strict=True))
        ]
    for arm in study.references:
        final = [run.values[-1] for run in arm.runs]
        ends = sorted({run.labels[-1] for run in arm.runs})
        rows.append((arm.label, str(arm.seeds), str(ends[-1]), mean_and_deviation(metric, final), "", ""))
        records += [
            {
                **study.record_keys(arm.name),
                "seed": run.seed,
                study.budget.noun: run.labels[-1],
                "final": run.values[-1],
                "mean": None,
                "aubc": None,
                "aubc_log": log,
            }
            for run in arm.runs
        ]
    note = "mean ± standard deviation over seeds; "
    if span is None:
        note += (
            f"mean and AUBC need a range of {study.budget.counts} at which all arms were evaluated: compare those that "
            "have one. "
        )
    else:
        note += (
            f"mean: over the {shared.sum()} {study.budget.counts} at which all arms were evaluated; AUBC: area under "
            f"the curve through these over {study.budget.span(*span)}{', ln scale' if log else ''}, divided by that "
            "range. "
        )
    note += "" if metric.higher_is_better else "Lower is better. "
    note = f"{note}{study.marks_note}".strip()
    heads = ("arm", "seeds", study.budget.noun, "final", "mean", "AUBC")
    label = "Accuracy" if metric.name == "accuracy" else metric.label
    title = f"{label} on {study.dataset}{f', {metric.unit}' if metric.unit else ''}"
    return Table(metric.name.replace(":", "_"), title, heads, tuple(rows), note, tuple(records))
