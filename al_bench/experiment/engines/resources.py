"""The time, the memory and the processors that the runs of a sweep ask an engine for: the estimate times a factor."""

from __future__ import annotations

import math
import time
from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from al_bench.errors import BenchError
from al_bench.experiment.composed_job import composed_job
from al_bench.experiment.engines.task import Resources
from al_bench.experiment.estimate.curve import process_start
from al_bench.experiment.estimate.quantities import Estimate
from al_bench.experiment.estimate.sentences import duration, size
from al_bench.experiment.estimate.sweep_line import former_setting, seed_of, without_seed

if TYPE_CHECKING:
    from al_bench.config.composed import Composed
    from al_bench.config.schema import RunConfig

SECONDS, LEAST_SECONDS = 30.0, 3.0
"""What calibrations take together, and one of many at least."""
LEAST_MINUTES, START_S = 5, 120.0
"""What a run asks for at least, and what it takes on another machine to start: Python and its libraries from a shared
file system."""
LEAST_MEGABYTES, WORKER_MB = 500, 200
"""What a run asks for at least, and what the engine's worker takes beside it."""
STEP_MB = 100


def resources(
    jobs: Sequence[Sequence[str]], keys: Any, settings: Mapping[tuple[str, ...], tuple[Composed, RunConfig]]
) -> tuple[Resources, str]:
    """What each of some runs asks for, and one clause that says so and where it is from.

    Runs of one array ask for the same: what the largest of them takes.

    Args:
        jobs: The overrides of each run to do.
        keys: Of `hydra.launcher`.
        settings: The overrides but for the seed to the configuration of the first job that has them.
    """
    chosen = {without_seed(overrides): overrides for overrides in reversed(jobs)}
    known = [settings[setting] for setting in chosen if setting in settings]
    cpus = keys.cpus or max((run.threads * run.workers for _, run in known), default=1)
    cuda = any(str(run.device) == "cuda" for _, run in known)
    gpus = int(cuda) if keys.gpus is None else keys.gpus
    minutes, megabytes = keys.get("timeout_min"), keys.mem_mb
    asks_for_time = "timeout_min" in keys
    parts = [f"{cpus} {'core' if cpus == 1 else 'cores'}"] + [f"{gpus} GPU"] * bool(gpus)
    sources = []
    if (asks_for_time and minutes is None) or megabytes is None:
        estimates, how = estimated({setting: settings[setting] for setting in chosen if setting in settings}, chosen)
        seconds = max((each.start.wall + each.time.high.wall for each in estimates), default=0.0)
        memory = max((each.memory_bytes for each in estimates), default=0.0)
        if asks_for_time and minutes is None and seconds:
            minutes = max(LEAST_MINUTES, math.ceil((keys.time_factor * seconds + START_S) / 60))
            sources.append(f"{keys.time_factor:g} times {duration(seconds)}")
        if megabytes is None and memory:
            wanted = max(LEAST_MEGABYTES, keys.memory_factor * memory / 1e6 + WORKER_MB)
            megabytes = STEP_MB * math.ceil(wanted / STEP_MB)
            sources.append(f"{keys.memory_factor:g} times {size(memory)}")
        if sources:
            sources = [f"{' and '.join(sources)}, with {how}"]
    if asks_for_time:
        parts.append("the cluster's default time" if minutes is None else f"{minutes} min")
    parts.append("the cluster's default memory" if megabytes is None else f"{megabytes:,} MB")
    change = "hydra.launcher.timeout_min and mem_mb" if asks_for_time else "hydra.launcher.mem_mb"
    source = f" ({sources[0]}; {change} {'set' if asks_for_time else 'sets'} other numbers)" if sources else ""
    return Resources(minutes, megabytes, cpus, gpus), f"each asks for {', '.join(parts)}{source}"


def estimated(
    settings: Mapping[tuple[str, ...], tuple[Composed, RunConfig]], first: Mapping[tuple[str, ...], Sequence[str]]
) -> tuple[list[Estimate], str]:
    """What the largest run of each setting takes, and where that is from.

    A setting of which no former run tells is calibrated on this machine, as `--estimate` does.

    Args:
        settings: Configuration by setting.
        first: A job of each.
    """
    known = {
        setting: former_setting(composed, run, [seed_of(first[setting])]).estimate
        for setting, (composed, run) in settings.items()
    }
    unknown = [setting for setting, estimate in known.items() if estimate is None]
    seconds = max(LEAST_SECONDS, SECONDS / max(1, len(unknown)))
    began = time.monotonic()
    estimates = [estimate for estimate in known.values() if estimate is not None]
    estimates += calibrated((settings[setting][0] for setting in unknown), seconds)
    if not unknown:
        return estimates, "what former runs took"
    return estimates, f"a margin for the start, as measured here in {duration(time.monotonic() - began)}"


def calibrated(composed: Iterable[Composed], seconds: float) -> list[Estimate]:
    """What runs take, measured; one that would be refused or fail says so itself when it comes up."""
    from al_bench.experiment.estimate.job_cost import estimate_job

    estimates = []
    start = process_start()
    for each in composed:
        try:
            estimates.append(estimate_job(composed_job(each), start, seconds))
        except (BenchError, OSError):
            continue
    return estimates
