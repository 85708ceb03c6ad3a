"""What each strategy picked, round by round: pictures or rows with their labels and scores, one seed a strategy.

The gallery is bounded: at most ROUNDS rounds (evenly spaced, the first and the last among them) of PICKS picks each,
and fewer rounds where the pictures of a data set would take more than BYTES.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from al_bench.analysis.report.dataset import find_dataset
from al_bench.analysis.report.sprites import Sheet, is_pictures, pixels, sheet, value_range
from al_bench.errors import InputError

if TYPE_CHECKING:
    from al_bench.analysis.study import Study
    from al_bench.data.dataset import Dataset
    from al_bench.storage.runs import Run

ROUNDS = 10
PICKS = 12
COLUMNS = 10
"""Columns of a table that are shown."""

BYTES = 2_000_000
"""Of a page's pictures, all data sets together."""


@dataclass(frozen=True)
class Pick:
    """One point acquired.

    Args:
        index: Its dataset index.
        label: Its class by name.
        score: As the strategy ranked it; empty where it gives no score.
        place: Column and row of its picture in the sheet, or None.
        values: The first inputs of a row of a table, as the network sees them.
    """

    index: int
    label: str
    score: str
    place: tuple[int, int] | None = None
    values: tuple[str, ...] = ()


@dataclass(frozen=True)
class Round:
    """The picks of one round, of which `more` are not shown; `labelled` counts the labels before them."""

    number: int
    labelled: int
    picks: tuple[Pick, ...]
    more: int


@dataclass(frozen=True)
class Wall:
    """One strategy's picks under one seed; `acquisitions` counts all its rounds that picked anything."""

    title: str
    seed: int
    acquisitions: int
    rounds: tuple[Round, ...]
    sheet: Sheet | None = None


@dataclass(frozen=True)
class Gallery:
    """The walls of one data set.

    Args:
        kind: `images`, `rows`, or `none` where there is no data set to show.
        missing: Why there is none.
        inputs: How many inputs a row of a table has in all.
        scale: What black and white are, where the inputs are no bytes.
        remarks: What else a reader must know.
    """

    kind: str
    walls: tuple[Wall, ...]
    missing: str = ""
    inputs: int = 0
    scale: str = ""
    remarks: tuple[str, ...] = ()


def gallery(
    study: Study,
    seed: int | None = None,
    rounds: int = ROUNDS,
    budget: int = BYTES,
    advance: Callable[[], Any] = lambda: None,
) -> Gallery:
    """The gallery of a study.

    Args:
        study: Its arms; whole-pool references picked nothing.
        seed: Whose picks; an arm without it shows its own lowest. None: the lowest that most arms have.
        rounds: The most rounds a strategy.
        budget: Bytes that the pictures may take.
        advance: Called after every arm.
    """
    chosen = [(study.title(group.name), _run(group.runs, _seed(study) if seed is None else seed))
              for group in study.groups]  # fmt: skip
    remarks: list[str] = []
    dataset, missing = None, ""
    try:
        dataset = find_dataset(chosen[0][1])
    except InputError as error:
        missing = str(error)
    if dataset is not None:
        found = chosen[0][1].header["fingerprint"]  # checked by find_dataset
        kept = [(title, run) for title, run in chosen if run.header.get("fingerprint") == found]
        remarks += [f"{title} was run on other data ({run.header.get('fingerprint', 'no fingerprint')}): not shown"
                    for title, run in chosen if (title, run) not in kept]  # fmt: skip
        chosen = kept
    kind = "none" if dataset is None else "images" if is_pictures(dataset) else "rows"
    limits = value_range(dataset) if dataset is not None and kind == "images" else (0.0, 0.0)
    while True:
        walls = []
        for title, run in chosen:
            walls.append(_wall(title, run, rounds, dataset, kind, limits))
            advance()
        taken = sum(len(wall.sheet.uri) for wall in walls if wall.sheet)
        if taken <= budget or rounds == 1:
            break
        rounds = max(1, min(rounds - 1, int(rounds * budget / taken)))
    scale = f"black is {limits[0]:.3g}, white {limits[1]:.3g}" if kind == "images" and limits[1] != 255 else ""
    inputs = int(np.prod(dataset.shape)) if dataset is not None else 0
    return Gallery(kind, tuple(walls), missing, inputs, scale, tuple(remarks))


def spaced(count: int, most: int) -> list[int]:
    """At most `most` of 0 … count − 1, evenly spaced, the first and the last among them (the first, if one)."""
    if count <= most:
        return list(range(count))
    return sorted({round(place) for place in np.linspace(0, count - 1, most)}) if most > 1 else [0]


def _seed(study: Study) -> int:
    """The lowest of the seeds that most arms have."""
    every = [seed for group in study.groups for seed in study.seeds[group.name]]
    return min(set(every), key=lambda seed: (-every.count(seed), seed))


def _run(runs: Sequence[Run], seed: int) -> Run:
    return next((run for run in runs if run.seed == seed), runs[0])


def _wall(title: str, run: Run, most: int, dataset: Dataset | None, kind: str, limits: tuple[float, float]) -> Wall:
    acquiring = [entry for entry in run.rounds if entry.get("acquired")]
    shown = [acquiring[place] for place in spaced(len(acquiring), most)]
    indices = [index for entry in shown for index in entry["acquired"][:PICKS]]
    if dataset is not None and any(not 0 <= index < dataset.size for index in indices):
        raise InputError(f"{run.folder} acquired an index that {dataset.name} does not have; the record is damaged")
    board = None
    if dataset is not None and kind == "images" and indices:
        width = max(len(entry["acquired"][:PICKS]) for entry in shown)
        board = sheet(pixels(dataset, indices, limits), width)
    rounds, number = [], 0
    for entry in shown:
        picks = []
        for place, index in enumerate(entry["acquired"][:PICKS]):
            values = _values(dataset, index) if dataset is not None and kind == "rows" else ()
            picks.append(
                Pick(
                    index,
                    _label(run, entry, place),
                    _score(entry, place),
                    board.place(number) if board else None,
                    values,
                )
            )
            number += 1
        rounds.append(Round(entry["round"], entry["labelled"], tuple(picks), len(entry["acquired"]) - len(picks)))
    return Wall(title, run.seed, len(acquiring), tuple(rounds), board)


def _label(run: Run, entry: dict[str, Any], place: int) -> str:
    labels, names = entry.get("acquired_labels"), run.header.get("class_names")
    if not labels or place >= len(labels):
        return "label not recorded"
    return str(names[labels[place]]) if names and labels[place] < len(names) else str(labels[place])


def _score(entry: dict[str, Any], place: int) -> str:
    scores = entry.get("scores")
    if not scores or place >= len(scores):
        return ""
    score = scores[place]
    return (f"{score:#.3g}" if isinstance(score, float) else str(score)).replace("-", "−")


def _values(dataset: Dataset, index: int) -> tuple[str, ...]:
    inputs = dataset.inputs[index : index + 1].reshape(-1)[:COLUMNS].tolist()
    return tuple(f"{value:.3g}".replace("-", "−") for value in inputs)
