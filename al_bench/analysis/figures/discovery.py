"""Classes found against labels: how soon the labelled set has a point of every class, the rare ones too."""

from __future__ import annotations

from collections.abc import Sequence

from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from al_bench.analysis.figures.curves import draw_curves
from al_bench.analysis.figures.layout import with_house_style
from al_bench.analysis.figures.style import CEILING
from al_bench.analysis.study import Study
from al_bench.errors import InputError


@with_house_style
def draw_discovery(
    studies: Sequence[Study], statistic: str = "median", title: str | None = None, width: str = "page"
) -> Figure:
    """Draw the number of classes that the labelled set has a point of, one line per arm, one panel per dataset.

    Args:
        studies: Those with nothing but references are left out.
        statistic: `median` with the interquartile band, or `mean` ± standard error.
        title: Above the figure.
        width: `page`, `phone` or `report`.

    Raises:
        InputError: No run recorded class counts, or nothing to draw.
    """
    shown = [study for study in studies if study.arms]
    for study in shown:
        if not any(record.class_counts for arm in study.arms for run in arm.runs for record in run.rounds):
            raise InputError(f"no run on {study.dataset} recorded the class counts of its labelled set")
    figure = draw_curves(shown, "classes_found", statistic=statistic, title=title, width=width)
    panels = [axes for axes in figure.axes if axes.lines]
    for axes, study in zip(panels, shown, strict=True):
        classes = max((run.header.classes or 0 for arm in study.arms for run in arm.runs), default=0)
        bottom, top = axes.get_ylim()
        if classes:
            axes.axhline(classes, color=CEILING, linewidth=0.9, linestyle=(0, (1, 2)), zorder=1.4)
            axes.annotate(
                f"all {classes} classes", (0, classes), xycoords=("axes fraction", "data"), xytext=(4, 2),
                textcoords="offset points", fontsize=8.5, color=CEILING,
            )  # fmt: skip
            top = max(top, classes + 0.06 * (classes - min(bottom, classes - 1)))
        axes.set_ylim(max(0.0, min(bottom, classes - 1)), top)
        axes.yaxis.set_major_locator(MaxNLocator(nbins=8, integer=True, steps=[1, 2, 5, 10]))
        if axes.get_ylabel():
            axes.set_ylabel("Classes with a labelled point")
    return figure
