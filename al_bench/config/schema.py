"""The configuration: its schema, and its way from Hydra to typed objects.

Each component (dataset, model, posterior, training, strategy) is a dataclass whose fields are its keys; this
module holds the keys that belong to no component. It imports no torch, so the command line answers at once.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import Enum
from typing import Any

from omegaconf import MISSING

from al_bench import checks
from al_bench.config.seeds import Seeds
from al_bench.config.tracking_schema import Tracking
from al_bench.errors import InputError
from al_bench.health.thresholds import Health


class InitialKind(Enum):
    auto = "auto"
    balanced = "balanced"
    random = "random"
    clusters = "clusters"


class Scoring(Enum):
    fast = "fast"
    plain = "plain"


class Engine(Enum):
    local = "local"
    ray = "ray"
    torchrun = "torchrun"


class StopOn(Enum):
    test = "test"
    validation = "validation"
    audit = "audit"


class Reference(Enum):
    none = "none"
    full = "full"


@dataclass
class Initial:
    """The labelled set of round 0.

    Args:
        size: L, its number of points; 0 is a cold start, whose first batch comes from an untrained network.
        kind: random draws from the pool at large, balanced class by class, which reads all labels; clusters takes one
            point from each of L clusters of inputs and reads none. auto is balanced for the benchmarks that come with
            al-bench, as in their papers, and random for any other data.
        indices: Dataset indices to label, in place of a draw.
        rows: The same as rows of the user's file, counted from 0 without the header, or as values of `dataset.id`. They
            stay out of a test part that is split off.
    """

    size: int = 20
    kind: InitialKind = InitialKind.auto
    indices: list[int] | None = None
    rows: list[Any] | None = None

    def __post_init__(self) -> None:
        checks.at_least("initial.size", self.size, 0)
        if self.indices is not None and self.rows is not None:
            raise InputError("initial.indices and initial.rows are both given; give one of them")
        for row in self.rows or ():
            if not isinstance(row, (int, str)) or isinstance(row, bool):
                raise InputError(f"initial.rows has {row!r}; it must hold rows, counted from 0, or texts of dataset.id")

    def keys_without_effect(self) -> dict[str, str]:
        """The keys that nothing reads beside the other keys, each with the reason and what to set."""
        named = next((key for key in ("indices", "rows") if getattr(self, key) is not None), None)
        reason = f"initial.{named} names the points of round 0; set initial.{named}=null"
        return dict.fromkeys(("size", "kind"), reason) if named else {}

    @property
    def points(self) -> int:
        """How many points are labelled in round 0."""
        given = self.indices if self.rows is None else self.rows
        return self.size if given is None else len(given)


def default_kind(dataset: type) -> InitialKind:
    """What `initial.kind=auto` stands for: balanced for a class of al-bench's with `is_benchmark`, else random.

    Args:
        dataset: The class of the data set's component.
    """
    own = dataset.__module__.partition(".")[0] != "al_bench"
    benchmark = not own and getattr(dataset, "is_benchmark", False)
    return InitialKind.balanced if benchmark else InitialKind.random


DEFAULT_ROUNDS = 20
MOST_THREADS = 1_024
"""More threads, or workers, end a process before they help it."""


@dataclass
class Schedule:
    """How far a run goes.

    Args:
        batch: B, points acquired a round.
        rounds: Networks trained in all, round 0 included.
        budget: Labelled points at the end; the last batch is smaller where it does not divide.
        stop_at_accuracy: Stop after the first round whose accuracy reaches this. With none of the three given, a run
            has DEFAULT_ROUNDS rounds.
        stop_at_accuracy_on: Whose accuracy that is. test reads the labels of the test part, which nobody has who labels
            a pool of their own; validation reads those of the points that `validation` holds out of the pool, and
            records that accuracy; audit, in al-bench query alone, reads the audit's.
        candidates: Score a random subset of this many unlabelled points a round; null scores them all.
    """

    batch: int = 10
    rounds: int | None = None
    budget: int | None = None
    stop_at_accuracy: float | None = None
    stop_at_accuracy_on: StopOn = StopOn.test
    candidates: int | None = None

    def __post_init__(self) -> None:
        for key in ("batch", "rounds", "budget", "candidates"):
            value = getattr(self, key)
            if value is not None:
                checks.at_least(f"schedule.{key}", value, 1)
        if self.stop_at_accuracy is not None:
            checks.fraction("schedule.stop_at_accuracy", self.stop_at_accuracy, zero=False)
        if self.candidates is not None and self.candidates < self.batch:
            raise InputError(f"schedule.candidates is {self.candidates}, fewer than schedule.batch ({self.batch})")

    def keys_without_effect(self) -> dict[str, str]:
        """The keys that nothing reads beside the other keys, each with the reason and what to set."""
        reason = "schedule.stop_at_accuracy is null; set schedule.stop_at_accuracy=0.9"
        return {"stop_at_accuracy_on": reason} if self.stop_at_accuracy is None else {}

    def labels_at_end(self, initial: int, pool: int) -> int:
        """Labelled points of the last round.

        Args:
            initial: Points labelled in round 0.
            pool: P, points that may be labelled in all.

        Raises:
            InputError: the pool has fewer points, or the budget is spent by round 0.
        """
        ends = {}
        if self.rounds is not None:
            ends[f"schedule.rounds={self.rounds}"] = initial + (self.rounds - 1) * self.batch
        if self.budget is not None:
            ends[f"schedule.budget={self.budget}"] = self.budget
        if not ends:
            default = initial + (DEFAULT_ROUNDS - 1) * self.batch
            return pool if self.stop_at_accuracy is not None else max(initial, min(default, pool))
        key, end = min(ends.items(), key=lambda item: item[1])
        if end > pool:
            raise InputError(
                f"{key} asks for {end} labelled points and the pool has {pool} "
                "(the training part less the validation set); lower it"
            )
        if end < initial:
            raise InputError(f"{key} ends at {end} labelled points and round 0 starts with {initial}")
        return end


class Keep(Enum):
    """What is stored of a round's predictions for the test part."""

    none = "none"
    probabilities = "probabilities"


LARGEST_STOP_SET = 1_000
"""Points: a share of changed predictions is then known to 0.1 points, at the price of a small part of a round."""


@dataclass
class Evaluation:
    """How a round is judged on the test part.

    Args:
        draws: Functions drawn from each member (of a mixture: dropout masks) for the mean prediction; null takes
            posterior.draws, 0 the members' point predictions, dropout off.
        every: Evaluate every so many rounds (and the last).
        metrics: Metrics of your own beside al-bench's: module:NAME of an `al_bench.metrics.Metric`, or the name by
            which an installed package offers one. No other result depends on them.
        keep: probabilities stores the mean predictions for the test part of every evaluated round in predictions.bin,
            4 bytes a point and class, so that al-bench rescore computes any metric later. No result depends on it.
        stop_set: Points of a random part of the pool, at most 1,000 of them and the same in every round, for which
            every round records how far its predictions are those of the round before; 0 records nothing. No label of
            theirs is read and no result depends on it.
    """

    draws: int | None = None
    every: int = 1
    metrics: list[str] = field(default_factory=list)
    keep: Keep = Keep.none
    stop_set: int = LARGEST_STOP_SET

    def __post_init__(self) -> None:
        if self.draws is not None:
            checks.at_least("evaluation.draws", self.draws, 0, " (dropout off), or null")
        checks.at_least("evaluation.every", self.every, 1)
        allowed = f"a number of points from 1 to {LARGEST_STOP_SET}, or 0 for none"
        checks.require(0 <= self.stop_set <= LARGEST_STOP_SET, "evaluation.stop_set", self.stop_set, allowed)


@dataclass
class RunConfig:
    """Everything that defines a run.

    Args:
        dataset, stress, encoder, model, posterior, training, tuning, annotator, strategy, stopping: The components.
        initial, schedule, evaluation, health: See their classes.
        validation: Points of the training part held out of the pool, which stop the training early: a number of them,
            at random, or `file`: the validation part of the data set's own files.
        scoring: How dropout masks are applied: fast runs what all draws share once and thins the layers between masks;
            plain runs a whole pass a draw, to check fast. The same functions, up to rounding.
        reference: full trains once on the whole pool: the ceiling of the plots.
        successor: A second learner, which picks nothing: a model's option, with its default posterior and training.
            Every evaluated round trains it on the same labels and records its quality, so that labels which one learner
            bought are judged by another (--metric successor_accuracy). null: none.
        seed: Of all random streams that have no seed of their own in `seeds`.
        seeds: Seeds of single purposes; see its class.
        threads: CPU threads. Results differ bit for bit with it, so it is part of the run's identity.
        engine: Who scores the pool: processes of this machine, actors of a Ray cluster, or the processes that torchrun
            starts. No result depends on it.
        workers: Processes that score the pool, or actors of Ray, each with one thread; processes on Linux only. No
            result depends on their number.
        device: auto, cpu or cuda.
        study: Folder of runs that belong together; null: the experiment's name, or "default".
        arm: Name of the run's curve; null: the strategy and every other override that changes results.
        results: Where studies live.
        cache: Folder of what runs share (see `al_bench.storage.cache`); auto: the environment variable
            AL_BENCH_CACHE, else the user's cache folder. null or off: every run works for itself. No result depends
            on it.
        tracker: Tools in which the run is shown; see its class.
        recommended_by: The version of the table that named the strategy, set by `strategy=recommended`, for the record.
    """

    dataset: Any = MISSING
    stress: Any = MISSING
    encoder: Any = MISSING
    model: Any = MISSING
    posterior: Any = MISSING
    training: Any = MISSING
    tuning: Any = MISSING
    annotator: Any = MISSING
    strategy: Any = MISSING
    stopping: Any = MISSING
    initial: Initial = field(default_factory=Initial)
    schedule: Schedule = field(default_factory=Schedule)
    evaluation: Evaluation = field(default_factory=Evaluation)
    health: Health = field(default_factory=Health)
    validation: int | str = 0
    scoring: Scoring = Scoring.fast
    reference: Reference = Reference.none
    successor: str | None = None
    seed: int = 0
    seeds: Seeds = field(default_factory=Seeds)
    threads: int = 1
    engine: Engine = Engine.local
    workers: int = 1
    device: str = "auto"
    study: str | None = None
    arm: str | None = None
    results: str = "results/runs"
    cache: str | None = "auto"
    tracker: Tracking = field(default_factory=Tracking)
    recommended_by: str | None = None

    def __post_init__(self) -> None:
        if isinstance(self.validation, str):
            checks.require(
                self.validation == "file",
                "validation",
                self.validation,
                "a number of points, or file: the validation part of the data set's own files",
            )
        else:
            checks.at_least("validation", self.validation, 0)
        for key, low in (("seed", 0), ("threads", 1), ("workers", 1)):
            checks.at_least(key, getattr(self, key), low)
        for key in ("threads", "workers"):
            checks.require(getattr(self, key) <= MOST_THREADS, key, getattr(self, key), f"at most {MOST_THREADS}")
        checks.one_of("device", self.device, ("auto", "cpu", "cuda"))
        for key in ("study", "arm"):
            value = getattr(self, key)
            if value is not None and (not value.strip() or value.strip()[0] == "." or "/" in value):
                raise InputError(f"{key} is {value!r}; it names a folder: not empty, no slash, no dot to begin with")
        if not self.results.strip():
            raise InputError(f"results is {self.results!r}; name the folder where studies live, such as results/runs")
