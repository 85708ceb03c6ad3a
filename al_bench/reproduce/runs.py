"""The runs of a preset: where they lie, and whether they are the runs that the preset asks for."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from al_bench.errors import InputError
from al_bench.reproduce.preset import Preset, Scale, Size

if TYPE_CHECKING:
    from al_bench.storage.runs import Run


@dataclass(frozen=True)
class PlannedRun:
    """A run that a preset asks for.

    Args:
        arm, seed: Of the preset.
        overrides: The arguments after `al-bench run`.
        folder: Where its record is, or will be.
        identity, components: The resolved keys and the chosen options that its record must have.
        defaults: The present default of every key, for records that were written before the key was.
    """

    arm: str
    seed: int
    overrides: tuple[str, ...]
    folder: Path
    identity: dict[str, Any]
    components: dict[str, str]
    defaults: dict[str, Any] = field(default_factory=dict)

    @property
    def name(self) -> str:
        """Arm and seed, for people."""
        return f"{self.arm} seed {self.seed}"


def quoted(text: str) -> str:
    """Any text as a value of an override: in quotes, with quotes and the backslashes before them escaped."""
    escaped = re.sub(r"(\\*)('|$)", lambda match: match[1] * 2 + (f"\\{match[2]}" if match[2] else ""), text)
    return f"'{escaped}'"


def plan(preset: Preset, scale: Scale, results: str) -> list[PlannedRun]:
    """Every run of a preset at a scale, seed by seed, so that an interrupted sweep leaves whole seeds.

    Args:
        preset: The preset.
        scale: paper, laptop or smoke.
        results: The folder where studies live.
    """
    from al_bench.config import run_names
    from al_bench.config.compose import compose, register
    from al_bench.experiment import sweep

    register()
    sweep.register()
    planned = []
    for arm in preset.arms_at(scale):
        seeds = preset.arm_seeds(arm, scale)
        overrides = [f"experiment={preset.name}", f"scale={scale}", *arm.overrides_at(scale), f"arm={arm.name}"]
        run = compose([*overrides, f"seed={seeds[0]}"])
        run.set("results", results)
        defaults = run_names.defaults(run.build())
        overrides += [] if results == "results/runs" else [f"results={quoted(results)}"]
        for seed in seeds:
            run.set("seed", seed)
            typed = (*overrides, f"seed={seed}")
            planned.append(PlannedRun(arm.name, seed, typed, run.folder, run.identity, run.components, defaults))
    order = list(dict.fromkeys(seed for arm in preset.arms_at(scale) for seed in preset.arm_seeds(arm, scale)))
    return sorted(planned, key=lambda run: order.index(run.seed))


def is_complete(run: PlannedRun) -> bool:
    """Whether a planned run is complete, under this configuration; a shorter one is not.

    Raises:
        InputError: the folder holds a run of another configuration.
    """
    from al_bench.storage.archive import stand_in
    from al_bench.storage.run_folder import RunFolder

    folder = RunFolder(stand_in(run.folder))
    folder.check(run.identity, run.components, run.defaults, lengths=False)
    return folder.complete and folder.same_length(run.identity)


def missing(planned: Sequence[PlannedRun]) -> list[PlannedRun]:
    """The planned runs that are not complete yet.

    Raises:
        InputError: a folder holds a run of another configuration.
    """
    return [run for run in planned if not is_complete(run)]


def minutes_left(size: Size, planned: int, left: int) -> float:
    """Estimated duration of the runs that are missing: the preset's estimate for the sweep, by their number."""
    return size.minutes * left / max(planned, 1)


def read_complete(planned: Sequence[PlannedRun], report: Callable[[str], None]) -> dict[str, dict[int, Run]]:
    """The complete runs of every arm by seed; a run that is damaged or of another configuration is reported.

    Args:
        planned: The runs that the preset asks for.
        report: Called with one line for every run that is there and left out.
    """
    from al_bench.storage.archive import has_record, stand_in
    from al_bench.storage.runs import read_run

    runs: dict[str, dict[int, Run]] = {}
    for run in planned:
        folder = stand_in(run.folder)
        try:
            if not any(has_record(folder / name) for name in ("header.json", "rounds.jsonl", "status.json")):
                continue
            if is_complete(run):
                runs.setdefault(run.arm, {})[run.seed] = read_run(folder)
            else:
                report(f"left out {run.folder}: not complete")
        except InputError as error:
            report(f"left out {error}")
    return runs
