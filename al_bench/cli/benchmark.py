"""`al-bench benchmark`: run or resume a benchmark in pieces, archive it, and make its page."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING

from al_bench.cli import options
from al_bench.cli.command import bench_command, exit_status
from al_bench.errors import InputError

if TYPE_CHECKING:
    from al_bench.benchmark.protocol import Protocol, Setting
    from al_bench.benchmark.runs import Newcomer

_DESCRIPTION = """\
Run or resume a benchmark, all of it or pieces, and make the page that says which strategy to use when."""

_EPILOG = """\
examples:
  al-bench benchmark v1 --check-only                    the page from the archives; nothing is run
  al-bench benchmark v1 --estimate                      how many runs are missing and how long they take
  al-bench benchmark v1 --only letter/low --minutes 10  one setting, at most ten minutes
  al-bench benchmark v1 --only low --strategy mine --config-dir my_conf
                                                        a strategy of your own and Random in the low regime

The same command resumes what is missing. A setting that is complete becomes one archive; the runs of a
strategy of your own become one file, with-NAME.parquet, which joins the page. Exit status: 0 all that was
asked for is complete, 1 not all is, 2 bad input, 130 interrupted."""


@bench_command("benchmark", _DESCRIPTION, _EPILOG)
@options.argument("name", "NAME", "a benchmark, such as v1")
@options.option("--check-only", is_flag=True, help="run nothing: make the page from the archives")
@options.option("--estimate", is_flag=True, help="run nothing: say what is missing and how long it takes")
@options.option("--only", multiple=True, metavar="DATASET/REGIME", help="a setting, a data set or a regime; may repeat")
@options.option("--strategy", metavar="NAME", help="a strategy of your own, beside Random, in place of the protocol's")
@options.option("--config-dir", type=options.FOLDER, metavar="FOLDER", help="the folder of options that has it")
@options.option(
    "--minutes", type=options.WholeNumber(minimum=1), metavar="M", help="begin no run after so many minutes"
)
@options.option("--jobs", type=options.WholeNumber(minimum=1), metavar="N", help="processes at once (default: 1)")
@options.option("--results", default="results/runs/benchmark", metavar="FOLDER", help="where its runs live")
@options.option("--archives", default="results/benchmark", metavar="FOLDER", help="where its page and archives live")
def command(
    name: str,
    check_only: bool,
    estimate: bool,
    only: tuple[str, ...],
    strategy: str | None,
    config_dir: Path | None,
    minutes: int | None,
    jobs: int | None,
    results: str,
    archives: str,
) -> int:
    """Run what is asked for, archive what is complete, and make the page; returns the exit status."""
    from al_bench.benchmark import pieces, protocol, runs

    chosen = protocol.load(name)
    folder = Path(archives)
    if check_only:
        if estimate or only or strategy:
            raise InputError("--check-only makes the page of all archives; leave the other options out")
        return _make_page(chosen, folder)
    if config_dir is not None and strategy is None:
        raise InputError("--config-dir has a strategy of yours; name it with --strategy NAME")
    newcomer = None if strategy is None else runs.Newcomer(strategy, config_dir)
    settings = pieces.chosen(chosen, only, newcomer)
    home = Path(results) / chosen.version
    try:
        if jobs is not None and jobs > 1 and not estimate:
            words = [name, "--results", results, "--archives", archives]
            words += ["--minutes", str(minutes)] if minutes is not None else []
            words += ["--strategy", strategy] if strategy is not None else []
            words += ["--config-dir", str(config_dir)] if config_dir is not None else []
            failed = pieces.in_processes(settings, words, jobs)
            if newcomer is not None:  # each process wrote the archive of its own share
                pieces.archive(settings, home, folder / chosen.version, newcomer)
            return 1 if failed else _make_page(chosen, folder)
        return _run(chosen, settings, home, folder, newcomer, minutes, estimate)
    except KeyboardInterrupt:
        print("\nal-bench benchmark: interrupted; the same command resumes", file=sys.stderr)
        return 130


def _run(
    protocol: Protocol,
    settings: list[Setting],
    home: Path,
    folder: Path,
    newcomer: Newcomer | None,
    minutes: int | None,
    estimate: bool,
) -> int:
    """Do settings one after the other in this process; returns the exit status."""
    from al_bench.benchmark import pieces
    from al_bench.benchmark.runs import Clock

    archives = folder / protocol.version
    clock = Clock.of_minutes(minutes)
    complete, total, count = True, 0.0, 0
    for setting in settings:
        if clock.is_over:
            complete = False
            break
        piece = pieces.prepare(setting, home, archives, newcomer)
        total, count = total + piece.seconds, count + len(piece.missing)
        if piece.missing or estimate:
            print(f"{setting.name}: {len(piece.missing)} runs missing, about {_time(piece.seconds)}", flush=True)
        if not estimate:
            complete &= pieces.do(piece, clock, lambda line: print(line, flush=True))
            if newcomer is None and piece.missing:
                pieces.archive([setting], home, archives, None)
    if estimate:
        print(f"{count} runs missing in {len(settings)} settings, about {_time(total)} of one core in all")
        return 0
    if newcomer is not None:
        for file in pieces.archive(settings, home, archives, newcomer):
            print(f"wrote {file}; it joins the page when it is committed there")
    status = _make_page(protocol, folder)
    return status if complete else 1


def _make_page(protocol: Protocol, folder: Path) -> int:
    """Make the page from the archives; returns 0."""
    from al_bench.benchmark.archives import read_archives
    from al_bench.benchmark.page import page, write_page

    archives = folder / protocol.version
    if not any(archives.glob("*.parquet")):
        raise InputError(f"there is no archive in {archives}; run a setting to its end first")
    for file in write_page(page(protocol, read_archives(archives)), folder):
        print(f"wrote {file}")
    return 0


def _time(seconds: float) -> str:
    return f"{seconds:.0f} s" if seconds < 120 else f"{seconds / 60:.0f} minutes"


def main(argv: list[str]) -> int:
    """Run `al-bench benchmark` with the words after that; returns the exit status."""
    return exit_status(command, argv)
