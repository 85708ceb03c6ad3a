"""The page: its sections gathered from the records, rendered by report.html.j2, the same bytes for the same input."""

from __future__ import annotations

import shlex
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from importlib.resources import files
from pathlib import Path
from typing import TYPE_CHECKING, Any

from al_bench import __version__
from al_bench.analysis.budget import BUDGETS
from al_bench.analysis.report.figures import DrawnFigure, draw_figures, figure_specs, joint_figure_specs
from al_bench.analysis.report.gallery import BYTES, ROUNDS, gallery
from al_bench.analysis.report.judgement import joint_tables, judge
from al_bench.analysis.report.no_items import without_items
from al_bench.analysis.report.overview import Price, overview, plain
from al_bench.analysis.report.sections import DatasetSection, count, dataset_section, failure
from al_bench.analysis.report.svg import Palette
from al_bench.analysis.studies import studies
from al_bench.analysis.tables.table import Table, text_table
from al_bench.errors import InputError
from al_bench.storage.items import refuse_items_in_arms
from al_bench.storage.runs import Run, find_runs

if TYPE_CHECKING:
    from al_bench.analysis.study import Study


@dataclass(frozen=True)
class ReportRequest:
    """What was asked for.

    Args:
        folders: Studies, datasets, arms or runs.
        baseline: The arm to compare with; None: Random.
        targets: Values of the metric for labels to reach, as recorded; empty: chosen from the curves.
        include_incomplete: Take in runs that are not complete, as far as they got.
        title: The page's title; None: the studies' names.
        seed: Whose picks the gallery shows; None: the lowest that most arms have.
        rounds: The most rounds per strategy in the gallery.
        trust: Import the data sets' classes that are not al-bench's own, as the records name them.
        metric: What the arms are judged by; None: accuracy.
        price: Of a label; None: no money is shown.
        planned: Arms or strategies that were named before the results were seen.
        over: What the curves run over: labels or cost.
        no_items: Leave out all content and names of items: no data set is read.
    """

    folders: tuple[Path, ...]
    baseline: str | None = None
    targets: tuple[float, ...] = ()
    include_incomplete: bool = False
    title: str | None = None
    seed: int | None = None
    rounds: int = ROUNDS
    trust: bool = False
    metric: str | None = None
    price: Price | None = None
    no_items: bool = False
    planned: tuple[str, ...] = ()
    over: str = "labels"


@dataclass(frozen=True)
class ReportPage:
    """What the template shows: a section per dataset, and what is said of all together."""

    title: str
    summary: str
    warning: str
    treatment: str
    command: str
    incomplete: Table | None
    damaged: tuple[str, ...]
    joint_tables: tuple[Table, ...] = ()
    sections: list[DatasetSection] = field(default_factory=list)
    joint_figures: list[DrawnFigure] = field(default_factory=list)
    version: str = __version__


def write_page(request: ReportRequest, report: Callable[[str], None], step: Callable[[int, int], Any]) -> str:
    """The page as HTML.

    Args:
        request: What was asked for.
        report: Called with one line for everything left out or chosen.
        step: Called with the steps done and the steps in all, as the work goes on.

    Raises:
        InputError: Folders without runs, nothing that can be compared, or a seed that no run has.
    """
    damaged: list[str] = []
    runs = find_runs(list(request.folders), damaged.append)
    compared = studies(
        list(request.folders), request.baseline, request.include_incomplete, report, request.metric or "accuracy",
        request.planned, BUDGETS[request.over],
    )  # fmt: skip
    if request.no_items:
        refuse_items_in_arms(runs, "--no-items")
        compared = [without_items(study) for study in compared]
    seeds = sorted({seed for study in compared for every in study.seeds.values() for seed in every})
    if request.seed is not None and request.seed not in seeds:
        raise InputError(f"--seed is {request.seed}; these runs have {', '.join(map(str, seeds))}")
    palette = Palette()
    page = _page(request, runs, compared, tuple(damaged))
    jobs = []
    for number, study in enumerate(compared, start=1):
        judged = judge(study, request.targets)
        jobs.append((f"d{number}", judged, figure_specs(judged)))
    joint = joint_figure_specs(compared)
    total = sum(len(specs) + len(judged.study.arms) for _, judged, specs in jobs) + len(joint)
    done = 0

    def advance() -> None:
        nonlocal done
        done = min(done + 1, total)
        step(done, total)

    for id, judged, specs in jobs:
        picks = gallery(
            judged.study, request.seed, request.rounds, BYTES // len(compared), advance, request.trust, request.no_items
        )
        figures = []
        for figure in draw_figures(specs, [judged.study], id, palette):
            figures.append(figure)
            advance()
        first = overview(judged, request.price)
        (curve,) = draw_figures([first.curve], [plain(judged.study)], f"{id}o", palette)
        page.sections.append(dataset_section(id, judged, first, curve, figures, picks))
    page.joint_figures.extend(draw_figures(joint, compared, "all", palette))
    return render(page, palette)


def render(page: ReportPage, palette: Palette) -> str:
    """The template filled in; everything is escaped but the style sheet and the figures."""
    from jinja2 import Environment, StrictUndefined

    here = files("al_bench.analysis.report")
    environment = Environment(autoescape=True, undefined=StrictUndefined, keep_trailing_newline=True)
    template = environment.from_string(here.joinpath("report.html.j2").read_text(encoding="utf-8"))
    css = here.joinpath("report.css").read_text(encoding="utf-8")
    return template.render(page=page, css=css, palette=palette.css())


def _page(
    request: ReportRequest, runs: Sequence[Run], compared: Sequence[Study], damaged: tuple[str, ...]
) -> ReportPage:
    incomplete = [run for run in runs if not run.complete]
    names = sorted({run.study for study in compared for arm in study.arms for run in arm.runs})
    shown = sum(arm.seeds for study in compared for arm in (*study.arms, *study.references))
    arms = len({arm.name for study in compared for arm in study.arms})
    datasets = ", ".join(study.dataset for study in compared)
    taken = "taken in as far as they got" if request.include_incomplete else "left out of everything above"
    broken = f" and {len(damaged)} unreadable" if damaged else ""
    number = len(incomplete)
    return ReportPage(
        title=request.title or ", ".join(names),
        summary=f"{count(arms, 'arm')}, {count(shown, 'run')}, on {datasets}",
        warning=f"{count(number, 'run')} not complete{broken}: {taken}.",
        treatment=f"{count(number, 'run')} {'is' if number == 1 else 'are'} not complete and {taken}.",
        command=_command(request),
        incomplete=_incomplete(incomplete, request.no_items),
        damaged=tuple(line.removeprefix("skipped ") for line in damaged),
        joint_tables=joint_tables(compared),
    )


def _incomplete(runs: Sequence[Run], no_items: bool) -> Table | None:
    """Of a run that failed its message says why, which may name an item."""
    rows = [
        (
            run.dataset,
            run.arm,
            str(run.seed),
            run.status,
            str(run.labels[-1]) if run.labels else "none",
            "left out" if no_items and failure(run) else failure(run),
        )
        for run in runs
    ]
    columns = ("dataset", "arm", "seed", "status", "labels reached", "why")
    return text_table("Runs that are not complete", columns, rows)


def _command(request: ReportRequest) -> str:
    argv = ["al-bench", "report", *map(str, request.folders)]
    argv += [argument for target in request.targets for argument in ("--target", f"{target:g}")]
    argv += [argument for name in request.planned for argument in ("--planned", name)]
    for option, value in (
        ("--metric", request.metric),
        ("--price", request.price and f"{request.price.before}{request.price.amount:g}{request.price.after}"),
        ("--baseline", request.baseline),
        ("--title", request.title),
        ("--seed", request.seed),
    ):
        argv += [option, str(value)] if value is not None else []
    argv += ["--over", request.over] if request.over != "labels" else []
    argv += ["--rounds", str(request.rounds)] if request.rounds != ROUNDS else []
    argv += ["--no-items"] if request.no_items else []
    argv += ["--trust"] if request.trust else []
    argv += ["--include-incomplete"] if request.include_incomplete else []
    return shlex.join(argv)
