"""From studies and a kind to a figure: what `al-bench plot --kind` offers, and what each kind takes."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from al_bench.errors import InputError

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from al_bench.analysis.arms import Group
    from al_bench.analysis.figures.overlay import Mark
    from al_bench.analysis.health_notes import HealthNote
    from al_bench.analysis.papers.published import Paper
    from al_bench.analysis.study import Study
    from al_bench.storage.runs import Run

KINDS = {
    "curves": "accuracy, NLL or calibration error against labels or seconds (--quantity, --x)",
    "difference": "accuracy less the baseline's under the same seed (--baseline, random by default)",
    "targets": "labels to each --target as bars, those not reached drawn as such (--rule)",
    "penalty": "the pairwise penalty matrix: who beats whom, in how many settings",
    "ranks": "mean ranks over datasets with the critical difference",
    "balance": "class balance of the labelled set over rounds, and its classes at the end",
    "time": "seconds of training, evaluating, scoring and selecting, stacked",
}
# The options that say something to some kinds only; None or empty means not given.
_TAKES = {
    "quantity": ("curves",),
    "x": ("curves",),
    "statistic": ("curves", "difference"),
    "ends": ("curves",),
    "rule": ("targets",),
    "targets": ("curves", "targets"),
    "papers": ("curves", "targets"),
    "baseline": ("difference",),
}


@dataclass(frozen=True)
class Request:
    """What the user asked for; None or empty is the kind's default."""

    kind: str = "curves"
    quantity: str | None = None
    x: str | None = None
    statistic: str | None = None
    ends: str | None = None
    rule: str | None = None
    targets: Sequence[float] = ()
    papers: Sequence[str] = field(default_factory=tuple)
    baseline: str | None = None
    title: str | None = None
    width: str = "page"

    def check(self) -> None:
        """Refuse a kind that there is not, and options that the kind would ignore.

        Raises:
            InputError: Names the option and the kinds that take it.
        """
        if self.kind not in KINDS:
            raise InputError(f"--kind is {self.kind!r}; allowed are {', '.join(KINDS)}")
        for option, kinds in _TAKES.items():
            if getattr(self, option) and self.kind not in kinds:
                flag = option.removesuffix("s") if option in ("targets", "papers") else option
                raise InputError(f"--{flag} says nothing to --kind {self.kind}; it goes with {' and '.join(kinds)}")
        if self.kind == "targets" and not self.targets:
            raise InputError("--kind targets needs a target; add --target 0.9, say")


def studies_of(runs: Sequence[Run], request: Request) -> list[Study]:
    """One study a dataset, its curves put on one grid as `request.ends` says.

    Raises:
        InputError: The baseline is no arm of these runs.
    """
    from al_bench.analysis.arms import group_runs
    from al_bench.analysis.study import study_of

    found = []
    for dataset in sorted({run.dataset for run in runs}):
        here = [run for run in runs if run.dataset == dataset]
        study = study_of(here, request.baseline)
        every = group_runs(here, request.ends or "common")
        kept = {group.name for group in study.references}
        study = dataclasses.replace(
            study,
            groups=tuple(group for group in every if not group.reference and group.name in study.accuracy),
            references=tuple(group for group in every if group.reference and group.name in kept),
        )
        found.append(study)
    if request.baseline and all(study.baseline is None for study in found):
        names = sorted({group.name for study in found for group in study.groups})
        raise InputError(f"--baseline {request.baseline} is no arm of these runs; they have {', '.join(names)}")
    return found


def draw(studies: Sequence[Study], request: Request) -> Figure:
    """The figure that `request` names.

    Raises:
        InputError: The kind cannot be drawn from these studies.
    """
    request.check()
    papers = _papers(request.papers)
    kind, title, width = request.kind, request.title, request.width
    if kind == "curves":
        from al_bench.analysis.figures.curves import draw_against

        return draw_against(
            studies, request.quantity or "accuracy", request.x or "labels", request.statistic or "median", title,
            request.targets, papers, marks_of(studies), width,
        )  # fmt: skip
    if kind == "difference":
        from al_bench.analysis.figures.difference import draw_difference

        return draw_difference(studies, request.statistic or "mean", title, width)
    if kind == "targets":
        from al_bench.analysis.figures.labels_to_target import draw_targets

        return draw_targets(studies, request.targets, request.rule or "first", title, papers, width)
    if kind == "balance":
        from al_bench.analysis.figures.class_balance import draw_class_balance

        return draw_class_balance(studies, title, width)
    if kind == "time":
        from al_bench.analysis.figures.seconds import draw_time_stack

        return draw_time_stack(studies, title, width)
    return _draw_statistics(studies, kind, title, width)


def _draw_statistics(studies: Sequence[Study], kind: str, title: str | None, width: str) -> Figure:
    from al_bench.analysis.plot_statistics import penalty_of, ranks_of

    if kind == "penalty":
        from al_bench.analysis.figures.penalty import draw_penalty

        summed, names = penalty_of(studies)
        fewest, most = summed.seeds
        note = f"paired over {fewest if fewest == most else f'{fewest} to {most}'} seeds"
        datasets = ", ".join(study.dataset for study in studies if study.groups)
        return draw_penalty(summed.matrix, names, summed.settings, note, title or datasets, width)
    from al_bench.analysis.figures.ranks import draw_critical_difference

    found, names = ranks_of(studies)
    note = f"{found.datasets} datasets, mean AUBC on each; Nemenyi, 5 %"
    return draw_critical_difference(names, found.mean.tolist(), found.critical, note, title, width)


def _evaluated(note: HealthNote) -> int:
    """The label count of the first evaluation from a note's round on, where a curve has a point; else the round's."""
    return next((count for count in note.run.labels if count >= note.labelled), note.labelled)


def marks_of(studies: Sequence[Study]) -> list[Mark]:
    """A mark for every check beyond its threshold in any round of any arm; remarks on the set-up are not marked."""
    from al_bench.analysis.figures.overlay import Mark
    from al_bench.analysis.health_notes import health_notes

    return [
        Mark(study.dataset, group.name, _evaluated(note), note.title)
        for study in studies
        for group in study.groups
        for note in health_notes(group.runs)
        if not note.remark
    ]


def _papers(names: Sequence[str]) -> list[Paper]:
    if not names:
        return []
    from al_bench.analysis.papers.published import paper

    return [paper(name) for name in names]


def table_groups(studies: Sequence[Study]) -> list[Group]:
    """Arms and references of all studies, in the order of the printed table."""
    return sorted(
        (group for study in studies for group in (*study.groups, *study.references)),
        key=lambda group: (group.dataset, group.runs[0].study, group.arm, group.reference),
    )
