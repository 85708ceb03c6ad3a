"""`--estimate` of `al-bench run` and `al-bench reproduce`: what the runs take, and nothing starts."""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from al_bench.config.composed import Composed, current
from al_bench.config.hydra_sweeper import Launch, Sweep
from al_bench.config.launcher import cores_of_all, workers
from al_bench.config.run_names import run_folder
from al_bench.errors import BenchError, InputError, plain_line
from al_bench.experiment.estimate.curve import Cost, process_start, timed
from al_bench.experiment.estimate.quantities import Setting, SweepEstimate
from al_bench.experiment.estimate.sweep_line import seed_of, without_seed
from al_bench.experiment.job import Job
from al_bench.experiment.sweep import register
from al_bench.storage.environment import cores
from al_bench.storage.run_folder import RunFolder

if TYPE_CHECKING:
    from pathlib import Path

FLAG = "--estimate"
LEAST_SECONDS = 3.0
"""A calibration of one of many settings takes this long at least."""
SECONDS = 30.0
"""What the calibrations take together where there are few."""


@dataclass
class Group:
    """Runs that differ in their seeds alone.

    Args:
        name: What they are called.
        job: Makes the first of them.
        folders: Of each run, in their order; made when asked for.
    """

    name: str
    job: Callable[[], Job]
    folders: Callable[[Job], list[Path]] = field(default=lambda job: [job.folder])


def estimate_groups(groups: Sequence[Group]) -> SweepEstimate:
    """Calibrate each setting."""
    from tqdm import tqdm

    import al_bench.experiment.estimate.job_cost  # noqa: F401  (so that its libraries count as the process's start)

    start = process_start()
    seconds = max(LEAST_SECONDS, SECONDS / max(1, len(groups)))
    settings, threads, where = [], 1, ""
    with timed() as watch, tqdm(groups, desc="calibrating", unit="setting", leave=False, disable=None) as bar:
        for group in bar:
            bar.set_postfix_str(group.name)
            setting, job = estimate_group(group, start, seconds)
            settings.append(setting)
            if job is not None:
                threads = max(threads, job.config.threads)
                where = where or str(job.folder.parents[2])
    return SweepEstimate(tuple(settings), 1, threads, cores(), calibration=watch.cost.wall, where=where)


def estimate_group(group: Group, start: Cost, seconds: float) -> tuple[Setting, Job | None]:
    """One setting, and its first job where it is one."""
    from al_bench.config.compose import COMPOSE_ERRORS
    from al_bench.config.messages import one_line
    from al_bench.experiment.estimate.job_cost import estimate_job

    try:
        job = group.job()
        folders = group.folders(job)
        complete = sum(is_complete(job, folder) for folder in folders)
        if complete == len(folders):
            return Setting(group.name, 0, None, "complete already: nothing is to do", complete), job
        return Setting(group.name, len(folders) - complete, estimate_job(job, start, seconds), complete=complete), job
    except COMPOSE_ERRORS as error:
        return Setting(group.name, 0, None, one_line(error)), None
    except BenchError as error:
        return Setting(group.name, 0, None, plain_line(str(error))), None


def is_complete(job: Job, folder: Path) -> bool:
    """Whether a run in a folder is complete, with the length that a job of its setting asks for."""
    stored = RunFolder(folder)
    return stored.complete and stored.same_length(job.identity)


def show(estimate: SweepEstimate, command: str) -> int:
    """Print an estimate; return the exit status: 2 where no run could start, 1 where some could not, else 0."""
    refused = [setting for setting in estimate.settings if setting.estimate is None and not setting.complete]
    if refused and len(refused) == len(estimate.settings):
        print(f"al-bench {command}: {refused[0].fault}", file=sys.stderr)
        return 2
    for line in page_lines(estimate):
        print(line)
    print(f"nothing was started; the same command without {FLAG} does")
    return 1 if refused else 0


def page_lines(estimate: SweepEstimate) -> list[str]:
    """The lines that an estimate prints."""
    from al_bench.experiment.estimate.sentences import page

    head, *rest = page(estimate)
    return [plain_line(head), *(f"  {plain_line(line.strip())}" for line in rest)]


def without_flag(argv: Sequence[str]) -> tuple[list[str], bool]:
    """The words without `--estimate`, and whether it was among them.

    Raises:
        InputError: it has a value.
    """
    if valued := [word for word in argv if word.startswith(f"{FLAG}=")]:
        raise InputError(f"{valued[0]} has a value; type {FLAG} alone")
    return [word for word in argv if word != FLAG], FLAG in argv


def estimating(estimates: list[SweepEstimate], make: Callable[[Composed], Job]) -> Callable[[Any], None]:
    """What Hydra calls in the place of a run, and a sweep whose jobs are estimated in the place of being launched.

    Args:
        estimates: Gets the estimate.
        make: From a configuration to the job.
    """

    def wrap(launch: Launch, sweep: Sweep) -> Launch:
        def collect(job_overrides: Sequence[Sequence[str]], initial_job_idx: int) -> list[object]:
            groups: dict[tuple[str, ...], list[Sequence[str]]] = {}
            for overrides in job_overrides:
                groups.setdefault(without_seed(overrides), []).append(overrides)
            names = setting_names(list(groups))
            pairs = zip(names, groups.values(), strict=True)
            estimate = estimate_groups([sweep_group(name, jobs, sweep, make) for name, jobs in pairs])
            at_a_time = workers(sweep.hydra, cores())
            shared = cores_of_all(sweep.hydra, cores(), estimate.threads)
            estimates.append(replace(estimate, workers=at_a_time or 1, cores=shared, unknown_workers=at_a_time is None))
            return []

        return collect

    def task(config: Any) -> None:
        composed = current(config)
        estimates.append(estimate_groups([Group("all", lambda: make(composed))]))

    register(wrap)
    return task


def sweep_group(name: str, jobs: list[Sequence[str]], sweep: Sweep, make: Callable[[Composed], Job]) -> Group:
    """The jobs of a sweep that differ in their seeds alone."""

    def folders(first: Job) -> list[Path]:
        seeds = [seed_of(overrides) for overrides in jobs]
        if any(seed is None for seed in seeds) and len(jobs) > 1:
            return [run_folder(*sweep.composed(overrides)) for overrides in jobs]
        return [first.folder if seed is None else first.folder.with_name(f"seed-{seed}") for seed in seeds]

    return Group(name, lambda: make(Composed(*sweep.composed(jobs[0]), parallel=True)), folders)


def setting_names(settings: Sequence[Sequence[str]]) -> list[str]:
    """A name for each setting: its overrides that not all of them have."""
    shared = set(settings[0]).intersection(*settings)
    return [" ".join(word for word in setting if word not in shared) or "all" for setting in settings]
