"""`al-bench archive`: the complete runs of a study as one file."""

from __future__ import annotations

import shlex
from pathlib import Path

from al_bench.cli import options
from al_bench.cli.command import bench_command, exit_status
from al_bench.errors import InputError

_DESCRIPTION = """\
Write the complete runs in and under a folder as one compact Parquet file. compare, plot, report and
reproduce read it like the folder; pandas and DuckDB read it as a table with a row a round."""

_EPILOG = """\
examples:
  al-bench archive results/runs/my-study
  al-bench compare results/runs/my-study.parquet
  al-bench archive results/runs/my-study --out for-you.parquet --include items

Left out unless included: the host's name, the folders in paths (the last part stays), and what you call
the items that were labelled. Never in it: logs, tracebacks, stored predictions and weights; a run that
goes on needs its folder. An archive is written once, and read back before this ends."""


@bench_command("archive", _DESCRIPTION, _EPILOG)
@options.argument("folder", "FOLDER", "a study, or any folder of runs", type=options.FOLDER)
@options.option("--out", type=options.FILE, metavar="FILE", help="the file to write (default: FOLDER.parquet)")
@options.option(
    "--include",
    multiple=True,
    type=options.OneOf(("items", "paths", "host")),
    help="what is left out otherwise; may be repeated",
)
def command(folder: Path, out: Path | None, include: tuple[str, ...]) -> None:
    """Write the archive of a folder."""
    from al_bench.storage.archive import SUFFIX
    from al_bench.storage.archiving import default_archive, write_archive
    from al_bench.storage.runs import find_runs

    if folder.is_file():
        raise InputError(f"{folder} is a file; give a folder of runs, such as results/runs/my-study")
    out = default_archive(folder) if out is None else out
    if out.suffix != SUFFIX:
        raise InputError(f"--out is {out}; an archive's name ends in {SUFFIX}, as in {out.name or 'study'}{SUFFIX}")
    report = options.reporter("archive")
    runs = find_runs([folder], report)
    complete = [run for run in runs if run.complete]
    for run in runs:
        if not run.complete:
            report(f"left out {run.folder}: {run.status}")
    if not complete:
        raise InputError(f"no run under {folder} is complete; type the command of a run again, and it goes on")
    write_archive(complete, folder, out, include)
    print(f"wrote {len(complete)} runs to {out} ({out.stat().st_size / 2**20:.2f} MB)")
    print(f"next: al-bench compare {shlex.quote(str(out))}")


def main(argv: list[str]) -> int:
    """Run `al-bench archive` with the words after `archive`; returns the exit status, 0 or 2."""
    return exit_status(command, argv)
