"""The numbers behind a figure: lines of text for the terminal and a CSV of the curves."""

from __future__ import annotations

import csv
import math
from collections.abc import Sequence
from pathlib import Path

from al_bench.analysis.arms import Group
from al_bench.analysis.statistics.curves import labels_to_target, quantile
from al_bench.errors import InputError

CSV_COLUMNS = ("dataset", "arm", "labels", "n", "median", "q25", "q75", "mean", "sem")
_QUARTILES = (0.5, 0.25, 0.75)


def write_csv(groups: Sequence[Group], out: Path) -> None:
    """Write the curves, one row a dataset, arm and label count; accuracies as fractions, no sem for one seed.

    Raises:
        InputError: The file cannot be written.
    """
    try:
        out.parent.mkdir(parents=True, exist_ok=True)
        with out.open("w", newline="", encoding="utf-8") as file:
            writer = csv.writer(file, lineterminator="\n")
            writer.writerow(CSV_COLUMNS)
            for group in groups:
                summary = group.summary
                columns = (summary.median, summary.q25, summary.q75, summary.mean, summary.sem)
                for place in range(len(summary.labels)):
                    numbers = (float(column[place]) for column in columns)
                    writer.writerow(
                        [group.dataset, group.name, int(summary.labels[place]), int(summary.n[place])]
                        + ["" if math.isnan(number) else f"{number:.6f}" for number in numbers]
                    )
    except OSError as error:
        raise InputError(f"{out} cannot be written: {error.strerror}; choose another file") from error


def table(groups: Sequence[Group], statistic: str, targets: Sequence[float]) -> list[str]:
    """The lines that `al-bench plot` prints: one an arm, then for each target the stricter readings.

    Accuracies and label counts are medians over seeds with quartiles in brackets (mean ± standard error for
    accuracies under `mean`). A count that was not reached reads `> 400`, 400 being how far the seeds got.
    """
    lines: list[str] = []
    for dataset in sorted({group.dataset for group in groups}):
        here = [group for group in groups if group.dataset == dataset]
        head = [dataset, "seeds", "labels", "accuracy %"] + [f"labels to {_percent(t)}" for t in targets]
        body = [
            [group.name, str(group.seeds), f"{int(group.summary.labels[-1])}", _final(group, statistic)]
            + [per_seed(group, target, "first") for target in targets]
            for group in here
        ]
        lines += [*_align([head, *body]), ""]
        active = [group for group in here if not group.reference]
        for target in targets if active else ():
            rule = f"{statistic}_curve"
            head = [
                f"labels to {_percent(target)}, {dataset}",
                "first crossing",
                "sustained",
                f"{statistic} curve",
            ]
            body = [
                [
                    group.name,
                    per_seed(group, target, "first"),
                    per_seed(group, target, "sustained"),
                    count(
                        labels_to_target(group.curves.labels, group.curves.accuracy, target, rule),
                        float(group.curves.labels[-1]),
                    ),
                ]
                for group in active
            ]
            lines += [*_align([head, *body]), ""]
    return lines[:-1]


def _final(group: Group, statistic: str) -> str:
    summary = group.summary
    if statistic == "mean":
        error = float(summary.sem[-1])
        spread = "" if math.isnan(error) else f" ± {100 * error:.2f}"
        return f"{100 * summary.mean[-1]:.2f}{spread}"
    middle, low, high = (100 * float(column[-1]) for column in (summary.median, summary.q25, summary.q75))
    return f"{middle:.2f} [{low:.2f}, {high:.2f}]"


def per_seed(group: Group, target: float, rule: str) -> str:
    """Median [quartiles] over seeds of the labels each needed, `-` for a whole-pool reference."""
    if group.reference:
        return "-"
    counts = [labels_to_target(run.labels, run.accuracy, target, rule) for run in group.runs]
    # A seed that did not get there needs more than it had: its end bounds every quantile from below.
    bounds = [min(count, run.labels[-1]) for count, run in zip(counts, group.runs, strict=True)]
    middle, low, high = (count(quantile(counts, q), quantile(bounds, q)) for q in _QUARTILES)
    return middle if middle == low == high else f"{middle} [{low}, {high}]"


def count(value: float, bound: float) -> str:
    """A label count; `> bound` where it was not reached."""
    return f"> {bound:g}" if math.isinf(value) else f"{value:g}"


def _percent(target: float) -> str:
    return f"{100 * target:g} %"


def _align(rows: list[list[str]]) -> list[str]:
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
    return [
        "  ".join(
            cell.ljust(width) if column == 0 else cell.rjust(width)
            for column, (cell, width) in enumerate(zip(row, widths, strict=True))
        ).rstrip()
        for row in rows
    ]
