"""A sweep on an engine: what is complete is left, what is at work is waited for, the rest is handed over as an array.

Whether a run is complete is read from its record, and whether it is at work is the engine's word, so that the same
command can be typed at any time: after a lost connection it reports what happened and completes what is left.
"""

from __future__ import annotations

import contextlib
import os
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from al_bench.config.composed import Composed
from al_bench.config.hydra_sweeper import Launch, Sweep
from al_bench.config.run_names import run_folder
from al_bench.errors import InputError, plain_line
from al_bench.experiment.composed_job import composed_job
from al_bench.experiment.engines.resources import resources
from al_bench.experiment.engines.slurm import last_line
from al_bench.experiment.engines.task import RUNNING, WAITING, Engine, EngineSilentError, Task
from al_bench.experiment.estimate.sentences import plural
from al_bench.experiment.estimate.sweep_line import seed_of, without_seed
from al_bench.experiment.job import complete_already
from al_bench.experiment.outcome import Outcome, outcome_from_record
from al_bench.storage.arrays import SubmittedArray, read_arrays, read_outcome, write_array
from al_bench.storage.run_folder import RunFolder, read_status

if TYPE_CHECKING:
    from al_bench.config.schema import RunConfig

GRACE_S = 15.0
"""Seconds until what a worker wrote last is seen here, over a network."""
LOG_BYTES = 4096


@dataclass(frozen=True)
class AtWork:
    """A run that the engine has taken over.

    Args:
        sweep_folder: Of the sweep that handed it over.
        array: It is one of its runs.
        number: Its number there.
    """

    sweep_folder: Path
    array: SubmittedArray
    number: int

    @property
    def key(self) -> tuple[str, int]:
        """What the engine calls it."""
        return self.array.job, self.number

    @property
    def written(self) -> Path:
        """The file in which its worker says how it ended."""
        return self.sweep_folder / self.array.outcomes[self.number]


@dataclass
class EngineSweep:
    """The runs of a command on an engine.

    Args:
        engine: Takes them over.
        sweep: The sweep.
        settings: The overrides of its jobs, but for their seeds, to the configuration of the first job that has them.
        say: Called with one line.
    """

    engine: Engine
    sweep: Sweep
    settings: Mapping[tuple[str, ...], tuple[Composed, RunConfig]]
    say: Callable[[str], None]
    _waits_for: dict[Path, AtWork] = field(default_factory=dict)
    """By the folder of the run."""

    @property
    def folder(self) -> Path:
        """Of the sweep: RESULTS/.sweeps/DATE."""
        return Path(self.sweep.hydra.sweep.dir).absolute()

    @property
    def results(self) -> Path:
        """Where studies live."""
        return self.folder.parent.parent

    def launch(self, job_overrides: Sequence[Sequence[str]], first: int) -> list[Any]:
        """Do what is to do of some jobs; the outcome of each, in their order."""
        outcomes: list[Outcome | None] = [self.settled(overrides) for overrides in job_overrides]
        folders = [
            None if outcome is not None else self.run_folder(overrides)
            for outcome, overrides in zip(outcomes, job_overrides, strict=True)
        ]
        self._waits_for = {path: run for path, run in self.runs_at_work().items() if path in folders}
        if self._waits_for:
            jobs = ", ".join(self.jobs)
            count = plural(len(self._waits_for), "run")
            self.say(f"{count} already at work in {self.engine.name} job {jobs}; not submitted again")
        new = {number: path for number, path in enumerate(folders) if path is not None and path not in self._waits_for}
        if new:
            self.submit([job_overrides[number] for number in new], list(new.values()), [first + each for each in new])
        if self._waits_for:
            self.wait(sum(outcome is not None for outcome in outcomes))
        for number, path in enumerate(folders):
            if path is not None:
                outcomes[number] = self.outcome(path)
        return outcomes

    def settled(self, overrides: Sequence[str]) -> Outcome | None:
        """The outcome of a run that is complete, or that its configuration refuses; None of one that is to do."""
        folder = self.run_folder(overrides)
        if read_status(folder).get("status") != "complete":
            return None
        try:
            job = composed_job(Composed(*self.sweep.composed(overrides), parallel=True))
            return complete_already(job, RunFolder(job.folder))
        except InputError as error:
            return Outcome("failed", str(folder), str(error), bad_input=True)

    def run_folder(self, overrides: Sequence[str]) -> Path:
        """Of a job; composing takes a tenth of a second, so that jobs of one setting share it."""
        setting, seed = self.settings.get(without_seed(overrides)), seed_of(overrides)
        if setting is None:
            return run_folder(*self.sweep.composed(overrides)).absolute()
        folder = setting[0].folder.absolute()
        return folder if seed is None else folder.with_name(f"seed-{seed}")

    def runs_at_work(self) -> dict[Path, AtWork]:
        """Folders of the runs that the engine has not ended, of this sweep and of former ones."""
        arrays = [entry for entry in read_arrays(self.results) if entry[1].engine == self.engine.name]
        states = self.engine.at_work(arrays)
        return {
            (self.results / run).absolute(): AtWork(folder, array, number)
            for folder, array in arrays
            for number, run in enumerate(array.runs)
            if (array.job, number) in states
        }

    def submit(self, jobs: Sequence[Sequence[str]], folders: Sequence[Path], numbers: Sequence[int]) -> None:
        """Hand runs over, and remember in the sweep's folder which they are."""
        keys = self.sweep.hydra.launcher
        asked, clause = resources(jobs, keys, self.settings)
        shared = shared_words(sys.argv[1:])
        tasks = [
            Task((*shared, *overrides), shown_path(folder), self.folder / f"outcome-{number}.json")
            for overrides, folder, number in zip(jobs, folders, numbers, strict=True)
        ]
        self.folder.mkdir(parents=True, exist_ok=True)
        submitted = self.engine.submit(tasks, self.folder, asked)
        waiting = list(tasks)
        for job, count in submitted:
            mine, waiting = waiting[:count], waiting[count:]
            runs = [os.path.relpath(task.folder.absolute(), self.results) for task in mine]
            array = SubmittedArray(self.engine.name, job, runs, [task.outcome.name for task in mine])
            write_array(self.folder, array)
            for number, task in enumerate(mine):
                self._waits_for[task.folder.absolute()] = AtWork(self.folder, array, number)
        names = ", ".join(job for job, _ in submitted)
        limit = f"{keys.array_parallelism} at a time at most"
        where = f" {self.engine.where}" if self.engine.where else ""
        self.say(f"{self.engine.name} job {names}: {plural(len(tasks), 'run')} submitted{where}, {limit}; {clause}")

    def wait(self, done_before: int) -> None:
        """Until the engine has ended every run, with one line of progress where it changes.

        Raises:
            KeyboardInterrupt: with what happens to the runs now.
        """
        runs = list(self._waits_for.values())
        arrays = list({(run.sweep_folder, run.array.job): (run.sweep_folder, run.array) for run in runs}.values())
        shown = ""
        try:
            while True:
                try:
                    states = self.engine.at_work(arrays)
                    mine = [states[run.key] for run in runs if run.key in states]
                    line = self.progress(mine, done_before)
                except EngineSilentError as error:
                    mine, line = [WAITING], f"{error}; looking again"
                if line != shown:
                    self.say(line)
                    shown = line
                if not mine:
                    break
                time.sleep(self.sweep.hydra.launcher.poll_s)
            deadline = time.monotonic() + GRACE_S
            while time.monotonic() < deadline and not all(self.has_ended(path) for path in self._waits_for):
                time.sleep(min(0.5, self.sweep.hydra.launcher.poll_s))
        except KeyboardInterrupt as interrupt:
            what_now = f"{self.engine.farewell(self.jobs)}; the same command reports and completes"
            raise type(interrupt)(what_now) from None

    @property
    def jobs(self) -> list[str]:
        """What the engine calls the arrays that are waited for."""
        return sorted({run.array.job for run in self._waits_for.values()})

    def progress(self, states: Sequence[str], done_before: int) -> str:
        """How far the runs are."""
        total = len(self._waits_for) + done_before
        running, waiting = states.count(RUNNING), states.count(WAITING)
        parts = [f"{total - len(states)} of {total} ended"]
        parts += [f"{running} running"] * bool(running)
        why = self.engine.why_waiting()
        parts += [f"{waiting} waiting{f' ({why})' if why else ''}"] * bool(waiting)
        return f"{self.engine.name}: {', '.join(parts)}"

    def has_ended(self, path: Path) -> bool:
        """Whether what a run's worker wrote at its end is seen here."""
        return read_outcome(self._waits_for[path].written) is not None or read_status(path).get("status") == "complete"

    def outcome(self, path: Path) -> Outcome:
        """How a run ended: by its worker's word, else by its record, else by the last line that it said."""
        shown, run = shown_path(path), self._waits_for[path]
        if (written := read_outcome(run.written)) is not None:
            return Outcome(written.status, str(shown), written.note, written.bad_input)
        log, hint = self.engine.log(run.sweep_folder, *run.key, len(run.array.runs)), ""
        with contextlib.suppress(OSError), open(log, "rb") as file:
            file.seek(max(0, log.stat().st_size - LOG_BYTES))
            hint = f"{shown_path(log)}: {last_line(file.read().decode(errors='replace'))}"
        return outcome_from_record(shown, hint)


def shown_path(path: Path) -> Path:
    """A path as it is typed: from the current folder, where it lies below it."""
    with contextlib.suppress(ValueError):
        return path.relative_to(Path.cwd())
    return path


def shared_words(argv: Sequence[str]) -> list[str]:
    """The words of a sweep's command that each of its runs needs beside its overrides: where options are searched for.

    Args:
        argv: The words, Hydra's options and the values that they take first.
    """
    words = ["hydra/launcher=basic"]  # an experiment's file may choose another
    waiting = list(argv)
    while waiting:
        word = waiting.pop(0)
        name, equals, value = word.partition("=")
        if name in ("--config-dir", "-cd"):
            value = value if equals else waiting.pop(0)
            words += ["--config-dir", str(Path(value).absolute())]
        elif name.lstrip("+~").startswith("hydra.") and not name.lstrip("+~").startswith(
            ("hydra.launcher", "hydra.sweep", "hydra.mode", "hydra.run")
        ):
            words.append(word)
    return words


def launching(engine: Engine, sweep: Sweep, settings: Any) -> Launch:
    """The launch of a sweep on an engine.

    Args:
        engine: Takes the runs over.
        sweep: The sweep.
        settings: Of its jobs; see `EngineSweep`.
    """
    return EngineSweep(
        engine, sweep, settings, lambda line: print(f"al-bench: {plain_line(line)}", file=sys.stderr, flush=True)
    ).launch
