"""The runs of a preset: where they lie, and whether they are the runs that the preset asks for."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from al_bench.errors import InputError
from al_bench.reproduce.preset import Preset

if TYPE_CHECKING:
    from al_bench.storage.runs import Run


@dataclass(frozen=True)
class Planned:
    """A run that a preset asks for.

    Args:
        arm, seed: Which.
        words: The overrides after `al-bench run`.
        folder: Where its record is, or will be.
        identity, components: The resolved keys and the chosen options that its record must have.
    """

    arm: str
    seed: int
    words: tuple[str, ...]
    folder: Path
    identity: dict[str, Any]
    components: dict[str, str]


def quoted(text: str) -> str:
    """Text as a value of an override, whatever its characters: in quotes, a quote and the slashes before it escaped."""
    escaped = re.sub(r"(\\*)('|$)", lambda found: found[1] * 2 + (f"\\{found[2]}" if found[2] else ""), text)
    return f"'{escaped}'"


def plan(preset: Preset, scale: str, results: str) -> list[Planned]:
    """Every run of a preset at a scale, seed by seed, so that an interrupted sweep leaves whole seeds."""
    from al_bench.config.compose import compose, register
    from al_bench.experiment import sweep

    register()
    sweep.register()
    planned = []
    size = preset.sizes[scale]
    for arm in preset.at(scale):
        words = [f"experiment={preset.name}", f"scale={scale}", *arm.overrides]
        words += [*arm.extra.get(scale, ()), f"arm={arm.name}"]
        composed = compose([*words, f"seed={size.seeds[0]}"])
        composed.set("results", results)
        words += [] if results == "results/runs" else [f"results={quoted(results)}"]
        for seed in size.seeds:
            composed.set("seed", seed)
            planned.append(
                Planned(
                    arm.name, seed, (*words, f"seed={seed}"), composed.folder, composed.identity, composed.components
                )
            )
    return sorted(planned, key=lambda one: size.seeds.index(one.seed))


def complete(one: Planned) -> bool:
    """Whether a run is done, under this configuration.

    Raises:
        InputError: the folder holds a run of another configuration.
    """
    from al_bench.storage.run_folder import RunFolder

    folder = RunFolder(one.folder)
    folder.check(one.identity, one.components)
    return folder.complete


def read(planned: list[Planned], report: Callable[[str], None]) -> dict[str, dict[int, Run]]:
    """The complete runs of every arm by seed; a run that is damaged or of another configuration is reported.

    Args:
        planned: What the preset asks for.
        report: Called with one line for every run that is there and left out.
    """
    from al_bench.storage.runs import read_run

    found: dict[str, dict[int, Run]] = {}
    for one in planned:
        if not (one.folder / "header.json").is_file():
            continue
        try:
            if not complete(one):
                report(f"left out {one.folder}: not complete")
                continue
            found.setdefault(one.arm, {})[one.seed] = read_run(one.folder)
        except InputError as error:
            report(f"left out {error}")
    return found
