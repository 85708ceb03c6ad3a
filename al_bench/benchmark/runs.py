"""The runs of a setting: where they lie, which are missing, and doing them one after the other in this process.

One process does many runs, as starting one takes longer than most of them. What their strategies differ in is composed
once a strategy; under the next seed the same configuration is used with another seed.
"""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, fields, replace
from pathlib import Path

from al_bench.benchmark.pools import class_count
from al_bench.benchmark.protocol import BASELINE, Protocol, Setting
from al_bench.config.compose import compose, register
from al_bench.config.composed import Composed
from al_bench.config.schema import RunConfig
from al_bench.errors import InputError
from al_bench.experiment.composed_job import composed_job
from al_bench.experiment.job import Job, perform
from al_bench.experiment.outcome import Outcome
from al_bench.storage.archiving import without_folders
from al_bench.storage.identity import differences
from al_bench.storage.run_folder import RunFolder
from al_bench.storage.runs import Run


def study_folder(results: Path, setting: Setting) -> Path:
    """Where the runs of a setting lie; its archive has this name and the suffix .parquet."""
    return results / setting.name


@dataclass(frozen=True)
class Newcomer:
    """A strategy of a user's own.

    Args:
        name: Its option.
        config_dir: The folder of options that has it; None for one that is installed.
    """

    name: str
    config_dir: Path | None = None


@dataclass(frozen=True)
class Arm:
    """A strategy in a setting.

    Args:
        setting: Which one.
        strategy: The name of its option.
        composed: The configuration; only its seed changes.
        run: Its typed form.
    """

    setting: Setting
    strategy: str
    composed: Composed
    run: RunConfig

    def job(self, seed: int) -> Job:
        """The run under a seed."""
        composed = self.composed
        composed.set("seed", seed)
        typed = [word for word in composed.overrides if not word.startswith("hydra.")]
        return replace(composed_job(composed, [*typed, f"seed={seed}"]), bar=False)

    def is_done(self, seed: int, archived: Mapping[tuple[str, int], Run]) -> bool:
        """Whether the run under a seed is complete, in its folder or in an archive.

        Args:
            seed: Of the run.
            archived: Strategy and seed to the runs in the setting's archive.

        Raises:
            InputError: There is a run of another configuration.
        """
        composed = self.composed
        composed.set("seed", seed)
        folder, defaults = RunFolder(composed.folder), composed.defaults(self.run)
        if composed.folder.exists():
            folder.check(composed.identity, composed.components, defaults, lengths=True)
            return folder.complete
        if (run := archived.get((self.strategy, seed))) is None:
            return False
        identity = without_folders(composed.identity)
        if differing := differences(run.header, identity, composed.components, defaults):
            raise InputError(
                f"{run.folder} is of another configuration: {differing[0]}; move that archive away, and run it again"
            )
        return True


def arm(setting: Setting, strategy: str, arrays: Path, results: Path, config_dir: Path | None = None) -> Arm:
    """A strategy in a setting, composed.

    Args:
        setting, strategy: Which.
        arrays: The file of the data set's arrays.
        results: The folder of the benchmark's runs.
        config_dir: A folder of options of the user's own.

    Raises:
        InputError: There is no such strategy, or it has no meaning with the learner.
    """
    start, batch = setting.sizes(class_count(arrays))
    protocol = setting.protocol
    words = [
        f"results={_quoted(results)}",
        f"study={setting.name}",
        f"arm={strategy}",
        "dataset=npz",
        f"dataset.path={_quoted(arrays)}",
        f"dataset.name={setting.dataset}",
        "dataset.standardise=false",
        *setting.overrides(),
        f"strategy={strategy}",
        f"initial.kind={protocol.initial}",
        f"initial.size={start}",
        f"schedule.batch={batch}",
        f"schedule.rounds={protocol.rounds}",
        "evaluation.stop_set=0",
    ]
    own = [f"hydra.searchpath=[file://{config_dir.resolve()}]"] if config_dir is not None else []
    composed = compose([*own, *words])
    if setting.data.learner != "linear" and "features" in {field.name for field in fields(composed.build().strategy)}:
        composed = compose([*own, *words, "strategy.features=input"])
    return Arm(setting, strategy, composed, composed.build())


def _quoted(path: Path) -> str:
    """A path as the value of an override."""
    text = str(path.absolute())
    if "'" in text or "\\" in text:
        raise InputError(f"{text} has a quote or a backslash in its name; choose another folder")
    return f"'{text}'"


def arms(
    setting: Setting,
    arrays: Path,
    results: Path,
    newcomer: Newcomer | None = None,
) -> list[Arm]:
    """The arms of a setting: those of the protocol, or Random and a newcomer's.

    Args:
        setting, arrays, results: As of `arm`.
        newcomer: A strategy of a user's own.

    Raises:
        InputError: A strategy cannot be composed.
    """
    register()
    if newcomer is not None:
        strategies = [BASELINE] * (newcomer.name != BASELINE) + [newcomer.name]
        return [arm(setting, name, arrays, results, newcomer.config_dir) for name in strategies]
    return [arm(setting, name, arrays, results) for name in setting.strategies]


@dataclass(frozen=True)
class Clock:
    """When to stop.

    Args:
        end: Of `time.monotonic`; None for never.
    """

    end: float | None = None

    @classmethod
    def of_minutes(cls, minutes: float | None) -> Clock:
        """From now on."""
        return cls(None if minutes is None else time.monotonic() + 60 * minutes)

    @property
    def is_over(self) -> bool:
        """Whether no further run is to begin."""
        return self.end is not None and time.monotonic() >= self.end


def missing(arms: Sequence[Arm], protocol: Protocol, archived: Sequence[Run] = ()) -> list[tuple[Arm, int]]:
    """The runs that are not complete, an arm after the other.

    Raises:
        InputError: There is a run of another configuration.
    """
    known = {(run.strategy, run.seed): run for run in archived}
    return [(each, seed) for each in arms for seed in range(protocol.seeds) if not each.is_done(seed, known)]


def perform_runs(runs: Sequence[tuple[Arm, int]], clock: Clock) -> Iterator[tuple[Arm, int, Outcome, float]]:
    """Do runs until the time is over: each with its outcome and the seconds that it took."""
    for each, seed in runs:
        if clock.is_over:
            return
        begin = time.monotonic()
        outcome = perform(each.job(seed))
        yield each, seed, outcome, time.monotonic() - begin
