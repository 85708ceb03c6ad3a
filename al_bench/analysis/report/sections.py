"""One section of the page per dataset: verdict, figures, tables, diagnostics, gallery, configuration, recipe."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from al_bench.analysis.implied import implied_lines
from al_bench.analysis.report.configuration import Comparison, Recipe, compare_configurations, recipe, strategy_keys
from al_bench.analysis.report.gallery import COLUMNS, PICKS, TEXT_LETTERS, Gallery, StrategyPicks
from al_bench.analysis.report.judgement import Diagnostics, Judgement
from al_bench.analysis.start import start_lines
from al_bench.analysis.tables.table import Table, text_table
from al_bench.storage.run_folder import read_status

if TYPE_CHECKING:
    from al_bench.analysis.report.figures import DrawnFigure
    from al_bench.analysis.report.overview import Overview
    from al_bench.analysis.report.pictures import SpriteSheet
    from al_bench.analysis.study import Study
    from al_bench.storage.runs import Run

_OPEN = 6
"""Strategies up to which the gallery starts unfolded."""


@dataclass(frozen=True)
class GallerySection:
    """A strategy's picks with what the template needs: the CSS class, the pictures' height over their width."""

    id: str
    title: str
    seed: int
    acquisitions: int
    rounds: tuple[object, ...]
    sheet: SpriteSheet | None
    aspect: str
    inputs_shown: int


@dataclass(frozen=True)
class DatasetSection:
    """What the page says of one dataset; `id` begins the ids of its sections."""

    id: str
    study: Study
    sentences: tuple[str, ...]
    overview: Overview
    curve: DrawnFigure
    summary: str
    start: tuple[str, ...]
    contents: tuple[tuple[str, str], ...]
    remarks: tuple[str, ...]
    figures: Sequence[DrawnFigure]
    tables: tuple[Table, ...]
    diagnostics: Diagnostics
    gallery: Gallery
    gallery_lines: tuple[str, ...]
    strategies: tuple[GallerySection, ...]
    gallery_open: bool
    shared_keys: Table | None
    differing_keys: Table | None
    strategy_keys: Table | None
    recipe: Recipe
    recipe_lines: tuple[str, ...]
    differing_environment: Table | None


def dataset_section(
    id: str, judged: Judgement, first: Overview, curve: DrawnFigure, figures: Sequence[DrawnFigure], picks: Gallery
) -> DatasetSection:
    """The section of one dataset, from its judgement, its first page with its curve, its figures and its gallery."""
    study = judged.study
    configured, steps = compare_configurations(study), recipe(study)
    return DatasetSection(
        id=id,
        study=study,
        sentences=judged.sentences,
        overview=first,
        curve=curve,
        summary=_summary(study),
        start=(*study.counted, *judged.tested, *start_lines(study), *implied_lines(study)),
        contents=tuple((f"{id}-{key}", title) for key, title in _CONTENTS),
        remarks=study.remarks,
        figures=figures,
        tables=judged.tables,
        diagnostics=judged.diagnostics,
        gallery=picks,
        gallery_lines=_gallery_lines(picks),
        strategies=tuple(_gallery_section(f"{id}w{number}", each) for number, each in enumerate(picks.strategies)),
        gallery_open=len(picks.strategies) <= _OPEN,
        shared_keys=text_table("Shared by all runs", ("key", "value"), configured.shared),
        differing_keys=_differences_table("Where the runs differ", configured),
        strategy_keys=_strategy_keys_table(study),
        recipe=steps,
        recipe_lines=_recipe_lines(steps),
        differing_environment=_differences_table("Where the runs ran differently", steps.environment),
    )


_CONTENTS = (
    ("curves", "Curves"),
    ("tables", "Tables"),
    ("diagnostics", "Diagnostics"),
    ("gallery", "What was picked"),
    ("configuration", "Configuration"),
    ("reproduce", "How to reproduce it"),
)


def count(number: int, noun: str) -> str:
    """`1 run`, `2 runs`."""
    return f"{number:,} {noun}{'' if number == 1 else 's'}"


def failure(run: Run) -> str:
    """Why a run failed, as its status says."""
    return str(read_status(run.folder).get("error") or "")


def _summary(study: Study) -> str:
    seeds = sorted({arm.seeds for arm in study.arms})
    each = f"{seeds[0]}" if len(seeds) == 1 else f"{seeds[0]} to {seeds[-1]}"
    text = f"{count(len(study.arms), 'arm')}, {each} {'seed' if seeds == [1] else 'seeds'} each, "
    text += study.budget.range.format(f"{study.labels[0]:,}", f"{study.labels[-1]:,}")
    if study.shared:
        text += f"; all arms: {', '.join(study.shared)}"
    return text


def _gallery_section(id: str, picks: StrategyPicks) -> GallerySection:
    aspect = f"{picks.sheet.height / picks.sheet.width:.4g}" if picks.sheet else "1"
    inputs = max((len(pick.values) for entry in picks.rounds for pick in entry.picks), default=0)
    return GallerySection(
        id, picks.title, picks.seed, picks.acquisitions, picks.rounds, picks.sheet, aspect, inputs
    )  # fmt: skip


def _gallery_lines(picks: Gallery) -> tuple[str, ...]:
    if picks.no_items:
        return (
            "Pictures, texts, rows and names of what was picked are left out (--no-items). What stays: labels and "
            f"scores of the first {PICKS} picks of a round.",
            *picks.remarks,
        )
    if picks.missing:
        return (
            f"No pictures: {picks.missing}.",
            f"What the records hold without the data: labels and scores of the first {PICKS} picks of a round.",
            *picks.remarks,
        )
    what = "Below each picture its label, and the score" if picks.kind == "images" else "The label, and the score"
    text = (
        f"{what} under which the strategy picked it, where it gives one; the scores of two strategies, or of two "
        f"rounds, are not on one scale. At most {PICKS} picks per round in the order they were picked, rounds evenly "
        "spaced; one seed per strategy."
    )
    if picks.is_text:
        text += f" Texts are shown to {TEXT_LETTERS} letters; rows count from 0 without the header."
    elif picks.kind == "rows":
        shown = f"the first {COLUMNS} of {picks.inputs:,}" if picks.inputs > COLUMNS else "all"
        seen = "in the file; rows count from 0 without the header" if picks.columns else "the network sees them"
        text += f" Inputs are as {seen} ({shown})."
    scale = (f"{picks.scale[:1].upper()}{picks.scale[1:]}.",) if picks.scale else ()
    return (text, *scale, *picks.remarks)


def _differences_table(title: str, comparison: Comparison) -> Table | None:
    rows = [
        (difference.key if number == 0 else "", value, ", ".join(owners))
        for difference in comparison.differences
        for number, (value, owners) in enumerate(difference.values)
    ]
    return text_table(title, ("key", "value", "runs"), rows)


def _strategy_keys_table(study: Study) -> Table | None:
    rows = [
        (title, "; ".join(f"{key.removeprefix('strategy.')}={value}" for key, value in keys))
        for title, keys in strategy_keys(study)
        if keys
    ]
    return text_table("Each strategy's own settings", ("arm", "settings"), rows)


def _recipe_lines(steps: Recipe) -> tuple[str, ...]:
    lines = []
    if steps.commits:
        lines.append(f"With al-bench at commit {', '.join(steps.commits)}:")
    if steps.missing:
        lines.append(f"The command of {count(steps.missing, 'run')} was not recorded.")
    if steps.first:
        lines.append(f"The first run was started at {steps.first}, the last at {steps.last}.")
    return tuple(lines)
