"""The numbers behind a figure: lines of text for the terminal and a CSV of the curves."""

from __future__ import annotations

import csv
import io
import math
from collections.abc import Sequence
from pathlib import Path

from al_bench.analysis.arms import Arm
from al_bench.analysis.statistics.curves import Summary, labels_to_target, quantile, summarise
from al_bench.analysis.tables.table import aligned
from al_bench.errors import InputError
from al_bench.metrics import Metric
from al_bench.storage.files import write_output

CSV_COLUMNS = ("dataset", "arm", "labels", "n", "median", "q25", "q75", "mean", "sem")
_QUARTILES = (0.5, 0.25, 0.75)


def write_csv(arms: Sequence[Arm], out: Path, metric: str | None = None) -> None:
    """Write the curves, one row per dataset, arm and label count; no sem for one seed.

    Args:
        arms: Arms, whole-pool references among them; of the latter those without the metric are left out.
        out: The file.
        metric: What the numbers are of, as it was recorded: accuracies as fractions; None: the arms' own.

    Raises:
        InputError: The file cannot be written, or an arm has not recorded the metric.
    """
    curves = [(arm, _summary(arm, metric)) for arm in arms]
    text = io.StringIO(newline="")
    writer = csv.writer(text, lineterminator="\n")
    budget = arms[0].budget.noun if arms else "labels"
    writer.writerow([budget if name == "labels" else name for name in CSV_COLUMNS])
    for arm, summary in curves:
        if summary is None:
            continue
        rows = zip(
            *(summary.labels, summary.n, summary.median, summary.q25, summary.q75, summary.mean, summary.sem),
            strict=True,
        )
        for labels, seeds, *numbers in rows:
            cells = ["" if math.isnan(number) else f"{number:.6f}" for number in numbers]
            writer.writerow([arm.dataset, arm.name, int(labels), int(seeds), *cells])
    write_output(out, text.getvalue())


def _summary(arm: Arm, metric: str | None) -> Summary | None:
    """The statistics of a metric; None for a whole-pool reference that has not recorded it."""
    try:
        return summarise(arm.metric_curves(metric or arm.metric.name))
    except InputError:
        if arm.reference:
            return None
        raise


def table(arms: Sequence[Arm], statistic: str, targets: Sequence[float]) -> list[str]:
    """The lines that `al-bench plot` prints: one per arm, then for each target the three ways to read it.

    Values of the metric and label counts are medians over seeds with quartiles in brackets (mean ± standard error for
    values under `mean`). A count that was not reached reads `> 400`, 400 being how far the seeds got.
    """
    lines: list[str] = []
    for dataset in sorted({arm.dataset for arm in arms}):
        here = [arm for arm in arms if arm.dataset == dataset]
        metric = here[0].metric
        noun = here[0].budget.noun
        head = [dataset, "seeds", noun, _head(metric)] + [f"{noun} to {metric.text(t)}" for t in targets]
        body = [
            [arm.name, str(arm.seeds), f"{int(arm.summary.labels[-1])}", _final(arm, statistic)]
            + [per_seed(arm, target, "first") for target in targets]
            for arm in here
        ]
        lines += [*_left_then_right([head, *body]), ""]
        active = [arm for arm in here if not arm.reference]
        for target in targets if active else ():
            rule = f"{statistic}_curve"
            head = [
                f"{noun} to {metric.text(target)}, {dataset}",
                "first crossing",
                "sustained",
                f"{statistic} curve",
            ]
            body = [
                [
                    arm.name,
                    per_seed(arm, target, "first"),
                    per_seed(arm, target, "sustained"),
                    count(
                        labels_to_target(arm.curves.labels, arm.curves.values, target, rule, metric.sign),
                        float(arm.curves.labels[-1]),
                    ),
                ]
                for arm in active
            ]
            lines += [*_left_then_right([head, *body]), ""]
    return lines[:-1]


def _final(arm: Arm, statistic: str) -> str:
    summary, metric = arm.summary, arm.metric
    if statistic == "mean":
        error = float(summary.sem[-1])
        spread = "" if math.isnan(error) else f" ± {metric.number(error, 2)}"
        return f"{metric.number(float(summary.mean[-1]), 2)}{spread}"
    middle, low, high = (float(column[-1]) for column in (summary.median, summary.q25, summary.q75))
    return f"{metric.number(middle, 2)} {metric.interval(low, high, 2)}"


def _head(metric: Metric) -> str:
    """The head of the column of last values."""
    return "accuracy %" if metric.name == "accuracy" else f"{metric.noun} {metric.unit}".strip()


def per_seed(arm: Arm, target: float, rule: str) -> str:
    """Median [quartiles] over seeds of the labels each needed, `-` for a whole-pool reference."""
    if arm.reference:
        return "-"
    counts = [labels_to_target(run.labels, run.values, target, rule, arm.metric.sign) for run in arm.runs]
    # A seed that did not get there needs more than it had: its end bounds every quantile from below.
    bounds = [min(count, run.labels[-1]) for count, run in zip(counts, arm.runs, strict=True)]
    middle, low, high = (count(quantile(counts, q), quantile(bounds, q)) for q in _QUARTILES)
    return middle if middle == low == high else f"{middle} [{low}, {high}]"


def count(value: float, bound: float) -> str:
    """A label count; `> bound` where it was not reached."""
    return f"> {bound:g}" if math.isinf(value) else f"{value:g}"


def _left_then_right(rows: list[list[str]]) -> list[str]:
    return aligned(rows, "l" + "r" * (len(rows[0]) - 1))
