"""The ratios of the table as bars, with their targets."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path


def draw(rows: Sequence[dict[str, str]], file: Path) -> None:
    """A bar a line on a logarithmic scale: its ratio, the range over repeats, and a mark at the target."""
    import matplotlib

    matplotlib.use("Agg")
    from matplotlib import pyplot as plt

    colours = {"yes": "#0072B2", "no": "#D55E00", "": "#999999"}
    figure, axes = plt.subplots(figsize=(11, 1.2 + 0.3 * len(rows)), layout="constrained")
    for place, row in enumerate(rows):
        ratio = float(row["ratio"])
        axes.barh(place, ratio - 0.01, left=0.01, color=colours[row["met"]], height=0.7)
        low, high = (float(part) for part in row["spread"].split("-"))
        axes.plot([low, high], [place, place], color="black", linewidth=1)
        if row["target"]:
            axes.plot([float(row["target"])] * 2, [place - 0.42, place + 0.42], color="black", linewidth=2)
        axes.text(max(ratio, high) * 1.08, place, f"{ratio:.3g}×", va="center", fontsize=8)
    labels = [f"{row['work']}\n{row['against']}; threads {row['threads']}" for row in rows]
    axes.set_yticks(range(len(rows)), labels, fontsize=6)
    axes.set_xscale("log")
    highest = max([float(row["ratio"]) for row in rows] + [float(row["target"] or 1) for row in rows])
    axes.set_xlim(min(0.5, *(float(row["ratio"]) / 2 for row in rows), 0.5), highest * 4)
    axes.axvline(1, color="#666666", linewidth=0.8)
    axes.set_ylim(len(rows) - 0.4, -0.6)
    axes.set_xlabel(
        "their seconds / ours\nbar: medians, thin line: extremes, mark: target; blue: met, orange: missed", fontsize=8
    )
    for side in ("top", "right"):
        axes.spines[side].set_visible(False)
    figure.savefig(file, dpi=130)
    plt.close(figure)
