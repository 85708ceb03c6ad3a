"""The tables of one study: what `al-bench compare` prints and the report shows."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from al_bench.analysis.costs import cost_table
from al_bench.analysis.difference_tables import area_table, budgets_table
from al_bench.analysis.findings import findings
from al_bench.analysis.formats import Table, spread
from al_bench.analysis.label_tables import saved_table, targets_table
from al_bench.analysis.marks import arm_title, marks_note, who
from al_bench.analysis.pairwise import error_table, penalty_table, study_penalty
from al_bench.analysis.statistics.area import area, shared_range
from al_bench.analysis.study import Study


def compare_tables(study: Study, targets: Sequence[float], log: bool = False) -> list[Table]:
    """All tables of a study; what nothing can be said about is left out.

    Without a baseline there are no differences, without two shared seeds no penalty matrix.

    Args:
        study: The arms of one dataset.
        targets: Accuracies to reach, fractions.
        log: Take the areas over ln labels.
    """
    tables = [accuracy_table(study, log)]
    if targets:
        tables.append(targets_table(study, targets))
    if study.baseline is not None and study.others:
        found = findings(study, targets)
        if targets:
            tables.append(saved_table(study, found))
        tables += [area_table(study, found, log), budgets_table(study)]
    if len(study.groups) > 1 and study_penalty(study).seeds[1] > 0:
        tables.append(penalty_table(study))
    if study.baseline is not None and study.others:
        tables.append(error_table(study))
    return [*tables, cost_table(study)]


def accuracy_table(study: Study, log: bool = False) -> Table:
    """Final and mean accuracy and AUBC of every arm, mean ± standard deviation over seeds."""
    span = shared_range(study.labels, list(study.accuracy.values()))
    if span is not None and log and span[0] <= 0:
        positive = study.labels[study.labels > 0]
        span = (float(positive[0]), span[1]) if len(positive) and positive[0] < span[1] else None
    rows, records = [], []
    for group in study.groups:
        curves = study.accuracy[group.name]
        final = [run.accuracy[-1] for run in group.runs]
        mean = [float(value) for value in np.nanmean(curves, axis=1)]
        areas = [math.nan] if span is None else [float(value) for value in area(study.labels, curves, *span, log)]
        ends = sorted({run.labels[-1] for run in group.runs})
        end = f"{ends[0]}" if len(ends) == 1 else f"{ends[0]}–{ends[-1]}"
        rows.append((arm_title(study, group.name), str(group.seeds), end, spread(final), spread(mean), spread(areas)))
        records += [
            {
                **who(study, group.name),
                "seed": seed,
                "labels": run.labels[-1],
                "final": final[place],
                "mean": mean[place],
                "aubc": areas[place] if span else None,
                "aubc_log": log,
            }
            for place, (seed, run) in enumerate(zip(study.seeds[group.name], group.runs, strict=True))
        ]
    for group in study.references:
        final = [run.accuracy[-1] for run in group.runs]
        rows.append((group.label, str(group.seeds), str(group.runs[0].labels[-1]), spread(final), "", ""))
    over = "no range of labels that all share" if span is None else f"{span[0]:g} to {span[1]:g} labels"
    scale = ", ln scale" if log else ""
    note = (
        f"mean ± standard deviation over seeds; mean: over the rounds; AUBC: area under the curve over {over}{scale}, "
        f"divided by that range. {marks_note(study)}"
    ).strip()
    heads = ("arm", "seeds", "labels", "final", "mean", "AUBC")
    return Table("accuracy", f"Accuracy on {study.dataset}, %", heads, tuple(rows), note, tuple(records))
