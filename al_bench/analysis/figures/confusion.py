"""The confusion matrices of the baseline and of the best arm: which class is taken for which."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
from matplotlib.figure import Figure

from al_bench.analysis.confusion import ClassResults, class_results, last_shared_labels, leading_arm
from al_bench.analysis.figures.layout import WIDTHS, panel_grid, with_house_style
from al_bench.analysis.figures.style import INK
from al_bench.analysis.study import Study
from al_bench.analysis.verdict import verdict, winning
from al_bench.errors import InputError
from al_bench.metrics.table import MOST_CONFUSED

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_WITH_NUMBERS = 12
"""Classes up to which the cells have their numbers."""


@with_house_style
def draw_confusion(studies: Sequence[Study], title: str | None = None, width: str = "page") -> Figure:
    """Draw one matrix for the baseline and one for the best arm, at the last label count that all arms share.

    The best arm is the best of those that the verdict calls better, or the one that ends best where it calls none so.
    A row is a true class; its cells are the shares of its test points predicted as each class, over all seeds.

    Raises:
        InputError: No arm has recorded a confusion matrix there.
    """
    panels = [(study, *panel) for study in studies for panel in matrices(study)]
    if not panels:
        raise InputError(
            f"no run recorded a confusion matrix: older ones did not, nor do those of more than {MOST_CONFUSED} classes"
        )
    classes = max(len(results.names) for *_, results in panels)
    side = (WIDTHS[width] / 2 if width == "page" and len(panels) > 1 else WIDTHS[width]) - 0.5
    figure, every = panel_grid(len(panels), width, min(side, 0.42 * classes + 1.4) + 0.6)
    several = len({study.dataset for study, *_ in panels}) > 1
    for axes, (study, name, results) in zip(every, panels, strict=True):
        _draw(axes, results)
        where = f"{study.dataset}: " if several else ""
        axes.set_title(f"{where}{study.title(name)}, {study.budget.at(results.labels)}", loc="left", pad=8, fontsize=10)
    if title:
        figure.suptitle(title, fontweight="bold")
    seeds = sorted({len(results.recall) for *_, results in panels})
    count = f"{seeds[0]}" if len(seeds) == 1 else f"{seeds[0]}–{seeds[-1]}"
    note = f"% of a true class's test points, {count} {'seed' if count == '1' else 'seeds'} together"
    figure.supxlabel(note, fontsize=8.5, x=0.02, ha="left")
    return figure


def matrices(study: Study) -> list[tuple[str, ClassResults]]:
    """The arms shown (names) with their results, as far as they have recorded them."""
    labels = last_shared_labels(study)
    if labels is None:
        return []
    leading = leading_arm(study, winning(verdict(study)))
    names = [name for name in (study.baseline, leading.name if leading else None) if name is not None]
    results = [(name, class_results(study.arm(name), labels)) for name in names]
    return [(name, known) for name, known in results if known is not None and known.confusion is not None]


def _draw(axes: Axes, results: ClassResults) -> None:
    assert results.confusion is not None
    table = results.confusion.astype(float)
    rows = table.sum(axis=1, keepdims=True)
    shares = 100 * np.divide(table, rows, out=np.full_like(table, np.nan), where=rows > 0)
    axes.imshow(shares, cmap="Blues", vmin=0, vmax=100, aspect="equal")
    classes = len(results.names)
    if classes <= _WITH_NUMBERS:
        for (row, column), share in np.ndenumerate(shares):
            if share >= 0.5:
                colour = "white" if share > 60 else INK
                axes.text(column, row, f"{share:.0f}", ha="center", va="center", fontsize=7.5, color=colour)
    names = [name if len(name) <= 12 else f"{name[:11]}…" for name in results.names]
    step = max(1, classes // 26)
    places = range(0, classes, step)
    axes.set_xticks(places, [names[place] for place in places], rotation=90, fontsize=8)
    axes.set_yticks(places, [names[place] for place in places], fontsize=8)
    axes.tick_params(length=0)
    axes.grid(visible=False)
    axes.set_xlabel("predicted class")
    axes.set_ylabel("true class")
