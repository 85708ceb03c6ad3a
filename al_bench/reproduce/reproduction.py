"""A reproduction: a preset at a scale, its complete runs and its judged claims."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from al_bench.analysis.measured import measured, metric_named
from al_bench.errors import InputError
from al_bench.metrics import Metric
from al_bench.reproduce.judge import JudgedClaim, judge
from al_bench.reproduce.preset import Preset, Scale
from al_bench.reproduce.runs import PlannedRun, read_complete

if TYPE_CHECKING:
    from al_bench.storage.runs import Run


def _measured(run: Run, name: str) -> Run:
    """A run whose curve is that of a metric in the place of accuracy."""
    metric = metric_named(name, [run])
    check_metric(metric)
    return measured(run, metric)


def check_metric(metric: Metric) -> None:
    """Refuse a metric that cannot take the place of accuracy in a claim.

    Raises:
        InputError: it is not in per cent, or lower is better.
    """
    if metric.unit != "%" or not metric.higher_is_better:
        raise InputError(
            f"--metric is {metric.name!r}; the bands of the claims are in points of accuracy, so choose a metric in "
            "per cent of which higher is better, such as balanced_accuracy"
        )


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
    preset: Preset,
    scale: Scale,
    planned: Sequence[PlannedRun],
    report: Callable[[str], None],
    metric: str = "accuracy",
) -> Reproduction:
    """Read the runs of a preset and judge its claims by them.

    Args:
        preset: The preset.
        scale: paper, laptop or smoke.
        planned: The runs that it asks for at this scale.
        report: Called with one line for every run that is there and left out.
        metric: What takes the place of accuracy in every claim; the bands stay those of the paper's accuracies.

    Raises:
        InputError: the metric is none of the runs', a run has not recorded it, or it has not the unit of the bands.
    """
    arms = read_complete(planned, report)
    if metric != "accuracy":
        arms = {arm: {seed: _measured(run, metric) for seed, run in runs.items()} for arm, runs in arms.items()}
    return Reproduction(preset, scale, arms, len(planned), judge(preset, scale, arms))
