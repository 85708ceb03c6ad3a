"""`al-bench decide`: seeds are added to a study until its verdict is settled, or the time is over."""

from __future__ import annotations

import shlex
import sys
import textwrap
from pathlib import Path
from typing import TYPE_CHECKING

from al_bench.cli import options
from al_bench.cli.command import bench_command, exit_status
from al_bench.errors import InputError, plain_line

if TYPE_CHECKING:
    from collections.abc import Callable

    from al_bench.decide.looks import Progress
    from al_bench.decide.runs import Clock
    from al_bench.decide.start import Asked, Decision
    from al_bench.storage.decision_plan import DecisionPlan

_DESCRIPTION = """\
Add seeds to a study until it is settled whether a strategy is better than the baseline, looking at 5, 7,
10, 14 and 20 seeds, or until the time is over. All looks together claim anything false in at most 5 % of
studies, if differences over seeds are roughly symmetric; looking again and again at compare would not."""

_EPILOG = """\
examples:
  al-bench decide results/runs/my-study --dry-run
  al-bench decide results/runs/my-study --minutes 60
  al-bench decide results/runs/my-study --minutes 60 --arm margin

The study holds one run or more of the baseline (random) and of each strategy, alike but for the strategy.
All are brought to 5 seeds. Then the two that lead are picked, or those that --arm names beforehand are
taken; that, the seeds and the limits of each look are fixed in decide.json beside the arms, and only these
arms go on. Further runs are typed as those on record were, and are ordinary runs. An arm ends where it is
shown to be better or worse, or to gain less than a point, or is unlikely to be shown; the study is settled
when one arm is better, or each has ended. The same command goes on after an interruption.
"al-bench guide statistics" has the whole promise. Exit status: 0 settled, or the time is over, 1 a run
failed, 2 bad input, 130 interrupted."""

WIDTH = 110
"""Characters a line of the verdict."""


@bench_command("decide", _DESCRIPTION, _EPILOG)
@options.argument("folder", "FOLDER", "one study on one data set, that al-bench run wrote", type=options.FOLDER)
@options.option(
    "--minutes", type=options.Number(), metavar="M", help="the time: no run starts that would not fit into it"
)
@options.option("--dry-run", is_flag=True, help="say what is settled and what would be run; run and write nothing")
@options.option(
    "--arm",
    "arms",
    multiple=True,
    metavar="ARM",
    help="an arm or strategy to decide on, named before its results were seen; twice for two (default: the leaders)",
)
@options.metric()
@options.baseline("the strategy or arm to compare with (default: random)")
@options.option(
    "--all", "all_", is_flag=True, help="go on until every arm has ended, not only the first that is better"
)
@options.option("--jobs", type=options.WholeNumber(minimum=1), default=1, metavar="N", help="runs at once (default: 1)")
@options.option(
    "--config-dir", metavar="FOLDER", help="of components of your own, as it was typed for the runs there are"
)
def command(
    folder: Path,
    minutes: float | None,
    dry_run: bool,
    arms: tuple[str, ...],
    metric: str | None,
    baseline: str | None,
    all_: bool,
    jobs: int,
    config_dir: str | None,
) -> int:
    """Look, run, and look again; returns the exit status."""
    if minutes is None and not dry_run:
        raise InputError("--minutes is missing: say how long runs may take, as in --minutes 60, or give --dry-run")
    if minutes is not None and minutes <= 0:
        raise InputError(f"--minutes is {minutes:g}; it must be above 0")
    # SciPy takes a second to import: not for --help.
    from al_bench.decide.runs import Clock
    from al_bench.decide.start import Asked, home_of
    from al_bench.storage.lock import locked

    asked = Asked(arms, metric, baseline)
    further = () if config_dir is None else ("--config-dir", config_dir)
    clock = Clock(60 * minutes if minutes is not None else float("inf"), jobs)
    report = options.reporter("decide")
    if dry_run:
        return _decide(folder, asked, all_, clock, further, report, dry_run)
    try:
        with locked(home_of(folder), "another al-bench decide is at work here"):
            return _decide(folder, asked, all_, clock, further, report, dry_run)
    except KeyboardInterrupt:
        line = "interrupted; the same command goes on after the last recorded rounds"
        print(f"\nal-bench decide: {line}", file=sys.stderr)
        return 130


def _decide(
    folder: Path,
    asked: Asked,
    every: bool,
    clock: Clock,
    further: tuple[str, ...],
    report: Callable[[str], None],
    dry_run: bool,
) -> int:
    """Look and run in turn; returns the exit status."""
    from al_bench.decide.looks import LOOKS, progress
    from al_bench.decide.runs import make_runs, missing_runs
    from al_bench.decide.sentences import look_line, missing_sentence, plan_line, unmade_sentence
    from al_bench.decide.start import first_plan, open_decision
    from al_bench.storage.decision_plan import NAME

    shown, said, plan = 0, None, None
    while True:
        decision = open_decision(folder, asked, report)
        report = _quiet  # what was reported once
        is_first = plan is None
        plan = decision.plan or first_plan(decision, asked)
        if plan is None:
            wanted, arms = LOOKS[0], decision.candidates
        else:
            said = progress(decision.gains, plan, decision.study.metric.point, every)
            if said.next is not None:  # refuses what cannot be run before anything is fixed
                missing_runs(decision, said.open, said.next, further)
            _record(decision, plan, len(said.looks), dry_run)
            if is_first:
                fixed = "to be fixed at the first run" if dry_run and decision.plan is None else "fixed"
                _print(f"{plan_line(decision, plan)}: {fixed} in {as_typed(decision.home, folder) / NAME}.")
            for look in said.looks[shown:]:
                _print(f"{look_line(decision.study, plan, dict(look))}.")
            shown = len(said.looks)
            if said.next is None:
                _conclude(decision, plan, said)
                return 0
            wanted, arms = said.next, said.open
        missing = missing_runs(decision, arms, wanted, further)
        _print(missing_sentence(missing, wanted, clock))
        if dry_run:
            for run in missing:
                print(shlex.join(["al-bench", "run", *run.words]))
            _conclude(decision, plan, said)
            return 0
        ended = make_runs(missing, clock, lambda line: print(plain_line(line), flush=True))
        failed = next((run for run, outcome in ended if outcome.status != "complete"), None)
        if failed is not None:
            where = f"why is above, or in {failed.folder}/run.log; the same command goes on"
            print(f"al-bench decide: {failed.name} failed: {plain_line(where)}", file=sys.stderr)
            return 1
        if len(ended) < len(missing):
            _print(unmade_sentence(missing[len(ended) :], wanted, clock))
            _conclude(decision, plan, said)
            return 0


def _record(decision: Decision, plan: DecisionPlan, taken: int, dry_run: bool) -> None:
    """Write the plan where it is new, and how many looks were taken."""
    import msgspec

    from al_bench.storage.decision_plan import write_decision

    if not dry_run and (decision.plan is None or taken > decision.plan.taken):
        write_decision(decision.home, msgspec.structs.replace(plan, taken=taken))


def as_typed(path: Path, folder: Path) -> Path:
    """A path below a folder as the user named that."""
    resolved = folder.resolve()
    return folder / path.relative_to(resolved) if path.is_relative_to(resolved) else path


def _conclude(decision: Decision, plan: DecisionPlan | None, said: Progress | None) -> None:
    """Print the verdict, where there was a look."""
    from al_bench.decide.sentences import saved_sentence, verdict_sentences

    if plan is None or said is None or not said.looks:
        return
    print()
    for sentence in verdict_sentences(decision, plan, said):
        _print(sentence)
    if said.settled:
        _print(saved_sentence(decision, plan, said))


def _print(sentence: str) -> None:
    for line in textwrap.wrap(plain_line(sentence), WIDTH, break_on_hyphens=False, break_long_words=False):
        print(line, flush=True)


def _quiet(line: str) -> None:
    """Say nothing."""


def main(argv: list[str]) -> int:
    """Run `al-bench decide` with the words after that; returns the exit status."""
    return exit_status(command, argv)
