"""`al-bench report`: from folders of runs to one self-contained HTML page."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import click

from al_bench.cli import options
from al_bench.cli.command import bench_command, exit_status
from al_bench.errors import InputError
from al_bench.storage.files import write_output

_DESCRIPTION = """\
Write one HTML page about a study. It begins with what a decision needs: the verdict, what to do next, labels
and money, one curve, recall by class; then come curves, tables, diagnostics, what each strategy picked,
configuration, and how to reproduce it. The page needs no network and no other file."""

_EPILOG = """\
examples:
  al-bench report results/runs/my-study --out report.html
  al-bench report results/runs/my-study/mnist --target 0.9 --target 0.95 --out mnist.html
  al-bench report results/runs/my-study --metric balanced_accuracy --price 0.40 --out report.html
  al-bench report runs-a runs-b --baseline entropy --title "A and B" --out both.html
  al-bench report results/runs/my-study --no-items --out to-pass-on.html

The pictures need the data set: it is looked for where the runs had it, in the folder that
AL_BENCH_DATA names and in the user's cache folder, never downloaded; without it the page says so.
A data set of a class of your own is loaded with --trust alone: nothing else in a record is ever run.
Exit status: 0 done, 2 bad input."""


class PriceOfLabel(click.ParamType):
    """A number above 0, with a currency before or after it."""

    name = "price"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        from al_bench.analysis.report.overview import Price

        match = re.fullmatch(r"([^\d.,\s-]{0,8} ?)(\d+(?:\.\d+)?|\.\d+)( ?[^\d.,\s-]{0,8})", str(value).strip())
        if match is None or not float(match[2]) > 0:
            raise InputError(f"--price is {value!r}; it must be what a label costs, such as 0.40 or '0.40 EUR'")
        return Price(float(match[2]), match[1], match[3])


@bench_command("report", _DESCRIPTION, _EPILOG)
@options.folders()
@options.out("the page: .html", required=True)
@options.baseline()
@options.planned()
@options.metric()
@options.over()
@options.targets("labels to reach it; may be repeated (default: chosen from the curves)")
@options.option(
    "--price",
    type=PriceOfLabel(),
    metavar="PRICE",
    help="what a label costs, such as 0.40 or '0.40 EUR': shows money, too",
)
@options.option("--title", help="the page's title (default: the studies' names)")
@options.option(
    "--seed",
    type=options.WholeNumber(),
    metavar="N",
    help="whose picks are shown (default: the lowest that most arms have)",
)
@options.option(
    "--rounds",
    type=options.WholeNumber(minimum=1),
    default=10,
    metavar="N",
    help="show the picks of at most so many rounds (default: 10)",
)
@options.option(
    "--no-items",
    is_flag=True,
    help="no picture, text, row or name of an item: for data that may not be passed on; reads no data set",
)
@options.trust()
@options.include_incomplete()
def command(folders: tuple[Path, ...], out: Path, **wanted: Any) -> None:
    """Write the page."""
    if out.suffix.lower() not in (".html", ".htm"):
        raise InputError(f"{out} has the suffix {out.suffix!r}; a report is .html")
    if out.is_dir():
        raise InputError(f"{out} is a folder; name a file")
    options.check_targets(wanted["targets"], wanted["metric"])
    if wanted["over"] == "cost" and wanted["price"] is not None:
        raise InputError(
            "--over cost takes what each label cost from the records, and --price gives all labels one price; leave "
            "one of them out"
        )
    # NumPy, matplotlib and torch take seconds to import: not before they are needed, not for --help.
    from al_bench.analysis.report.page import ReportRequest, write_page
    from al_bench.progress import bar

    with bar("report", 0, "part") as progress:

        def step(done: int, total: int) -> None:
            progress.total = total
            progress.update(done - progress.n)

        text = write_page(ReportRequest(folders=folders, **wanted), options.reporter("report"), step)
    write_output(out, text)
    print(f"wrote {out} ({len(text.encode()) / 1e6:.1f} MB)")


def main(argv: list[str]) -> int:
    """Run `al-bench report` with the words after `report`; returns the exit status, 0 or 2."""
    return exit_status(command, argv)
