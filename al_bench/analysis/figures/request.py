"""From what the user asked for to a figure: the options of `al-bench plot`, checked, and the studies to draw."""

from __future__ import annotations

import dataclasses
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from al_bench.analysis.figures.kinds import KINDS, OPTIONS, draw_own, kind_of, load_function, options_taken
from al_bench.errors import InputError

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from al_bench.analysis.arms import Arm
    from al_bench.analysis.study import Study
    from al_bench.storage.runs import Run

_FLAGS = {"targets": "target", "papers": "paper", "quantity": "metric"}
_OF_STUDY = ("ends", "baseline")  # taken by studies_of, not by the function


@dataclass(frozen=True)
class FigureRequest:
    """What the user asked for; None or empty is the kind's default.

    Args:
        kind: A name in KINDS or of an entry point, or "module:function".
        quantity: What the arms are judged by: a metric's name.
        x: What goes right: labels, seconds, or seconds+evaluate.
        axis: Of what goes up: linear, error or logit.
        statistic: median or mean over seeds.
        ends: How seeds of different lengths are put on one grid.
        rule: Which crossing of a target counts.
        targets: Values of the metric, as recorded.
        papers: Names of published numbers.
        baseline: The arm to compare with.
        marks: Whether rounds with a health warning are marked.
        title: Above the figure.
        width: page or phone.
        over: What the curves run over: labels or cost.
    """

    kind: str = "curves"
    quantity: str | None = None
    x: str | None = None
    axis: str | None = None
    statistic: str | None = None
    ends: str | None = None
    rule: str | None = None
    targets: Sequence[float] = ()
    papers: Sequence[str] = ()
    baseline: str | None = None
    marks: bool = False
    title: str | None = None
    width: str = "page"
    over: str = "labels"

    def check(self) -> None:
        """Refuse a kind that there is not, and options that the kind would ignore.

        Raises:
            InputError: Names the option and the kinds that take it.
        """
        kind = kind_of(self.kind)
        taken: Collection[str] = kind.options or ()
        if kind.options is None:
            taken = {*options_taken(self.kind, load_function(self.kind, kind)), *_OF_STUDY}
        for option in OPTIONS:
            flag = _FLAGS.get(option, option)
            if getattr(self, option) and option not in taken:
                others = [name for name, known in KINDS.items() if option in (known.options or ())]
                raise InputError(f"--{flag} has no effect on --kind {self.kind}; it belongs to {' and '.join(others)}")
            if option in kind.needs and not getattr(self, option):
                raise InputError(f"--kind {self.kind} needs a {flag}; add --{flag} 0.9, say")


def studies_of(runs: Sequence[Run], request: FigureRequest) -> list[Study]:
    """One study per dataset, its curves put on one grid as `request.ends` says.

    Raises:
        InputError: The baseline is no arm of these runs.
    """
    from al_bench.analysis.arms import group_runs
    from al_bench.analysis.budget import BUDGETS
    from al_bench.analysis.measured import measured_runs
    from al_bench.analysis.studies import seen_over, study_of

    studies, budget = [], BUDGETS[request.over]
    for dataset in sorted({run.dataset for run in runs}):
        here = [run for run in runs if run.dataset == dataset]
        study = study_of(here, request.baseline, metric_name=request.quantity or "accuracy", budget=budget)
        every = group_runs(
            measured_runs(seen_over(here, budget), study.metric), request.ends or "common", study.metric, budget
        )
        references = {arm.name for arm in study.references}
        study = dataclasses.replace(
            study,
            arms=tuple(arm for arm in every if not arm.reference and arm.name in study.values),
            references=tuple(arm for arm in every if arm.reference and arm.name in references),
        )
        studies.append(study)
    if request.baseline and all(study.baseline is None for study in studies):
        names = sorted({arm.name for study in studies for arm in study.arms})
        raise InputError(f"--baseline {request.baseline} is no arm of these runs; they have {', '.join(names)}")
    return studies


def draw(studies: Sequence[Study], request: FigureRequest) -> Figure:
    """The figure that `request` names.

    Raises:
        InputError: The kind cannot be drawn from these studies.
    """
    request.check()
    kind = kind_of(request.kind)
    function = load_function(request.kind, kind)
    given = {option: getattr(request, option) for option in OPTIONS if option not in _OF_STUDY}
    options = {option: value for option, value in given.items() if value}
    options |= {"title": request.title, "width": request.width}
    if "papers" in options:
        from al_bench.analysis.papers.published import paper

        options["papers"] = [paper(name) for name in request.papers]
    taken = options_taken(request.kind, function)
    if not kind.own:  # the metric is that of the studies already
        figure: Figure = function(
            studies, **{key: options[key] for key in options if key in taken or key != "quantity"}
        )
        return figure
    return draw_own(request.kind, kind, function, studies, {key: options[key] for key in options if key in taken})


def table_arms(studies: Sequence[Study]) -> list[Arm]:
    """Arms and references of all studies, in the order of the printed table."""
    return sorted(
        (arm for study in studies for arm in (*study.arms, *study.references)),
        key=lambda arm: (arm.dataset, arm.runs[0].study, arm.recorded_name, arm.reference),
    )
