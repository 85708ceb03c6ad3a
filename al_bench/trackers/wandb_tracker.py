"""Weights & Biases: the project al-bench, or the one that WANDB_PROJECT names; a study is a group.

Of the machine and the code nothing is sent: neither the host's facts, nor the repository, nor the console.
"""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from al_bench.trackers.tracker import TrackedRun

SECONDS = 30
"""How long a server may take to answer."""
EXIT_CODE = {"complete": 0, "failed": 1, "interrupted": 255}


class WandbTracker:
    """One run of Weights & Biases."""

    def __init__(self) -> None:
        self._run: Any = None

    def begin(self, run: TrackedRun, key: str | None) -> str:
        import wandb

        settings = wandb.Settings(
            silent=True, console="off", disable_git=True, disable_code=True, disable_job_creation=True,
            save_code=False, x_disable_meta=True, x_disable_stats=True, x_disable_machine_info=True,
            x_save_requirements=False, host="", init_timeout=SECONDS,
        )  # fmt: skip
        self._run = wandb.init(
            project=os.environ.get("WANDB_PROJECT", "al-bench"),
            group=run.study,
            job_type=run.dataset,
            name=run.name,
            tags=[run.strategy],
            config=dict(run.parameters) | {"arm": run.arm, "strategy": run.strategy},
            dir=os.environ.get("WANDB_DIR", str(run.folder)),
            id=key,
            resume="allow" if key else None,
            reinit="create_new",
            settings=settings,
        )
        self._run.define_metric("labels")
        self._run.define_metric("*", step_metric="labels")
        return str(self._run.id)

    def log(self, labels: int, values: Mapping[str, float]) -> None:
        self._run.log({"labels": labels, **values})

    def attach(self, files: Sequence[Path]) -> None:
        import wandb

        artifact = wandb.Artifact(f"report-{self._run.id}", type="report")
        for file in files:
            artifact.add_file(str(file))
        self._run.log_artifact(artifact)

    def end(self, status: str) -> None:
        self._run.finish(exit_code=EXIT_CODE[status])
