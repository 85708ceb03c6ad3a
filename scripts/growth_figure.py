"""The figure of `scripts/growth.py`: a line a strategy, its exponent, seconds and memory side by side."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

DRAWS, CLASSES, BYTES = 20, 10, 4
"""Of the pools measured, and bytes of a number: what [N, K, C] log-probabilities take."""


def draw(rows: Sequence[dict[str, str]], file: Path) -> None:
    """Dots from small (light) to large (dark) sizes, joined; strategies by their exponents in the pool."""
    import matplotlib

    matplotlib.use("Agg")
    from matplotlib import pyplot as plt
    from matplotlib.ticker import LogLocator, NullFormatter, StrMethodFormatter

    measured = [row for row in rows if row["score_s"]]
    exponents = {row["strategy"]: float(row["exponent"] or "nan") for row in measured if row["axis"] == "pool"}
    names = list(dict.fromkeys(row["strategy"] for row in rows))
    pools, labelled = (
        sorted({int(row[column]) for row in rows if row["axis"] == axis})
        for axis, column in (("pool", "n_rows"), ("labelled", "labelled"))
    )
    figure, panels = plt.subplots(
        1, 4, figsize=(15, 1.8 + 0.28 * len(names)), sharey=True, layout="constrained", width_ratios=(2, 3, 3, 3)
    )
    right = max([1.6, *(value + 0.4 for value in exponents.values() if value == value)])
    shades, hollow = plt.get_cmap("viridis_r"), False
    for place, name in enumerate(names):
        if exponents.get(name, float("nan")) == exponents.get(name):
            whole = all(row["score_s"] for row in rows if (row["strategy"], row["axis"]) == (name, "pool"))
            colour = "#0072B2" if exponents[name] <= 1.1 else "#D55E00"
            hollow = hollow or not whole
            panels[0].plot(exponents[name], place, "o", color=colour, fillstyle="full" if whole else "none")
            panels[0].annotate(
                f"{exponents[name]:.2f}", (right - 0.02, place), ha="right", va="center", color=colour, fontsize=9
            )
        for axes, axis, column, sizes, stages in (
            (panels[1], "pool", "n_rows", pools, ("score_s", "select_s")),
            (panels[2], "pool", "n_rows", pools, ("extra_memory_mb",)),
            (panels[3], "labelled", "labelled", labelled, ("train_s", "score_s", "select_s")),
        ):
            mine = [row for row in measured if (row["strategy"], row["axis"]) == (name, axis)]
            least = 1.0 if axes is panels[2] else 1e-3  # a logarithm has no 0
            values = [max(sum(float(row[stage]) for stage in stages), least) for row in mine]
            axes.plot(values, [place] * len(values), color="#bbbbbb", linewidth=1.5, zorder=1)
            for row, value in zip(mine, values, strict=True):
                shade = shades(0.15 + 0.8 * sizes.index(int(row[column])) / max(1, len(sizes) - 1))
                axes.plot(value, place, "o", color=shade, markersize=6)
    panels[0].set(
        xlabel="exponent in the pool" + ("\n(hollow: over the sizes done in time)" if hollow else ""), xlim=(0.7, right)
    )
    panels[0].axvline(1.10, color="#666666", linewidth=0.8, linestyle="--")
    for axes, sizes, label, unit in (
        (panels[1], pools, "score + select, seconds of one core", "points"),
        (panels[2], pools, "memory to score and select, MB (1 or less: 1)", "points"),
        (panels[3], labelled, "train + score + select, seconds of one core", "labels"),
    ):
        has_data = any(len(line.get_xdata()) for line in axes.lines)
        axes.set(xlabel=label, xscale="log" if has_data else "linear")
        for place, size in enumerate(sizes):
            shade = shades(0.15 + 0.8 * place / max(1, len(sizes) - 1))
            axes.plot([], [], "o", color=shade, label=f"{size:,} {unit}")
        if has_data:
            axes.xaxis.set_major_locator(LogLocator(subs=(1, 2, 5) if axes is panels[3] else (1,)))
            axes.xaxis.set_major_formatter(StrMethodFormatter("{x:g}"))
            axes.xaxis.set_minor_formatter(NullFormatter())
        if sizes:
            place_of = {"loc": "lower left", "bbox_to_anchor": (0, 1), "ncols": 3, "frameon": False, "fontsize": 8}
            axes.legend(**place_of, handletextpad=0, columnspacing=0.8)
    product = DRAWS * CLASSES * BYTES * pools[-1] / 1e6 if pools else 1
    panels[2].axvline(product, color="#666666", linewidth=0.8, linestyle="--")
    panels[2].annotate("N × K × C", (product, -0.8), ha="right", va="center", fontsize=8, color="#444444")
    panels[0].set_yticks(range(len(names)), names)
    panels[0].set_ylim(len(names) - 0.4, -1.2)
    for axes in panels:
        axes.grid(alpha=0.25)
        for side in ("top", "right"):
            axes.spines[side].set_visible(False)
    figure.savefig(file, dpi=120)
    plt.close(figure)
