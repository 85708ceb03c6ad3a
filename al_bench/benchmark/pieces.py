"""Running a benchmark in pieces: what is asked for, what is missing, doing it, and archiving what is complete."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from al_bench.benchmark.archives import archive_file, complete_runs, write_setting
from al_bench.benchmark.pools import default_folder, pool_file
from al_bench.benchmark.protocol import BASELINE, Protocol, Setting
from al_bench.benchmark.runs import Arm, Clock, Newcomer, arms, missing, perform_runs, study_folder
from al_bench.errors import InputError
from al_bench.storage.runs import Run, find_runs

SECONDS_A_RUN = 0.5
"""Seconds of a run where no record of its data set says it."""


@dataclass(frozen=True)
class Piece:
    """A setting with its missing runs.

    Args:
        setting: Which one.
        arms: Its strategies, composed.
        missing: The runs that are not complete.
        seconds: Estimated seconds of these.
    """

    setting: Setting
    arms: Sequence[Arm]
    missing: Sequence[tuple[Arm, int]]
    seconds: float


def chosen(protocol: Protocol, only: Sequence[str], newcomer: Newcomer | None) -> list[Setting]:
    """The settings that `--only` names: a data set, a regime, both as DATASET/REGIME, or a setting; without it all.

    Args:
        protocol: Its settings.
        only: What was typed.
        newcomer: Whose runs are asked for; a newcomer's are not run under stress unless that setting is named.

    Raises:
        InputError: A name is that of no setting.
    """
    every = protocol.settings()
    if not only:
        return [each for each in every if newcomer is None or not each.stress]
    settings: list[Setting] = []
    for typed in only:
        name = typed.replace("/", "-")
        fits = [each for each in every if name in (each.name, each.stress) and (each.stress or name == each.name)]
        fits = fits or [each for each in every if not each.stress and name in (each.dataset, each.regime)]
        if not fits:
            known = f"{', '.join(protocol.datasets)}, with /{' or /'.join(protocol.regimes)}"
            raise InputError(f"--only {typed} is no setting of benchmark {protocol.version}; give one of {known}")
        settings += fits
    return [each for each in every if each in settings]


def archive_name(setting: Setting, newcomer: Newcomer | None) -> str:
    """What the archive of a setting's runs is called; a newcomer's runs of all settings are in one of its name."""
    return setting.name if newcomer is None else f"with-{newcomer.name}"


def prepare(
    setting: Setting, results: Path, archives: Path, newcomer: Newcomer | None, pools: Path | None = None
) -> Piece:
    """A setting's missing runs, with an estimate from the seconds on record of it, else of its data set's settings.

    Args:
        setting: Which one.
        results: The folder of the benchmark's runs.
        archives: Where its archives lie.
        newcomer: A strategy of a user's own.
        pools: Where the arrays of its data sets lie; None for the default.

    Raises:
        InputError: Its data are missing, or a strategy cannot be composed.
    """
    arrays = pool_file(setting.protocol, setting.dataset, pools or default_folder())
    file = archive_file(archives, archive_name(setting, newcomer))
    archived = [run for run in find_runs([file]) if run.study == setting.name] if file.exists() else []
    every = arms(setting, arrays, results, newcomer)
    todo = missing(every, setting.protocol, archived)
    known = archived or complete_runs(study_folder(results, setting))
    if todo and not known:
        others = sorted(archives.glob(f"{setting.dataset}-*.parquet"))
        known = [run for run in find_runs(others) if run.study.startswith(f"{setting.dataset}-")] if others else []
    a_run = float(np.mean([_seconds(run) for run in known])) if known else SECONDS_A_RUN
    return Piece(setting, every, todo, a_run * len(todo))


def _seconds(run: Run) -> float:
    return sum(sum(record.seconds.values()) for record in run.rounds)


def do(piece: Piece, clock: Clock, report: Callable[[str], None]) -> bool:
    """Do the missing runs of a piece until the time is over; whether all of them are complete.

    Args:
        piece: The runs.
        clock: When to stop.
        report: Called with a line for every run that failed, and for the setting.
    """
    done = 0
    for arm, seed, outcome, _ in perform_runs(piece.missing, clock):
        done += outcome.status == "complete"
        if outcome.status != "complete":
            report(f"{piece.setting.name}, {arm.strategy}, seed {seed} failed: {outcome.note}")
    if piece.missing:
        report(f"{piece.setting.name}: {done} of {len(piece.missing)} missing runs done")
    return done == len(piece.missing)


def archive(settings: Sequence[Setting], results: Path, archives: Path, newcomer: Newcomer | None) -> list[Path]:
    """Write the archives of settings whose folders hold every run; returns those written.

    Args:
        settings: Those that were run.
        results: The folder of the benchmark's runs.
        archives: Where archives go.
        newcomer: A strategy of a user's own, whose runs and Random's are one archive of all settings.
    """
    written = []
    of_newcomer: list[Run] = []
    for setting in settings:
        seeds = setting.protocol.seeds
        names = setting.strategies if newcomer is None else (BASELINE, newcomer.name)
        runs = [run for run in complete_runs(study_folder(results, setting)) if run.strategy in names]
        if len(runs) < seeds * len(set(names)):
            continue
        if newcomer is not None:
            of_newcomer += runs
            continue
        out = archive_file(archives, setting.name)
        write_setting(runs, results, out)
        written.append(out)
    if newcomer is not None and of_newcomer:
        out = archive_file(archives, archive_name(settings[0], newcomer))
        write_setting(of_newcomer, results, out)
        written.append(out)
    return written


def in_processes(settings: Sequence[Setting], words: Sequence[str], jobs: int) -> int:
    """Do settings in several processes, each with its share of them; returns how many of the processes failed.

    Args:
        settings: What to do, dealt out in turn.
        words: The command's other words.
        jobs: Number of processes.
    """
    shares = [settings[start::jobs] for start in range(min(jobs, len(settings)))]
    processes = [
        subprocess.Popen(
            [sys.executable, "-m", "al_bench", "benchmark", *words, "--jobs", "1"]
            + [word for each in share for word in ("--only", each.name)],
            env={**os.environ, "OMP_NUM_THREADS": "1"},
        )
        for share in shares
    ]
    try:
        return sum(process.wait() != 0 for process in processes)
    except BaseException:
        for process in processes:
            process.terminate()
        for process in processes:
            process.wait()
        raise
