"""The engine of a name, and which runs of a folder any engine has at work."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from al_bench.experiment.engines.ray_cluster import Ray
from al_bench.experiment.engines.slurm import Slurm
from al_bench.experiment.engines.task import WAITING, Engine, EngineSilentError
from al_bench.storage.arrays import read_arrays
from al_bench.storage.run_folder import read_status

TYPES: dict[str, Callable[[Any], Engine]] = {"slurm": Slurm, "ray": Ray}
"""By the names of `al_bench.config.launcher.ENGINES`."""


def make_engine(name: str, keys: Any = None) -> Engine:
    """The engine of a name.

    Args:
        name: slurm or ray.
        keys: Of `hydra.launcher`; None for one that is only asked.

    Raises:
        InputError: it is not installed here.
    """
    return TYPES[name](keys)


def runs_at_work(results: Path, report: Callable[[str], None]) -> dict[Path, str]:
    """Folders of the runs that engines have taken over and not ended, to RUNNING or WAITING.

    Args:
        results: Where studies live.
        report: Called with one line where an engine does not answer.
    """
    states: dict[Path, str] = {}
    arrays = read_arrays(results)
    for name in TYPES:
        open_arrays = [
            (folder, array)
            for folder, array in arrays
            if array.engine == name
            and any(read_status(results / run).get("status") != "complete" for run in array.runs)
        ]
        try:
            at_work = make_engine(name).at_work(open_arrays) if open_arrays else {}
        except EngineSilentError as error:
            report(str(error))
            continue
        for _, array in open_arrays:
            for number, run in enumerate(array.runs):
                if (state := at_work.get((array.job, number))) is not None:
                    states[(results / run).resolve()] = state
    return states


def pending_jobs(results: Path, states: Mapping[Path, str]) -> dict[str, int]:
    """The engine's name of each job, such as "slurm job 17", to how many of its runs wait.

    Args:
        results: Where studies live.
        states: Folders of runs to what `runs_at_work` says of them.
    """
    pending: dict[str, int] = {}
    for _, array in read_arrays(results):
        if waiting := sum(states.get((results / run).resolve()) == WAITING for run in array.runs):
            pending[f"{array.engine} job {array.job}"] = waiting
    return pending
