"""The connection to a Ray cluster: the one of an address, else one of this machine, else a new one."""

from __future__ import annotations

import importlib.util
import logging
import os
import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from al_bench.errors import InputError

NAMESPACE = "al-bench"


def require_ray(key: str) -> None:
    """Refuse what needs Ray where it is not installed.

    Args:
        key: What asks for it.

    Raises:
        InputError: saying what to install.
    """
    if importlib.util.find_spec("ray") is None:
        raise InputError(f"{key} needs Ray: pip install 'al-bench[ray]'")


def connect_to_ray(address: str | None, named_by: str) -> tuple[str, bool]:
    """Connect to the cluster of an address, else one of this machine, else a new one that ends with the command.

    Args:
        address: As ray.init takes it; None where none is named.
        named_by: The keys or variables that name it.

    Returns:
        Which one, in one clause, empty where the process is connected already; and whether it is a new one.

    Raises:
        InputError: there is no cluster at the address.
    """
    with sigterm_as_before():
        import ray

        if ray.is_initialized():
            return "", False
        try:
            ray.init(address=address or "auto", **quietly())
        except (ConnectionError, RuntimeError, ValueError, AssertionError) as error:
            if address:
                reason = " ".join(str(error).split())
                raise InputError(
                    f"no Ray cluster answers at {address} ({named_by}): {reason}; one that was started with a token, "
                    "as Ray 2.60 does where there is one, needs RAY_AUTH_MODE=token here"
                ) from error
            start_own_ray()
            return "in a Ray cluster that ends with this command (`ray start --head` starts one that stays)", True
        return f"in the Ray cluster at {ray.get_runtime_context().gcs_address}", False


def start_own_ray(cores: int = 0) -> None:
    """Start a cluster of this machine that ends with the command.

    Args:
        cores: That it is to have at least.
    """
    with sigterm_as_before():
        import ray

        os.environ.setdefault("RAY_worker_niceness", "0")  # 15 else: beside other work they would hardly go on
        ray.init(address="local", num_cpus=max(cores, os.cpu_count() or 1), include_dashboard=False, **quietly())


def quietly() -> dict[str, Any]:
    """Options of ray.init, and a variable of the environment, with which it says little and tells nobody."""
    os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")
    return {"namespace": NAMESPACE, "log_to_driver": False, "logging_level": logging.ERROR}


@contextmanager
def sigterm_as_before() -> Iterator[None]:
    """Inside, Ray may take SIGTERM over, as it does when it is imported and when it starts; then it is given back."""
    before = signal.getsignal(signal.SIGTERM)
    try:
        yield
    finally:
        if threading.current_thread() is threading.main_thread():
            signal.signal(signal.SIGTERM, before)
