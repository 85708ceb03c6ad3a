"""The sweeper and the launchers that al-bench gives to Hydra.

Hydra takes plugins only from modules below `hydra_plugins`, keeps its basic sweeper among its internals, and raises
what a failed job returned. `tests/config/test_hydra_adapter.py` says what of it a new release of Hydra has changed.
"""

from __future__ import annotations

import shutil
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from types import ModuleType
from typing import Any

from hydra.core.plugins import Plugins
from hydra.plugins.launcher import Launcher
from omegaconf import DictConfig

from al_bench.config.hydra_adapter import COMPOSE_ERRORS, split_hydra_node
from al_bench.config.launcher import ENGINES, PLUGIN_MODULE
from al_bench.config.messages import is_unknown_key
from al_bench.errors import InputError

Launch = Callable[[Sequence[Sequence[str]], int], list[Any]]
"""From the overrides of every job and the first job's number to what each job returned; None for one that failed."""


def returned_value(job: Any) -> Any:
    """What the task of a job returned, or the exception it ended with; `job.return_value` would raise that."""
    return job._return_value


def plugin_module() -> ModuleType:
    """The module that Hydra takes al-bench's plugins from; there is no such file."""
    import hydra_plugins

    module = sys.modules.setdefault(PLUGIN_MODULE, ModuleType(PLUGIN_MODULE))
    parent: Any = hydra_plugins
    parent.al_bench = module
    return module


def _add_plugin(name: str, plugin: type[Any]) -> None:
    """Let Hydra find a class under a name."""
    plugin.__module__, plugin.__qualname__ = PLUGIN_MODULE, name
    setattr(plugin_module(), name, plugin)
    Plugins.instance().register(plugin)


class EngineLauncher(Launcher):
    """What Hydra takes for the launcher of a sweep on an engine; `experiment.engines` launches in its place."""

    def __init__(self, **keys: Any) -> None:
        """Take the keys of the launcher, which the engine reads from Hydra's node."""

    def setup(self, **parts: Any) -> None:
        """Nothing is to be set up."""

    def launch(self, job_overrides: Sequence[Sequence[str]], initial_job_idx: int) -> Sequence[Any]:
        raise NotImplementedError


def first_of_each_seed_aside(jobs: Sequence[Sequence[str]]) -> list[Sequence[str]]:
    """Of the jobs of a sweep that differ in their seed alone, the first."""
    without_seeds = {tuple(word for word in job if not word.startswith("seed=")): job for job in reversed(jobs)}
    return list(reversed(without_seeds.values()))


@dataclass(frozen=True)
class Sweep:
    """A sweep before its jobs start.

    Args:
        composed: From a job's overrides to its configuration and Hydra's node.
        hydra: Hydra's node of the sweep.
    """

    composed: Callable[[Sequence[str]], tuple[DictConfig, Any]]
    hydra: Any


def register_sweeper(
    wrap: Callable[[Launch, Sweep], Launch],
    jobs_started: Callable[[], bool],
    check: Callable[[DictConfig, Any], None],
) -> None:
    """Make al-bench's sweeper known to Hydra: the basic one, whose launcher is wrapped.

    Args:
        wrap: From a launch, and the sweep, to the launch to use.
        jobs_started: Whether any job of the sweep has been launched.
        check: Refuses a job, from a composed configuration and Hydra's node, before the first is launched.
    """
    Plugins.instance()  # its first call loads Hydra's own plugins anew, so the base is imported after it
    from hydra._internal.core_plugins.basic_sweeper import BasicSweeper

    class Sweeper(BasicSweeper):
        def __init__(self, max_batch_size: int | None = None, params: dict[str, str] | None = None) -> None:
            super().__init__(max_batch_size, params)

        def sweep(self, arguments: list[str]) -> None:
            launcher: Any = self.launcher
            launch_jobs = launcher.launch

            def launch(job_overrides: Sequence[Sequence[str]], initial_job_idx: int) -> list[Any]:
                return [returned_value(job) for job in launch_jobs(job_overrides, initial_job_idx=initial_job_idx)]

            assert self.config is not None
            recording = wrap(launch, Sweep(self.composed, self.config.hydra))

            def launch_and_raise_nothing(job_overrides: Sequence[Sequence[str]], initial_job_idx: int) -> list[Any]:
                self.check(job_overrides)
                recording(job_overrides, initial_job_idx)
                return []

            launcher.launch = launch_and_raise_nothing
            try:
                super().sweep(arguments)
            except Exception:
                if self.config is not None and not jobs_started():  # Hydra has made a folder for the sweep already
                    shutil.rmtree(self.config.hydra.sweep.dir, ignore_errors=True)
                raise

        def validate_batch_is_legal(self, batch: Sequence[Sequence[str]]) -> None:
            """Compose the jobs before the first is launched; of those that differ in their seed alone the first, and
            the first of each seed, as composing takes a tenth of a second a job."""
            seeds = {word: job for job in reversed(batch) for word in job if word.startswith("seed=")}
            super().validate_batch_is_legal([*first_of_each_seed_aside(batch), *seeds.values()])

        def composed(self, overrides: Sequence[str]) -> tuple[DictConfig, Any]:
            """The configuration of a job, and Hydra's node."""
            assert self.hydra_context is not None
            assert self.config is not None
            return split_hydra_node(self.hydra_context.config_loader.load_sweep_config(self.config, list(overrides)))

        def check(self, job_overrides: Sequence[Sequence[str]]) -> None:
            """Refuse jobs that cannot work, of those that differ in their seed alone the first.

            A key that an option of a swept group lacks is refused, too, before the other options' jobs run.
            """
            for job in first_of_each_seed_aside(job_overrides):
                try:
                    composed = self.composed(job)
                except (*COMPOSE_ERRORS, InputError) as error:
                    if is_unknown_key(error):
                        raise
                    continue  # the job says so itself
                check(*composed)

    _add_plugin("Sweeper", Sweeper)
    for name in ENGINES.values():
        _add_plugin(name, type(name, (EngineLauncher,), {}))
