"""One part of the page a dataset: verdict, figures, tables, diagnostics, gallery, configuration, recipe."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from al_bench.analysis.report.configuration import Settings, own, settings
from al_bench.analysis.report.diagnostics import Diagnostics
from al_bench.analysis.report.gallery import COLUMNS, PICKS, Gallery, Wall
from al_bench.analysis.report.grid import Grid, make
from al_bench.analysis.report.judgement import Judgement
from al_bench.analysis.report.recipe import Recipe, recipe

if TYPE_CHECKING:
    from al_bench.analysis.report.figures import Drawing
    from al_bench.analysis.report.sprites import Sheet
    from al_bench.analysis.study import Study
    from al_bench.storage.runs import Run

_OPEN = 6
"""Strategies up to which the gallery starts unfolded."""


@dataclass(frozen=True)
class Shown:
    """A wall of the gallery with what the template needs: its CSS class, its pictures' height over their width."""

    id: str
    title: str
    seed: int
    acquisitions: int
    rounds: tuple[object, ...]
    sheet: Sheet | None
    high: str
    width: int


@dataclass(frozen=True)
class Part:
    """What the page says of one dataset; `id` begins the ids of its sections."""

    id: str
    study: Study
    sentences: tuple[str, ...]
    summary: str
    contents: tuple[tuple[str, str], ...]
    remarks: tuple[str, ...]
    drawings: Sequence[Drawing]
    tables: tuple[Grid, ...]
    diagnostics: Diagnostics
    gallery: Gallery
    gallery_lines: tuple[str, ...]
    walls: tuple[Shown, ...]
    open: bool
    shared: Grid | None
    differing: Grid | None
    own: Grid | None
    recipe: Recipe
    recipe_lines: tuple[str, ...]
    elsewhere: Grid | None


def gather(name: str, judged: Judgement, drawn: Sequence[Drawing], walls: Gallery) -> Part:
    """The part of one dataset, its judgement, its figures and its gallery being given."""
    study = judged.study
    configured, steps = settings(study), recipe(study)
    return Part(
        id=name,
        study=study,
        sentences=judged.sentences,
        summary=_summary(study),
        contents=tuple((f"{name}-{key}", title) for key, title in _CONTENTS),
        remarks=study.remarks,
        drawings=drawn,
        tables=judged.tables,
        diagnostics=judged.diagnostics,
        gallery=walls,
        gallery_lines=_gallery_lines(walls),
        walls=tuple(_shown(f"{name}w{number}", wall) for number, wall in enumerate(walls.walls)),
        open=len(walls.walls) <= _OPEN,
        shared=make("Shared by all runs", ("key", "value"), configured.shared, words=True),
        differing=_differing("Where the runs differ", configured),
        own=_own(study),
        recipe=steps,
        recipe_lines=_recipe_lines(steps),
        elsewhere=_differing("Where the runs ran differently", steps.environment),
    )


_CONTENTS = (
    ("curves", "Curves"),
    ("tables", "Tables"),
    ("diagnostics", "Diagnostics"),
    ("gallery", "What was picked"),
    ("configuration", "Configuration"),
    ("reproduce", "How to reproduce it"),
)


def count(number: int, what: str) -> str:
    """`1 run`, `2 runs`."""
    return f"{number:,} {what}{'' if number == 1 else 's'}"


def failure(run: Run) -> str:
    """Why a run failed, as its status says."""
    try:
        return str(json.loads((run.folder / "status.json").read_text(encoding="utf-8")).get("error") or "")
    except (OSError, ValueError, AttributeError):
        return ""


def _summary(study: Study) -> str:
    seeds = sorted({group.seeds for group in study.groups})
    each = f"{seeds[0]}" if len(seeds) == 1 else f"{seeds[0]} to {seeds[-1]}"
    words = f"{count(len(study.groups), 'arm')}, {each} {'seed' if seeds == [1] else 'seeds'} each, "
    words += f"{study.labels[0]:,} to {study.labels[-1]:,} labels"
    if study.shared:
        words += f"; all arms: {', '.join(study.shared)}"
    return words


def _shown(name: str, wall: Wall) -> Shown:
    high = f"{wall.sheet.height / wall.sheet.width:.4g}" if wall.sheet else "1"
    width = max((len(pick.values) for entry in wall.rounds for pick in entry.picks), default=0)
    return Shown(name, wall.title, wall.seed, wall.acquisitions, wall.rounds, wall.sheet, high, width)


def _gallery_lines(walls: Gallery) -> tuple[str, ...]:
    if walls.missing:
        return (
            f"No pictures: {walls.missing}.",
            f"What the records hold without the data: labels and scores of the first {PICKS} picks of a round.",
            *walls.remarks,
        )
    what = "Below each picture its label, and the score" if walls.kind == "images" else "The label, and the score"
    words = (
        f"{what} under which the strategy picked it, where it gives one; the scores of two strategies, or of two "
        f"rounds, are not on one scale. At most {PICKS} picks a round in the order they were picked, rounds evenly "
        "spaced; one seed a strategy."
    )
    if walls.kind == "rows":
        shown = f"the first {COLUMNS} of {walls.inputs:,}" if walls.inputs > COLUMNS else "all"
        words += f" Inputs are as the network sees them ({shown})."
    scale = (f"{walls.scale[:1].upper()}{walls.scale[1:]}.",) if walls.scale else ()
    return (words, *scale, *walls.remarks)


def _differing(title: str, found: Settings) -> Grid | None:
    rows = [
        (difference.key if place == 0 else "", value, ", ".join(names))
        for difference in found.differences
        for place, (value, names) in enumerate(difference.values)
    ]
    return make(title, ("key", "value", "runs"), rows, words=True)


def _own(study: Study) -> Grid | None:
    rows = [
        (title, "; ".join(f"{key.removeprefix('strategy.')}={value}" for key, value in keys))
        for title, keys in own(study)
        if keys
    ]
    return make("Each strategy's own settings", ("arm", "settings"), rows, words=True)


def _recipe_lines(found: Recipe) -> tuple[str, ...]:
    lines = []
    if found.commits:
        lines.append(f"With al-bench at commit {', '.join(found.commits)}:")
    if found.missing:
        lines.append(f"The command of {count(found.missing, 'run')} was not recorded.")
    if found.first:
        lines.append(f"The first run was started at {found.first}, the last at {found.last}.")
    return tuple(lines)
