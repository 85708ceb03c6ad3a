"""The launchers of a sweep: the keys of those that hand runs to an engine, and how many runs are at work at a time."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from al_bench.errors import InputError

PLUGIN_MODULE = "hydra_plugins.al_bench"
"""Where Hydra looks for al-bench's sweeper and launchers; there is no such file."""
ENGINES = {"slurm": "Slurm", "ray": "Ray"}
"""The engines that people have: the option of `hydra/launcher`, and the name of Hydra's class of it."""


@dataclass
class EngineLaunch:
    """What engines have in common: `hydra/launcher=slurm` and `hydra/launcher=ray`.

    Args:
        array_parallelism: Runs that the engine has at work at one time, at most.
        mem_mb: Megabytes of memory that each run asks for; null: the estimate times `memory_factor`.
        memory_factor: Of the estimated memory of the largest run.
        gpus: Graphics processors that each run asks for; null: 1 with device=cuda, else none.
        cpus: Processors that each run asks for; null: its `threads` times its `workers`.
        poll_s: Seconds between two looks at where the runs stand.
    """

    array_parallelism: int = 64
    mem_mb: int | None = None
    memory_factor: float = 1.5
    gpus: int | None = None
    cpus: int | None = None
    poll_s: float = 5.0


@dataclass
class SlurmLaunch(EngineLaunch):
    """`hydra/launcher=slurm`: one array of jobs, submitted by submitit.

    Args:
        timeout_min: Minutes that each run asks for; null: the estimate times `time_factor`.
        time_factor: Of the estimated time of the longest run.
        max_num_timeout: How often a run that its time limit ends is put into the queue again, where it goes on.
        partition, account, qos, constraint, exclude: As options of sbatch.
        setup: Lines of shell before the run, such as "module load cuda".
        additional_parameters: Further options of sbatch, such as {mail-type: END}.
    """

    _target_: str = f"{PLUGIN_MODULE}.{ENGINES['slurm']}"
    timeout_min: int | None = None
    time_factor: float = 3.0
    max_num_timeout: int = 3
    partition: str | None = None
    account: str | None = None
    qos: str | None = None
    constraint: str | None = None
    exclude: str | None = None
    setup: list[str] | None = None
    additional_parameters: dict[str, Any] = field(default_factory=dict)


@dataclass
class RayLaunch(EngineLaunch):
    """`hydra/launcher=ray`: tasks of a Ray cluster.

    Args:
        address: Of the cluster, as ray.init takes it; null: RAY_ADDRESS, else a cluster of this machine that is
            running, else one that is started for the command and ends with it.
    """

    _target_: str = f"{PLUGIN_MODULE}.{ENGINES['ray']}"
    address: str | None = None


LAUNCHES = {"slurm": SlurmLaunch, "ray": RayLaunch}
"""Option of `hydra/launcher` to its keys."""


LEAST = {
    **dict.fromkeys(("array_parallelism", "mem_mb", "timeout_min", "cpus", "time_factor", "memory_factor"), 1),
    **dict.fromkeys(("gpus", "max_num_timeout", "poll_s"), 0),
}
"""The least value of the keys that are numbers."""


def check_launch(keys: Any) -> None:
    """Refuse a number that no engine can do anything with.

    Args:
        keys: Of `hydra.launcher`.

    Raises:
        InputError: naming the key, its value and the least.
    """
    for key, least in LEAST.items():
        value = keys.get(key)
        if value is not None and not value >= least:
            raise InputError(f"hydra.launcher.{key} is {value}; it must be {least} or more")


def launcher_name(hydra: Any) -> str:
    """The option chosen in `hydra/launcher`.

    Args:
        hydra: Hydra's node of a composed configuration.
    """
    return str(hydra.runtime.choices["hydra/launcher"])


def engine_name(hydra: Any) -> str | None:
    """The engine that the launcher hands runs to: a key of `ENGINES`; None for a launcher of Hydra's.

    An option of a user's own, such as a cluster's partition and account, has the class of one of them.

    Args:
        hydra: Hydra's node of a composed configuration.
    """
    if not isinstance(hydra.get("launcher"), Mapping):  # typed as null, which Hydra refuses for a sweep
        return None
    target = str(hydra.launcher.get("_target_"))
    return next((name for name, plugin in ENGINES.items() if target == f"{PLUGIN_MODULE}.{plugin}"), None)


def cores_of_all(hydra: Any, cores: int, threads: int) -> int:
    """Processors that the runs at work at one time share: those of this machine, or what an engine gives each.

    Args:
        hydra: Hydra's node of a composed configuration.
        cores: That this process may use.
        threads: Of a run.
    """
    return cores if engine_name(hydra) is None else max(cores, threads * (workers(hydra, cores) or 1))


def workers(hydra: Any, cores: int) -> int | None:
    """Runs at a time; None where the launcher does not say.

    Args:
        hydra: Hydra's node of a composed configuration.
        cores: That this process may use.
    """
    if launcher_name(hydra) == "basic":
        return 1
    if engine_name(hydra) is not None:
        return max(1, int(hydra.launcher.array_parallelism))
    jobs = hydra.launcher.get("n_jobs")
    if not isinstance(jobs, int):
        return None
    return max(1, jobs if jobs > 0 else cores + 1 + jobs)
