"""The protocol of a benchmark: conf/benchmark/NAME.yaml, checked as it is read.

A setting is a data set in a regime, or one of the stresses on a data set. Its runs lie in a study of its name, such as
`letter-low` or `letter-low-shift`.
"""

from __future__ import annotations

import difflib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, Literal

import msgspec
import yaml  # type: ignore[import-untyped]
from msgspec import Meta, Struct

from al_bench.config.registry import conf_dir
from al_bench.errors import InputError

Positive = Annotated[int, Meta(ge=1)]
Kind = Literal["image", "table", "text"]
BASELINE = "random"
"""The strategy that all others are compared with."""


class Regime(Struct, frozen=True, forbid_unknown_fields=True):
    """How many labels a run has.

    Args:
        start, batch: Labels a class of the initial set and of each batch.
    """

    start: Positive
    batch: Positive


class BenchmarkData(Struct, frozen=True, forbid_unknown_fields=True):
    """A data set of the benchmark.

    Args:
        kind: image, table or text.
        learner: The name of its learner.
        data: Overrides that read it.
        pool, test: Rows of the pool and of the test part.
        encoder: Overrides that choose the encoder; none takes the inputs as they are.
        components: Principal components of the features that are taken; None takes the features.
        metric: What it is judged by.
    """

    kind: Kind
    learner: str
    data: tuple[str, ...]
    pool: Annotated[int, Meta(ge=1, le=10_000)]
    test: Positive
    encoder: tuple[str, ...] = ()
    components: Positive | None = None
    metric: str = "accuracy"


class Stresses(Struct, frozen=True, forbid_unknown_fields=True):
    """Which stresses are run on what.

    Args:
        regime: In which regime.
        datasets, strategies: On which data sets, with which strategies.
        kinds: Name to overrides.
    """

    regime: str
    datasets: tuple[str, ...]
    strategies: tuple[str, ...]
    kinds: dict[str, tuple[str, ...]]


class Protocol(Struct, frozen=True, forbid_unknown_fields=True):
    """What a benchmark runs.

    Args:
        version: Its name, which the records of its runs are found by.
        seeds: Number of seeds, from 0 on.
        rounds: Evaluations of a run.
        initial: How the initial set is drawn.
        pool_seed: Of the permutation that chooses the fixed rows.
        regimes, learners, datasets: By name; a learner is a list of overrides.
        strategies: By the name of their options, `random` among them.
        stresses: What is run under stress.
    """

    version: str
    seeds: Annotated[int, Meta(ge=1, le=1000)]
    rounds: Annotated[int, Meta(ge=2, le=10)]
    initial: Literal["random", "balanced"]
    pool_seed: int
    regimes: dict[str, Regime]
    learners: dict[str, tuple[str, ...]]
    strategies: tuple[str, ...]
    datasets: dict[str, BenchmarkData]
    stresses: Stresses | None = None

    def settings(self) -> list[Setting]:
        """Every setting in the order in which it is run: a regime on all data sets before the next, stresses last."""
        plain = [Setting(self, data, regime) for regime in self.regimes for data in self.datasets]
        if self.stresses is None:
            return plain
        stressed = [(data, kind) for kind in self.stresses.kinds for data in self.stresses.datasets]
        return plain + [Setting(self, data, self.stresses.regime, kind) for data, kind in stressed]


@dataclass(frozen=True)
class Setting:
    """A data set in a regime, with or without a stress.

    Args:
        protocol: It belongs to.
        dataset, regime: Their names.
        stress: The stress's name; empty for none.
    """

    protocol: Protocol
    dataset: str
    regime: str
    stress: str = ""

    @property
    def name(self) -> str:
        """Of its study and its archive."""
        return "-".join([self.dataset, self.regime, *([self.stress] if self.stress else [])])

    @property
    def data(self) -> BenchmarkData:
        """The data set."""
        return self.protocol.datasets[self.dataset]

    @property
    def strategies(self) -> tuple[str, ...]:
        """Those that the protocol runs here."""
        stresses = self.protocol.stresses
        return stresses.strategies if self.stress and stresses is not None else self.protocol.strategies

    @property
    def planned(self) -> int:
        """Number of runs that the protocol asks for here."""
        return len(self.strategies) * self.protocol.seeds

    def sizes(self, classes: int) -> tuple[int, int]:
        """Points of the initial set and of a batch."""
        regime = self.protocol.regimes[self.regime]
        return regime.start * classes, regime.batch * classes

    def overrides(self) -> tuple[str, ...]:
        """What its learner and its stress are, as overrides."""
        stresses = self.protocol.stresses
        stress = stresses.kinds[self.stress] if self.stress and stresses is not None else ()
        return (*self.protocol.learners[self.data.learner], *stress)


def folder() -> Path:
    """Where the protocols lie."""
    return Path(conf_dir()) / "benchmark"


def names() -> tuple[str, ...]:
    """The protocols there are."""
    return tuple(sorted(path.stem for path in folder().glob("*.yaml")))


def load(name: str) -> Protocol:
    """The protocol called `name`.

    Raises:
        InputError: There is none, or its file is faulty.
    """
    if name not in names():
        near = difflib.get_close_matches(name, names(), n=1)
        offer = f"did you mean {near[0]}?" if near else f"choose one of {', '.join(names())}"
        raise InputError(f"there is no benchmark {name!r}; {offer}")
    path = folder() / f"{name}.yaml"
    return from_tables(yaml.safe_load(path.read_text(encoding="utf-8")), str(path))


def from_tables(tables: Any, where: str) -> Protocol:
    """The protocol that the content of a file describes.

    Raises:
        InputError: naming what is wrong with it.
    """
    try:
        protocol = msgspec.convert(tables, Protocol)
    except msgspec.ValidationError as error:
        raise InputError(f"{where}: {error}") from None
    _check(protocol, where)
    return protocol


def _check(protocol: Protocol, where: str) -> None:
    """Raises InputError where a name leads nowhere or an override does more than set al-bench's own keys."""
    if BASELINE not in protocol.strategies:
        raise InputError(f"{where}: strategies lacks {BASELINE}, which all others are compared with")
    named: list[tuple[str, str, Sequence[str]]] = [
        (f"datasets.{name}.learner", data.learner, list(protocol.learners)) for name, data in protocol.datasets.items()
    ]
    every: list[Sequence[str]] = list(protocol.learners.values())
    for data in protocol.datasets.values():
        every += [data.data, data.encoder]
    if (stresses := protocol.stresses) is not None:
        named.append(("stresses.regime", stresses.regime, list(protocol.regimes)))
        named += [("stresses.datasets", name, list(protocol.datasets)) for name in stresses.datasets]
        named += [("stresses.strategies", name, protocol.strategies) for name in stresses.strategies]
        every += list(stresses.kinds.values())
    for key, value, allowed in named:
        if value not in allowed:
            raise InputError(f"{where}: {key} is {value!r}; choose one of {', '.join(allowed)}")
    for override in (word for words in every for word in words):
        key = override.partition("=")[0].lstrip("+~")
        if "${" in override or "_target_" in override or key.partition(".")[0].partition("/")[0] == "hydra":
            raise InputError(f"{where} has {override!r}; a protocol sets al-bench's own keys alone")
