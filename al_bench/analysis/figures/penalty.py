"""The pairwise penalty matrix (Ash et al. 2020) as a heat map: who beats whom, in how many settings."""

from __future__ import annotations

import textwrap
from collections.abc import Sequence

import numpy as np
from matplotlib.figure import Figure
from numpy.typing import ArrayLike

from al_bench.analysis.figures.layout import WIDTHS, panel_grid, with_house_style
from al_bench.analysis.figures.style import INK
from al_bench.analysis.pairwise import summed_penalty
from al_bench.analysis.statistics.penalty import Penalty
from al_bench.analysis.study import Study
from al_bench.errors import InputError


def draw_study_penalty(studies: Sequence[Study], title: str | None = None, width: str = "page") -> Figure:
    """Draw the penalty matrix of the arms that all studies have, summed over the studies.

    Raises:
        InputError: Fewer than two arms in common, or nothing that could be tested.
    """
    shown = [study for study in studies if study.arms]
    names, penalty = summed_penalty(shown)
    if np.isnan(penalty.matrix[~np.eye(len(names), dtype=bool)]).all():
        raise InputError("no two arms share two seeds at one label count: nothing to test; run more seeds (seed=0,1,2)")
    fewest, most = penalty.seeds
    note = f"paired over {fewest if fewest == most else f'{fewest} to {most}'} seeds{shown[0].in_metric}"
    arm_titles = [shown[0].title(name) for name in names]
    title = title or ", ".join(study.dataset for study in shown)
    return draw_penalty(penalty.matrix, arm_titles, penalty.settings, note, title, width)


@with_house_style
def draw_penalty(
    matrix: ArrayLike,
    names: Sequence[str],
    settings: int | None = None,
    note: str = "",
    title: str | None = None,
    width: str = "page",
) -> Figure:
    """Draw P with P[i, j] the share of settings in which i beats j, and below it each column's mean.

    Rows are winners, columns losers; the last row, a column's mean, is how often an arm is beaten: lower is
    better. Arms are drawn in its order, best first.

    Args:
        matrix: [M, M], NaN where no test was possible; the diagonal is not shown.
        names: What to call the M arms.
        settings: The number of settings, the largest possible entry; without it the colours end at the largest.
        note: Small words under the matrix, such as the number of seeds.
        title: Above the figure.
        width: `page`, `phone` or `report`.

    Raises:
        InputError: Fewer than two arms.
        ValueError: A matrix that does not fit its names, or with entries that cannot be.
    """
    values = np.array(matrix, dtype=np.float64)  # [M,M]
    arms = len(names)
    if values.shape != (arms, arms):
        raise ValueError(f"a penalty matrix of {arms} names has shape {(arms, arms)}, not {values.shape}")
    if arms < 2:
        raise InputError("a penalty matrix needs at least two arms; add a folder with another strategy")
    np.fill_diagonal(values, 0.0)
    if np.isinf(values).any() or (values < 0).any():
        raise ValueError("the entries of a penalty matrix are neither negative nor infinite")
    beaten = Penalty(values, settings or 1, (), (0, 0)).beaten  # [M], NaN where an arm could not be tested
    order = np.lexsort((np.array(names), beaten))  # NaN last
    values, beaten = values[np.ix_(order, order)], beaten[order]
    labels = [names[arm] for arm in order]
    cell = (WIDTHS.get(width, 8.0) - 1.6) / (arms + 1)
    small = max(5.0, min(9.0, 62 * cell / 3.2))
    figure, (axes,) = panel_grid(1, width, min(0.62, cell) * (arms + 1.6) + 1.7)
    shown = np.vstack([values, beaten])  # [M+1,M]
    masked = np.ma.masked_array(shown, mask=np.vstack([np.eye(arms, dtype=bool), np.zeros((1, arms), dtype=bool)]))
    top = float(settings) if settings else max(float(np.nanmax(shown)), 1e-9)
    axes.imshow(
        masked[:arms], cmap="Blues", vmin=0, vmax=top, aspect="auto", extent=(-0.5, arms - 0.5, arms - 0.5, -0.5)
    )
    below = (-0.5, arms - 0.5, arms + 0.8, arms - 0.2)
    axes.imshow(masked[arms:], cmap="Oranges", vmin=0, vmax=top, aspect="auto", extent=below)
    for (row, column), value in np.ndenumerate(masked.filled(np.nan)):
        if row != column:
            colour = "white" if value > 0.6 * top else INK
            axes.text(
                column, row + (0.3 if row == arms else 0), _short(float(value)), ha="center", va="center",
                fontsize=small, color=colour,
            )  # fmt: skip
    axes.set_xlim(-0.5, arms - 0.5)
    axes.set_ylim(arms + 0.8, -0.5)
    upright = max(map(len, labels)) * 0.085 > cell
    axes.set_xticks(range(arms), labels, rotation=90 if upright else 0, fontsize=max(small, 7))
    axes.set_yticks([*range(arms), arms + 0.3], [*labels, "mean: beaten"], fontsize=max(small, 7))
    axes.tick_params(length=0, top=True, labeltop=True, bottom=False, labelbottom=False)
    axes.grid(visible=False)
    for spine in axes.spines.values():
        spine.set_visible(False)
    axes.set_ylabel("this arm beats …")
    axes.set_xlabel("… this one", labelpad=8)
    axes.xaxis.set_label_position("top")
    if title:
        axes.set_title(title, loc="left", pad=10)
    most = "the settings" if settings is None else f"{settings} setting{'' if settings == 1 else 's'}"
    meaning = f"in how much of {most} the row's arm beats the column's (p < 0.05)"
    notes = textwrap.fill("; ".join(filter(None, [meaning, note])), int(WIDTHS[width] / 0.075))
    figure.supxlabel(notes, fontsize=8.5, x=0.02, ha="left")
    return figure


def _short(value: float) -> str:
    """At most two decimals, without needless zeros; a dash where there is none."""
    if np.isnan(value):
        return "–"
    return f"{value:.2f}".rstrip("0").rstrip(".")
