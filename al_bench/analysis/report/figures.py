"""Which figures a study has in the report, each a request to the table of figures (figures.kinds)."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from al_bench.analysis.budget import LABELS
from al_bench.analysis.figures.confusion import matrices
from al_bench.analysis.figures.request import FigureRequest, draw
from al_bench.analysis.measured import value_in
from al_bench.analysis.pairwise import mean_ranks
from al_bench.analysis.report.svg import Palette, inline
from al_bench.analysis.tables.accuracy import is_other
from al_bench.errors import InputError
from al_bench.metrics import METRICS, Metric

if TYPE_CHECKING:
    from al_bench.analysis.report.judgement import Judgement
    from al_bench.analysis.study import Study

_FEW = 10
"""Arms up to which the bars start unfolded."""


@dataclass(frozen=True)
class FigureSpec:
    """A figure to draw: its title, what a reader must know of it, the request, and whether it starts folded."""

    title: str
    caption: str
    request: FigureRequest
    folded: bool = True


@dataclass(frozen=True)
class DrawnFigure:
    """A figure drawn, as SVG; `fault` says why there is none."""

    title: str
    caption: str
    svg: str
    folded: bool
    fault: str = ""


def figure_specs(judged: Judgement) -> list[FigureSpec]:
    """The figures of a study, the most asked for first."""
    study, targets = judged.study, judged.targets
    label = "Accuracy" if study.metric.name == "accuracy" else study.metric.label
    goals = [study.metric.text(target).removesuffix(f" {study.metric.unit}") for target in targets]
    goals[-1:] = [study.target_text(target) for target in targets[-1:]]
    goal = f"{', '.join(goals[:-1])} and {goals[-1]}" if len(goals) > 1 else "".join(goals)
    spread = "The line is the median over seeds, the band goes from the lower to the upper quartile."
    specs = [
        FigureSpec(
            f"{label} against {'number of labels' if study.budget is LABELS else 'cost'}",
            f"{spread} Whole-pool references are dashed lines.",
            FigureRequest("curves", targets=targets),
            folded=False,
        )
    ]
    if study.baseline is not None:
        specs.append(
            FigureSpec(
                f"Difference to {study.against}{study.in_metric} under the same seed",
                "Mean over shared seeds with its pointwise 95 % interval where there are at least three; the "
                "intervals are for one point at a time, not for the whole curve, and for roughly normal differences.",
                FigureRequest("difference"),
                folded=False,
            )
        )
    if targets:
        specs.append(
            FigureSpec(
                f"{study.budget.title} to {goal}",
                f"Median over seeds of the {study.budget.noun} at the first crossing, initial set included; a hollow "
                "bar was not reached by half of the seeds.",
                FigureRequest("targets", targets=targets),
                folded=len(study.arms) > _FEW,
            )
        )
    specs.append(
        FigureSpec(
            f"{label} against seconds",
            "Training, scoring and selecting; evaluation is left out. Other load on the machine counts in.",
            FigureRequest("curves", x="seconds"),
        )
    )
    others = [metric for metric in study.metrics.values() if is_other(study, metric) and is_recorded(study, metric)]
    specs += [FigureSpec(metric.label, spread, FigureRequest("curves", quantity=metric.name)) for metric in others]
    specs += [
        FigureSpec(
            "Class balance of the labelled set",
            "The entropy of the classes over that of equal shares (1 is balanced), median and quartiles over seeds; "
            "and each class's share at the end, in multiples of the pool's (of an even share where that is not on "
            "record).",
            FigureRequest("balance"),
        ),
        *_class_specs(study),
        FigureSpec("Where the time went", "Seconds of a whole run by stage, mean over seeds.", FigureRequest("time")),
    ]
    if len(study.arms) > 1:
        specs.append(
            FigureSpec(
                "Who beats whom: the pairwise penalty matrix",
                "How often the arm of a row beats that of a column, by paired t-tests as the BADGE paper counts; the "
                "lowest row says how often an arm is beaten.",
                FigureRequest("penalty"),
            )
        )
    return specs


def _class_specs(study: Study) -> list[FigureSpec]:
    """The figures of single classes, as far as the runs have recorded them."""
    specs = []
    if is_recorded(study, METRICS["classes_found"]):
        specs.append(
            FigureSpec(
                f"Classes found against {'number of labels' if study.budget is LABELS else 'cost'}",
                "How many classes the labelled set has a point of; median and quartiles over seeds.",
                FigureRequest("discovery"),
            )
        )
    if matrices(study):
        specs.append(
            FigureSpec(
                "Which class is taken for which",
                "Confusion matrices of the baseline and of the best strategy: of the test points of a true "
                "class (row) the share predicted as each class (column), all seeds together.",
                FigureRequest("confusion"),
                folded=study.metric.name == "accuracy",
            )
        )
    return specs


def is_recorded(study: Study, metric: Metric) -> bool:
    """Whether every arm has recorded a metric, so that its curves can be drawn."""
    return all(
        any(value_in(run, record, metric.name) is not None for run in arm.runs for record in run.rounds)
        for arm in study.arms
    )


def joint_figure_specs(studies: Sequence[Study]) -> list[FigureSpec]:
    """The figures over several data sets; none for one."""
    try:
        _, ranks = mean_ranks(studies)
    except InputError:
        return []
    caption = (
        f"Mean rank by AUBC{studies[0].of_metric} over {ranks.datasets} data sets, 1 is best; arms under one bar are "
        "within the critical difference (Nemenyi, 5 %)."
    )
    return [FigureSpec("Mean ranks", caption, FigureRequest("ranks"))]


def draw_figures(
    specs: Sequence[FigureSpec], studies: Sequence[Study], prefix: str, palette: Palette
) -> Iterator[DrawnFigure]:
    """Draw the figures one after the other; what the records cannot show is said instead."""
    for number, spec in enumerate(specs):
        try:
            svg, fault = (
                inline(draw(studies, replace(spec.request, width="report")), f"{prefix}{number}", spec.title, palette),
                "",
            )
        except InputError as error:
            svg, fault = "", str(error)
        yield DrawnFigure(spec.title, spec.caption, svg, spec.folded, fault)
