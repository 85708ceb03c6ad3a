"""The critical-difference diagram (Demšar 2006): mean ranks over datasets, arms that cannot be told apart joined."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
from matplotlib.figure import Figure
from matplotlib.ticker import MultipleLocator

from al_bench.analysis.figures.layout import panel_grid, with_house_style
from al_bench.analysis.figures.style import INK
from al_bench.analysis.pairwise import mean_ranks
from al_bench.analysis.statistics.ranks import cliques
from al_bench.analysis.study import Study
from al_bench.errors import InputError


def draw_mean_ranks(studies: Sequence[Study], title: str | None = None, width: str = "page") -> Figure:
    """Draw the mean ranks by AUBC, over datasets, of the arms that all datasets have.

    Raises:
        InputError: Fewer than two datasets or arms in common, or seeds that share no range of labels.
    """
    shown = [study for study in studies if study.arms]
    names, ranks = mean_ranks(shown)
    arm_titles = [shown[0].title(name) for name in names]
    note = f"{ranks.datasets} datasets, mean AUBC{shown[0].of_metric} on each; Nemenyi, 5 %"
    return draw_critical_difference(arm_titles, ranks.mean.tolist(), ranks.critical, note, title, width)


@with_house_style
def draw_critical_difference(
    names: Sequence[str],
    ranks: Sequence[float],
    difference: float,
    note: str = "",
    title: str | None = None,
    width: str = "page",
) -> Figure:
    """Draw each arm's mean rank on a line, best first, and a bar over every set of arms within the critical difference.

    Args:
        names: What to call the M arms.
        ranks: Their mean ranks, 1 the best.
        difference: The critical difference: mean ranks that far apart or less are not told apart.
        note: Small words below: number of datasets, test, level.
        title: Above the figure.
        width: `page`, `phone` or `report`.

    Raises:
        InputError: Fewer than two arms.
        ValueError: Names and ranks of different number, or a difference that is no positive number.
    """
    if len(names) != len(ranks):
        raise ValueError(f"{len(names)} names and {len(ranks)} ranks")
    if len(names) < 2:
        raise InputError("ranks need at least two arms; add a folder with another strategy")
    if not difference > 0 or not math.isfinite(difference):
        raise ValueError(f"the critical difference is {difference}, not a positive number")
    order = sorted(range(len(names)), key=lambda arm: (ranks[arm], names[arm]))
    ordered = [float(ranks[arm]) for arm in order]
    joined = [(members[0], members[-1]) for members in cliques(np.array(ordered), difference)]
    figure, (axes,) = panel_grid(1, width, 0.28 * len(names) + 1.7)
    low, high = min(1.0, ordered[0]), max(float(len(names)), ordered[-1])
    for row, rank in enumerate(ordered):
        axes.plot([low, rank], [row, row], color="#BDBDBD", linewidth=0.8, zorder=1)
        axes.plot(rank, row, marker="o", color=INK, markersize=6, zorder=3)
        axes.annotate(f"{rank:.2f}", (rank, row), xytext=(7, 0), textcoords="offset points", va="center", fontsize=8.5)
    for first, last in joined:
        # A bar beside the first arm's dot down to the last one's: every arm between is in the set.
        column = ordered[last]
        axes.plot([ordered[first], column], [first - 0.28] * 2, color="#D55E00", linewidth=3.2, zorder=2)
        axes.plot([column, column], [first - 0.28, last], color="#D55E00", linewidth=0.9, zorder=2)
    axes.set_yticks(range(len(order)), [names[arm] for arm in order], fontsize=9)
    axes.set_ylim(len(order) - 0.4, -0.9)
    axes.set_xlim(low - 0.1, high + 0.06 * (high - low) + 0.3)
    axes.xaxis.set_major_locator(MultipleLocator(1 if high <= 12 else 5))
    axes.grid(visible=False, axis="y")
    axes.tick_params(axis="y", length=0)
    axes.set_xlabel("Mean rank over datasets (1 is best)")
    axes.set_title(title or "", loc="left", pad=8)
    meaning = f"critical difference {difference:.2f}; orange bars join arms that are not told apart"
    figure.supxlabel("\n".join(filter(None, [meaning, note])), fontsize=8.5, x=0.02, ha="left")
    return figure
