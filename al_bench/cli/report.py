"""`al-bench report`: from folders of runs to one self-contained HTML page."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from al_bench.cli.options import Parser, answer
from al_bench.errors import InputError

_DESCRIPTION = """\
Write one HTML page about a study: the verdict in two sentences, curves, tables, diagnostics, what
each strategy picked, configuration, and how to reproduce it. The page needs no network and no other file."""

_EPILOG = """\
examples:
  al-bench report results/runs/my-study --out report.html
  al-bench report results/runs/my-study/mnist --target 0.9 --target 0.95 --out mnist.html
  al-bench report runs-a runs-b --baseline entropy --title "A and B" --out both.html

The pictures need the data set: it is looked for where the runs had it, in the folder that
AL_BENCH_DATA names and in the user's cache folder, never downloaded; without it the page says so.
Exit status: 0 done, 2 bad input."""


def _parser() -> argparse.ArgumentParser:
    parser = Parser(
        prog="al-bench report",
        description=_DESCRIPTION,
        epilog=_EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )
    add = parser.add_argument
    add("folders", nargs="+", type=Path, metavar="FOLDER", help="a study, a dataset, an arm or a run; all below it")
    add("--out", type=Path, required=True, metavar="FILE", help="the page: .html")
    add("--baseline", metavar="ARM", help="the arm or strategy to compare with (default: random)")
    add(
        "--target",
        type=float,
        action="append",
        default=[],
        metavar="ACCURACY",
        help="a fraction such as 0.95: labels to reach it; may be repeated (default: chosen from the curves)",
    )
    add("--title", help="the page's title (default: the studies' names)")
    add("--seed", type=int, metavar="N", help="whose picks are shown (default: the lowest that most arms have)")
    add("--rounds", type=int, default=10, metavar="N", help="show the picks of at most so many rounds (default: 10)")
    add(
        "--include-incomplete",
        action="store_true",
        help="take in runs that are running, failed or interrupted, as far as they got",
    )
    return parser


def main(argv: list[str]) -> int:
    """Run `al-bench report` with the arguments after the word `report`; returns the exit status, 0 or 2."""
    return answer("report", lambda: _write(_parser().parse_args(argv)))


def _write(arguments: argparse.Namespace) -> None:
    out: Path = arguments.out
    if out.suffix.lower() not in (".html", ".htm"):
        raise InputError(f"{out} has the suffix {out.suffix!r}; a report is .html")
    if out.is_dir():
        raise InputError(f"{out} is a folder; name a file")
    if arguments.rounds < 1:
        raise InputError(f"--rounds is {arguments.rounds}; it must be at least 1")
    for target in arguments.target:
        if not 0 < target <= 1:
            raise InputError(f"--target is {target:g}; it must be a fraction above 0 and at most 1, such as 0.95")
    # NumPy, matplotlib and torch take seconds to import: not before they are needed, not for --help.
    from al_bench.analysis.report.page import ReportRequest, write_page
    from al_bench.progress import bar
    from al_bench.storage.run_folder import write_whole

    request = ReportRequest(
        folders=tuple(arguments.folders),
        baseline=arguments.baseline,
        targets=tuple(arguments.target),
        include_incomplete=arguments.include_incomplete,
        title=arguments.title,
        seed=arguments.seed,
        rounds=arguments.rounds,
    )
    with bar("report", 0, "part") as progress:

        def step(done: int, total: int) -> None:
            progress.total = total
            progress.update(done - progress.n)

        text = write_page(request, _report, step)
    try:
        out.parent.mkdir(parents=True, exist_ok=True)
        write_whole(out, text)
    except OSError as error:
        raise InputError(f"{out} cannot be written: {error.strerror}; choose another file") from error
    print(f"wrote {out} ({len(text.encode()) / 1e6:.1f} MB)")


def _report(line: str) -> None:
    print(f"al-bench report: {line}", file=sys.stderr)
