"""Where the runs of a folder stand, read from their records and locks by another process; nothing is written.

A run is at work where a process holds its folder, or where the engine that it was handed to says so. One that says
`running` itself and is not held has died.
"""

from __future__ import annotations

import shlex
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from al_bench.errors import InputError
from al_bench.experiment.engines.by_name import pending_jobs, runs_at_work
from al_bench.experiment.estimate.quantities import makespan
from al_bench.experiment.estimate.recorded import Plan, seconds_ahead, seconds_of, trained_here
from al_bench.storage.archive import is_archive
from al_bench.storage.environment import cores
from al_bench.storage.lock import is_held
from al_bench.storage.rounds import DamagedRecordError
from al_bench.storage.run_folder import read_status
from al_bench.storage.runs import Run, read_run, run_folders
from al_bench.storage.sweep_plan import SWEEPS, SweepPlan, read_plans

STATES = ("running", "waiting", "complete", "stopped", "interrupted", "failed", "damaged", "missing")
"""running: a process holds it. waiting: its sweep or engine is at work, not with it. stopped: it says running,
and no process holds it. missing: a sweep that is over was to do it, and it has no record."""
GOES_ON = ("stopped", "interrupted", "failed", "missing")
"""The states from which typing the command again goes on."""


@dataclass(frozen=True)
class RunState:
    """Where one run stands.

    Args:
        folder: Of the run.
        state: One of STATES.
        rounds: Rounds on record.
        planned: Rounds in all, if no accuracy ends it before; None where that is not known.
        labels: Labelled points of the last round on record; None without one.
        since: When this process began with it, or how long ago the last sign of it is, in seconds since 1970.
        seconds_left: The fewest and the most that are expected; None where it is not known.
        seconds: What its rounds took so far.
        note: Why it failed, or what is damaged.
        command: What to type to go on; empty where that is not known.
    """

    folder: Path
    state: str
    rounds: int = 0
    planned: int | None = None
    labels: int | None = None
    since: float | None = None
    seconds_left: tuple[float, float] | None = None
    seconds: float = 0.0
    note: str = ""
    command: str = ""


@dataclass(frozen=True)
class FolderStatus:
    """Where all runs of a folder stand.

    Args:
        runs: By folder.
        workers: Runs at a time.
        seconds_left: Until the last one that runs or waits has ended; None where that is not known.
        pending: What an engine calls its jobs, to how many of the runs wait in it.
    """

    runs: tuple[RunState, ...]
    workers: int
    seconds_left: tuple[float, float] | None
    pending: Mapping[str, int] = field(default_factory=dict)

    def count(self, state: str) -> int:
        """How many runs are in a state."""
        return sum(run.state == state for run in self.runs)

    @property
    def is_at_work(self) -> bool:
        """Whether anything runs or waits."""
        return bool(self.count("running") or self.count("waiting"))

    @property
    def needs_attention(self) -> bool:
        """Whether a run will not be complete by itself."""
        return any(run.state in (*GOES_ON, "damaged") for run in self.runs)

    @property
    def commands(self) -> list[str]:
        """What to type so that runs that stand still go on, each command once."""
        return list(dict.fromkeys(run.command for run in self.runs if run.state in GOES_ON and run.command))


def folder_status(folder: Path, report: Callable[[str], None], now: float | None = None) -> FolderStatus:
    """Where the runs in and under a folder or an archive stand.

    Args:
        folder: A study, a dataset, an arm, a run, or the folder where studies live.
        report: Called with one line for what cannot be read.
        now: The time, in seconds since 1970.

    Raises:
        InputError: there is no such folder, or neither a run nor a sweep below it.
    """
    now = time.time() if now is None else now
    plans = [] if is_archive(folder) or folder.is_file() else plans_above(folder)
    workers = 0
    at_engines = runs_at_work(plans[0][0], report) if plans else {}
    inside = folder.resolve()
    begun = folder.exists() or not any(
        (alive or (results / run).resolve() in at_engines) and (results / run).resolve().is_relative_to(inside)
        for results, plan, alive in plans
        for run in plan.runs
    )  # else nothing is there yet: all of it waits
    states = {path.resolve(): run_state(path, now) for path in run_folders(folder, report)} if begun else {}
    planned_before: set[Path] = set()
    for results, plan, alive in plans:
        mine = [path for run in plan.runs if (path := (results / run).resolve()).is_relative_to(inside)]
        if (alive or any(path in at_engines for path in mine)) and mine:
            workers += plan.workers or 1
        command = shlex.join(["al-bench", *plan.command])
        for path in mine:
            if path in planned_before:
                continue
            planned_before.add(path)
            state = states.get(path, RunState(folder / path.relative_to(inside), "missing"))
            states[path] = of_engine(of_plan(state, alive, command), at_engines.get(path))
    if not states:
        raise InputError(
            f"no runs found under {folder}; give a folder that al-bench run wrote, such as results/runs/<study>"
        )
    runs = tuple(states[path] for path in sorted(states))
    at_work = workers or sum(run.state == "running" for run in runs) or 1
    pending = pending_jobs(plans[0][0], {path: at_engines.get(path, "") for path in states}) if at_engines else {}
    return FolderStatus(runs, at_work, time_left(runs, at_work), pending)


def plans_above(folder: Path) -> list[tuple[Path, SweepPlan, bool]]:
    """The sweeps that may have had runs below a folder: where studies live, the plan, whether it is at work."""
    here = folder.resolve()
    for results in (here, *list(here.parents)[:5]):
        if (results / SWEEPS).is_dir():
            return [(results, plan, alive) for plan, alive in read_plans(results)]
    return []


def of_plan(state: RunState, alive: bool, command: str) -> RunState:
    """A run that a sweep was to do, whether or not it has a record."""
    changes: dict[str, Any] = {"command": command}
    if alive and state.state in ("missing", "interrupted", "stopped") and state.rounds == 0:
        changes["state"] = "waiting"
    return RunState(**{**vars(state), **changes})


def of_engine(state: RunState, at_engine: str | None) -> RunState:
    """A run that an engine has taken over, perhaps on another machine, whose locks are not seen here.

    Args:
        state: By its record and its lock.
        at_engine: running or waiting, as the engine says; None where it says nothing.
    """
    if at_engine is None or state.state in ("complete", "running", "damaged"):
        return state
    return RunState(**{**vars(state), "state": at_engine})


def run_state(folder: Path, now: float) -> RunState:
    """Where one run stands, by its record and its lock."""
    try:
        run = read_run(folder)
    except DamagedRecordError as error:
        note = str(error).removeprefix(f"{folder}: ")
        return RunState(folder, "damaged", note=note)
    labels = run.rounds[-1].labelled if run.rounds else None
    taken = sum(map(seconds_of, run.rounds))
    if run.complete:
        return RunState(folder, "complete", len(run.rounds), len(run.rounds), labels, seconds=taken)
    held = is_held(folder)
    if held or (held is None and run.status == "running"):
        state = "running"
    else:
        state = "stopped" if run.status == "running" else run.status
    plan = Plan.of_record(run.header)
    since = changed(folder, "status.json" if state == "running" else "rounds.jsonl", "status.json")
    return RunState(
        folder,
        state,
        len(run.rounds),
        None if plan is None else len(plan.labels),
        labels,
        since,
        run_left(run, plan, folder, now) if state == "running" else None,
        taken,
        str(read_status(folder).get("error", "")),
        "" if not run.header.command else shlex.join(["al-bench", "run", *run.header.command]),
    )


def run_left(run: Run, plan: Plan | None, folder: Path, now: float) -> tuple[float, float] | None:
    """Seconds that a run at work still takes, less those since its last round was written."""
    if plan is None:
        return None
    once = run.header.choices.get("tuning") == "start"
    ahead = seconds_ahead(trained_here(run.header, run.rounds), plan.labels[len(run.rounds) :], tuned_once=once)
    if ahead is None:
        return None
    passed = max(0.0, now - (changed(folder, "rounds.jsonl") or now))
    low, high = (max(0.0, seconds - passed) for seconds in ahead)
    return (0.0 if plan.may_stop else low), high


def changed(folder: Path, *names: str) -> float | None:
    """When the first of some files that is there was changed last, in seconds since 1970."""
    for name in names:
        try:
            return (folder / name).stat().st_mtime
        except OSError:
            continue
    return None


def time_left(runs: Sequence[RunState], workers: int) -> tuple[float, float] | None:
    """Seconds until the last run that runs or waits has ended; None where nothing tells, or nothing is at work.

    A run that waits takes as long as the complete ones of its arm took on average, else as those of the folder, in
    rounds alone.
    """
    at_work = [run for run in runs if run.state == "running"]
    waiting = [run for run in runs if run.state == "waiting"]
    if not at_work and not waiting:
        return None
    low, high = [], []
    for run in at_work:
        if run.seconds_left is None:
            return None
        low.append(run.seconds_left[0])
        high.append(run.seconds_left[1])
    complete = [run for run in runs if run.state == "complete"]
    whole = [(run, run.seconds) for run in complete]
    whole += [(run, run.seconds + run.seconds_left[1]) for run in at_work if run.seconds_left]
    for run in waiting:
        same = [taken for other, taken in whole if other.folder.parent == run.folder.parent]
        known = same or [taken for _, taken in whole]
        if not known:
            return None
        low.append(sum(known) / len(known))
        high.append(sum(known) / len(known))
    at_once = min(max(workers, 1), max(cores(), len(at_work), 1))
    return makespan(low, at_once), makespan(high, at_once)
