"""Which figures a study has: each drawn twice, for a page and for a phone."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from al_bench.analysis.figures.against import draw_against
from al_bench.analysis.figures.balance import draw_class_balance
from al_bench.analysis.figures.difference import draw_difference
from al_bench.analysis.figures.seconds import draw_time_stack
from al_bench.analysis.figures.targets import draw_targets
from al_bench.analysis.report.drawing import Palette, inline
from al_bench.errors import InputError

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from al_bench.analysis.report.judgement import Judgement


@dataclass(frozen=True)
class Plan:
    """A figure to draw: what it is called, what a reader must know of it, how, and whether it starts folded."""

    title: str
    caption: str
    draw: Callable[[str], Figure]
    folded: bool = False


@dataclass(frozen=True)
class Drawing:
    """A figure drawn, as SVG in two widths; `fault` says why there is none."""

    title: str
    caption: str
    page: str
    phone: str
    folded: bool
    fault: str = ""


def plans(judged: Judgement) -> list[Plan]:
    """The figures of a study, the most asked for first."""
    study, targets, marks = judged.study, judged.targets, judged.marks
    one = [study]
    percent = " and ".join(f"{100 * target:g} %" for target in targets)
    spread = "The line is the median over seeds, the band goes from the lower to the upper quartile."
    found = [
        Plan(
            "Accuracy against number of labels",
            f"{spread} Whole-pool references are dashed lines.",
            lambda width: draw_against(one, targets=targets, marks=marks, width=width),
        )
    ]
    if study.baseline is not None:
        found.append(
            Plan(
                f"Difference to {study.title(study.baseline)} under the same seed",
                "Mean over shared seeds with its pointwise 95 % interval where there are at least three; the "
                "intervals are for one point at a time, not for the whole curve.",
                lambda width: draw_difference(one, width=width),
            )
        )
    if targets:
        found.append(
            Plan(
                f"Labels to {percent}",
                "Median over seeds of the labels at the first crossing, initial set included; a hollow bar was "
                "not reached by half of the seeds.",
                lambda width: draw_targets(one, targets, width=width),
            )
        )
    found += [
        Plan(
            "Accuracy against seconds",
            "Training, scoring and selecting; evaluation is left out. Other load on the machine counts in.",
            lambda width: draw_against(one, x="seconds", width=width),
            folded=True,
        ),
        Plan("Negative log-likelihood", spread, lambda width: draw_against(one, "nll", width=width), folded=True),
        Plan("Calibration error", spread, lambda width: draw_against(one, "ece", width=width), folded=True),
        Plan(
            "Class balance of the labelled set",
            "The entropy of the classes over that of equal shares (1 is balanced), median and quartiles over seeds; "
            "and each class's share at the end, in multiples of the pool's (of an even share where that is not on "
            "record).",
            lambda width: draw_class_balance(one, width=width),
            folded=True,
        ),
        Plan(
            "Where the time went",
            "Seconds of a whole run by stage, mean over seeds.",
            lambda width: draw_time_stack(one, width=width),
            folded=True,
        ),
    ]
    return found


def drawings(found: Sequence[Plan], prefix: str, palette: Palette) -> Iterator[Drawing]:
    """Draw the plans one after the other; what the records cannot show is said instead."""
    for number, plan in enumerate(found):
        try:
            svgs = [
                inline(plan.draw(width), f"{prefix}{number}{width[1]}", plan.title, palette)
                for width in ("page", "phone")
            ]
        except InputError as error:
            yield Drawing(plan.title, plan.caption, "", "", plan.folded, str(error))
            continue
        yield Drawing(plan.title, plan.caption, svgs[0], svgs[1], plan.folded)
