"""`al-bench reproduce --estimate`: what the missing runs of presets take, measured here, and nothing starts."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from al_bench.cli.estimate import FLAG, Group, estimate_groups, page_lines
from al_bench.cli.run import make_job
from al_bench.config.compose import compose
from al_bench.experiment.job import Job

if TYPE_CHECKING:
    from al_bench.reproduce.preset import Preset
    from al_bench.reproduce.runs import PlannedRun


def show_estimates(presets: Sequence[Preset], plans: Sequence[list[PlannedRun]], jobs: int) -> int:
    """Print what the missing runs of each preset take; return the exit status.

    Args:
        presets: The presets.
        plans: The runs of each.
        jobs: Runs at a time, each a process of its own.
    """
    refused = False
    for preset, planned in zip(presets, plans, strict=True):
        by_arm: dict[str, list[PlannedRun]] = {}
        for run in planned:
            by_arm.setdefault(run.arm, []).append(run)
        estimate = estimate_groups([arm_group(name, runs) for name, runs in by_arm.items()])
        estimate = replace(estimate, workers=jobs, process_a_run=True)
        refused |= any(setting.fault and not setting.complete for setting in estimate.settings)
        print(f"{preset.name}: {preset.paper}")
        for line in page_lines(estimate):
            print(line)
    print(f"nothing was started; the same command without {FLAG} does")
    return 1 if refused else 0


def arm_group(name: str, runs: Sequence[PlannedRun]) -> Group:
    """The runs of an arm, whose records may lie in an archive."""
    from al_bench.storage.archive import stand_in

    def folders(first: Job) -> list[Path]:
        return [stand_in(run.folder) for run in runs]

    return Group(name, lambda: make_job(compose(runs[0].overrides)), folders)
