"""Where the time of a run went: seconds of training, evaluating, scoring and selecting, stacked."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator
from numpy.typing import NDArray

from al_bench.analysis.figures.layout import (
    add_legend,
    panel_grid,
    row_names,
    set_panel_title,
    time_unit,
    with_house_style,
)
from al_bench.analysis.figures.series import STAGES, stage_seconds_of
from al_bench.analysis.study import Study
from al_bench.errors import InputError

# Blue, sky, vermillion, orange (Okabe & Ito 2008), told apart without colour by their hatches.
_STYLES = {
    "train": ("#0072B2", ""),
    "evaluate": ("#9FD3F0", "++++"),
    "score": ("#D55E00", "////"),
    "select": ("#F3C65F", "xxxx"),
}
_LABELS = {"train": "training", "evaluate": "evaluating", "score": "scoring", "select": "selecting"}


@with_house_style
def draw_time_stack(studies: Sequence[Study], title: str | None = None, width: str = "page") -> Figure:
    """Draw one panel per dataset: one stacked bar per arm, the mean over seeds of what each stage took in a whole run.

    Means, since means of parts add up to the mean of the whole, which medians do not. Runs of the same budget
    compare; the count behind a name says where label counts differ.

    Raises:
        InputError: Nothing to draw, or a round without seconds.
    """
    shown = [study for study in studies if study.arms]
    if not shown:
        raise InputError("only whole-pool references (reference=full) found; add a folder with active runs")
    inches = max(len(study.arms) * row_names([study.title(arm.name) for arm in study.arms])[1] for study in shown)
    figure, panels = panel_grid(len(shown), width, max(1.8, inches + 1.2))
    handles: dict[str, Any] = {}
    for axes, study in zip(panels, shown, strict=True):
        spent = stage_seconds(study)
        order = sorted(spent, key=lambda name: (spent[name].sum(), name))
        reach = max(float(row.sum()) for row in spent.values())
        size, unit = time_unit(reach)
        ends = {name: int(study.arm(name).curves.labels[-1]) for name in order}
        for row, name in enumerate(order):
            left = 0.0
            for stage, seconds in zip(STAGES, spent[name] / size, strict=True):
                colour, hatch = _STYLES[stage]
                bar = axes.barh(
                    row, seconds, 0.66, left=left, color=colour, hatch=hatch, edgecolor="white", linewidth=0.5
                )
                handles.setdefault(_LABELS[stage], bar)
                left += float(seconds)
            axes.annotate(
                f"{left:.3g}", (left, row), xytext=(4, 0), textcoords="offset points", va="center", fontsize=8.5
            )
        labels = row_names([study.title(name) for name in order])[0]
        if len(set(ends.values())) > 1:
            labels = [f"{label}\nto {study.budget.at(ends[name])}" for label, name in zip(labels, order, strict=True)]
        axes.set_yticks(range(len(order)), labels, fontsize=9)
        axes.set_ylim(len(order) - 0.4, -0.6)
        axes.set_xlim(0, 1.12 * reach / size)
        axes.xaxis.set_major_locator(MaxNLocator(nbins=6, steps=[1, 2, 2.5, 5, 10]))
        axes.grid(visible=False, axis="y")
        axes.tick_params(axis="y", length=0)
        axes.set_xlabel(f"Time of a run ({unit})")
        set_panel_title(axes, study, title if len(shown) == 1 else None, room=figure.get_figwidth() / 2)
    if title and len(shown) > 1:
        figure.suptitle(title, fontweight="bold")
    counts = sorted({arm.seeds for study in shown for arm in study.arms})
    seeds = f"{counts[0]}" if len(counts) == 1 else f"{counts[0]}–{counts[-1]}"
    heading = (f"mean of {seeds} {'seed' if seeds == '1' else 'seeds'}",)
    add_legend(figure, list(handles.values()), list(handles), heading)
    return figure


def stage_seconds(study: Study) -> dict[str, NDArray[np.float64]]:
    """By arm.name: seconds of a run by stage, in the order of STAGES, mean over seeds, [4]."""
    by_arm = {}
    for arm in study.arms:
        totals = []
        for run in arm.runs:
            rounds = [stage_seconds_of(run, record) for record in run.rounds]
            totals.append([sum(seconds[stage] for seconds in rounds) for stage in STAGES])
        by_arm[arm.name] = np.mean(totals, axis=0)
    return by_arm
