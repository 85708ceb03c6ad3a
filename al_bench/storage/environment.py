"""What a run's header says: what ran, on which data, with which versions."""

from __future__ import annotations

import os
import platform
import subprocess
from collections.abc import Iterable
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    pass


def versions() -> dict[str, str]:
    """Versions of what results depend on."""
    names = ("al-bench", "torch", "torchvision", "numpy", "scipy", "scikit-learn", "hydra-core")
    return {"python": platform.python_version()} | package_versions(names)


def package_versions(names: Iterable[str]) -> dict[str, str]:
    """Package to its version, or "unknown"."""
    known = {}
    for name in names:
        try:
            known[name] = version(name)
        except PackageNotFoundError:
            known[name] = "unknown"
    return known


def commit() -> dict[str, Any]:
    """The commit of the al-bench checkout that runs, and whether files differ from it; None outside a checkout."""
    here = Path(__file__).resolve().parent

    def git(*words: str) -> str:
        done = subprocess.run(["git", "-C", str(here), *words], capture_output=True, text=True, timeout=10)
        return done.stdout.strip() if done.returncode == 0 else ""

    try:
        if git("ls-files", "--error-unmatch", "environment.py"):
            dirty = bool(git("status", "--porcelain", "--", "..", "../../conf"))
            return {"commit": git("rev-parse", "HEAD"), "dirty": dirty}
    except (OSError, subprocess.SubprocessError):
        pass
    return {"commit": None, "dirty": None}


def cpu_info() -> dict[str, str]:
    """What Linux says of the first core, name to value; empty elsewhere."""
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
    except OSError:
        return {}
    return {name.strip(): value.strip() for name, _, value in (line.partition(":") for line in reversed(lines))}


def cores() -> int:
    """The cores that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def processor_name() -> str:
    """What the processor calls itself."""
    return cpu_info().get("model name") or platform.processor() or platform.machine()
