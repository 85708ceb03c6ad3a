"""What each strategy picked, round by round: pictures or rows with their labels and scores, one seed per strategy.

The gallery is bounded: at most ROUNDS rounds (evenly spaced, the first and the last among them) of PICKS picks each,
and fewer rounds where the pictures of a data set would take more than BYTES. The pictures of a strategy lie in one
image, a sprite sheet: a page opens faster with it than with thousands of images.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from al_bench.analysis.report.dataset import OriginalCells, find_dataset, original_cells
from al_bench.analysis.report.pictures import SpriteSheet, is_pictures, pixels, sprite_sheet, value_range
from al_bench.data.texts import Texts
from al_bench.errors import InputError

if TYPE_CHECKING:
    from al_bench.analysis.study import Study
    from al_bench.data.dataset import Dataset
    from al_bench.records import RoundRecord
    from al_bench.storage.runs import Run

ROUNDS = 10
PICKS = 12
COLUMNS = 10
"""Columns of a table that are shown."""

TEXT_LETTERS = 300
"""Letters of a text that are shown."""

BYTES = 2_000_000
"""Of a page's pictures, all data sets together."""


@dataclass(frozen=True)
class Pick:
    """One point acquired.

    Args:
        index: Its dataset index.
        label: Its class by name.
        score: As the strategy ranked it; empty where it gives no score.
        position: Column and row of its picture in the sprite sheet, or None.
        values: The first inputs of a row of a table: the user's own cells, or what the network sees.
        item: What the user calls it: the row of the file, counted from 0 without the header, or a text of the column
            `dataset.id`; None where an index is all there is.
    """

    index: int
    label: str
    score: str
    position: tuple[int, int] | None = None
    values: tuple[str, ...] = ()
    item: int | str | None = None


@dataclass(frozen=True)
class Round:
    """The picks of one round, of which `more` are not shown; `labelled` counts the labels before them."""

    number: int
    labelled: int
    picks: tuple[Pick, ...]
    more: int


@dataclass(frozen=True)
class StrategyPicks:
    """One strategy's picks under one seed; `acquisitions` counts all its rounds that picked anything."""

    title: str
    seed: int
    acquisitions: int
    rounds: tuple[Round, ...]
    sheet: SpriteSheet | None = None


@dataclass(frozen=True)
class Gallery:
    """The picks of one data set.

    Args:
        kind: `images`, `rows`, or `none` where there is no data set to show.
        strategies: The picks of each strategy.
        missing: Why there is no data set.
        no_items: Whether nothing of an item is to be shown.
        inputs: How many inputs a row of a table has in all.
        scale: What black and white are, where the inputs are no bytes.
        remarks: What else a reader must know.
        columns: Names of the columns shown, where the rows are shown with the user's own cells.
        is_text: Whether the inputs are texts, of which the beginning is shown.
        item_name: What the user's name of a point is: `row`, or `file` of an image.
    """

    kind: str
    strategies: tuple[StrategyPicks, ...]
    missing: str = ""
    no_items: bool = False
    inputs: int = 0
    scale: str = ""
    remarks: tuple[str, ...] = ()
    columns: tuple[str, ...] = ()
    is_text: bool = False
    item_name: str = "row"

    @property
    def named(self) -> bool:
        """Whether the user's names of the points are known."""
        picks = (pick for strategy in self.strategies for entry in strategy.rounds for pick in entry.picks)
        return any(pick.item is not None for pick in picks)


def gallery(
    study: Study,
    seed: int | None = None,
    rounds: int = ROUNDS,
    budget: int = BYTES,
    advance: Callable[[], Any] = lambda: None,
    trust: bool = False,
    no_items: bool = False,
) -> Gallery:
    """The gallery of a study.

    Args:
        study: Its arms; whole-pool references picked nothing.
        seed: Whose picks; an arm without it shows its own lowest. None: the lowest that most arms have.
        rounds: The most rounds per strategy.
        budget: Bytes that the pictures may take.
        advance: Called after every arm.
        trust: Whether a data set of a class that is not al-bench's own is loaded.
        no_items: Whether no data set is read, so that nothing of an item can be shown.
    """
    wanted = _commonest_seed(study) if seed is None else seed
    chosen = [(study.title(arm.name), _run_of_seed(arm.runs, wanted)) for arm in study.arms]
    remarks: list[str] = []
    dataset, missing = None, ""
    try:
        dataset = None if no_items else find_dataset(chosen[0][1], trust)
    except InputError as error:
        missing = str(error)
    if dataset is not None:
        expected = chosen[0][1].header.fingerprint  # checked by find_dataset
        other = [(title, run) for title, run in chosen if run.header.fingerprint != expected]
        remarks += [
            f"{title} was run on other data ({run.header.fingerprint or 'no fingerprint'}): not shown"
            for title, run in other
        ]
        chosen = [pair for pair in chosen if pair not in other]
    kind = "none" if dataset is None else "images" if is_pictures(dataset) else "rows"
    cells = original_cells(chosen[0][1], dataset) if dataset is not None and kind == "rows" else None
    limits = value_range(dataset) if dataset is not None and kind == "images" else (0.0, 0.0)
    while True:
        strategies = []
        for title, run in chosen:
            strategies.append(_strategy_picks(title, run, rounds, dataset, kind, limits, cells))
            advance()
        taken = sum(len(picks.sheet.uri) for picks in strategies if picks.sheet)
        if taken <= budget or rounds == 1:
            break
        rounds = max(1, min(rounds - 1, int(rounds * budget / taken)))
    scale = f"black is {limits[0]:.3g}, white {limits[1]:.3g}" if kind == "images" and limits[1] != 255 else ""
    inputs = int(np.prod(dataset.shape)) if dataset is not None else 0
    columns = ("text",) if dataset is not None and dataset.is_text else () if cells is None else cells.names[:COLUMNS]
    inputs = inputs if cells is None else len(cells.names)
    files = kind == "images" and dataset is not None and dataset.origins is not None and dataset.origins.dtype == object
    return Gallery(
        kind,
        tuple(strategies),
        missing,
        no_items,
        inputs,
        scale,
        tuple(remarks),
        columns,
        is_text=dataset is not None and dataset.is_text,
        item_name="file" if files else "row",
    )


def shortened(text: str, most: int = TEXT_LETTERS) -> str:
    """A text on one line, with its beginning only where it is long."""
    line = " ".join(text.split())
    return line if len(line) <= most else line[: most - 1].rstrip() + "…"


def spaced(count: int, most: int) -> list[int]:
    """At most `most` of 0 … count − 1, evenly spaced, the first and the last among them (the first, if one)."""
    if count <= most:
        return list(range(count))
    return sorted({round(step) for step in np.linspace(0, count - 1, most)}) if most > 1 else [0]


def _commonest_seed(study: Study) -> int:
    """The lowest of the seeds that most arms have."""
    every = [seed for arm in study.arms for seed in study.seeds[arm.name]]
    return min(set(every), key=lambda seed: (-every.count(seed), seed))


def _run_of_seed(runs: Sequence[Run], seed: int) -> Run:
    return next((run for run in runs if run.seed == seed), runs[0])


def _strategy_picks(
    title: str,
    run: Run,
    most: int,
    dataset: Dataset | None,
    kind: str,
    limits: tuple[float, float],
    cells: OriginalCells | None,
) -> StrategyPicks:
    acquiring = [(record, record.acquired[:PICKS]) for record in run.rounds if record.acquired]
    shown = [acquiring[number] for number in spaced(len(acquiring), most)]
    indices = [index for _, picked in shown for index in picked]
    if dataset is not None and any(not 0 <= index < dataset.size for index in indices):
        raise InputError(f"{run.folder} acquired an index that {dataset.name} does not have; the record is damaged")
    sheet = None
    if dataset is not None and kind == "images" and indices:
        columns = max(len(picked) for _, picked in shown)
        sheet = sprite_sheet(pixels(dataset, indices, limits), columns)
    rounds, number = [], 0
    for record, picked in shown:
        picks = []
        for rank, index in enumerate(picked):
            values = _values(dataset, index, cells) if dataset is not None and kind == "rows" else ()
            items = record.acquired_items
            item = items[rank] if items and rank < len(items) else None
            position = sheet.position(number) if sheet else None
            picks.append(Pick(index, _label(run, record, rank), _score(record, rank), position, values, item))
            number += 1
        rounds.append(Round(record.round, record.labelled, tuple(picks), len(record.acquired or ()) - len(picks)))
    return StrategyPicks(title, run.seed, len(acquiring), tuple(rounds), sheet)


def _label(run: Run, record: RoundRecord, rank: int) -> str:
    labels, names = record.acquired_labels, run.header.class_names
    if not labels or rank >= len(labels):
        return "label not recorded"
    if names and labels[rank] == len(names):
        return "none of the classes"
    return str(names[labels[rank]]) if names and labels[rank] < len(names) else str(labels[rank])


def _score(record: RoundRecord, rank: int) -> str:
    scores = record.scores
    if not scores or rank >= len(scores):
        return ""
    score = scores[rank]
    return (f"{score:#.3g}" if isinstance(score, float) else str(score)).replace("-", "−")


def _values(dataset: Dataset, index: int, cells: OriginalCells | None) -> tuple[str, ...]:
    if isinstance(dataset.inputs, Texts):
        return (shortened(dataset.inputs[index]),)
    if cells is not None:
        return cells.row(dataset.items([index])[0])[:COLUMNS]
    inputs = dataset.numbers(slice(index, index + 1)).reshape(-1)[:COLUMNS].tolist()
    return tuple(f"{value:.3g}".replace("-", "−") for value in inputs)
