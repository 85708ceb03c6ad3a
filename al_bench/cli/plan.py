"""`al-bench plan`: from a study so far to the labels still needed, or that it cannot be told yet."""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

from al_bench.cli import options
from al_bench.cli.command import bench_command, exit_status
from al_bench.errors import InputError
from al_bench.storage.files import write_output

if TYPE_CHECKING:
    from al_bench.analysis.plan import Question
    from al_bench.analysis.summary.plan_text import Said

_DESCRIPTION = """\
How many more labels to an accuracy, or how accurate at a budget, from a study so far: a pilot of a few
seeds (a folder of runs, or an archive), or a folder that people label, with its audit. Each number has
an interval whose coverage was measured on al-bench's own studies; where it cannot be told yet, the
line says so, and about how many more labels would tell."""

_EPILOG = """\
examples:
  al-bench plan results/runs/pilot --target 0.9 --price 0.40
  al-bench plan results/runs/pilot --budget 500
  al-bench plan results/labelling/birds --target 0.95 --price 0.40 --seconds 12

Nothing is said beyond twice the labels seen. Labels are those that train; a test part, a validation
set and an audit cost labels, too. "al-bench guide stopping" says how good such forecasts were.
Exit status: 0 done, also where it cannot be told yet; 2 bad input."""


@bench_command("plan", _DESCRIPTION, _EPILOG)
@options.argument("folder", "FOLDER", "a study, an archive, or a folder of al-bench query", type=options.FOLDER)
@options.option("--target", type=options.Number(), metavar="VALUE", help="the accuracy to reach, such as 0.95")
@options.option("--budget", type=options.WholeNumber(1), metavar="N", help="how accurate with N labels in all, instead")
@options.option("--price", type=options.Number(), metavar="MONEY", help="what a label costs")
@options.option("--seconds", type=options.Number(), metavar="S", help="how long a person takes for a label")
@options.option("--json", "json_", type=options.FILE, metavar="FILE", help="write one object with every number")
@options.include_incomplete()
def command(
    folder: Path,
    target: float | None,
    budget: int | None,
    price: float | None,
    seconds: float | None,
    json_: Path | None,
    include_incomplete: bool,
) -> None:
    """Print the plan, and write the file asked for."""
    check(target, budget, price, seconds)
    if str(json_) == "-":
        raise InputError("--json is '-'; name a file, such as /dev/stdout")
    # SciPy takes a second to import: not for --help.
    from al_bench.analysis.plan import Question

    question = Question(target, budget, price, seconds)
    plans = labelling_plan(folder, question) or study_plans(folder, question, include_incomplete)
    print("\n\n".join("\n".join(plan.lines) for plan in plans))
    if json_ is not None:
        write_output(json_, _json(question, plans))
        print(f"wrote {json_}")


def main(argv: list[str]) -> int:
    """Run `al-bench plan` with the words after `plan`; returns the exit status, 0 or 2."""
    return exit_status(command, argv)


def check(target: float | None, budget: int | None, price: float | None, seconds: float | None) -> None:
    """Refuse a question that nothing can answer.

    Raises:
        InputError: naming what is allowed.
    """
    if (target is None) == (budget is None):
        both = "one of --target and --budget, not both" if target is not None else "--target 0.9, or --budget 500"
        raise InputError(f"what is to be planned is not clear: give {both}")
    if target is not None and not 0 < target < 1:
        hint = f"; {target:g} % is --target {target / 100:g}" if 1 < target < 100 else ""
        raise InputError(f"--target is {target:g}; an accuracy to plan for lies between 0 and 1, such as 0.95{hint}")
    for name, value in (("--price", price), ("--seconds", seconds)):
        if value is not None and value < 0:
            raise InputError(f"{name} is {value:g}; it must be at least 0")


def labelling_plan(folder: Path, question: Question) -> list[Said]:
    """The plan of a folder that people label; nothing where it is none."""
    from al_bench.analysis.forecast_calibration import calibration
    from al_bench.labelling.audit_plan import audit_said

    said = audit_said(folder, question, calibration())
    return [] if said is None else [said]


def study_plans(folder: Path, question: Question, include_incomplete: bool) -> list[Said]:
    """The plan of every dataset of a folder of runs."""
    from al_bench.analysis.forecast_calibration import calibration
    from al_bench.analysis.studies import studies
    from al_bench.analysis.summary.plan_text import study_said

    compared = studies([folder], None, include_incomplete, options.reporter("plan"))
    return [study_said(study, question, calibration()) for study in compared]


def _json(question: Question, plans: list[Said]) -> str:
    """Everything as one JSON object; null where a number is not known or not finite."""
    whole: dict[str, Any] = {"question": asdict(question), "plans": [plan.plain() for plan in plans]}
    return json.dumps(whole, ensure_ascii=False, indent=1, allow_nan=False) + "\n"
