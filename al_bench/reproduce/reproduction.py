"""A reproduction: a preset at a scale, its complete runs and its judged claims."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from al_bench.reproduce.judge import JudgedClaim, judge
from al_bench.reproduce.preset import Preset, Scale
from al_bench.reproduce.runs import PlannedRun, read_complete

if TYPE_CHECKING:
    from al_bench.storage.runs import Run


@dataclass(frozen=True)
class Reproduction:
    """A preset at a scale as the records stand.

    Args:
        preset, scale: What was reproduced.
        arms: Its complete runs by arm and seed.
        planned: Number of runs that it asks for.
        claims: Its judged claims.
    """

    preset: Preset
    scale: Scale
    arms: Mapping[str, Mapping[int, Run]]
    planned: int
    claims: tuple[JudgedClaim, ...]

    @property
    def runs(self) -> list[Run]:
        """The complete runs."""
        return [run for seeds in self.arms.values() for run in seeds.values()]

    @property
    def progress(self) -> str:
        """The number of complete runs out of those planned, such as "12 of 40"."""
        return f"{len(self.runs)} of {self.planned}"


def judge_runs(
    preset: Preset, scale: Scale, planned: Sequence[PlannedRun], report: Callable[[str], None]
) -> Reproduction:
    """Read the runs of a preset and judge its claims by them.

    Args:
        preset: The preset.
        scale: paper, laptop or smoke.
        planned: The runs that it asks for at this scale.
        report: Called with one line for every run that is there and left out.
    """
    arms = read_complete(planned, report)
    return Reproduction(preset, scale, arms, len(planned), judge(preset, scale, arms))
