"""Labels to a target accuracy: one bar per arm, the seeds as dots; what was not reached is drawn as not reached."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import Patch
from matplotlib.ticker import MaxNLocator

from al_bench.analysis.figures.layout import add_legend, panel_grid, row_names, set_panel_title, with_house_style
from al_bench.analysis.figures.overlay import check_datasets
from al_bench.analysis.figures.style import CEILING, INK, assign_styles
from al_bench.analysis.papers.published import Paper
from al_bench.analysis.statistics.curves import labels_to_target, quantile
from al_bench.analysis.study import Study
from al_bench.errors import InputError

if TYPE_CHECKING:
    from matplotlib.axes import Axes

RULES = ("first", "sustained")


@dataclass(frozen=True)
class Bar:
    """One bar: labels each seed needed (inf: not reached), how far each seed got, and the quartiles of the former."""

    label: str
    colour: str
    needed: tuple[float, ...]
    ends: tuple[float, ...]
    quartiles: tuple[float, float, float]

    @property
    def censored(self) -> bool:
        """Whether the median was not reached: the bar is then a lower bound."""
        return math.isinf(self.quartiles[1])

    @property
    def bound(self) -> float:
        """Where a bar that did not get there ends: the median of what the seeds had (min(needed, end))."""
        return quantile([min(pair) for pair in zip(self.needed, self.ends, strict=True)], 0.5)


@with_house_style
def draw_labels_to_target(
    studies: Sequence[Study],
    targets: Sequence[float],
    rule: str = "first",
    title: str | None = None,
    papers: Sequence[Paper] = (),
    width: str = "page",
) -> Figure:
    """Draw one panel per dataset and target: bars to the median over seeds, whiskers to the quartiles, a dot per seed.

    A bar whose median was not reached is hollow, hatched and ends in an arrow where its seeds ended; a seed that
    did not get there is a hollow triangle at its end. The counts include the initial set.

    Args:
        studies: Those with nothing but references are left out.
        targets: Values of the studies' metric.
        rule: `first` crossing of each seed (optimistic on a noisy curve), or `sustained`.
        title: Above the figure.
        papers: Published labels to the same targets, as grey bars below.
        width: `page`, `phone` or `report`.

    Raises:
        InputError: No target, a target that the metric cannot have, an unknown rule, or nothing to draw.
    """
    if not targets:
        raise InputError("labels to a target need one: give --target 0.9, say")
    if rule not in RULES:
        raise InputError(f"rule is {rule!r}; allowed are {', '.join(RULES)}")
    shown = [study for study in studies if study.arms]
    if not shown:
        raise InputError("only whole-pool references (reference=full) found; add a folder with active runs")
    for target in targets:
        shown[0].metric.check_target(target)
    check_datasets(papers, [study.dataset for study in shown])
    arms = sorted({(study.title(arm.name), arm.strategy) for study in shown for arm in study.arms})
    colours = {name: style.colour for name, style in assign_styles(arms).items()}
    panels = [(study, target, bars(study, target, rule, colours, papers)) for study in shown for target in targets]
    inches = max(len(rows) * row_names([bar.label for bar in rows])[1] for *_, rows in panels)
    figure, axes_of = panel_grid(len(panels), width, max(1.6, inches + 1.1))
    for axes, (study, target, rows) in zip(axes_of, panels, strict=True):
        _draw(axes, rows)
        axes.set_xlabel(f"{study.budget.title} to {study.target_text(target)}")
        set_panel_title(axes, study, title if len(shown) == 1 else None, room=figure.get_figwidth() / 2 - 1.2)
    if title and len(shown) > 1:
        figure.suptitle(title, fontweight="bold")
    add_legend(figure, *_key(panels, rule, papers))
    return figure


def bars(study: Study, target: float, rule: str, colours: dict[str, str], papers: Sequence[Paper] = ()) -> list[Bar]:
    """The bars of one panel, the fewest labels first, then those not reached; published ones behind."""
    rows = []
    for arm in study.arms:
        needed = tuple(labels_to_target(run.labels, run.values, target, rule, arm.metric.sign) for run in arm.runs)
        quartiles = (quantile(needed, 0.25), quantile(needed, 0.5), quantile(needed, 0.75))
        ends = tuple(float(run.labels[-1]) for run in arm.runs)
        title = study.title(arm.name)
        rows.append(Bar(title, colours[title], needed, ends, quartiles))
    rows.sort(key=lambda bar: (bar.quartiles[1], bar.bound, bar.label))
    for paper in papers:
        if study.dataset in paper.datasets and study.metric.name == "accuracy":
            for entry in paper.targets:
                if math.isclose(entry.accuracy, target) and math.isfinite(entry.labels[0]):
                    low, high = (entry.labels[0], entry.labels[-1])
                    label = f"{paper.short}: {entry.arm}"
                    last = max(count for count in entry.labels if math.isfinite(count))
                    rows.append(Bar(label, CEILING, (), (last,), (low, entry.middle, high)))
    return rows


def _draw(axes: Axes, rows: Sequence[Bar]) -> None:
    reach = max(_reach(bar) for bar in rows)
    for row, bar in enumerate(rows):
        low, middle, high = bar.quartiles
        published = not bar.needed
        face = "#D9D9D9" if published else bar.colour
        if bar.censored:
            end = bar.ends[0] if published else bar.bound
            axes.barh(row, end, 0.62, facecolor="none", edgecolor=face, hatch="////", linewidth=1.0, zorder=2)
            if published:
                axes.plot(end, row, marker=">", color=face, markersize=6, linestyle="", clip_on=False, zorder=3)
        else:
            axes.barh(row, middle, 0.62, color=face, alpha=1.0 if published else 0.55, linewidth=0, zorder=2)
            axes.plot([middle, middle], [row - 0.31, row + 0.31], color=INK, linewidth=1.6, zorder=3)
        edge = high if high < math.inf else max(bar.ends)
        if low < math.inf and edge > low:
            axes.plot([low, edge], [row, row], color=INK, linewidth=1.1, zorder=3)
        for number, (count, end) in enumerate(zip(bar.needed, bar.ends, strict=False)):
            height = row + 0.4 * ((number + 0.5) / len(bar.needed) - 0.5)
            reached = count < math.inf
            axes.plot(
                count if reached else end, height, marker="o" if reached else ">", markersize=3.2 if reached else 4.2,
                markerfacecolor=INK if reached else "white", markeredgecolor=INK, markeredgewidth=0.7,
                linestyle="", zorder=4, clip_on=False,
            )  # fmt: skip
        text = f"> {bar.ends[0] if published else bar.bound:g}" if bar.censored else f"{middle:g}"
        axes.annotate(text, (_reach(bar), row), xytext=(8, 0), textcoords="offset points", va="center", fontsize=8.5)
    axes.set_yticks(range(len(rows)), row_names([bar.label for bar in rows])[0])
    axes.tick_params(axis="y", length=0, labelsize=9)
    axes.set_ylim(len(rows) - 0.4, -0.6)
    axes.set_xlim(0, 1.16 * reach)
    axes.grid(visible=False, axis="y")
    axes.xaxis.set_major_locator(MaxNLocator(nbins=5, integer=True, steps=[1, 2, 2.5, 5, 10]))


def _reach(bar: Bar) -> float:
    """How far to the right anything of the bar is drawn."""
    drawn = [count for count in (*bar.needed, *bar.quartiles) if count < math.inf]
    unmet = [end for count, end in zip(bar.needed or bar.quartiles, bar.ends * 3, strict=False) if math.isinf(count)]
    return max([*drawn, *unmet])


def _key(
    panels: Sequence[tuple[Study, float, list[Bar]]], rule: str, papers: Sequence[Paper]
) -> tuple[list[Line2D | Patch], list[str], tuple[str, ...]]:
    """The legend: what bar, whisker, dot and triangle are, as far as they occur."""
    every = [bar for *_, rows in panels for bar in rows]
    dot = Line2D([], [], linestyle="", marker="o", markersize=3.2, color=INK)
    missed = Line2D([], [], linestyle="", marker=">", markersize=5, markerfacecolor="white", markeredgecolor=INK)
    entries: list[tuple[Line2D | Patch, str]] = [(dot, "a seed")]
    if any(math.isinf(count) for bar in every for count in bar.needed):
        entries.append((missed, "a seed that ended without"))
    if any(bar.censored for bar in every):
        hollow = Patch(facecolor="none", edgecolor=CEILING, hatch="////")
        entries.append((hollow, "median not reached: needs more"))
    if papers:
        entries.append((Patch(color="#D9D9D9"), "published"))
    seeds = sorted({len(bar.needed) for bar in every if bar.needed})
    count = f"{seeds[0]}" if len(seeds) == 1 else f"{seeds[0]}–{seeds[-1]}"
    title = (f"median of {count} {'seed' if count == '1' else 'seeds'}", "line: quartiles", f"{rule} crossing")
    return [handle for handle, _ in entries], [label for _, label in entries], title
