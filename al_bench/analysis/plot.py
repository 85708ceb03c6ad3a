"""The figure: accuracy against the number of labels, one line an arm, one panel a dataset.

Figures are made without pyplot and with matplotlib's own defaults plus STYLE, restored afterwards: neither
the user's matplotlibrc nor another figure of the process changes them. The same input gives the same bytes.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from matplotlib import style as matplotlib_style
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from al_bench.analysis.groups import Group
from al_bench.analysis.style import CEILING, INK, Look, looks
from al_bench.errors import InputError

if TYPE_CHECKING:
    from matplotlib.artist import Artist
    from matplotlib.axes import Axes

STATISTICS = ("median", "mean")

# The metadata that would carry a date or a version; None leaves a field out.
_METADATA: dict[str, dict[str, Any]] = {
    ".png": {"Software": "al-bench"},
    ".svg": {"Date": None, "Creator": "al-bench"},
    ".pdf": {"CreationDate": None, "ModDate": None, "Creator": "al-bench", "Producer": None},
}
SUFFIXES = tuple(_METADATA)

STYLE = {
    "font.family": "sans-serif",
    "font.sans-serif": ["DejaVu Sans"],  # ships with matplotlib: the same letters on every machine
    "font.size": 10,
    "axes.titlesize": 11,
    "axes.titleweight": "bold",
    "axes.labelsize": 10.5,
    "axes.labelcolor": INK,
    "axes.edgecolor": INK,
    "axes.linewidth": 0.8,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.axisbelow": True,
    "axes.grid": True,
    "grid.color": "#E3E3E3",
    "grid.linewidth": 0.7,
    "text.color": INK,
    "xtick.color": INK,
    "ytick.color": INK,
    "xtick.major.width": 0.8,
    "ytick.major.width": 0.8,
    "legend.frameon": False,
    "legend.fontsize": 9.5,
    "legend.title_fontsize": 9.5,
    "lines.linewidth": 1.7,
    "lines.markersize": 5.5,
    "svg.hashsalt": "al-bench",
    "pdf.fonttype": 42,
}
_MARKERS = 9  # about as many a line; one at every round of a long run would be a caterpillar
_SINGLE = (8.2, 4.2)  # inches: one panel with the legend beside it
_PANEL = (4.6, 3.4)  # inches: one of several panels
_BELOW = 0.9  # inches below several panels, for their legend
_DPI = 200


def check_out(out: Path) -> None:
    """Refuse a file that could not be written, before anything is read.

    Raises:
        InputError: The suffix is not .png, .svg or .pdf, or `out` is a folder.
    """
    if out.suffix.lower() not in SUFFIXES:
        raise InputError(f"{out} has the suffix {out.suffix!r}; the figure can be {', '.join(SUFFIXES)}")
    if out.is_dir():
        raise InputError(f"{out} is a folder; name a file")


def plot_curves(
    groups: Sequence[Group],
    out: Path,
    statistic: str = "median",
    title: str | None = None,
    targets: Sequence[float] = (),
) -> None:
    """Draw the groups and write the figure, PNG, SVG or PDF by suffix.

    Args:
        groups: The arms; references (whole-pool runs) become dashed ceilings without markers. A dataset
            with nothing but references has no panel.
        out: The file; its folder is made if missing.
        statistic: `median` with the interquartile band, or `mean` ± standard error.
        title: Above the figure; without it each panel has its dataset's name, and several panels always do.
        targets: Accuracies (fractions) at which a thin guide is drawn.

    Raises:
        InputError: A suffix or statistic that is not allowed, no curve to draw, a file not to be written.
    """
    check_out(out)
    if statistic not in STATISTICS:
        raise InputError(f"statistic is {statistic!r}; allowed are {', '.join(STATISTICS)}")
    datasets = sorted({group.dataset for group in groups if not group.reference})
    if not datasets:
        raise InputError("only whole-pool references (reference=full) found; add a folder with active runs")
    with matplotlib_style.context(["default", STYLE]):
        figure = _figure(groups, datasets, statistic, title, targets)
        FigureCanvasAgg(figure)
        try:
            out.parent.mkdir(parents=True, exist_ok=True)
            figure.savefig(out, dpi=_DPI, metadata=_METADATA[out.suffix.lower()], bbox_inches="tight", pad_inches=0.08)
        except OSError as error:
            raise InputError(f"{out} cannot be written: {error.strerror}; choose another file") from error


def _figure(
    groups: Sequence[Group], datasets: list[str], statistic: str, title: str | None, targets: Sequence[float]
) -> Figure:
    columns = min(len(datasets), 3)
    rows = math.ceil(len(datasets) / columns)
    several = len(datasets) > 1
    size = (columns * _PANEL[0], rows * _PANEL[1] + _BELOW) if several else _SINGLE
    figure = Figure(figsize=size, layout="constrained")
    lines = [group for group in groups if not group.reference]
    appearance = looks(sorted({(group.name, group.strategy) for group in lines}))
    handles: dict[str, Artist] = {}
    for place, dataset in enumerate(datasets):
        axes = figure.add_subplot(rows, columns, place + 1)
        here = [group for group in groups if group.dataset == dataset]
        _panel(axes, here, appearance, statistic, targets)
        axes.set_title(title if title and not several else dataset, loc="left", pad=8)
        if place % columns == 0:
            axes.set_ylabel("Test accuracy (%)")
        if place + columns >= len(datasets):
            axes.set_xlabel("Number of labels")
        for handle, label in zip(*axes.get_legend_handles_labels(), strict=True):
            handles.setdefault(label, handle)
    if title and several:
        figure.suptitle(title, fontweight="bold")
    _legend(figure, handles, groups, statistic, several)
    return figure


def _legend(figure: Figure, handles: dict[str, Artist], groups: Sequence[Group], statistic: str, several: bool) -> None:
    """One legend outside the panels, where no curve can run under it; its title says what line and band are.

    The number of seeds stands in the title where it is the same for every curve, else behind the names.
    """
    counts = {name: _seeds([g for g in groups if g.label == name]) for name in handles}
    curves = {counts[g.label] for g in groups if not g.reference}
    seeds = curves.pop() if len(curves) == 1 else "seeds"
    labels = [name if counts[name] == seeds else f"{name} ({counts[name]})" for name in handles]
    band = "band: quartiles" if statistic == "median" else "band: ± standard error"
    legend = figure.legend(
        list(handles.values()),
        labels,
        title=f"{statistic} of {seeds}{', ' if several else chr(10)}{band}",
        loc="outside lower center" if several else "outside right center",
        ncols=min(len(labels), 5 if figure.get_figwidth() > 10 else 3) if several else 1,
        handlelength=3.8,
        labelspacing=0.6,
        alignment="center" if several else "left",
    )
    legend.get_title().set_color(CEILING)


def centre_and_band(group: Group, statistic: str) -> tuple[Any, Any, Any]:
    """The line and the lower and upper edge of its band, fractions [T]; NaN where n = 1 has no error."""
    summary = group.summary
    if statistic == "median":
        return summary.median, summary.q25, summary.q75
    return summary.mean, summary.mean - summary.sem, summary.mean + summary.sem


def _panel(
    axes: Axes, groups: Sequence[Group], appearance: dict[str, Look], statistic: str, targets: Sequence[float]
) -> None:
    lines = [group for group in groups if not group.reference]
    # The legend reads from the top down like the ends of the curves.
    lines.sort(key=lambda group: (-centre_and_band(group, statistic)[0][-1], group.name))
    for place, group in enumerate(lines):
        centre, low, high = centre_and_band(group, statistic)
        labels = group.summary.labels
        look = appearance[group.name]
        step = max(1, round(len(labels) / _MARKERS))
        axes.fill_between(labels, 100 * low, 100 * high, color=look.colour, alpha=0.2, linewidth=0, zorder=2)
        axes.plot(
            labels,
            100 * centre,
            label=group.label,
            markevery=(place * step // len(lines), step),  # staggered, so that markers do not pile up
            zorder=3,
            **look.line(),
        )
    for group in groups:
        if group.reference:
            level = 100 * float(centre_and_band(group, statistic)[0][-1])
            axes.axhline(level, color=CEILING, linewidth=1.3, linestyle=(0, (7, 3)), zorder=1.5, label=group.label)
    first = min(int(group.summary.labels[0]) for group in lines)
    last = max(int(group.summary.labels[-1]) for group in lines)
    margin = max(0.02 * (last - first), 0.5)
    axes.set_xlim(first - margin, last + margin)
    axes.xaxis.set_major_locator(MaxNLocator(nbins=8, integer=True, steps=[1, 2, 2.5, 5, 10]))
    axes.yaxis.set_major_locator(MaxNLocator(nbins=8, steps=[1, 2, 2.5, 5, 10]))
    for target in targets:
        axes.axhline(100 * target, color=CEILING, linewidth=0.9, linestyle=(0, (1, 2)), zorder=1.4)
        axes.annotate(
            f"{100 * target:g} %",
            (0, 100 * target),
            xycoords=("axes fraction", "data"),
            xytext=(4, 2),
            textcoords="offset points",
            fontsize=8.5,
            color=CEILING,
        )
    bottom, top = axes.get_ylim()
    axes.set_ylim(max(bottom, -1.0), min(top, 101.0))


def _seeds(groups: Sequence[Group]) -> str:
    """How many seeds a line has, or from how many to how many where it changes along or between panels."""
    low = min(int(group.summary.n.min()) for group in groups)
    high = max(int(group.summary.n.max()) for group in groups)
    if low != high:
        return f"{low}–{high} seeds"
    return "1 seed" if high == 1 else f"{high} seeds"
