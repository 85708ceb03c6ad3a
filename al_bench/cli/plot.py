"""`al-bench plot`: from folders of runs to a figure, a CSV and a few lines of numbers."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from al_bench.analysis.figures.kinds import KINDS, kind_of, own_kinds
from al_bench.analysis.figures.request import FigureRequest, draw, studies_of, table_arms
from al_bench.cli import options
from al_bench.cli.command import bench_command, exit_status
from al_bench.errors import InputError

_DESCRIPTION = """\
Draw runs, one panel per dataset, one line or bar per arm. By default accuracy against the number of
labels: the median over seeds with the interquartile band; runs with reference=full become a dashed
ceiling. Other kinds:

"""

_EPILOG = """\
examples:
  al-bench plot results/runs/my-study --out curves.png
  al-bench plot results/runs/my-study/mnist --out mnist.pdf --target 0.9 --paper batchbald2019_mnist
  al-bench plot runs-a runs-b --out both.svg --statistic mean --csv both.csv
  al-bench plot results/runs/my-study --kind curves --metric ece --x seconds --out ece.png
  al-bench plot results/runs/my-study --metric recall:NAME --axis logit --out recall.png
  al-bench plot results/runs/my-study --kind discovery --out discovery.png
  al-bench plot results/runs/my-study --kind targets --target 0.9 --out labels.svg --width phone
  al-bench plot results/runs/my-study --kind my_plots:bars --out bars.svg    bars(studies, title=None)
  al-bench plot --paper list

Labels to a target count the initial set, and are read in three ways: the first crossing of each
seed (optimistic on a noisy curve), the sustained crossing (never below it again), and the crossing
of the median (or mean) curve. Published numbers count the initial set too, whatever the paper
prints. Exit status: 0 done, 2 bad input."""


def _published() -> list[str]:
    from al_bench.analysis.papers.published import published

    return ["list", *published()]


_KINDS = "\n".join(f"  {name:<11} {kind.help}" for name, kind in (KINDS | own_kinds()).items())


@bench_command("plot", _DESCRIPTION + _KINDS, _EPILOG)
@options.folders(required=False)
@options.option(
    "--kind",
    default="curves",
    metavar="KIND",
    shell_complete=options.completing(lambda: [*KINDS, *own_kinds()]),
    help="what to draw (default: curves); module:function, a plot of your own",
)
@options.out("the figure: .png, .svg or .pdf")
@options.option(
    "--csv",
    type=options.FILE,
    metavar="FILE",
    help="write the curves of the metric: dataset, arm, labels, n, median, ...",
)
@options.metric("draw this instead of accuracy", "--quantity", "quantity")
@options.over()
@options.option(
    "--x",
    type=options.OneOf(("labels", "seconds", "seconds+evaluate")),
    help="curves: what goes right (default: labels); seconds are those of training, scoring and selecting, "
    "if asked also of evaluating, up to that model",
)
@options.option(
    "--axis",
    type=options.OneOf(("linear", "error", "logit")),
    help="curves: the scale of what goes up; error is a logarithmic one of what is missing to the best value, chosen "
    "by itself where curves come near it",
)
@options.option(
    "--statistic",
    type=options.OneOf(("median", "mean")),
    help="median with quartiles (default of curves), or mean with standard error (of a difference: with its "
    "95 % interval for roughly normal differences, the default there)",
)
@options.targets("draw a guide, print the labels needed; may be repeated")
@options.option(
    "--rule",
    type=options.OneOf(("first", "sustained")),
    help="targets: which crossing of a seed counts (default: first)",
)
@options.baseline("difference: compared with this arm (default: random)")
@options.option(
    "--paper",
    "papers",
    multiple=True,
    metavar="NAME",
    shell_complete=options.completing(_published),
    help="overlay published numbers in grey; may be repeated; --paper list prints what there is",
)
@options.option("--marks", is_flag=True, help="curves: mark the rounds that `al-bench compare` says to look at")
@options.option("--title", help="a title for the figure (default: the dataset's name)")
@options.option(
    "--width",
    type=options.OneOf(("page", "phone")),
    default="page",
    help="for print and screens (default), or for a phone",
)
@options.option(
    "--ends",
    type=options.OneOf(("common", "pad", "available")),
    help="seeds of different lengths: draw as far as all go (common, default), hold the last accuracy "
    "of those that ended (pad), or average whoever is left (available)",
)
@options.include_incomplete()
def command(
    folders: tuple[Path, ...], out: Path | None, csv: Path | None, include_incomplete: bool, **wanted: Any
) -> None:
    """Draw and write what is asked for, and print the numbers."""
    report = options.reporter("plot")
    request = FigureRequest(**wanted)
    if "list" in request.papers:
        from al_bench.analysis.papers.published import listing

        print("\n".join(listing()))
        return
    if not folders:
        raise InputError("FOLDER is missing; name a folder of runs, such as results/runs/default")
    if out is None and csv is None:
        raise InputError("nothing to write; give --out FILE (.png, .svg or .pdf), --csv FILE, or both")
    request.check()
    options.check_targets(request.targets, request.quantity)
    # NumPy and matplotlib take half a second to import: not before they are needed, not for --help.
    from al_bench.analysis.arms import usable_runs
    from al_bench.analysis.budget import LABELS
    from al_bench.analysis.tables.curves import table, write_csv
    from al_bench.storage.runs import find_runs

    if out is not None:
        from al_bench.analysis.figures.layout import check_out, save_figure

        check_out(out)
    runs = usable_runs(find_runs(list(folders), report), include_incomplete, report)
    studies = studies_of(runs, request)
    for study in studies:
        sums = request.targets or study.budget is not LABELS  # only then labels are added up
        for line in (*(study.counted if sums else ()), *study.inconsistencies):
            report(f"{study.dataset}: {line}")
    arms = table_arms(studies)
    for arm in arms:
        ends = [run.labels[-1] for run in arm.runs]
        if min(ends) != max(ends):
            report(
                f"the seeds of {arm.name} on {arm.dataset} end at {arm.budget.range.format(min(ends), max(ends))}; "
                f"drawn with --ends {request.ends or 'common'}"
            )
    if out is not None:
        from al_bench.analysis.figures.style import LINE_STYLES

        titles = {study.title(arm.name) for study in studies for arm in study.arms}
        if len(titles) > len(LINE_STYLES) and kind_of(request.kind).styled:
            report(
                f"{len(titles)} arms but {len(LINE_STYLES)} line styles: some curves share a style; plot fewer folders"
            )
        save_figure(draw(studies, request), out)
    if csv is not None:
        write_csv(arms, csv, request.quantity)
    print("\n".join(table(arms, request.statistic or "median", request.targets)))
    for file in (out, csv):
        if file is not None:
            print(f"wrote {file}")


def main(argv: list[str]) -> int:
    """Run `al-bench plot` with the words after `plot`; returns the exit status, 0 or 2."""
    return exit_status(command, argv)
