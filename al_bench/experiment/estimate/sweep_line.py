"""The one line on time, memory, disk and labels that every sweep says before its first run, from what is on record."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING

from al_bench.config.launcher import cores_of_all, workers
from al_bench.config.schema import Reference, RunConfig
from al_bench.errors import InputError
from al_bench.experiment.estimate import recorded
from al_bench.experiment.estimate.curve import NOTHING, Cost
from al_bench.experiment.estimate.early_end import early_end
from al_bench.experiment.estimate.quantities import Estimate, Setting, Span, SweepEstimate
from al_bench.experiment.estimate.sentences import plural, size, span_of_counts, wall
from al_bench.storage.environment import cores, processor_name
from al_bench.storage.run_folder import read_status

if TYPE_CHECKING:
    from al_bench.config.composed import Composed
    from al_bench.config.hydra_sweeper import Sweep

UNKNOWN_POOL = 2**53


Settings = Mapping[tuple[str, ...], "tuple[Composed, RunConfig]"]
"""The overrides of a sweep's jobs, but for their seeds, to the configuration of the first job that has them."""


def without_seed(overrides: Iterable[str]) -> tuple[str, ...]:
    """A job's overrides but for its seed."""
    return tuple(word for word in overrides if not word.lstrip("+").startswith("seed="))


def seed_of(overrides: Iterable[str]) -> int | None:
    """The seed that overrides name as a plain number; None where they do not."""
    values = [word.partition("=")[2] for word in overrides if word.lstrip("+").startswith("seed=")]
    return int(values[-1]) if values and values[-1].isdigit() else None


def sweep_line(job_overrides: Sequence[Sequence[str]], sweep: Sweep, settings: Settings) -> str:
    """What the runs of a sweep take, as far as former runs of their settings tell.

    Args:
        job_overrides: Of each job.
        sweep: The sweep.
        settings: Those of its jobs that can be composed.
    """
    seeds: dict[tuple[str, ...], list[int | None]] = {}
    for overrides in job_overrides:
        seeds.setdefault(without_seed(overrides), []).append(seed_of(overrides))
    judged = [
        former_setting(*settings[setting], of_setting) for setting, of_setting in seeds.items() if setting in settings
    ]
    at_a_time = workers(sweep.hydra, cores())
    threads = max((run.threads for _, run in settings.values()), default=1)
    whole = SweepEstimate(tuple(judged), at_a_time or 1, threads, cores_of_all(sweep.hydra, cores(), threads))
    head = plural(len(job_overrides), "run")
    if complete := sum(setting.complete for setting in judged):
        head += f" ({complete} complete already)"
    if len(judged) > 1:
        head += f" of {len(judged)} settings"
    if (at_a_time or 1) > 1:
        head += f", {at_a_time} at a time"
    parts = [head, *_labels(settings, seeds)]
    unknown = [setting for setting in judged if setting.estimate is None and setting.runs]
    if whole.runs:
        of = f" for {plural(whole.runs, 'run')} of known settings" if unknown else ""
        time, memory, disk = wall(whole.time), size(whole.memory_bytes), size(whole.disk_bytes)
        parts.append(f"{time}, {memory} of memory, {disk} on disk{of}, as former runs took")
    if unknown:
        which = f" of {plural(len(unknown), 'setting')}" if len(judged) > 1 else ""
        parts.append(
            f"time, memory and disk{which} are known from their first rounds on: al-bench status shows the time left, "
            "--estimate measures before"
        )
    return f"estimate: {'; '.join(parts)}"


def former_setting(composed: Composed, run: RunConfig, seeds: Sequence[int | None]) -> Setting:
    """A setting, by a former run of it on this machine; without an estimate where there is none.

    Args:
        composed, run: Of its first job.
        seeds: Of its jobs; None where a seed is not typed as a number.
    """
    arm = composed.folder.parent
    folders = [composed.folder if seed is None else arm / f"seed-{seed}" for seed in seeds]
    complete = sum(read_status(folder).get("status") == "complete" for folder in folders)
    to_do = len(folders) - complete
    machine = {"threads": run.threads, "processor": processor_name(), "cores": cores()}
    former = recorded.former_run(arm, composed.identity, composed.components, composed.defaults(run), machine)
    unknown = Setting(arm.name, to_do, None, complete=complete)
    if former is None or former.header is None or former.header.pool is None:
        return unknown
    initial, may_stop = former.rounds[0].labelled, bool(early_end(run))
    try:
        end = run.schedule.labels_at_end(initial, former.header.pool)
    except InputError:  # the job says so itself
        return unknown
    full = run.reference is Reference.full
    labels = [initial] if full else recorded.label_counts(initial, run.schedule.batch, end)
    rounds = recorded.trained_here(former.header, former.rounds)
    tuned_once = run.tuning.tunes and not run.tuning.every_round
    if (ahead := recorded.seconds_ahead(rounds, labels, tuned_once=tuned_once)) is None:
        return unknown
    low, high = (Cost(seconds, seconds) for seconds in ahead)
    estimate = Estimate(
        time=Span(NOTHING if may_stop else low, high),
        memory_bytes=recorded.peak_memory(rounds),
        disk_bytes=recorded.folder_bytes(former.path, len(former.rounds), len(labels)),
        labels=(initial if may_stop else end, end),
        initial=initial,
        rounds=(1 if may_stop else len(labels), len(labels)),
    )
    return Setting(arm.name, to_do, estimate, complete=complete)


def _labels(settings: Settings, seeds: Mapping[tuple[str, ...], Sequence[object]]) -> list[str]:
    """Labels of all runs, as far as they are known before the data are read."""
    low = high = 0
    for setting, of_setting in seeds.items():
        if setting not in settings or settings[setting][1].reference is Reference.full:
            continue
        run = settings[setting][1]
        schedule, initial = run.schedule, run.initial.points
        end = schedule.labels_at_end(initial, UNKNOWN_POOL)
        if end == UNKNOWN_POOL:
            return ["labels up to the whole pool, as only an accuracy ends the runs"]
        low += len(of_setting) * (initial if early_end(run) else end)
        high += len(of_setting) * end
    return [f"{span_of_counts(low, high)} labels"] if high else []
