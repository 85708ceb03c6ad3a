"""`al-bench compare`: from folders of runs to a verdict and its tables."""

from __future__ import annotations

import argparse
import json
import sys
import textwrap
from pathlib import Path
from typing import TYPE_CHECKING

from al_bench.cli.options import Parser, answer
from al_bench.errors import InputError

if TYPE_CHECKING:
    from al_bench.analysis.study import Study
    from al_bench.analysis.tables.table import Table
    from al_bench.analysis.verdict import Verdict

_DESCRIPTION = """\
Does active learning save labels here, with which strategy, how many, and how sure is that? A verdict
of two sentences for every dataset, and the tables behind it."""

_EPILOG = """\
examples:
  al-bench compare results/runs/my-study
  al-bench compare results/runs/my-study --target 0.9 --target 0.95 --markdown tables.md
  al-bench compare runs-a runs-b --baseline entropy --csv tables/ --json tables.json

Arms are compared under the same seeds. A winner is claimed with at most a 5 % chance that any such
claim about a dataset is false, and never from fewer than 3 seeds. Runs that are not complete are
listed and left out. Exit status: 0 done, 2 bad input."""


WIDTH = 110
"""Characters a line of the verdict."""


def _parser() -> argparse.ArgumentParser:
    parser = Parser(
        prog="al-bench compare",
        description=_DESCRIPTION,
        epilog=_EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )
    add = parser.add_argument
    add("folders", nargs="+", type=Path, metavar="FOLDER", help="a study, a dataset, an arm or a run; all below it")
    add(
        "--target",
        type=float,
        action="append",
        default=[],
        metavar="ACCURACY",
        help="a fraction such as 0.95: the labels to reach it; may be repeated (default: up to three that fit)",
    )
    add("--baseline", metavar="ARM", help="the arm or strategy to compare with (default: random)")
    add("--log", action="store_true", help="areas under the curve over ln labels: early labels weigh more")
    add("--csv", type=Path, metavar="FOLDER", help="write every table as DATASET_TABLE.csv, in full precision")
    add("--json", type=Path, metavar="FILE", help="write verdicts and tables as one JSON object")
    add("--markdown", type=Path, metavar="FILE", help="write verdicts and tables as Markdown")
    add("--latex", type=Path, metavar="FILE", help="write the tables as LaTeX (needs the package booktabs)")
    add(
        "--include-incomplete",
        action="store_true",
        help="take in runs that are running, failed or interrupted, as far as they got",
    )
    return parser


def main(argv: list[str]) -> int:
    """Run `al-bench compare` with the arguments after the word `compare`; returns the exit status, 0 or 2."""
    return answer("compare", lambda: _compare(_parser().parse_args(argv)))


def _compare(arguments: argparse.Namespace) -> None:
    for target in arguments.target:
        if not 0 < target <= 1:
            raise InputError(f"--target is {target:g}; it must be a fraction above 0 and at most 1, such as 0.95")
    for option in ("csv", "json", "markdown", "latex"):
        if str(getattr(arguments, option)) == "-":
            raise InputError(f"--{option} is '-'; name a file, such as /dev/stdout")
    # SciPy takes a second to import: not for --help.
    from al_bench.analysis.study import studies
    from al_bench.analysis.tables.accuracy import compare_tables
    from al_bench.analysis.tables.health import health_tables
    from al_bench.analysis.tables.pairwise import ranks_table, total_table
    from al_bench.analysis.verdict import default_targets, verdict

    found = studies(arguments.folders, arguments.baseline, arguments.include_incomplete, _report)
    said: list[tuple[Study, Verdict, list[Table]]] = []
    for study in found:
        targets = tuple(sorted(set(arguments.target))) or default_targets(study)
        tables = [*compare_tables(study, targets, arguments.log), *health_tables(study)]
        said.append((study, verdict(study, targets), tables))
    over = [table for table in (total_table(found), ranks_table(found)) if table is not None]
    for study, judged, tables in said:
        print("\n".join(_head(study, judged)))
        print("\n" + "\n\n".join(table.to_terminal() for table in tables) + "\n")
    for table in over:
        print(table.to_terminal() + "\n")
    _write(arguments, said, over)


def _head(study: Study, judged: Verdict) -> list[str]:
    """What stands above the tables: the verdict, and what it does not cover."""
    lines = [line for sentence in judged.sentences for line in textwrap.wrap(sentence, WIDTH)]
    if study.shared:
        lines.append(f"All arms: {', '.join(study.shared)}.")
    if study.left_out:
        count = len(study.left_out)
        lines.append(
            f"{count} {'run is' if count == 1 else 'runs are'} not complete or damaged: left out, as listed above."
        )
    if study.included:
        count = len(study.included)
        lines.append(f"{count} {'run is' if count == 1 else 'runs are'} not complete and taken in, as listed above.")
    return lines


def _write(arguments: argparse.Namespace, said: list[tuple[Study, Verdict, list[Table]]], over: list[Table]) -> None:
    if arguments.csv is not None:
        for dataset, table in [
            *((study.dataset, table) for study, _, tables in said for table in tables),
            *(("all", table) for table in over),
        ]:
            _save(arguments.csv / f"{dataset}_{table.key}.csv".replace("/", "_"), table.to_csv(), quiet=True)
        print(f"wrote {arguments.csv}{'' if str(arguments.csv).endswith('/') else '/'}*.csv")
    if arguments.json is not None:
        whole = {
            "datasets": [
                {
                    "dataset": study.dataset,
                    "verdict": list(judged.sentences),
                    "winners": list(judged.winners),
                    "baseline": study.baseline,
                    "unpaired": sorted(study.unpaired),
                    "left_out": list(study.left_out),
                    "included": list(study.included),
                    "tables": [table.plain() for table in tables],
                }
                for study, judged, tables in said
            ],
            "over_datasets": [table.plain() for table in over],
        }
        _save(arguments.json, json.dumps(whole, ensure_ascii=False, indent=1) + "\n")
    if arguments.markdown is not None:
        parts = []
        for study, judged, tables in said:
            lines = [f"- {line}" for line in (*study.left_out, *study.included)]
            parts += [f"## {study.dataset}", " ".join(judged.sentences), *(["\n".join(lines)] if lines else [])]
            parts += [table.to_markdown() for table in tables]
        if over:
            parts += ["## Over datasets", *(table.to_markdown() for table in over)]
        _save(arguments.markdown, "\n\n".join(parts) + "\n")
    if arguments.latex is not None:
        every = [*(table for _, _, tables in said for table in tables), *over]
        _save(arguments.latex, "\n\n".join(table.to_latex() for table in every) + "\n")


def _save(path: Path, text: str, quiet: bool = False) -> None:
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    except OSError as error:
        raise InputError(f"{path} cannot be written: {error.strerror}; choose another place") from error
    if not quiet:
        print(f"wrote {path}")


def _report(line: str) -> None:
    print(f"al-bench compare: {line}", file=sys.stderr)
