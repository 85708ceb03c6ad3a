"""Ray: a supervisor, an actor that outlives the command, starts a task for each run, so many at a time.

The supervisor holds the lock of a folder of the sweep while it is at work, and the worker of a run writes its log
there, so that anyone who sees the file system can tell what is at work: this command, the same one after a lost
connection, and `al-bench status`. Hydra's plugin for Ray is not used: its tasks end with the command, it holds no limit
of its own and brings boto3 and Ray's dashboard along.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from al_bench.errors import BenchError, InputError
from al_bench.experiment.engines.ray_connection import connect_to_ray, require_ray
from al_bench.experiment.engines.ray_supervisor import Call, Supervisor
from al_bench.experiment.engines.task import RUNNING, WAITING, Resources, Task, passed_on
from al_bench.storage.arrays import LOG, SubmittedArray
from al_bench.storage.lock import is_held

READY_S = 300.0
"""Seconds until the supervisor has started: a cluster that scales itself may have to start a machine."""


class Ray:
    """A Ray cluster.

    Args:
        keys: Of `hydra.launcher`; see `al_bench.config.launcher.RayLaunch`. None for one that is only asked.

    Raises:
        InputError: Ray is not installed here.
    """

    name = "ray"

    def __init__(self, keys: Any = None) -> None:
        self.keys = keys
        self.where = ""
        self._is_own = False
        if keys is None:
            return
        require_ray("hydra/launcher=ray")

    def submit(self, tasks: Sequence[Task], sweep_folder: Path, resources: Resources) -> list[tuple[str, int]]:
        """Start a supervisor of all tasks."""
        import ray

        address = self.keys.address or os.environ.get("RAY_ADDRESS")
        self.where, self._is_own = connect_to_ray(address, "hydra.launcher.address or RAY_ADDRESS")
        check_fits(resources, ray.nodes())
        calls = [
            Call(list(task.words), str(task.folder), str(task.outcome), str(log_file(sweep_folder, number)))
            for number, task in enumerate(tasks)
        ]
        asked: dict[str, Any] = {"num_cpus": resources.cpus, "num_gpus": resources.gpus, "max_retries": 0}
        if resources.megabytes is not None:
            asked["memory"] = resources.megabytes * 10**6
        name = supervisor_name(sweep_folder)
        actor = ray.remote(Supervisor).options(name=name, lifetime="detached", num_cpus=0, max_concurrency=2)
        supervisor = actor.remote(calls, str(sweep_folder / LOG), asked, self.keys.array_parallelism)
        try:
            ray.get(supervisor.start.remote(passed_on(), os.getcwd()), timeout=READY_S)
        except (ray.exceptions.RayError, TimeoutError) as error:
            raise BenchError(f"Ray does not take the runs: {' '.join(str(error).split())[-300:]}") from error
        return [(name, len(tasks))]

    def at_work(self, arrays: Sequence[tuple[Path, SubmittedArray]]) -> dict[tuple[str, int], str]:
        """The runs of supervisors that hold their locks, but for those that a worker has ended."""
        states = {}
        for folder, array in arrays:
            if not is_held(folder / LOG):
                continue
            for number, outcome in enumerate(array.outcomes):
                if not (folder / outcome).exists():
                    states[array.job, number] = RUNNING if log_file(folder, number).exists() else WAITING
        return states

    def why_waiting(self) -> str:
        """Nothing: Ray says it in its dashboard alone."""
        return ""

    def farewell(self, jobs: Sequence[str]) -> str:
        """What happens to the runs."""
        return "the Ray cluster of this command ends with it" if self._is_own else "the runs go on in the Ray cluster"

    def log(self, sweep_folder: Path, job: str, number: int, of: int) -> Path:
        """The file that the worker of a run writes."""
        return log_file(sweep_folder, number)


def supervisor_name(sweep_folder: Path) -> str:
    """What the supervisor of a sweep is called in the cluster."""
    return f"al-bench_{sweep_folder.name}"


def log_file(sweep_folder: Path, number: int) -> Path:
    """What the worker of a run said."""
    return sweep_folder / LOG / f"{number}.out"


def check_fits(resources: Resources, nodes: Sequence[Any]) -> None:
    """Refuse what no machine of the cluster has: Ray would wait for one for ever.

    Raises:
        InputError: naming what is asked for, and the most that there is.
    """
    alive = [node["Resources"] for node in nodes if node["Alive"]]
    megabytes = resources.megabytes or 0
    for what, wanted, key, unit in (
        ("cpus", resources.cpus, "CPU", 1),
        ("gpus", resources.gpus, "GPU", 1),
        ("mem_mb", megabytes, "memory", 10**6),
    ):
        most = int(max((each.get(key, 0.0) for each in alive), default=0.0) / unit)
        if wanted > most:
            raise InputError(
                f"each run asks for {wanted:,} ({what}) and no machine of the Ray cluster has more than {most:,}; "
                f"type hydra.launcher.{what}={most}, or take another cluster"
            )
