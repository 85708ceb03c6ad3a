"""Accuracy or another metric against labels or seconds: one line per arm, one panel per dataset."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from al_bench.analysis.arms import Arm
from al_bench.analysis.figures import overlay
from al_bench.analysis.figures.layout import (
    add_legend,
    is_edge,
    panel_grid,
    set_panel_title,
    time_unit,
    with_house_style,
)
from al_bench.analysis.figures.series import X_AXES, Floats, Line, metric_called, seconds_of
from al_bench.analysis.figures.style import CEILING, LineStyle, assign_styles
from al_bench.analysis.figures.value_axis import AXES, choose_axis
from al_bench.analysis.papers.published import Paper
from al_bench.analysis.statistics.curves import Curves, Summary, summarise
from al_bench.analysis.study import Study, resolution_of
from al_bench.errors import InputError
from al_bench.metrics import Metric

if TYPE_CHECKING:
    from matplotlib.axes import Axes

STATISTICS = ("median", "mean")

_SECONDS = {
    "seconds": "Training, scoring and selecting",
    "seconds+evaluate": "Training, evaluating, scoring and selecting",
}
_MARKERS = 9  # about as many markers per line; one at every round of a long run would hide the line
_CROWD = 8  # arms above which bands are lighter


@with_house_style
def draw_curves(
    studies: Sequence[Study],
    quantity: str | None = None,
    x: str = "labels",
    statistic: str = "median",
    title: str | None = None,
    targets: Sequence[float] = (),
    papers: Sequence[Paper] = (),
    width: str = "page",
    marks: bool = False,
    axis: str | None = None,
) -> Figure:
    """Draw every arm of every study; whole-pool references become dashed ceilings without markers.

    A point is a label count. Its height is the statistic over seeds of the metric there, and on an axis of
    time its place is the same statistic over seeds of the seconds spent until that model was trained
    (series.seconds_of): nothing is interpolated.

    Args:
        studies: One panel each, those with nothing but references aside.
        quantity: The name of a metric, of al-bench's or of one that the runs recorded; None: the studies' own.
            Fractions are drawn in %.
        x: `labels`, `seconds` (train + score + select), or `seconds+evaluate`.
        statistic: `median` with the interquartile band, or `mean` ± standard error.
        title: Above the figure; without it each panel has its dataset's name, and several panels always do.
        targets: Values of the studies' metric at which a thin guide is drawn.
        papers: Published numbers to overlay, in grey; for accuracy against labels only.
        width: `page`, `phone` or `report`.
        marks: Whether rounds with a health warning are marked.
        axis: `linear`, `error` or `logit`; None: an error axis where the curves come near the best (value_axis).

    Raises:
        InputError: A choice that is not allowed or cannot be drawn from these records.
    """
    shown = [study for study in studies if study.arms]
    if not shown:
        raise InputError("only whole-pool references (reference=full) found; add a folder with active runs")
    metric = metric_called(quantity, shown)
    _check(metric, x, axis, statistic, targets, papers, shown)
    overlay.check_datasets(papers, [study.dataset for study in shown])
    figure, panels = panel_grid(len(shown), width, 3.4 if len(shown) > 1 or width != "page" else 4.2)
    arms = sorted({(study.title(arm.name), arm.strategy) for study in shown for arm in study.arms})
    styles = assign_styles(arms)
    handles: dict[str, Any] = {}
    every = [_lines(study, metric.name, x, statistic) for study in shown]
    size, unit = time_unit(max(float(line.x.max()) for lines in every for line in lines.values()))
    drawn = overlay.health_marks(shown) if marks else []
    heights = [values for lines in every for line in lines.values() for values in (line.centre, line.low, line.high)]
    scale = choose_axis(axis, metric, heights, bool(papers), _resolution(shown, metric))
    label = metric.axis_label if scale is None else f"{metric.axis_label}, {scale.note}"
    for axes, study, lines in zip(panels, shown, every, strict=True):
        if x != "labels":
            lines = {name: dataclasses.replace(line, x=line.x / size) for name, line in lines.items()}
        _draw_lines(axes, study, lines, styles, metric)
        _draw_references(axes, study, metric, statistic)
        overlay.draw_papers(axes, study.dataset, papers, max(float(line.x[-1]) for line in lines.values()))
        overlay.draw_marks(axes, study.dataset, drawn, lines, metric.scale)
        _finish(axes, metric, x, targets)
        if scale is not None:
            scale.apply(axes)
        set_panel_title(axes, study, title if len(shown) == 1 else None)
        left, bottom = is_edge(axes)
        if left:
            axes.set_ylabel(label)
        if bottom:
            axes.set_xlabel(study.budget.axis if x == "labels" else f"{_SECONDS[x]} ({unit})")
        for handle, label in zip(*axes.get_legend_handles_labels(), strict=True):
            handles.setdefault(label, handle)
    if title and len(shown) > 1:
        figure.suptitle(title, fontweight="bold")
    labels, heading = _legend_texts(shown, list(handles), statistic)
    add_legend(figure, list(handles.values()), labels, heading, beside=len(shown) == 1)
    return figure


def _resolution(studies: Sequence[Study], metric: Metric) -> float:
    """The smallest step between values of the metric that any run can have; 0 where that is not known."""
    every = (run for study in studies for arm in study.arms for run in arm.runs)
    steps = [step for run in every if (step := resolution_of(run, metric))]
    return min(steps, default=0.0)


def band_of(summary: Summary, statistic: str) -> tuple[Floats, Floats, Floats]:
    """The line and the lower and upper edge of its band, [T]; NaN where n = 1 has no error."""
    if statistic == "median":
        return summary.median, summary.q25, summary.q75
    return summary.mean, summary.mean - summary.sem, summary.mean + summary.sem


def _check(
    metric: Metric,
    x: str,
    axis: str | None,
    statistic: str,
    targets: Sequence[float],
    papers: Sequence[Paper],
    studies: Sequence[Study],
) -> None:
    for option, value, allowed in (
        ("x", x, X_AXES),
        ("axis", axis or "linear", AXES),
        ("statistic", statistic, STATISTICS),
    ):
        if value not in allowed:
            raise InputError(f"{option} is {value!r}; allowed are {', '.join(allowed)}")
    if targets and metric.name != studies[0].metric.name:
        raise InputError(f"a target of {studies[0].metric.noun} cannot be drawn on {metric.noun}; leave it out")
    for target in targets:
        metric.check_target(target)
    right = x if x != "labels" else studies[0].budget.noun
    if papers and (metric.name, right) != ("accuracy", "labels"):
        raise InputError(
            f"published numbers are accuracy against labels, not {metric.name} against {right}; leave them out"
        )


def _lines(study: Study, metric: str, x: str, statistic: str) -> dict[str, Line]:
    """The lines by arm.name."""
    lines = {}
    for arm in study.arms:
        summary = summarise(arm.metric_curves(metric))
        labels = summary.labels
        positions = labels.astype(np.float64)
        if x != "labels":
            known = np.isin(arm.curves.labels, labels)  # [T]
            seconds = summarise(Curves(labels, seconds_of(arm, x.endswith("evaluate"))[:, known]))
            positions = seconds.median if statistic == "median" else seconds.mean
        lines[arm.name] = Line(labels, positions, *band_of(summary, statistic))
    return lines


def _draw_lines(axes: Axes, study: Study, lines: dict[str, Line], styles: dict[str, LineStyle], metric: Metric) -> None:
    scale = metric.scale
    # The legend reads from the top down like the ends of the curves.
    order = sorted(study.arms, key=lambda arm: (-metric.sign * lines[arm.name].centre[-1], arm.name))
    for number, arm in enumerate(order):
        line = lines[arm.name]
        style = styles[study.title(arm.name)]
        step = max(1, round(len(line.x) / _MARKERS))
        alpha = 0.2 if len(order) <= _CROWD else 0.06
        axes.fill_between(
            line.x, scale * line.low, scale * line.high, color=style.colour, alpha=alpha, linewidth=0, zorder=2
        )
        axes.plot(
            line.x,
            scale * line.centre,
            label=study.title(arm.name),
            markevery=(number * step // len(order), step),  # staggered, so that markers do not pile up
            zorder=3,
            **style.line(),
        )


def _draw_references(axes: Axes, study: Study, metric: Metric, statistic: str) -> None:
    for arm in study.references:
        try:
            summary = summarise(arm.metric_curves(metric.name))
        except InputError:  # a reference without this metric is no reason to draw nothing
            continue
        level = band_of(summary, statistic)[0][-1]
        axes.axhline(
            metric.scale * float(level), color=CEILING, linewidth=1.3, linestyle=(0, (7, 3)), zorder=1.5,
            label=arm.label,
        )  # fmt: skip


def _finish(axes: Axes, metric: Metric, x: str, targets: Sequence[float]) -> None:
    """Limits, ticks and names of the axes, and the guides at the targets."""
    lines = [line for line in axes.lines if line.get_transform() == axes.transData]
    ends = [np.asarray(line.get_xdata(), dtype=np.float64) for line in lines]
    first, last = min(end.min() for end in ends), max(end.max() for end in ends)
    margin = max(0.02 * (last - first), 0.5 if x == "labels" else 0.02 * last)
    axes.set_xlim(first - margin, last + margin)
    steps = [1, 2, 2.5, 5, 10]
    axes.xaxis.set_major_locator(MaxNLocator(nbins=7, integer=x == "labels", steps=steps))
    axes.yaxis.set_major_locator(MaxNLocator(nbins=8, steps=steps))
    for target in targets:
        axes.axhline(metric.scale * target, color=CEILING, linewidth=0.9, linestyle=(0, (1, 2)), zorder=1.4)
        axes.annotate(
            metric.text(target), (0, metric.scale * target), xycoords=("axes fraction", "data"), xytext=(4, 2),
            textcoords="offset points", fontsize=8.5, color=CEILING,
        )  # fmt: skip
    bottom, top = axes.get_ylim()
    # A hundredth of the range is left beyond the values that the metric may have, for half a marker.
    if metric.low is not None:
        room = 0.01 * metric.scale if metric.higher_is_better else 0.0
        bottom = max(bottom, metric.scale * metric.low - room)
    if metric.high is not None:
        top = min(top, metric.scale * metric.high + 0.01 * metric.scale)
    axes.set_ylim(bottom, top)


def _legend_texts(shown: Sequence[Study], names: Sequence[str], statistic: str) -> tuple[list[str], tuple[str, ...]]:
    """The legend's labels and the parts of its title, which say what line and band are.

    The number of seeds stands in the title where it is the same for every curve, else behind the names.
    """
    members: dict[str, list[Arm]] = {name: [] for name in names}
    for study in shown:
        for arm in (*study.arms, *study.references):
            label = arm.label if arm.reference else study.title(arm.name)
            if label in members:
                members[label].append(arm)
    counts = {name: _seeds(arms) for name, arms in members.items() if arms}
    curves = {counts[study.title(arm.name)] for study in shown for arm in study.arms}
    seeds = curves.pop() if len(curves) == 1 else "seeds"
    labels = [name if counts.get(name, seeds) == seeds else f"{name} ({counts[name]})" for name in names]
    band = "band: quartiles" if statistic == "median" else "band: ± standard error"
    return labels, (f"{statistic} of {seeds}", band)


def _seeds(arms: Sequence[Arm]) -> str:
    """How many seeds a line has, or from how many to how many where it changes along or between panels."""
    low = min(int(arm.summary.n.min()) for arm in arms)
    high = max(int(arm.summary.n.max()) for arm in arms)
    if low != high:
        return f"{low}–{high} seeds"
    return "1 seed" if high == 1 else f"{high} seeds"
