"""`al-bench plot`: from folders of runs to a figure, a CSV and a few lines of numbers."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from al_bench.analysis.figures.kinds import KINDS, FigureRequest, draw, kind_of, own_kinds, studies_of, table_groups
from al_bench.cli.options import Parser, answer
from al_bench.errors import InputError
from al_bench.metrics import METRICS

_DESCRIPTION = """\
Draw runs, one panel a dataset, one line or bar an arm. By default accuracy against the number of
labels: the median over seeds with the interquartile band; runs with reference=full become a dashed
ceiling. Other kinds:

"""

_EPILOG = """\
examples:
  al-bench plot results/runs/my-study --out curves.png
  al-bench plot results/runs/my-study/mnist --out mnist.pdf --target 0.9 --paper batchbald2019_mnist
  al-bench plot runs-a runs-b --out both.svg --statistic mean --csv both.csv
  al-bench plot results/runs/my-study --kind curves --quantity ece --x seconds --out ece.png
  al-bench plot results/runs/my-study --kind targets --target 0.9 --out labels.svg --width phone
  al-bench plot --paper list

Labels to a target count the initial set, and are read in three ways: the first crossing of each
seed (optimistic on a noisy curve), the sustained crossing (never below it again), and the crossing
of the median (or mean) curve. Published numbers count the initial set too, whatever the paper
prints. Exit status: 0 done, 2 bad input."""


def _parser() -> argparse.ArgumentParser:
    parser = Parser(
        prog="al-bench plot",
        description=_DESCRIPTION
        + "\n".join(f"  {name:<11} {kind.help}" for name, kind in (KINDS | own_kinds()).items()),
        epilog=_EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )
    add = parser.add_argument
    add("folders", nargs="*", type=Path, metavar="FOLDER", help="a study, a dataset, an arm or a run; all below it")
    add(
        "--kind",
        default="curves",
        metavar="KIND",
        help="what to draw (default: curves); module:function, a plot of your own",
    )
    add("--out", type=Path, metavar="FILE", help="the figure: .png, .svg or .pdf")
    add("--csv", type=Path, metavar="FILE", help="write the curves: dataset, arm, labels, n, median, ...")
    add("--quantity", choices=tuple(METRICS), help="curves: what goes up (default: accuracy)")
    add(
        "--x",
        choices=("labels", "seconds", "seconds+evaluate"),
        help="curves: what goes right (default: labels); seconds are those of training, scoring and selecting, "
        "if asked also of evaluating, up to that model",
    )
    add(
        "--statistic",
        choices=("median", "mean"),
        help="median with quartiles (default of curves), or mean with standard error (of a difference: with its "
        "95 %% interval, the default there)",
    )
    add(
        "--target",
        type=float,
        action="append",
        default=[],
        metavar="ACCURACY",
        help="a fraction such as 0.95: draw a guide, print the labels needed; may be repeated",
    )
    add("--rule", choices=("first", "sustained"), help="targets: which crossing of a seed counts (default: first)")
    add("--baseline", metavar="ARM", help="difference: compared with this arm (default: random)")
    add(
        "--paper",
        action="append",
        default=[],
        metavar="NAME",
        help="overlay published numbers in grey; may be repeated; --paper list prints what there is",
    )
    add("--title", help="a title for the figure (default: the dataset's name)")
    add("--width", choices=("page", "phone"), default="page", help="for print and screens (default), or for a phone")
    add(
        "--ends",
        choices=("common", "pad", "available"),
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
    return answer("plot", lambda: _plot(_parser().parse_args(argv)))


def _plot(arguments: argparse.Namespace) -> None:
    if "list" in arguments.paper:
        from al_bench.analysis.papers.published import listing

        print("\n".join(listing()))
        return
    if not arguments.folders:
        raise InputError("the following arguments are required: FOLDER; see al-bench plot --help")
    if arguments.out is None and arguments.csv is None:
        raise InputError("nothing to write; give --out FILE (.png, .svg or .pdf), --csv FILE, or both")
    for target in arguments.target:
        if not 0 < target <= 1:
            raise InputError(f"--target is {target:g}; it must be a fraction above 0 and at most 1, such as 0.95")
    words = ("kind", "quantity", "x", "statistic", "ends", "rule", "baseline", "title", "width")
    request = FigureRequest(
        **{word: getattr(arguments, word) for word in words}, targets=arguments.target, papers=arguments.paper
    )
    request.check()
    # NumPy and matplotlib take half a second to import: not before they are needed, not for --help.
    from al_bench.analysis.arms import usable_runs
    from al_bench.analysis.tables.curves import table, write_csv
    from al_bench.storage.runs import find_runs

    if arguments.out is not None:
        from al_bench.analysis.figures.layout import check_out, save_figure

        check_out(arguments.out)
    runs = usable_runs(find_runs(arguments.folders, _report), arguments.include_incomplete, _report)
    studies = studies_of(runs, request)
    for study in studies:
        for line in study.unlike:
            _report(f"{study.dataset}: {line}")
    groups = table_groups(studies)
    for group in groups:
        ends = [run.labels[-1] for run in group.runs]
        if min(ends) != max(ends):
            _report(
                f"the seeds of {group.name} on {group.dataset} end at {min(ends)} to {max(ends)} labels; "
                f"drawn with --ends {arguments.ends or 'common'}"
            )
    if arguments.out is not None:
        from al_bench.analysis.figures.style import LINE_STYLES

        arms = {study.title(group.name) for study in studies for group in study.groups}
        if len(arms) > len(LINE_STYLES) and kind_of(request.kind).styled:
            _report(
                f"{len(arms)} arms but {len(LINE_STYLES)} line styles: some curves share a style; plot fewer folders"
            )
        save_figure(draw(studies, request), arguments.out)
    if arguments.csv is not None:
        write_csv(groups, arguments.csv)
    print("\n".join(table(groups, arguments.statistic or "median", arguments.target)))
    for file in (arguments.out, arguments.csv):
        if file is not None:
            print(f"wrote {file}")


def _report(line: str) -> None:
    print(f"al-bench plot: {line}", file=sys.stderr)
