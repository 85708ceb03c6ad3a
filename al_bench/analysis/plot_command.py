"""`al-bench plot`: from folders of runs to a figure, a CSV and a few lines of numbers."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import NoReturn

from al_bench.errors import InputError

_DESCRIPTION = """\
Draw accuracy against the number of labels: one line an arm, the median over seeds with the
interquartile band, one panel a dataset; runs with reference=full become a dashed ceiling."""

_EPILOG = """\
examples:
  al-bench plot results/runs/my-study --out curves.png
  al-bench plot results/runs/my-study/mnist --out mnist.pdf --target 0.9 --target 0.95
  al-bench plot runs-a runs-b --out both.svg --statistic mean --csv both.csv

Labels to a target count the initial set, and are read in three ways: the first crossing of each
seed (optimistic on a noisy curve), the sustained crossing (never below it again), and the crossing
of the median (or mean) curve. Exit status: 0 done, 2 bad input."""


class _Parser(argparse.ArgumentParser):
    """argparse whose complaints are one line, like every other."""

    def error(self, message: str) -> NoReturn:
        raise InputError(f"{message}; see al-bench plot --help")


def _parser() -> argparse.ArgumentParser:
    parser = _Parser(
        prog="al-bench plot",
        description=_DESCRIPTION,
        epilog=_EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )
    add = parser.add_argument
    add(
        "folders",
        nargs="+",
        type=Path,
        metavar="FOLDER",
        help="a study, a dataset, an arm or a run; all below it",
    )
    add("--out", type=Path, metavar="FILE", help="the figure: .png, .svg or .pdf")
    add("--csv", type=Path, metavar="FILE", help="write the curves: dataset, arm, labels, n, median, ...")
    add(
        "--statistic",
        choices=("median", "mean"),
        default="median",
        help="median with quartiles (default), or mean with standard error",
    )
    add(
        "--target",
        type=float,
        action="append",
        default=[],
        metavar="ACCURACY",
        help="a fraction such as 0.95: draw a guide, print the labels needed; may be repeated",
    )
    add("--title", help="a title for the figure (default: the dataset's name)")
    add(
        "--ends",
        choices=("common", "pad", "available"),
        default="common",
        help="seeds of different lengths: draw as far as all go (common, default), hold the last accuracy "
        "of those that ended (pad), or average whoever is left (available)",
    )
    add(
        "--include-incomplete",
        action="store_true",
        help="take in runs that are running, failed or interrupted, as far as they got",
    )
    return parser


def main(argv: list[str]) -> int:
    """Run `al-bench plot` with the arguments after the word `plot`; returns the exit status, 0 or 2."""
    try:
        arguments = _parser().parse_args(argv)
        _plot(arguments)
    except InputError as error:
        print(f"al-bench plot: {error}", file=sys.stderr)
        return 2
    except SystemExit as leaving:  # --help
        return int(leaving.code or 0)
    return 0


def _plot(arguments: argparse.Namespace) -> None:
    if arguments.out is None and arguments.csv is None:
        raise InputError("nothing to write; give --out FILE (.png, .svg or .pdf), --csv FILE, or both")
    for target in arguments.target:
        if not 0 < target <= 1:
            raise InputError(f"--target is {target:g}; it must be a fraction above 0 and at most 1, such as 0.95")
    # NumPy and matplotlib take half a second to import: not before they are needed, not for --help.
    from al_bench.analysis.groups import group_runs, usable_runs
    from al_bench.analysis.runs import find_runs
    from al_bench.analysis.table import table, write_csv

    if arguments.out is not None:
        from al_bench.analysis.plot import check_out, plot_curves

        check_out(arguments.out)
    runs = usable_runs(find_runs(arguments.folders, _report), arguments.include_incomplete, _report)
    groups = group_runs(runs, arguments.ends)
    for group in groups:
        ends = [run.labels[-1] for run in group.runs]
        if min(ends) != max(ends):
            _report(
                f"the seeds of {group.name} on {group.dataset} end at {min(ends)} to {max(ends)} labels; "
                f"drawn with --ends {arguments.ends}"
            )
    if arguments.out is not None:
        plot_curves(groups, arguments.out, arguments.statistic, arguments.title, arguments.target)
    if arguments.csv is not None:
        write_csv(groups, arguments.csv)
    print("\n".join(table(groups, arguments.statistic, arguments.target)))
    for file in (arguments.out, arguments.csv):
        if file is not None:
            print(f"wrote {file}")


def _report(line: str) -> None:
    print(f"al-bench plot: {line}", file=sys.stderr)
