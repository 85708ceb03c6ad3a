"""The page: its parts gathered from the records, rendered by report.html.j2, the same bytes for the same input."""

from __future__ import annotations

import shlex
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from importlib.resources import files
from pathlib import Path
from typing import TYPE_CHECKING, Any

from al_bench import __version__
from al_bench.analysis.report import sections as parts
from al_bench.analysis.report.figures import Drawing, drawings, joint_plans, plans
from al_bench.analysis.report.gallery import BYTES, ROUNDS, gallery
from al_bench.analysis.report.grid import Grid, make
from al_bench.analysis.report.judgement import joint_tables, judge
from al_bench.analysis.report.svg import Palette
from al_bench.analysis.study import studies
from al_bench.errors import InputError
from al_bench.storage.runs import Run, find_runs

if TYPE_CHECKING:
    from al_bench.analysis.study import Study


@dataclass(frozen=True)
class Request:
    """What was asked for.

    Args:
        folders: Studies, datasets, arms or runs.
        baseline: The arm to compare with; None: Random.
        targets: Accuracies (fractions) for labels to reach; empty: chosen from the curves.
        include_incomplete: Take in runs that are not complete, as far as they got.
        title: The page's title; None: the studies' names.
        seed: Whose picks the gallery shows; None: the lowest that most arms have.
        rounds: The most rounds a strategy in the gallery.
    """

    folders: tuple[Path, ...]
    baseline: str | None = None
    targets: tuple[float, ...] = ()
    include_incomplete: bool = False
    title: str | None = None
    seed: int | None = None
    rounds: int = ROUNDS


@dataclass(frozen=True)
class Page:
    """What the template shows besides the parts, which are one a dataset."""

    title: str
    summary: str
    warning: str
    treatment: str
    command: str
    incomplete: Grid | None
    damaged: tuple[str, ...]
    joint_tables: tuple[Grid, ...] = ()
    parts: list[parts.Part] = field(default_factory=list)
    joint_drawings: list[Drawing] = field(default_factory=list)
    version: str = __version__


def write_page(request: Request, report: Callable[[str], None], step: Callable[[int, int], Any]) -> str:
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
    found = studies(list(request.folders), request.baseline, request.include_incomplete, report)
    seeds = sorted({seed for study in found for every in study.seeds.values() for seed in every})
    if request.seed is not None and request.seed not in seeds:
        raise InputError(f"--seed is {request.seed}; these runs have {', '.join(map(str, seeds))}")
    palette = Palette()
    page = _page(request, runs, found, tuple(damaged))
    jobs = []
    for number, study in enumerate(found, start=1):
        judged = judge(study, request.targets)
        jobs.append((f"d{number}", judged, plans(judged)))
    joint = joint_plans(found)
    total = sum(len(figures) + len(judged.study.groups) for _, judged, figures in jobs) + len(joint)
    done = 0

    def advance() -> None:
        nonlocal done
        done = min(done + 1, total)
        step(done, total)

    for name, judged, figures in jobs:
        walls = gallery(judged.study, request.seed, request.rounds, BYTES // len(found), advance)
        drawn = []
        for drawing in drawings(figures, name, palette):
            drawn.append(drawing)
            advance()
        page.parts.append(parts.gather(name, judged, drawn, walls))
    page.joint_drawings.extend(drawings(joint, "all", palette))
    return render(page, palette)


def render(page: Page, palette: Palette) -> str:
    """The template filled in; every word is escaped but the style sheet and the figures."""
    from jinja2 import Environment, StrictUndefined

    here = files("al_bench.analysis.report")
    environment = Environment(autoescape=True, undefined=StrictUndefined, keep_trailing_newline=True)
    template = environment.from_string(here.joinpath("report.html.j2").read_text(encoding="utf-8"))
    css = here.joinpath("report.css").read_text(encoding="utf-8")
    return template.render(page=page, css=css, palette=palette.css())


def _page(request: Request, runs: Sequence[Run], found: Sequence[Study], damaged: tuple[str, ...]) -> Page:
    incomplete = [run for run in runs if not run.complete]
    names = sorted({run.study for study in found for group in study.groups for run in group.runs})
    shown = sum(group.seeds for study in found for group in (*study.groups, *study.references))
    arms = len({group.name for study in found for group in study.groups})
    datasets = ", ".join(study.dataset for study in found)
    taken = "taken in as far as they got" if request.include_incomplete else "left out of everything above"
    broken = f" and {len(damaged)} unreadable" if damaged else ""
    count = len(incomplete)
    return Page(
        title=request.title or ", ".join(names),
        summary=f"{parts.count(arms, 'arm')}, {parts.count(shown, 'run')}, on {datasets}",
        warning=f"{parts.count(count, 'run')} not complete{broken}: {taken}.",
        treatment=f"{parts.count(count, 'run')} {'is' if count == 1 else 'are'} not complete and {taken}.",
        command=_command(request),
        incomplete=_incomplete(incomplete),
        damaged=tuple(line.removeprefix("skipped ") for line in damaged),
        joint_tables=joint_tables(found),
    )


def _incomplete(runs: Sequence[Run]) -> Grid | None:
    rows = [
        (
            run.dataset,
            run.arm,
            str(run.seed),
            run.status,
            str(run.labels[-1]) if run.labels else "none",
            parts.failure(run),
        )
        for run in runs
    ]
    columns = ("dataset", "arm", "seed", "status", "labels reached", "why")
    return make("Runs that are not complete", columns, rows, words=True)


def _command(request: Request) -> str:
    words = ["al-bench", "report", *map(str, request.folders)]
    words += [word for target in request.targets for word in ("--target", f"{target:g}")]
    for option, value in (("--baseline", request.baseline), ("--title", request.title), ("--seed", request.seed)):
        words += [option, str(value)] if value is not None else []
    words += ["--rounds", str(request.rounds)] if request.rounds != ROUNDS else []
    words += ["--include-incomplete"] if request.include_incomplete else []
    return shlex.join(words)
