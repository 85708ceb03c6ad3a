"""What all figures share: sizes, style, legend, and the file.

Figures are made without pyplot and with matplotlib's own defaults plus STYLE, restored afterwards: neither the
user's matplotlibrc nor another figure of the process changes them. The same input gives the same bytes.

A figure has one of three widths. `page` is for print and large screens: at a text width of 16 cm its letters are at
least 7 points. `phone` and `report` have one column of panels with the legend below: at 360 CSS pixels the letters of
the former are 9 points; the latter is scaled to whatever a screen has, its letters there are 6 points.
"""

from __future__ import annotations

import functools
import io
import math
import re
import textwrap
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, ParamSpec, TypeVar

from matplotlib import style as matplotlib_style
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

from al_bench.analysis.figures.style import CEILING, INK
from al_bench.errors import InputError
from al_bench.storage.files import write_output

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.legend import Legend

    from al_bench.analysis.study import Study

# The metadata that would carry a date or a version; None leaves a field out.
_METADATA: dict[str, dict[str, Any]] = {
    ".png": {"Software": "al-bench"},
    ".svg": {"Date": None, "Creator": "al-bench"},
    ".pdf": {"CreationDate": None, "ModDate": None, "Creator": "al-bench", "Producer": None},
}
SUFFIXES = tuple(_METADATA)
WIDTHS = {"page": 8.2, "phone": 4.0, "report": 5.6}
"""Widths in inches by name."""

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
    "text.parse_math": False,  # a dollar in the name of an arm, a class or a data set is a dollar
    "xtick.color": INK,
    "ytick.color": INK,
    "xtick.major.width": 0.8,
    "ytick.major.width": 0.8,
    "legend.frameon": False,
    "legend.fontsize": 9.5,
    "legend.title_fontsize": 9.5,
    "lines.linewidth": 1.7,
    "lines.markersize": 5.5,
    "hatch.linewidth": 0.6,
    "svg.hashsalt": "al-bench",
    "pdf.fonttype": 42,
}
_ROOM = 24  # letters of an arm's name beside a bar before it is wrapped
_DPI = 200
_CHARACTER = 0.083  # inches that a character of a legend or a small note takes
_LINE = 0.215  # inches that a line of a legend takes
_P = ParamSpec("_P")
_R = TypeVar("_R")


def with_house_style(draw: Callable[_P, _R], formulas: bool = False) -> Callable[_P, _R]:
    """Make `draw` run under STYLE alone.

    Args:
        draw: A function that makes a figure.
        formulas: Whether what stands between dollars is a formula, as in a plot of the user's own.
    """

    @functools.wraps(draw)
    def wrapped(*args: _P.args, **kwargs: _P.kwargs) -> _R:
        with matplotlib_style.context(["default", STYLE, {"text.parse_math": formulas}]):
            return draw(*args, **kwargs)

    return wrapped


def panel_grid(count: int, width: str, height: float, columns: int = 2) -> tuple[Figure, list[Axes]]:
    """A figure with `count` panels of `height` inches, at most `columns` in a row on a page, else one.

    Raises:
        InputError: There is no such width.
    """
    if width not in WIDTHS:
        raise InputError(f"width is {width!r}; allowed are {', '.join(WIDTHS)}")
    columns = max(1, min(columns, count)) if width == "page" else 1
    rows = math.ceil(count / columns)
    figure = Figure(figsize=(WIDTHS[width], rows * height), layout="constrained")
    FigureCanvasAgg(figure)
    return figure, [figure.add_subplot(rows, columns, number + 1) for number in range(count)]


def is_edge(axes: Axes) -> tuple[bool, bool]:
    """Whether the panel is in the first column, and whether nothing is below it."""
    spec = axes.get_subplotspec()
    assert spec is not None
    rows, columns = spec.get_gridspec().nrows, spec.get_gridspec().ncols
    below = (spec.rowspan.start + 1) * columns + spec.colspan.start
    return spec.is_first_col(), spec.rowspan.stop == rows or below >= len(axes.figure.axes)


_LINES = 3
"""Of what all arms share, above a panel; more would leave no room for the panel."""


def set_panel_title(axes: Axes, study: Study, title: str | None = None, room: float | None = None) -> None:
    """The panel's title (the dataset's name), and in small letters what all of its arms share."""
    axes.set_title(title or study.dataset, loc="left", pad=8)
    if study.shared:
        room = room or axes.figure.get_figwidth() / axes.get_subplotspec().get_gridspec().ncols - 0.9  # type: ignore[union-attr]
        letters = max(20, int(room / 0.066))
        text = textwrap.fill(f"all arms: {', '.join(study.shared)}", letters, max_lines=_LINES, placeholder=" …")
        axes.set_title(f"{title or study.dataset}\n", loc="left", pad=4 + 10 * text.count("\n"))
        axes.annotate(
            text, (0, 1), xycoords="axes fraction", xytext=(0, 5), textcoords="offset points",
            fontsize=8, color=CEILING, va="bottom",
        )  # fmt: skip


def time_unit(seconds: float) -> tuple[int, str]:
    """The unit in which up to so many seconds read well: its size in seconds, and its symbol."""
    return (1, "s") if seconds < 300 else (60, "min") if seconds < 3 * 3600 else (3600, "h")


def row_names(names: Sequence[str]) -> tuple[list[str], float]:
    """Names as they stand beside bars, and the inches that one row takes.

    What a title adds in brackets is left out where the names stay different, long names are wrapped.
    """
    short = [re.sub(r" \(.*\)$", "", name) for name in names]
    lines = [wrap_name(name, _ROOM) for name in (short if len(set(short)) == len(set(names)) else names)]
    return lines, 0.12 + 0.15 * (max((name.count("\n") for name in lines), default=0) + 1)


def wrap_name(name: str, room: int) -> str:
    """A name of more than `room` letters on several lines, broken at spaces and after commas."""
    if len(name) <= room:
        return name
    return textwrap.fill(re.sub(r",(?=[A-Za-z])", ", ", name), room)


def add_legend(
    figure: Figure, handles: Sequence[Any], labels: Sequence[str], title: Sequence[str] = (), beside: bool = False
) -> Legend:
    """One legend outside the panels, where no curve can run under it; the figure grows by what it takes.

    Args:
        figure: The figure, its panels drawn.
        handles: Artists.
        labels: Their names; long ones are wrapped.
        title: What line and band are, in parts.
        beside: Put it at the right if it fits there, else below.
    """
    width = figure.get_figwidth()
    crowd = 26 if len(labels) > 6 else math.inf
    longest = int(min(max(map(len, labels), default=0), crowd))
    beside = beside and width > 6 and longest <= 44 and len(labels) <= 18
    columns = 1 if beside else max(1, min(5, len(labels), int((width - 0.2) / (0.75 + _CHARACTER * longest))))
    room = 34 if beside else int(min((width - 0.8) / _CHARACTER, crowd))
    labels = [wrap_name(label, room) for label in labels]
    heading = "\n".join(title) if beside else textwrap.fill(", ".join(title), int((width - 0.2) / _CHARACTER))
    legend = figure.legend(
        list(handles),
        labels,
        title=heading or None,
        loc="outside right center" if beside else "outside lower center",
        ncols=columns,
        handlelength=3.8 if width > 6 else 3.2,
        columnspacing=1.4,
        labelspacing=0.6 if beside else 0.35,
        alignment="left",
    )
    legend.get_title().set_color(CEILING)
    heights = [label.count("\n") + 1 for label in labels]
    rows = -(-len(labels) // columns)
    tallest = max((sum(heights[start : start + rows]) for start in range(0, len(labels), rows)), default=0)
    lines = tallest + (heading.count("\n") + 1 if heading else 0)
    taken = math.ceil(lines) * (_LINE if not beside else 0.24) + 0.15
    figure.set_figheight(max(figure.get_figheight(), taken) if beside else figure.get_figheight() + taken)
    return legend


def check_out(out: Path) -> None:
    """Refuse a file that could not be written, before anything is read.

    Raises:
        InputError: The suffix is not .png, .svg or .pdf, or `out` is a folder.
    """
    if out.suffix.lower() not in SUFFIXES:
        raise InputError(f"{out} has the suffix {out.suffix!r}; the figure can be {', '.join(SUFFIXES)}")
    if out.is_dir():
        raise InputError(f"{out} is a folder; name a file")


def save_figure(figure: Figure, out: Path) -> None:
    """Write the figure, PNG, SVG or PDF by suffix; its folder is made if missing.

    Raises:
        InputError: A suffix that is not allowed, or a file that cannot be written.
    """
    check_out(out)
    suffix = out.suffix.lower()
    content = io.BytesIO()
    with matplotlib_style.context(["default", STYLE]):
        figure.savefig(
            content, format=suffix[1:], dpi=_DPI, metadata=_METADATA[suffix], bbox_inches="tight", pad_inches=0.08
        )
    write_output(out, content.getvalue())
