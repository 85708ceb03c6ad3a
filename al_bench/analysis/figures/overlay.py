"""What is laid over the curves: published numbers in grey, and marks where a round has a health warning."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from al_bench.analysis.figures.series import Line
from al_bench.analysis.figures.style import INK
from al_bench.analysis.health_notes import HealthNote, study_notes
from al_bench.analysis.papers.published import Paper, PublishedCurve, PublishedTarget
from al_bench.analysis.study import Study
from al_bench.errors import InputError

if TYPE_CHECKING:
    from matplotlib.axes import Axes

# Published numbers are grey and thin, the user's own in colour: greys, dashes and markers that differ in each.
_GREYS = ("#4D4D4D", "#8C8C8C", "#666666", "#A6A6A6", "#333333")
_DASHES = ("-", (0, (4, 2)), (0, (1.5, 1.5)), (0, (6, 2, 1.5, 2)), (0, (8, 3)))
_MARKERS = ("o", "s", "^", "D", "v")


@dataclass(frozen=True)
class Mark:
    """A health warning on one arm: where (arm.name, labelled-set size) and which check, by its title."""

    dataset: str
    name: str
    labels: int
    check: str


def check_datasets(papers: Sequence[Paper], datasets: Sequence[str]) -> None:
    """Refuse published numbers of a dataset that no panel shows.

    Raises:
        InputError: Names the paper, its dataset and the panels'.
    """
    for paper in papers:
        if not set(paper.datasets) & set(datasets):
            raise InputError(
                f"{paper.name} has numbers on {', '.join(paper.datasets)}, these runs are on "
                f"{', '.join(sorted(set(datasets)))}; give runs on the same dataset or leave it out"
            )


def draw_papers(axes: Axes, dataset: str, papers: Sequence[Paper], last: float) -> None:
    """Published curves with their quartiles, and labels-to-target points of arms that have no whole curve.

    Nothing beyond twice `last`, the runs' own last label count: the runs are what the figure is about.
    """
    slot, reach = 0, 2 * last
    for paper in papers:
        if dataset not in paper.datasets:
            continue
        for arm in dict.fromkeys([*(c.arm for c in paper.curves), *(t.arm for t in paper.targets)]):
            curves = [curve for curve in paper.curves if curve.arm == arm and curve.labels[0] <= reach]
            targets = [target for target in paper.targets if target.arm == arm and target.middle <= reach]
            style = _grey(slot)
            label = f"{paper.short}: {arm}"
            if curves and len(curves[0].labels) > 2:
                _draw_curve(axes, curves[0], label, style, sum(count <= reach for count in curves[0].labels))
            elif curves or targets:
                _draw_points(axes, curves, targets, label, style)
            slot += 1


def _grey(slot: int) -> dict[str, Any]:
    colour = _GREYS[slot % 5]
    return {
        "color": colour, "linestyle": _DASHES[(slot + slot // 5) % 5], "marker": _MARKERS[(slot + 2 * (slot // 5)) % 5],
        "markerfacecolor": "white", "markeredgecolor": colour, "markersize": 3.8, "markeredgewidth": 0.9,
        "linewidth": 1.0, "zorder": 2.5,
    }  # fmt: skip


def _draw_curve(axes: Axes, curve: PublishedCurve, label: str, style: dict[str, Any], points: int) -> None:
    labels = curve.labels[:points]
    if curve.q25:
        low, high = (100 * np.array(edge[:points]) for edge in (curve.q25, curve.q75))
        axes.fill_between(labels, low, high, color=style["color"], alpha=0.1, linewidth=0, zorder=1.8)
    axes.plot(labels, 100 * np.array(curve.centre[:points]), label=label, markevery=3, **style)


def _draw_points(
    axes: Axes,
    curves: Sequence[PublishedCurve],
    targets: Sequence[PublishedTarget],
    label: str,
    style: dict[str, Any],
) -> None:
    """Points alone: a line between them would be a curve that nobody published."""
    points = [
        (float(count), value) for curve in curves for count, value in zip(curve.labels, curve.centre, strict=True)
    ]
    points += [(target.middle, target.accuracy) for target in targets]
    x, y = zip(*sorted(points), strict=True)
    axes.plot(x, 100 * np.array(y), label=label, **{**style, "linestyle": "", "markersize": 5.5})


def health_marks(studies: Sequence[Study]) -> list[Mark]:
    """A mark for every check beyond its threshold in any round of any arm; remarks on the set-up are not marked."""
    return [
        Mark(study.dataset, arm.name, _labels_evaluated(note), note.title)
        for study in studies
        for _, arm, note in study_notes(study)
        if not note.remark and not arm.reference
    ]


def _labels_evaluated(note: HealthNote) -> int:
    """The label count of the first evaluation from a note's round on, where a curve has a point; else the round's."""
    return next((count for count in note.run.labels if count >= note.labelled), note.labelled)


def draw_marks(
    axes: Axes,
    dataset: str,
    marks: Sequence[Mark],
    lines: Mapping[str, Line],
    scale: float,
) -> None:
    """A hollow sign around the point where any seed has a health warning; one sign and legend entry per check."""
    for number, check in enumerate(sorted({mark.check for mark in marks})):
        points = set()
        for mark in marks:
            if (mark.dataset, mark.check) == (dataset, check) and mark.name in lines:
                line = lines[mark.name]
                for index in np.flatnonzero(line.labels == mark.labels):
                    points.add((float(line.x[index]), scale * float(line.centre[index])))
        if points:
            xs, ys = zip(*sorted(points), strict=True)
            axes.plot(
                xs, ys, linestyle="", marker=("^", "s", "D", "v", "h", "p")[number % 6], markerfacecolor="none",
                markeredgecolor=INK, markeredgewidth=1.1, markersize=10 + 2 * (number // 6), zorder=4,
                label=f"{check} (any seed)",
            )  # fmt: skip
