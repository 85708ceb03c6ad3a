"""`al-bench status`: where the runs of a folder stand, from another terminal."""

from __future__ import annotations

import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING

from al_bench.cli import options
from al_bench.cli.command import bench_command, exit_status
from al_bench.errors import plain_line

if TYPE_CHECKING:
    from al_bench.experiment.status import FolderStatus, RunState

_EPILOG = """\
examples:
  al-bench status results/runs/my-study
  al-bench status results/runs/my-study --watch
  al-bench status results/runs --json status.json

running      a process holds the run's folder, or Slurm or Ray has it at work
waiting      its sweep is at work and has not come to it yet, or it is pending in Slurm or Ray
stopped      it says that it runs, and no process holds it: the machine or the process died
interrupted  by Ctrl-C or SIGTERM
failed       with the error shown
damaged      its record cannot be read
missing      a sweep that is over was to do it, and it has no record

Nothing is written but what --json names. Exit status: 0 everything is complete or at work, 1 something stands still
or is damaged, 2 bad input."""

PAUSE = 5.0
"""Seconds between two looks of --watch."""


@bench_command("status", "Say where runs stand: done, running, failed, missing, and how long they still take.", _EPILOG)
@options.argument("folder", "FOLDER", "a study, or any folder of runs; or an archive", type=options.FOLDER)
@options.option("--all", "all_", is_flag=True, help="name complete and waiting runs, too")
@options.option("--watch", is_flag=True, help=f"look again every {PAUSE:.0f} s, until nothing is at work")
@options.option("--json", "json_", type=options.FILE, metavar="FILE", help="write one object with everything")
def command(folder: Path, all_: bool, watch: bool, json_: Path | None) -> int:
    """Print where the runs stand; returns the exit status."""
    from al_bench.experiment.status import folder_status
    from al_bench.storage.files import write_output

    report = options.reporter("status")
    while True:
        status = folder_status(folder, report)
        if watch and sys.stdout.isatty():
            print("\x1b[2J\x1b[H", end="")
        for line in lines(folder, status, all_):
            print(plain_line(line), flush=True)
        if json_ is not None:
            write_output(json_, as_json(status))
        if not (watch and status.is_at_work):
            return 1 if status.needs_attention else 0
        time.sleep(PAUSE)


def lines(folder: Path, status: FolderStatus, all_: bool) -> list[str]:
    """What is printed."""
    from al_bench.experiment.estimate.sentences import plural, span_of_time
    from al_bench.experiment.status import STATES

    counts = ", ".join(f"{count} {state}" for state in STATES if (count := status.count(state)))
    head = f"{folder}: {plural(len(status.runs), 'run')}: {counts}"
    if status.is_at_work:
        left = "not known yet" if status.seconds_left is None else span_of_time(*status.seconds_left)
        head += f"; time left {left}"
    hidden = () if all_ else ("complete", "waiting")
    shown = [run for run in status.runs if run.state not in hidden]
    width = max((len(name(run, folder)) for run in shown), default=0)
    rows = [f"{run.state:<11}  {name(run, folder):<{width}}  {describe(run)}".rstrip() for run in shown]
    commands = [f"to go on: {command}" for command in status.commands]
    pending = [f"pending      {plural(count, 'run')} in {job}" for job, count in status.pending.items()]
    return [head, *pending, *rows, *commands]


def name(run: RunState, folder: Path) -> str:
    """A run below the folder that was asked for."""
    try:
        below = run.folder.relative_to(folder)
    except ValueError:
        return str(run.folder)
    return str(below) if below.parts else run.folder.name


def describe(run: RunState) -> str:
    """How far a run is, and since when."""
    from al_bench.experiment.estimate.sentences import span_of_time

    of = f" of {run.planned}" if run.planned else ""
    parts = []
    if run.state == "running":
        parts.append(f"in round {run.rounds}{of}")
    elif run.rounds:
        parts.append(f"{run.rounds}{of} rounds")
    if run.labels is not None:
        parts.append(f"{run.labels} labels")
    if run.since is not None:
        parts.append(f"{'since' if run.state == 'running' else 'last sign'} {clock(run.since)}")
    if run.seconds_left is not None:
        parts.append(f"{span_of_time(*run.seconds_left)} left")
    text = ", ".join(parts)
    return f"{text}: {run.note}" if text and run.note else text or run.note


def clock(moment: float) -> str:
    """A time of this day as 14:03, of another as 2026-11-24 14:03."""
    then = time.localtime(moment)
    today = time.strftime("%Y-%m-%d", then) == time.strftime("%Y-%m-%d")
    return time.strftime("%H:%M" if today else "%Y-%m-%d %H:%M", then)


def as_json(status: FolderStatus) -> str:
    """Everything as one JSON object; times in seconds, and since 1970."""
    import json
    from dataclasses import asdict

    from al_bench.experiment.status import STATES

    whole = {
        "counts": {state: status.count(state) for state in STATES},
        "workers": status.workers,
        "seconds_left": status.seconds_left,
        "pending": dict(status.pending),
        "to_go_on": status.commands,
        "runs": [asdict(run) | {"folder": str(run.folder)} for run in status.runs],
    }
    return json.dumps(whole, ensure_ascii=False, indent=1) + "\n"


def main(argv: list[str]) -> int:
    """Run `al-bench status` with the words after `status`; returns the exit status."""
    return exit_status(command, argv)
