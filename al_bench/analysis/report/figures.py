"""Which figures a study has: each drawn twice, for a page and for a phone."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from al_bench.analysis.figures.class_balance import draw_class_balance
from al_bench.analysis.figures.curves import draw_against
from al_bench.analysis.figures.difference import draw_difference
from al_bench.analysis.figures.labels_to_target import draw_targets
from al_bench.analysis.figures.penalty import draw_penalty
from al_bench.analysis.figures.ranks import draw_critical_difference
from al_bench.analysis.figures.seconds import draw_time_stack
from al_bench.analysis.report.svg import Palette, inline
from al_bench.errors import InputError

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from al_bench.analysis.report.judgement import Judgement
    from al_bench.analysis.study import Study


_FEW = 10
"""Arms up to which the bars start unfolded."""


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
    study, targets, marks = judged.study, judged.targets, judged.diagnostics.marks
    one = [study]
    percents = [f"{100 * target:g}" for target in targets]
    percent = f"{', '.join(percents[:-1])} and {percents[-1]}" if len(percents) > 1 else "".join(percents)
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
                f"Labels to {percent} %",
                "Median over seeds of the labels at the first crossing, initial set included; a hollow bar was "
                "not reached by half of the seeds.",
                lambda width: draw_targets(one, targets, width=width),
                folded=len(study.groups) > _FEW,
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
    if len(study.groups) > 1:
        found.append(
            Plan(
                "Who beats whom: the pairwise penalty matrix",
                "How often the arm of a row beats that of a column, by paired t-tests as the BADGE paper counts; the "
                "lowest row says how often an arm is beaten.",
                lambda width: _penalty(study, width),
                folded=True,
            )
        )
    return found


def joint_plans(found: Sequence[Study]) -> list[Plan]:
    """The figures over several data sets; none for one."""
    from al_bench.analysis.pairwise import study_ranks

    ranked = study_ranks(found) if len(found) > 1 else None
    if ranked is None:
        return []
    names, ranks = ranked
    titles = [found[0].title(name) for name in names]
    return [
        Plan(
            "Mean ranks",
            f"Mean rank by AUBC over {ranks.datasets} data sets, 1 is best; arms under one bar are within the critical "
            "difference (Nemenyi, 5 %).",
            lambda width: draw_critical_difference(titles, list(ranks.mean), ranks.critical, width=width),
        )
    ]


def _penalty(study: Study, width: str) -> Figure:
    from al_bench.analysis.pairwise import study_penalty

    found = study_penalty(study)
    if found.seeds[1] == 0:
        raise InputError("no two arms share two seeds at one label count")
    titles = [study.title(group.name) for group in study.groups]
    return draw_penalty(found.matrix, titles, found.settings, width=width)


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
