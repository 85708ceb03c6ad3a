"""Colours, markers and dashes: a strategy looks the same in every figure, in colour and in grey.

The palette is Okabe & Ito's (2008, Color Universal Design) without its yellow, which is lost on white paper.
Colour, marker and dash all differ between lines, so each is enough by itself.
"""

from __future__ import annotations

import zlib
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

INK = "#262626"
CEILING = "#595959"

_BLACK, _BLUE, _VERMILLION, _GREEN = "#000000", "#0072B2", "#D55E00", "#009E73"
_PURPLE, _ORANGE, _SKY = "#CC79A7", "#E69F00", "#56B4E9"

# (offset, (on, off, …)) in units of the line's width; None is solid.
_SOLID = None
_DASH, _DOT, _DASH_DOT = (4.5, 1.6), (1.2, 1.4), (5.0, 1.5, 1.2, 1.5)
_LONG, _DASH_DOT_DOT, _DASH_DASH_DOT = (
    (8.0, 2.0),
    (5.0, 1.5, 1.2, 1.5, 1.2, 1.5),
    (5.0, 1.5, 5.0, 1.5, 1.2, 1.5),
)


@dataclass(frozen=True)
class LineStyle:
    """How one line is drawn: a colour, a marker, its dashes (None: solid) and whether markers are hollow."""

    colour: str
    marker: str
    dashes: tuple[float, ...] | None
    hollow: bool = False

    def line(self) -> dict[str, Any]:
        """Keyword arguments of Axes.plot."""
        return {
            "color": self.colour,
            "marker": self.marker,
            "linestyle": "-" if self.dashes is None else (0, self.dashes),
            "markerfacecolor": "white" if self.hollow else self.colour,
            "markeredgecolor": self.colour if self.hollow else "white",
            "markeredgewidth": 1.2 if self.hollow else 0.6,
        }


LINE_STYLES = (
    LineStyle(_BLACK, "o", _DASH, hollow=True),
    LineStyle(_BLUE, "o", _SOLID),
    LineStyle(_VERMILLION, "s", _SOLID),
    LineStyle(_GREEN, "^", _DASH_DOT),
    LineStyle(_ORANGE, "D", _DOT),
    LineStyle(_PURPLE, "v", _LONG),
    LineStyle(_SKY, "P", _DASH_DOT_DOT),
    LineStyle(_BLACK, "X", _DASH_DASH_DOT),
    LineStyle(_BLUE, "s", _LONG, hollow=True),
    LineStyle(_VERMILLION, "v", _DASH_DOT, hollow=True),
    LineStyle(_GREEN, "D", _DASH, hollow=True),
    LineStyle(_ORANGE, ">", _SOLID),
    LineStyle(_PURPLE, "<", _DASH_DASH_DOT, hollow=True),
    LineStyle(_SKY, "H", _DASH, hollow=True),
    LineStyle(_BLACK, "*", _SOLID),
    LineStyle(_BLUE, "p", _DOT),
    LineStyle(_VERMILLION, "d", _DASH_DASH_DOT),
    LineStyle(_GREEN, "h", _SOLID, hollow=True),
    LineStyle(_ORANGE, "P", _LONG),
    LineStyle(_PURPLE, "X", _SOLID),
    LineStyle(_SKY, "*", _DASH_DOT),
    LineStyle(_BLACK, "s", _DASH_DOT),
    LineStyle(_BLUE, ">", _DASH_DOT_DOT),
    LineStyle(_VERMILLION, "H", _LONG),
    LineStyle(_GREEN, "d", _DASH_DOT_DOT, hollow=True),
    LineStyle(_ORANGE, "X", _DASH),
    LineStyle(_PURPLE, "h", _DASH_DOT, hollow=True),
    LineStyle(_SKY, "8", _LONG, hollow=True),
)

# The strategies of the usual comparisons, far apart from those they are compared with.
_PREFERRED = {
    "random": 0, "bald": 1, "batchbald": 2, "variation_ratio": 3, "entropy": 4, "margin": 5,
    "least_confidence": 6, "mean_std": 12, "coreset_greedy": 8, "badge": 9, "learning_loss": 10,
    "diverse_minibatch": 11, "coreset_robust": 13, "power_bald": 14,
}  # fmt: skip


def assign_styles(arms: Sequence[tuple[str, str]]) -> dict[str, LineStyle]:
    """A line style for every arm of a figure, all different as long as there are at most 28.

    An arm named like a known strategy has that strategy's style in every figure. Any other arm takes its
    strategy's style if it is free, else its strategy's colour with other marks, else the free style that has
    least in common with those already given; ties are broken by a hash of its name.

    Args:
        arms: Pairs (name, strategy), in any order; the names are different.
    """
    taken: list[int] = []
    order = sorted(arms, key=lambda arm: (arm[0] not in _PREFERRED, arm[1] not in _PREFERRED, arm[0]))
    chosen: dict[str, LineStyle] = {}
    for name, strategy in order:
        hashed = zlib.crc32(name.encode()) % len(LINE_STYLES)
        slot = _PREFERRED.get(name, _PREFERRED.get(strategy, hashed))
        if slot in taken:
            free = [other for other in range(len(LINE_STYLES)) if other not in taken] or [slot]
            colour = LINE_STYLES[slot].colour if strategy in _PREFERRED else ""
            slot = min(
                free,
                key=lambda candidate: (
                    LINE_STYLES[candidate].colour != colour,
                    sum(_shared_features(LINE_STYLES[candidate], LINE_STYLES[other]) for other in taken),
                    (candidate - hashed) % len(LINE_STYLES),
                ),
            )
        taken.append(slot)
        chosen[name] = LINE_STYLES[slot]
    return chosen


def _shared_features(first: LineStyle, second: LineStyle) -> int:
    """How many of colour, marker and dashes two styles share."""
    return (first.colour == second.colour) + (first.marker == second.marker) + (first.dashes == second.dashes)
