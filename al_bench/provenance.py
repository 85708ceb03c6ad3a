"""What a run's header says: what ran, on which data, with which versions."""

from __future__ import annotations

import hashlib
import platform
import subprocess
import time
from dataclasses import asdict
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import TYPE_CHECKING, Any

from al_bench.machine import described

if TYPE_CHECKING:
    from torch import Tensor

    from al_bench.assembly import Bench
    from al_bench.job import Job


def versions() -> dict[str, str]:
    """Versions of what results depend on."""
    found = {"python": platform.python_version()}
    for name in ("al-bench", "torch", "torchvision", "numpy", "scipy", "scikit-learn", "hydra-core"):
        try:
            found[name] = version(name)
        except PackageNotFoundError:
            found[name] = "unknown"
    return found


def commit() -> dict[str, Any]:
    """The commit of the al-bench checkout that runs, and whether files differ from it; None outside a checkout."""
    here = Path(__file__).resolve().parent

    def git(*words: str) -> str:
        done = subprocess.run(["git", "-C", str(here), *words], capture_output=True, text=True, timeout=10)
        return done.stdout.strip() if done.returncode == 0 else ""

    try:
        if git("ls-files", "--error-unmatch", "provenance.py"):
            dirty = bool(git("status", "--porcelain", "--", ".", "../conf"))
            return {"commit": git("rev-parse", "HEAD"), "dirty": dirty}
    except (OSError, subprocess.SubprocessError):
        pass
    return {"commit": None, "dirty": None}


def digest(table: Tensor) -> str:
    """32 hex digits over the numbers of a table."""
    return hashlib.blake2b(table.contiguous().numpy().tobytes(), digest_size=16).hexdigest()


def describe(job: Job, bench: Bench) -> dict[str, Any]:
    """The header of a run."""
    return {
        "study": job.folder.parents[2].name,
        "dataset": bench.dataset.name,
        "arm": job.folder.parent.name,
        "seed": job.config.seed,
        "strategy": job.choices["strategy"],
        "oracle": bench.strategy.oracle,
        "reference": job.config.reference.value,
        "command": job.command,
        "choices": job.choices,
        "classes": bench.dataset.classes,
        "class_names": list(bench.dataset.class_names),
        "pool": len(bench.start.pool),
        "validation": len(bench.validation),
        "test": len(bench.dataset.test_labels),
        "initial": bench.start.labelled.tolist() if job.config.reference.value == "none" else None,
        "functions": bench.learner.functions,
        "fingerprint": bench.dataset.fingerprint(),
        "features": None if bench.table is None else digest(bench.table),
        "device": str(bench.dataset.inputs.device),
        "threads": job.config.threads,
        "versions": versions(),
        **commit(),
        "host": platform.node(),
        "platform": platform.platform(),
        **described(),
        "started": time.strftime("%Y-%m-%dT%H:%M:%S%z"),
        "identity": job.identity,
        "health": asdict(job.config.health),
    }
