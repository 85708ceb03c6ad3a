"""The machine that a run is on: its processor, as the system tells it."""

from __future__ import annotations

import os
import platform
from pathlib import Path


def cpuinfo() -> dict[str, str]:
    """What Linux says of the first core, name to value; empty elsewhere."""
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
    except OSError:
        return {}
    return {name.strip(): value.strip() for name, _, value in (line.partition(":") for line in reversed(lines))}


def cores() -> int:
    """The cores that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def described() -> dict[str, str | int]:
    """For a run's header: the processor's name and how many cores the process had."""
    return {"processor": cpuinfo().get("model name") or platform.processor() or platform.machine(), "cores": cores()}
