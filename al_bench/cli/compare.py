"""`al-bench compare`: from folders of runs to a verdict and its tables."""

from __future__ import annotations

import json
import textwrap
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from al_bench.cli import options
from al_bench.cli.command import bench_command, exit_status
from al_bench.errors import InputError
from al_bench.storage.files import write_output

if TYPE_CHECKING:
    from al_bench.analysis.study import Study
    from al_bench.analysis.summary.comparison import Comparison
    from al_bench.analysis.tables.table import Table

_DESCRIPTION = """\
Does active learning save labels here, with which strategy, how many, and how sure is that? A verdict
of two sentences for every dataset, the tables behind it, and what to do next: use a strategy, stay
with Random, or the command of the runs that would tell."""

_EPILOG = """\
examples:
  al-bench compare results/runs/my-study
  al-bench compare results/runs/my-study --target 0.9 --target 0.95 --markdown tables.md
  al-bench compare runs-a runs-b --baseline entropy --csv tables/ --json tables.json
  al-bench compare results/runs/my-study --metric balanced_accuracy
  al-bench compare results/runs/my-study --over cost

Arms are compared under the same seeds. A winner is claimed with at most a 5 % chance that any such
claim about the arms of a setting is false, if differences over seeds are roughly symmetric and no
seed collapses, and never from fewer than 3 seeds; "al-bench guide statistics" has the whole promise.
Runs that are not complete are listed and left out. Exit status: 0 done, 2 bad input."""

WIDTH = 110
"""Characters a line of the verdict."""


@bench_command("compare", _DESCRIPTION, _EPILOG)
@options.folders()
@options.metric()
@options.over()
@options.targets("the labels to reach it; may be repeated (default: up to three that fit)")
@options.baseline()
@options.planned()
@options.option(
    "--stopping", is_flag=True, help="replay the stopping rules: where each would have stopped, and what it had lost"
)
@options.option("--log", is_flag=True, help="areas under the curve over ln labels: early labels weigh more")
@options.option(
    "--csv", type=options.FOLDER, metavar="FOLDER", help="write every table as DATASET_TABLE.csv, in full precision"
)
@options.option(
    "--json", "json_", type=options.FILE, metavar="FILE", help="write verdicts and tables as one JSON object"
)
@options.option("--markdown", type=options.FILE, metavar="FILE", help="write verdicts and tables as Markdown")
@options.option(
    "--latex", type=options.FILE, metavar="FILE", help="write the tables as LaTeX (needs the package booktabs)"
)
@options.include_incomplete()
def command(
    folders: tuple[Path, ...],
    metric: str | None,
    over: str,
    targets: tuple[float, ...],
    baseline: str | None,
    planned: tuple[str, ...],
    stopping: bool,
    log: bool,
    csv: Path | None,
    json_: Path | None,
    markdown: Path | None,
    latex: Path | None,
    include_incomplete: bool,
) -> None:
    """Print verdict and tables of every dataset, and write the files asked for."""
    for name, path in (("csv", csv), ("json", json_), ("markdown", markdown), ("latex", latex)):
        if str(path) == "-":
            raise InputError(f"--{name} is '-'; name a file, such as /dev/stdout")
    options.check_targets(targets, metric)
    # SciPy takes a second to import: not for --help.
    from al_bench.analysis.summary.comparison import compare
    from al_bench.analysis.tables.pairwise import ranks_table, total_table

    results = compare(
        *folders,
        metric=metric or "accuracy",
        baseline=baseline,
        targets=targets,
        planned=planned,
        over=over,
        log=log,
        include_incomplete=include_incomplete,
        report=options.reporter("compare"),
    )
    if stopping:
        results = [replace(result, tables=(*result.tables, replayed(result.study))) for result in results]
    compared = [result.study for result in results]
    overall = [table for table in (total_table(compared), ranks_table(compared)) if table is not None]
    for result in results:
        print("\n".join(_heading(result)))
        print("\n" + "\n\n".join(table.to_terminal() for table in result.tables) + "\n")
    for table in overall:
        print(table.to_terminal() + "\n")
    print("\n\n".join("\n".join(_next_step(result, len(results) > 1)) for result in results))
    if csv is not None:
        _write_csv(csv, results, overall)
    for path, text in ((json_, _json), (markdown, _markdown), (latex, _latex)):
        if path is not None:
            write_output(path, text(results, overall))
            print(f"wrote {path}")


def main(argv: list[str]) -> int:
    """Run `al-bench compare` with the words after `compare`; returns the exit status, 0 or 2."""
    return exit_status(command, argv)


def replayed(study: Study) -> Table:
    """The table of stopping rules of a study.

    Raises:
        InputError: none of its runs recorded what the rules read.
    """
    from al_bench.analysis.tables.stopping import study_stopping_table

    table = study_stopping_table(study)
    if table is None:
        raise InputError(
            f"no run on {study.dataset} can be replayed: none has its stop set on record (evaluation.stop_set=1000 "
            "records it, the default) and went on to its budget; leave --stopping out"
        )
    return table


def _heading(result: Comparison) -> list[str]:
    """The lines above the tables: the verdict, how the runs began, and what it does not cover."""
    study = result.study
    lines = [line for sentence in result.verdict.sentences for line in textwrap.wrap(sentence, WIDTH)]
    if study.shared:
        lines.append(f"All arms: {', '.join(study.shared)}.")
    lines += [line for sentence in result.notes for line in textwrap.wrap(sentence, WIDTH)]
    for runs, state in (
        (study.left_out, "not complete or damaged: left out, as listed above."),
        (study.included, "not complete and taken in, as listed above."),
    ):
        if runs:
            lines.append(f"{len(runs)} {'run is' if len(runs) == 1 else 'runs are'} {state}")
    return lines


def _next_step(result: Comparison, several: bool) -> list[str]:
    """The lines that end the output of a dataset: what to do next, and what to type for it."""
    head = f"Next step on {result.study.dataset}" if several else "Next step"
    text = textwrap.wrap(f"{head}: {result.step.text}", WIDTH, break_on_hyphens=False, break_long_words=False)
    return [*text, *result.step.further.lines]


def _write_csv(folder: Path, results: list[Comparison], overall: list[Table]) -> None:
    """One file a table; those over all datasets begin with `all`."""
    tables = [(result.study.dataset, table) for result in results for table in result.tables]
    for dataset, table in [*tables, *(("all", table) for table in overall)]:
        write_output(folder / f"{dataset}_{table.key}.csv".replace("/", "_"), table.to_csv())
    print(f"wrote {folder}{'' if str(folder).endswith('/') else '/'}*.csv")


def _json(results: list[Comparison], overall: list[Table]) -> str:
    """Verdicts and tables as one JSON object."""
    from al_bench.analysis.families import family_lines
    from al_bench.analysis.implied import implied_lines
    from al_bench.analysis.start import start_lines

    datasets = [
        {
            "dataset": result.study.dataset,
            "verdict": list(result.verdict.sentences),
            "winners": list(result.verdict.winners),
            "metric": result.study.metric.name,
            "over": result.study.budget.noun,
            "counted": list(result.study.counted),
            "baseline": result.study.baseline,
            "settings": [
                {"arms": list(setting.arms), "baseline": setting.baseline, "own_baseline": setting.own}
                for setting in result.study.every_setting
            ],
            "planned": sorted(result.study.planned),
            "tested": list(family_lines(result.study, result.verdict.findings)),
            "unpaired": sorted(result.study.unpaired),
            "left_out": list(result.study.left_out),
            "included": list(result.study.included),
            "start": list(start_lines(result.study)),
            "implied": list(implied_lines(result.study)),
            "next_step": result.step.plain(),
            "tables": [table.plain() for table in result.tables],
        }
        for result in results
    ]
    whole = {"datasets": datasets, "over_datasets": [table.plain() for table in overall]}
    return json.dumps(whole, ensure_ascii=False, indent=1) + "\n"


def _markdown(results: list[Comparison], overall: list[Table]) -> str:
    """Verdicts and tables as Markdown, a section a dataset."""
    parts = []
    for result in results:
        study = result.study
        lines = [f"- {line}" for line in (*result.notes, *study.left_out, *study.included)]
        parts += [f"## {study.dataset}", " ".join(result.verdict.sentences), *(["\n".join(lines)] if lines else [])]
        parts += [table.to_markdown() for table in result.tables]
        typed = ["\n".join(["```sh", *result.step.further.lines, "```"])] if result.step.further.lines else []
        parts += [f"**Next step**: {result.step.text}", *typed]
    if overall:
        parts += ["## Over datasets", *(table.to_markdown() for table in overall)]
    return "\n\n".join(parts) + "\n"


def _latex(results: list[Comparison], overall: list[Table]) -> str:
    """The tables as LaTeX."""
    tables = [*(table for result in results for table in result.tables), *overall]
    return "\n\n".join(table.to_latex() for table in tables) + "\n"
