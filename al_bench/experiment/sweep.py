"""A sweep of `al-bench run -m`: every job's outcome is recorded, and none stops the others.

Hydra raises only the first failure of a sweep, and a killed joblib worker aborts the rest. Here each job returns its
outcome; of a job that returned none, the run's folder says whether it is complete, and if not it is missing.
"""

from __future__ import annotations

import contextlib
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from al_bench.config import hydra_sweeper
from al_bench.config.composed import Composed
from al_bench.config.hydra_sweeper import Launch, Sweep
from al_bench.config.launcher import check_launch, engine_name, workers
from al_bench.config.run_names import run_folder
from al_bench.config.schema import Engine, RunConfig
from al_bench.errors import BenchError, InputError, plain_line
from al_bench.experiment.estimate.sweep_line import seed_of, sweep_line, without_seed
from al_bench.experiment.outcome import Outcome, outcome_from_record, outcome_table
from al_bench.experiment.scoring_engines.ranks import world_size
from al_bench.storage.environment import cores
from al_bench.storage.sweep_plan import planned

RESULTS: list[tuple[list[str], Outcome]] = []
"""Overrides and outcome of every job of the sweep in this process; the command reads it when Hydra returns."""
SETTINGS: dict[tuple[str, ...], tuple[Composed, RunConfig]] = {}
"""The settings of the sweep that is about to start, as `sweep_line` takes them."""


def recording_outcomes(launch: Launch, sweep: Sweep) -> Launch:
    """`launch`, which adds the outcome of every job to RESULTS.

    Args:
        sweep: Says where the run of a job that returned nothing lies.

    Raises:
        InputError: the launcher hands runs to an engine that is not installed.
    """
    if (name := engine_name(sweep.hydra)) is not None:
        launch = on_engine(name, sweep)

    def launch_and_record(job_overrides: Sequence[Sequence[str]], initial_job_idx: int) -> list[Any]:
        print(f"al-bench: {plain_line(sweep_line(job_overrides, sweep, SETTINGS))}", file=sys.stderr)
        if line := too_many_workers(workers(sweep.hydra, cores()), engine_name(sweep.hydra)):
            print(f"al-bench: {line}", file=sys.stderr)
        try:
            with planned_sweep(job_overrides, sweep, initial_job_idx):
                returned = launch(job_overrides, initial_job_idx)
        except InputError:  # an engine took nothing
            raise
        except BenchError as error:
            print(f"al-bench: {error}", file=sys.stderr)
            returned = []
        except Exception as error:
            print(f"al-bench: the launcher gave up: {type(error).__name__}: {error}", file=sys.stderr)
            returned = []
        returned = [*returned, *[None] * (len(job_overrides) - len(returned))]
        for overrides, value in zip(job_overrides, returned, strict=True):
            outcome = (
                value if isinstance(value, Outcome) else outcome_from_record(run_folder(*sweep.composed(overrides)))
            )
            RESULTS.append((list(overrides), outcome))
        return returned

    return launch_and_record


def on_engine(name: str, sweep: Sweep) -> Launch:
    """The launch of a sweep whose runs an engine takes over.

    Args:
        name: A key of `al_bench.config.launcher.ENGINES`.

    Raises:
        InputError: the engine is not installed here.
    """
    from al_bench.experiment.engines.by_name import make_engine
    from al_bench.experiment.engines.launch import launching

    check_launch(sweep.hydra.launcher)
    return launching(make_engine(name, sweep.hydra.launcher), sweep, SETTINGS)


def planned_sweep(
    job_overrides: Sequence[Sequence[str]], sweep: Sweep, first: int
) -> contextlib.AbstractContextManager[None]:
    """Inside, `al-bench status` knows which runs the sweep is to do; those that cannot be composed are none."""
    folders = []
    for overrides in job_overrides:
        seed = seed_of(overrides)
        if (setting := SETTINGS.get(without_seed(overrides))) is not None:
            folder = setting[0].folder
            folders.append(folder if seed is None else folder.with_name(f"seed-{seed}"))
    command = ["run", *sys.argv[1:]]
    return planned(Path(sweep.hydra.sweep.dir), folders, command, workers(sweep.hydra, cores()), first)


def register(wrap: Callable[[Launch, Sweep], Launch] = recording_outcomes) -> None:
    """Make the sweeper known to Hydra.

    Args:
        wrap: From a launch, and the sweep, to the launch to use.
    """
    SETTINGS.clear()
    hydra_sweeper.register_sweeper(wrap, lambda: bool(RESULTS), refuse_early)


def refuse_early(config: Any, hydra: Any) -> None:
    """Refuse a job that no data can make work, before the first job of its sweep runs; remember the others' settings.

    Args:
        config: As composed, without Hydra's node.
        hydra: That node.

    Raises:
        InputError: naming the options that do not go together.
    """
    from al_bench.experiment.layer_features import refuse_layer_features

    composed = Composed(config, hydra)
    try:
        run = composed.build()
    except InputError:
        return  # a fault of this job's own keys, which it says when it comes up
    refuse_engine(run, engine_name(hydra))
    run.tuning.check_installed()
    refuse_layer_features(run, composed.choices)
    SETTINGS[without_seed(composed.overrides)] = (composed, run)


def refuse_engine(run: RunConfig, launcher: str | None) -> None:
    """Refuse a sweep whose runs cannot be scored by the engine that they ask for.

    Args:
        run: One of them.
        launcher: The engine that takes them over; see `engine_name`.

    Raises:
        InputError: saying what to type.
    """
    if run.engine is Engine.torchrun or world_size() > 1:
        raise InputError("engine=torchrun is for a single run: leave -m out, or type engine=local")
    if run.engine is Engine.ray and launcher == "ray":
        raise InputError(
            "hydra/launcher=ray hands over whole runs, and engine=ray the pool of one, for which it may wait for ever; "
            "type engine=local, or hydra/launcher=basic"
        )


def too_many_workers(at_a_time: int | None, launcher: str | None) -> str:
    """What to say where runs beside each other, each with workers of its own, have more processes than there are cores.

    Args:
        at_a_time: Runs; None where the launcher does not say.
        launcher: The engine that takes them over; see `engine_name`.
    """
    most = max((run.workers for _, run in SETTINGS.values() if run.engine is Engine.local), default=1)
    there = cores()
    if launcher is not None or most == 1 or (at_a_time or 1) == 1 or (at_a_time or 1) * most <= there:
        return ""
    return (
        f"{at_a_time} runs at a time with workers={most} are {(at_a_time or 1) * most} processes, and this process may "
        f"use {there} cores: the same results, no sooner; workers=1 is for sweeps"
    )


def table(results: Sequence[tuple[list[str], Outcome]]) -> str:
    """How every job of a sweep ended, one line each, and the counts."""
    return outcome_table([(" ".join(overrides), outcome) for overrides, outcome in results])
