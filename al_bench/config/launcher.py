"""How many runs the chosen launcher has at work at one time."""

from __future__ import annotations

from typing import Any


def launcher_name(hydra: Any) -> str:
    """The option chosen in `hydra/launcher`.

    Args:
        hydra: Hydra's node of a composed configuration.
    """
    return str(hydra.runtime.choices["hydra/launcher"])


def workers(hydra: Any, cores: int) -> int | None:
    """Runs at a time; None where the launcher does not say, as one that hands jobs to a cluster.

    Args:
        hydra: Hydra's node of a composed configuration.
        cores: That this process may use.
    """
    if launcher_name(hydra) == "basic":
        return 1
    jobs = hydra.launcher.get("n_jobs")
    if not isinstance(jobs, int):
        return None
    return max(1, jobs if jobs > 0 else cores + 1 + jobs)
