"""`al-bench export`: what a run picked, joined to the user's own file."""

from __future__ import annotations

from pathlib import Path

from al_bench.cli import options
from al_bench.cli.command import bench_command, exit_status
from al_bench.errors import InputError

_EPILOG = """\
examples:
  al-bench export results/runs/default/csv/bald/seed-0 --out picks.csv

The columns: round ("start" for the labels that the run began with), rank within the round, row (of your file, counted
from 0 without the header; or item, the value of dataset.id), label, score, and the columns of your file."""


@bench_command("export", "Write what a run picked as a CSV file, joined to the columns of your own file.", _EPILOG)
@options.argument("folder", "RUN", "the folder of one run", type=options.FOLDER)
@options.out("the CSV file to write", required=True)
@options.trust()
def command(folder: Path, out: Path, trust: bool) -> None:
    """Write the picks of one run."""
    from al_bench.analysis.report.dataset import recorded
    from al_bench.experiment.picks import picks
    from al_bench.storage.files import write_output
    from al_bench.storage.runs import find_runs

    runs = find_runs([folder])
    if len(runs) != 1:
        raise InputError(f"{folder} holds {len(runs)} runs; name one of them, such as {runs[0].folder}")
    (run,) = runs
    frame = picks(run, recorded(run, trust))
    write_output(out, frame.to_csv(index=False))
    print(f"wrote {len(frame)} rows to {out}")


def main(argv: list[str]) -> int:
    """Run `al-bench export` with the words after `export`; returns the exit status, 0 or 2."""
    return exit_status(command, argv)
