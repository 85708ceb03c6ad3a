"""Published numbers read from published.toml: learning curves and labels to a target, each with its source.

Label counts are labelled-set sizes, the initial set included, of the model that reached the accuracy. Where a
paper prints another convention (BatchBALD's tables are one acquisition batch short) both are on file. The fields of
`PublishedCurve`, `PublishedTarget` and `Paper` are the keys of the file's tables, under the names noted here.
"""

from __future__ import annotations

import difflib
from pathlib import Path

import msgspec

from al_bench.errors import InputError
from al_bench.storage.typed_toml import read_toml

FILE = Path(__file__).with_name("published.toml")


class PublishedCurve(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """One arm's learning curve over T label counts.

    Args:
        arm: Its name in the paper.
        labels: [T] label counts.
        centre: [T] accuracies, fractions (`median` in the file): what the paper's `statistic` says, the median for
            logged curves.
        q25, q75: [T] quartiles over runs; empty where none are known.
        batch: Labels acquired per round; None where the paper does not say.
        runs: Number of runs; None where the paper does not say.
        location: Where it stands in the paper or its logs.
        note: What a reader must know; may be empty.
    """

    arm: str
    labels: tuple[int, ...]
    centre: tuple[float, ...] = msgspec.field(name="median")
    q25: tuple[float, ...] = ()
    q75: tuple[float, ...] = ()
    batch: int | None = None
    runs: int | None = None
    location: str
    note: str = ""


class PublishedTarget(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Labels that one arm needed to reach an accuracy.

    Args:
        arm: Its name in the paper.
        accuracy: The target, a fraction.
        labels: One number, or the quartiles around the median (25, 50, 75 %); inf where it was not reached.
        printed: What the paper prints where that is another count, else empty.
        batch, runs, location: As of a curve.
    """

    arm: str
    accuracy: float
    labels: tuple[float, ...]
    printed: tuple[float, ...] = ()
    batch: int | None = None
    runs: int | None = None
    location: str

    @property
    def middle(self) -> float:
        """The median, or the one number."""
        return self.labels[len(self.labels) // 2]


class Paper(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """One published experiment.

    Args:
        name: As given to `al-bench plot --paper`.
        authors, year, work: Of the paper.
        datasets: al-bench's names of the datasets.
        statistic: What the curves' centres are, such as the median over runs.
        about: Data, model and training in one line.
        source: Where the numbers come from.
        curves, targets: `curve` and `target` in the file.
    """

    name: str
    authors: str
    year: int
    work: str
    datasets: tuple[str, ...]
    statistic: str
    about: str
    source: str
    curves: tuple[PublishedCurve, ...] = msgspec.field(default=(), name="curve")
    targets: tuple[PublishedTarget, ...] = msgspec.field(default=(), name="target")

    @property
    def short(self) -> str:
        """First author and year, such as `Kirsch et al. 2019`."""
        names = self.authors.replace(" & ", ", ").split(", ")
        shortened = names[0] if len(names) == 1 else f"{names[0]} et al." if len(names) > 2 else self.authors
        return f"{shortened} {self.year}"


class PapersFile(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The tables of published.toml."""

    paper: tuple[Paper, ...]


def published() -> dict[str, Paper]:
    """All papers on file, by name."""
    return {entry.name: entry for entry in read_toml(FILE, PapersFile).paper}


def paper(name: str) -> Paper:
    """The paper called `name`.

    Raises:
        InputError: There is none; the message offers near names.
    """
    known = published()
    if name in known:
        return known[name]
    near = difflib.get_close_matches(name, known, n=3, cutoff=0.4) or [each for each in known if name.lower() in each]
    offer = f"did you mean {' or '.join(near)}?" if near else f"there are {', '.join(known)};"
    raise InputError(f"no published numbers called {name!r}; {offer} --paper list prints what there is")


def listing() -> list[str]:
    """The lines of `--paper list`: name, what it is, arms, and source."""
    lines = []
    for entry in published().values():
        arms = list(dict.fromkeys([*(curve.arm for curve in entry.curves), *(target.arm for target in entry.targets)]))
        lines += [
            f"{entry.name}",
            f"  {entry.authors} {entry.year}, {entry.work}; dataset {', '.join(entry.datasets)}",
            f"  {entry.about}",
            f"  arms: {'; '.join(arms)}",
            f"  {entry.statistic}; {entry.source}",
        ]
    return lines
