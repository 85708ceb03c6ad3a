"""A real Ray cluster of this machine alone, for tests and for `scripts/engines.py`: `ray start --head`, and its end.

`pip install ray` is all that it needs. Port, folder and token are its own. The node says that it has twice the cores of
the machine, so that two runs go on beside each other on a machine of one core.
"""

from __future__ import annotations

import importlib.util
import os
import secrets
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psutil

from clusters.one_node_slurm import free_port


def is_installed() -> bool:
    """Whether Ray is."""
    return importlib.util.find_spec("ray") is not None


@contextmanager
def running(folder: Path, cores: int | None = None) -> Iterator[dict[str, str]]:
    """Start the cluster and end it at the end; gives the environment to use it with.

    Args:
        folder: For everything of the cluster; its path is short, as sockets lie below it.
        cores: That the node says it has.
    """
    port = free_port()
    environment = os.environ | {
        "RAY_ADDRESS": f"127.0.0.1:{port}",
        "RAY_AUTH_MODE": "token",
        "RAY_AUTH_TOKEN": secrets.token_hex(32),
        "RAY_USAGE_STATS_ENABLED": "0",
        "RAY_worker_niceness": "0",  # 15 else: beside other work its runs would hardly go on
    }
    head = {name: value for name, value in environment.items() if name != "RAY_ADDRESS"}
    command = [
        *(sys.executable, "-m", "ray.scripts.scripts", "start", "--head", "--block", f"--port={port}"),
        *("--node-ip-address=127.0.0.1", f"--num-cpus={cores or 2 * (os.cpu_count() or 1)}"),
        *("--include-dashboard=false", "--disable-usage-stats", f"--temp-dir={folder}"),
    ]
    folder.mkdir(parents=True, exist_ok=True)
    with open(folder / "head.out", "wb") as output:
        process = subprocess.Popen(command, env=head, stdout=output, stderr=output)
    try:
        deadline = time.monotonic() + 120
        while b"Ray runtime started" not in (folder / "head.out").read_bytes():
            if process.poll() is not None or time.monotonic() > deadline:
                raise TimeoutError(f"Ray did not start: {(folder / 'head.out').read_text()[-500:]}")
            time.sleep(0.5)
        yield environment
    finally:
        family = psutil.Process(process.pid).children(recursive=True)
        process.terminate()
        _, alive = psutil.wait_procs([*family, psutil.Process(process.pid)], timeout=20)
        for each in alive:
            each.kill()
        process.wait()
