"""Class balance of the labelled set: whether a strategy collapses on some classes (Pop & Fulop 2018)."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from matplotlib.colors import TwoSlopeNorm
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator
from numpy.typing import NDArray

from al_bench.analysis.figures.layout import add_legend, panel_grid, row_names, set_panel_title, with_house_style
from al_bench.analysis.figures.series import Floats, class_counts_of
from al_bench.analysis.figures.style import CEILING, LineStyle, assign_styles
from al_bench.analysis.study import Study
from al_bench.errors import InputError
from al_bench.health.class_balance import relative_class_entropy

if TYPE_CHECKING:
    from matplotlib.axes import Axes


@dataclass(frozen=True)
class Balance:
    """One arm over T label counts: quartiles of H(p)/log C, each [T], and mean class shares [C] at the end."""

    labels: NDArray[np.int64]
    q25: Floats
    median: Floats
    q75: Floats
    shares: Floats


@with_house_style
def draw_class_balance(studies: Sequence[Study], title: str | None = None, width: str = "page") -> Figure:
    """Draw two panels per dataset: the entropy of the labelled set's classes over rounds, and its classes at the end.

    Left, the entropy of the class shares relative to the uniform's, H(p) / log C, against the number of labels:
    1 is even, median over seeds with quartiles; the pool's own, where a whole-pool run recorded it, is dashed.
    Right, each arm's share of every class at its last label count, in multiples of the pool's share (of an even
    share where the pool's is not recorded).

    Raises:
        InputError: No run recorded class counts.
    """
    shown = [(study, arms) for study in studies if (arms := balances(study))]
    if not shown:
        raise InputError("no run recorded the class counts of its labelled set; nothing to draw")
    inches = max(len(arms) * row_names([study.title(name) for name in arms])[1] for study, arms in shown)
    figure, panels = panel_grid(2 * len(shown), width, max(3.2, 0.8 * inches + 1.3))
    names = sorted({(study.title(arm.name), arm.strategy) for study, _ in shown for arm in study.arms})
    styles = assign_styles(names)
    handles: dict[str, Any] = {}
    for number, (study, arms) in enumerate(shown):
        curves, classes = panels[2 * number], panels[2 * number + 1]
        _draw_entropy(curves, study, arms, styles)
        _draw_classes(figure, classes, study, arms)
        set_panel_title(curves, study, title if len(shown) == 1 else None)
        for handle, label in zip(*curves.get_legend_handles_labels(), strict=True):
            handles.setdefault(label, handle)
    if title and len(shown) > 1:
        figure.suptitle(title, fontweight="bold")
    heading = ("median over seeds", "band: quartiles", "1: all classes alike")
    add_legend(figure, list(handles.values()), list(handles), heading)
    return figure


def balances(study: Study) -> dict[str, Balance]:
    """By arm.name, for the arms whose runs all recorded class counts."""
    arms = {}
    for arm in study.arms:
        counts = [class_counts_of(run) for run in arm.runs]
        shared = sorted(set.intersection(*map(set, counts)) & set(arm.curves.labels.tolist()))
        # An empty labelled set has no classes to balance.
        shared = [size for size in shared if size > 0]
        if shared:
            entropy = np.array(
                [[relative_class_entropy(of_run[size].tolist()) for size in shared] for of_run in counts]
            )  # [S,T]
            q25, median, q75 = np.quantile(entropy, [0.25, 0.5, 0.75], axis=0)
            shares = np.mean([of_run[shared[-1]] / of_run[shared[-1]].sum() for of_run in counts], axis=0)  # [C]
            arms[arm.name] = Balance(np.array(shared), q25, median, q75, shares)
    return arms


def pool_shares(study: Study) -> Floats | None:
    """The classes' shares [C] of the whole pool, from a run that was trained on all of it; None if there is none."""
    for arm in study.references:
        for run in arm.runs:
            counts = class_counts_of(run)
            if counts and run.labels[-1] in counts:
                whole = counts[run.labels[-1]]
                return whole / whole.sum()
    return None


def _draw_entropy(axes: Axes, study: Study, arms: dict[str, Balance], styles: dict[str, LineStyle]) -> None:
    for arm in sorted((arm for arm in study.arms if arm.name in arms), key=lambda g: (-_last(arms[g.name]), g.name)):
        line, style = arms[arm.name], styles[study.title(arm.name)]
        alpha = 0.18 if len(arms) <= 8 else 0.05
        axes.fill_between(line.labels, line.q25, line.q75, color=style.colour, alpha=alpha, linewidth=0, zorder=2)
        step = max(1, round(len(line.labels) / 9))
        axes.plot(line.labels, line.median, label=study.title(arm.name), markevery=step, zorder=3, **style.line())
    pool = pool_shares(study)
    if pool is not None:
        level = relative_class_entropy(pool.tolist())
        axes.axhline(level, color=CEILING, linewidth=1.3, linestyle=(0, (7, 3)), zorder=1.5, label="the pool")
    axes.set_xlabel(study.budget.axis)
    axes.set_ylabel("Class entropy / log C")
    axes.set_ylim(top=min(axes.get_ylim()[1], 1.02))
    axes.xaxis.set_major_locator(MaxNLocator(nbins=6, integer=True, steps=[1, 2, 2.5, 5, 10]))


def _draw_classes(figure: Figure, axes: Axes, study: Study, arms: dict[str, Balance]) -> None:
    order = sorted(arms, key=lambda name: (-_last(arms[name]), name))
    if len(sizes := {len(arms[name].shares) for name in order}) > 1:
        raise InputError(f"the arms have {' and '.join(map(str, sorted(sizes)))} classes: they were run on other data")
    table = np.stack([arms[name].shares for name in order])  # [M,C]
    pool = pool_shares(study)
    expected = pool if pool is not None and len(pool) == table.shape[1] else np.full(table.shape[1], 1 / table.shape[1])
    ratio = np.divide(table, expected, out=np.full_like(table, np.nan), where=expected > 0)  # [M,C]
    top = max(2.0, float(np.nanmax(ratio)))
    picture = axes.imshow(ratio, cmap="PuOr_r", norm=TwoSlopeNorm(1.0, 0.0, top), aspect="auto")
    ends = {int(arms[name].labels[-1]) for name in order}
    when = f"at {study.budget.at(ends.pop())}" if len(ends) == 1 else f"at the last {study.budget.count}"
    axes.set_title(f"classes {when}", loc="left", pad=8, fontweight="normal", fontsize=10)
    axes.set_yticks(range(len(order)), row_names([study.title(name) for name in order])[0], fontsize=8.5)
    names = _class_names(study, table.shape[1])
    upright = max(map(len, names)) > 2
    if len(names) <= 26:
        axes.set_xticks(range(len(names)), names, fontsize=8.5, rotation=90 if upright else 0)
    axes.set_xlabel("Class")
    axes.grid(visible=False)
    axes.tick_params(length=0)
    colours = figure.colorbar(picture, ax=axes, fraction=0.06, pad=0.02, aspect=30, ticks=[0, 1, math.floor(top)])
    colours.set_label(f"× {'pool' if pool is not None else 'even'} share", fontsize=8.5)
    colours.ax.tick_params(labelsize=8.5)
    colours.outline.set_visible(False)


def _class_names(study: Study, classes: int) -> list[str]:
    names = study.arms[0].runs[0].header.class_names
    if len(names) == classes:
        return [name if len(name) <= 12 else f"{name[:11]}…" for name in names]
    return [str(number) for number in range(classes)]


def _last(balance: Balance) -> float:
    return float(balance.median[-1])
