"""A metric less the baseline's under the same seed: what a strategy adds, with the spread of seeds cancelled."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from al_bench.analysis.figures.curves import STATISTICS
from al_bench.analysis.figures.layout import add_legend, is_edge, panel_grid, set_panel_title, with_house_style
from al_bench.analysis.figures.series import Floats, Line
from al_bench.analysis.figures.style import INK, assign_styles
from al_bench.analysis.statistics.paired import FEWEST, estimates
from al_bench.analysis.study import Study
from al_bench.errors import InputError


@with_house_style
def draw_difference(
    studies: Sequence[Study], statistic: str = "mean", title: str | None = None, width: str = "page"
) -> Figure:
    """Draw the paired difference to each study's baseline against the number of labels, one line per arm.

    Args:
        studies: One panel each, those without a baseline or without another arm aside.
        statistic: `mean` with its pointwise 95 % interval, that of `compare` (Student's, with the resolution of the
            test set), not corrected for the number of points or arms; or `median` with the interquartile band.
        title: Above the figure.
        width: `page`, `phone` or `report`.

    Raises:
        InputError: No study has a baseline, no seed is shared with it, or the statistic is unknown.
    """
    if statistic not in STATISTICS:
        raise InputError(f"statistic is {statistic!r}; allowed are {', '.join(STATISTICS)}")
    shown = [(study, lines) for study in studies if (lines := differences(study, statistic))]
    if not shown:
        raise InputError(
            "no arm shares a seed and its data with a baseline; add runs of strategy=random under the same seeds"
        )
    figure, panels = panel_grid(len(shown), width, 3.4 if len(shown) > 1 or width != "page" else 4.2)
    arms = {(study.title(arm.name), arm.strategy) for study, _ in shown for arm in study.arms}
    styles = assign_styles(sorted(arms))
    handles: dict[str, Any] = {}
    counts: dict[str, set[int]] = {}
    for axes, (study, lines) in zip(panels, shown, strict=True):
        scale = study.metric.scale
        axes.axhline(0, color=INK, linewidth=1.1, zorder=1.9)
        for name, (line, seeds) in sorted(lines.items(), key=lambda item: -study.metric.sign * item[1][0].centre[-1]):
            mark = " (unpaired networks)" if name in study.unpaired else ""
            label = study.title(name) + mark
            style = styles[study.title(name)]
            if seeds >= FEWEST:  # two say nothing of a spread
                for edge in (line.low, line.high):  # where three bands lie on each other their edges still tell
                    axes.plot(line.x, scale * edge, color=style.colour, linewidth=0.7, alpha=0.7, zorder=2.1)
                axes.fill_between(
                    line.x, scale * line.low, scale * line.high, color=style.colour, linewidth=0, zorder=2,
                    alpha=0.12 if len(lines) <= 8 else 0.04,
                )  # fmt: skip
            step = max(1, round(len(line.x) / 9))
            axes.plot(line.x, scale * line.centre, label=label, markevery=step, zorder=3, **style.line())
            counts.setdefault(label, set()).add(seeds)
        axes.xaxis.set_major_locator(MaxNLocator(nbins=7, integer=True, steps=[1, 2, 2.5, 5, 10]))
        left, bottom = is_edge(axes)
        axes.set_ylabel(_axis_label(study) if left else "")
        axes.set_xlabel(study.budget.axis if bottom else "")
        set_panel_title(axes, study, title if len(shown) == 1 else None)
        for handle, label in zip(*axes.get_legend_handles_labels(), strict=True):
            handles.setdefault(label, handle)
    if title and len(shown) > 1:
        figure.suptitle(title, fontweight="bold")
    labels, heading = _legend_texts(counts, statistic)
    add_legend(figure, list(handles.values()), [labels[name] for name in handles], heading, beside=len(shown) == 1)
    return figure


def _axis_label(study: Study) -> str:
    """What goes up: the metric less the baseline's, with the unit, and the direction where lower is better."""
    metric = study.metric
    label = "Accuracy" if metric.name == "accuracy" else metric.label
    notes = [metric.difference_unit] * bool(metric.difference_unit) + ["lower is better"] * (metric.sign < 0)
    ending = f"\n({', '.join(notes)})" if notes else ""
    return f"{label} less {study.against}'s{ending}"


def differences(study: Study, statistic: str = "mean") -> dict[str, tuple[Line, int]]:
    """By arm.name: the difference in the metric where all paired seeds have both, and the number of pairs.

    Arms that share no seed or no label count with the baseline are left out.
    """
    lines: dict[str, tuple[Line, int]] = {}
    for arm in study.others if study.baseline is not None else ():
        seeds, ours, base = study.pairs(arm.name, study.compared_with(arm.name))
        gain = ours - base  # [P,B]
        shared = ~np.isnan(gain).any(axis=0)  # [B]
        if seeds and shared.any():
            gain, labels = gain[:, shared], study.labels[shared]
            centre, low, high = _band(gain, statistic, study.resolution(arm.name))
            lines[arm.name] = (Line(labels, labels.astype(np.float64), centre, low, high), len(seeds))
    return lines


def _band(gain: Floats, statistic: str, resolution: float) -> tuple[Floats, Floats, Floats]:
    """Centre, low and high of differences [P,T]; of one pair the band is unknown, NaN."""
    if statistic == "median":
        low, middle, high = np.quantile(gain, [0.25, 0.5, 0.75], axis=0)
        return middle, low, high
    columns = estimates(gain, resolution)
    mean, low, high = (np.array([getattr(estimate, key) for estimate in columns]) for key in ("mean", "low", "high"))
    return mean, low, high


def _legend_texts(counts: dict[str, set[int]], statistic: str) -> tuple[dict[str, str], tuple[str, ...]]:
    """Labels by line, with the pairs of seeds behind a line where they differ, and the parts of the legend's title."""

    def pairs(numbers: set[int]) -> str:
        low, high = min(numbers), max(numbers)
        return "1 pair of seeds" if high == 1 else f"{low if low == high else f'{low}–{high}'} pairs of seeds"

    every = {pairs(numbers) for numbers in counts.values()}
    same = every.pop() if len(every) == 1 else "pairs of seeds"
    labels = {name: name if pairs(n) == same else f"{name} ({pairs(n).split()[0]})" for name, n in counts.items()}
    if max(max(numbers) for numbers in counts.values()) < FEWEST:
        return labels, (f"{statistic} of {same}", "too few for a band")
    band = (
        "band: 95 % t-interval, pointwise, for roughly normal differences" if statistic == "mean" else "band: quartiles"
    )
    few = any(min(numbers) < FEWEST for numbers in counts.values())
    return labels, (f"{statistic} of {same}", band + (f", none below {FEWEST}" if few else ""))
