"""The sweeper of `al-bench run -m`: Hydra's, which also remembers how every job ended.

Hydra raises only the first failure of a sweep, and a killed joblib worker aborts the rest. Here each job returns its
outcome; of a job that returned none, the run's folder says whether it is complete, and if not it is missing.
"""

from __future__ import annotations

import shutil
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from hydra.core.plugins import Plugins
from omegaconf import open_dict

from al_bench.config.run_names import run_folder
from al_bench.experiment.job import Outcome
from al_bench.storage.run_folder import RunFolder

RESULTS: list[tuple[list[str], Outcome]] = []
"""Overrides and outcome of every job of the sweep in this process; the command reads it when Hydra returns."""

Launch = Callable[..., Sequence[Any]]


def remembering(launch: Launch, folder: Callable[[Sequence[str]], Path]) -> Launch:
    """`launch`, which adds every job to RESULTS and leaves nothing for Hydra to raise.

    Args:
        folder: From a job's overrides to its run's folder, for jobs that return nothing.
    """

    def launch_and_remember(job_overrides: Sequence[Sequence[str]], initial_job_idx: int) -> Sequence[Any]:
        try:
            returns = launch(job_overrides, initial_job_idx=initial_job_idx)
        except Exception as error:
            print(f"al-bench: the launcher gave up: {type(error).__name__}: {error}", file=sys.stderr)
            returns = []
        outcomes = [getattr(job, "_return_value", None) for job in returns]
        outcomes += [None] * (len(job_overrides) - len(outcomes))
        for overrides, outcome in zip(job_overrides, outcomes, strict=True):
            found = outcome if isinstance(outcome, Outcome) else without_result(folder(overrides))
            RESULTS.append((list(overrides), found))
        return []

    return launch_and_remember


def without_result(path: Path) -> Outcome:
    """How a job ended that returned nothing, by its run's folder."""
    run = RunFolder(path)
    if run.status == "complete":
        return Outcome("complete", str(path), f"{run.rounds[-1]['labelled']} labels, from its record")
    return Outcome("missing", str(path), "no result: the worker died or never started; run the command again")


def register() -> None:
    """Make the sweeper known to Hydra, which takes plugins only from modules called hydra_plugins."""
    plugins = Plugins.instance()  # its first call loads Hydra's own plugins anew, so the base is imported after it
    import hydra_plugins
    from hydra._internal.core_plugins.basic_sweeper import BasicSweeper

    class Sweeper(BasicSweeper):
        def __init__(self, max_batch_size: int | None = None, params: dict[str, str] | None = None) -> None:
            super().__init__(max_batch_size, params)

        def sweep(self, arguments: list[str]) -> None:
            assert self.launcher is not None
            self.launcher.launch = remembering(self.launcher.launch, self.folder)  # type: ignore[method-assign]
            try:
                super().sweep(arguments)
            except Exception:
                if (
                    self.config is not None and not RESULTS
                ):  # refused before any job: Hydra has made a folder for it already
                    shutil.rmtree(self.config.hydra.sweep.dir, ignore_errors=True)
                raise

        def folder(self, overrides: Sequence[str]) -> Path:
            """Where a job's run lives."""
            assert self.hydra_context is not None
            assert self.config is not None
            config = self.hydra_context.config_loader.load_sweep_config(self.config, list(overrides))
            hydra = config.hydra
            with open_dict(config):
                del config["hydra"]
            return run_folder(config, hydra)

    here: Any = sys.modules[__name__]
    here.Sweeper = Sweeper
    Sweeper.__module__, Sweeper.__qualname__ = "hydra_plugins.al_bench", "Sweeper"
    sys.modules["hydra_plugins.al_bench"] = hydra_plugins.al_bench = here
    plugins.register(Sweeper)


def table(results: Sequence[tuple[list[str], Outcome]]) -> str:
    """How every job of a sweep ended, one line each, and the counts."""
    counts = {"complete": 0, "failed": 0, "missing": 0}
    for _, outcome in results:
        counts[outcome.status] += 1
    places = [outcome.folder or " ".join(overrides) for overrides, outcome in results]
    width = max(map(len, places), default=0)
    rows = [
        f"{outcome.status:<9} {place:<{width}}  {outcome.note}"
        for place, (_, outcome) in zip(places, results, strict=True)
    ]
    return "\n".join([*rows, ", ".join(f"{count} {status}" for status, count in counts.items())])
