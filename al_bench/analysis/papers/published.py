"""Published numbers read from published.toml: learning curves and labels to a target, each with its source.

Label counts are labelled-set sizes, the initial set included, of the model that reached the accuracy. Where a
paper prints another convention (BatchBALD's tables are one acquisition batch short) both are on file.
"""

from __future__ import annotations

import difflib
import tomllib
from dataclasses import dataclass
from importlib.resources import files
from typing import Any

from al_bench.errors import InputError


@dataclass(frozen=True)
class PublishedCurve:
    """One arm's accuracies (fractions, [T]) at `labels` [T]; quartiles are empty where none are known.

    `centre` is what the paper's `statistic` says, the median for logged curves; `place` is where it stands.
    """

    arm: str
    labels: tuple[int, ...]
    centre: tuple[float, ...]
    q25: tuple[float, ...]
    q75: tuple[float, ...]
    runs: int | None
    place: str
    note: str


@dataclass(frozen=True)
class PublishedTarget:
    """Labels that one arm needed to reach `accuracy` (a fraction).

    `labels` is one number, or the quartiles around the median (25, 50, 75 %), inf where it was not reached;
    `printed` is what the paper prints where that is another count, else empty.
    """

    arm: str
    accuracy: float
    labels: tuple[float, ...]
    printed: tuple[float, ...]
    batch: int | None
    runs: int | None
    place: str

    @property
    def middle(self) -> float:
        """The median, or the one number."""
        return self.labels[len(self.labels) // 2]


@dataclass(frozen=True)
class Paper:
    """One published experiment on the datasets named in `datasets` (al-bench's names)."""

    name: str
    authors: str
    year: int
    work: str
    datasets: tuple[str, ...]
    statistic: str
    about: str
    source: str
    curves: tuple[PublishedCurve, ...]
    targets: tuple[PublishedTarget, ...]

    @property
    def short(self) -> str:
        """First author and year, such as `Kirsch et al. 2019`."""
        names = self.authors.replace(" & ", ", ").split(", ")
        who = names[0] if len(names) == 1 else f"{names[0]} et al." if len(names) > 2 else self.authors
        return f"{who} {self.year}"


def published() -> dict[str, Paper]:
    """All papers on file, by name."""
    text = (files("al_bench.analysis.papers") / "published.toml").read_text(encoding="utf-8")
    return {entry["name"]: _paper(entry) for entry in tomllib.loads(text)["paper"]}


def paper(name: str) -> Paper:
    """The paper called `name`.

    Raises:
        InputError: There is none; the message offers near names.
    """
    known = published()
    if name in known:
        return known[name]
    near = difflib.get_close_matches(name, known, n=3, cutoff=0.4) or [one for one in known if name.lower() in one]
    offer = f"did you mean {' or '.join(near)}?" if near else f"there are {', '.join(known)};"
    raise InputError(f"no published numbers called {name!r}; {offer} --paper list prints what there is")


def listing() -> list[str]:
    """The lines of `--paper list`: name, what it is, arms, and source."""
    lines = []
    for one in published().values():
        arms = list(dict.fromkeys([*(curve.arm for curve in one.curves), *(target.arm for target in one.targets)]))
        lines += [
            f"{one.name}",
            f"  {one.authors} {one.year}, {one.work}; dataset {', '.join(one.datasets)}",
            f"  {one.about}",
            f"  arms: {'; '.join(arms)}",
            f"  {one.statistic}; {one.source}",
        ]
    return lines


def _paper(entry: dict[str, Any]) -> Paper:
    texts = {key: str(entry[key]) for key in ("name", "authors", "work", "statistic", "about", "source")}
    return Paper(
        **texts,
        year=int(entry["year"]),
        datasets=tuple(entry["datasets"]),
        curves=tuple(_curve(curve) for curve in entry.get("curve", ())),
        targets=tuple(_target(target) for target in entry.get("target", ())),
    )


def _curve(entry: dict[str, Any]) -> PublishedCurve:
    centre, q25, q75 = (tuple(float(value) for value in entry.get(key, ())) for key in ("median", "q25", "q75"))
    labels = tuple(int(count) for count in entry["labels"])
    return PublishedCurve(
        entry["arm"], labels, centre, q25, q75, entry.get("runs"), entry["place"], entry.get("note", "")
    )


def _target(entry: dict[str, Any]) -> PublishedTarget:
    labels, printed = (tuple(float(count) for count in entry.get(key, ())) for key in ("labels", "printed"))
    return PublishedTarget(
        entry["arm"], float(entry["accuracy"]), labels, printed, entry.get("batch"), entry.get("runs"), entry["place"]
    )  # fmt: skip
