"""`al-bench reproduce`: run (or resume) a preset's sweep, then say which of the paper's claims it shows."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from al_bench.cli import options
from al_bench.cli.command import bench_command, exit_status
from al_bench.errors import InputError
from al_bench.reproduce.preset import SCALES
from al_bench.storage.files import output_file, write_output

if TYPE_CHECKING:
    from al_bench.experiment.outcome import Outcome
    from al_bench.reproduce.preset import Preset, Scale
    from al_bench.reproduce.reproduction import Reproduction
    from al_bench.reproduce.runs import PlannedRun

_DESCRIPTION = """\
Run or resume the experiment of a paper, and judge which of its claims the curves show."""

_EPILOG = """\
scales:
  laptop  what two CPU cores do in one to four hours (the default)
  paper   the full protocol, for a GPU
  smoke   minutes, on stand-in data: for tests

examples:
  al-bench reproduce                                  the presets there are
  al-bench reproduce gal2017_mnist
  al-bench reproduce gal2017_mnist --check-only       judge the runs that are there
  al-bench reproduce --all scale=laptop --json claims.json
  al-bench reproduce gal2017_mnist --check-only --metric balanced_accuracy

The same command resumes an interrupted sweep. Exit status: 0 all claims pass, 1 not all do
or a run failed, 2 bad input, 130 interrupted."""


def _offered() -> list[str]:
    from al_bench.reproduce.presets import names

    return [*names(), *(f"scale={scale}" for scale in SCALES)]


@bench_command("reproduce", _DESCRIPTION, _EPILOG)
@options.argument(
    "words",
    "NAME",
    "a preset; and scale=laptop, paper or smoke",
    nargs=-1,
    required=False,
    shell_complete=options.completing(_offered),
)
@options.option("--all", "all_", is_flag=True, help="every preset, one after the other")
@options.option("--check-only", is_flag=True, help="run nothing: judge the runs that are there")
@options.option("--estimate", is_flag=True, help="run nothing: try a little of each arm, and say what all runs take")
@options.option("--json", "json_", type=options.FILE, metavar="FILE", help="write one object a claim")
@options.option(
    "--results",
    default="results/runs",
    metavar="FOLDER",
    help="where studies live (default: results/runs)",
)
@options.option(
    "--jobs",
    type=options.WholeNumber(minimum=1),
    metavar="N",
    help="runs at once (default: one a core; one where there is a GPU)",
)
@options.metric("judge the claims by this in the place of accuracy, the bands staying what they are")
def command(
    words: tuple[str, ...],
    all_: bool,
    check_only: bool,
    estimate: bool,
    json_: Path | None,
    results: str,
    jobs: int | None,
    metric: str | None,
) -> int:
    """List the presets, or run and judge those named; returns the exit status."""
    from al_bench.reproduce import presets

    scale, chosen = _scale_and_names(words)
    if not results.strip():
        raise InputError("--results is empty; name the folder where studies live, such as results/runs")
    if all_ and chosen:
        raise InputError(f"--all takes every preset, and {chosen[0]} is named too; give one of the two")
    if not all_ and not chosen:
        if check_only or estimate or json_ or words:
            raise InputError("no preset is named; give one, such as gal2017_mnist, or --all")
        for name in presets.names():
            print(f"{name:<30} {presets.load(name).paper}")
        return 0
    wanted = [presets.load(name) for name in (presets.names() if all_ else chosen)]
    if estimate and (check_only or json_):
        raise InputError(f"--estimate judges nothing; leave {'--check-only' if check_only else '--json'} out")
    try:
        if estimate:
            return _estimate(wanted, scale, results, jobs)
        return _run_and_judge(wanted, scale, results, check_only, json_, jobs, metric or "accuracy")
    except KeyboardInterrupt:
        line = "interrupted; the same command resumes after the last recorded rounds"
        print(f"\nal-bench reproduce: {line}", file=sys.stderr)
        return 130


def _estimate(presets: list[Preset], scale: Scale, results: str, jobs: int | None) -> int:
    """Say what the missing runs take; returns the exit status."""
    from al_bench.cli.estimate_reproduction import show_estimates
    from al_bench.reproduce import launch, runs

    plans = [runs.plan(preset, scale, results) for preset in presets]
    return show_estimates(presets, plans, jobs or launch.default_jobs())


def main(argv: list[str]) -> int:
    """Run `al-bench reproduce` with the words after that; returns the exit status."""
    return exit_status(command, argv)


def _scale_and_names(words: Sequence[str]) -> tuple[Scale, list[str]]:
    """The scale (laptop if none is given) and the names of presets among the words typed."""
    scale: Scale = "laptop"
    names = []
    for word in words:
        key, equals, value = word.partition("=")
        if not equals:
            names.append(word)
        elif key != "scale":
            raise InputError(f"{word!r} is no setting of reproduce; give scale={'|'.join(SCALES)} or use al-bench run")
        elif value not in SCALES:
            raise InputError(f"scale is {value!r}; choose one of {', '.join(SCALES)}")
        else:
            scale = value
    return scale, list(dict.fromkeys(names))


def _run_and_judge(
    presets: list[Preset],
    scale: Scale,
    results: str,
    check_only: bool,
    json_file: Path | None,
    jobs: int | None,
    metric: str,
) -> int:
    """Run what is missing unless `check_only`, judge, print, and write `json_file`; returns the exit status."""
    from al_bench.metrics import METRICS
    from al_bench.reproduce import runs, tables
    from al_bench.reproduce.judge import all_pass
    from al_bench.reproduce.reproduction import check_metric, judge_runs

    if metric in METRICS:  # before hours of running
        check_metric(METRICS[metric])
    report = options.reporter("reproduce")
    plans = [runs.plan(preset, scale, results) for preset in presets]
    if json_file is not None:
        with output_file(json_file), json_file.open("a"):  # hours before there is something to write
            pass
    if check_only and not Path(results).is_dir():
        report(f"there is no folder {results}; --results names where studies live")
    outcomes = [] if check_only else _run(presets, scale, plans, jobs)
    judged = []
    for preset, planned in zip(presets, plans, strict=True):
        judged.append(judge_runs(preset, scale, planned, report, metric))
        if metric != "accuracy":
            print(f"\nThe claims are judged by {metric} in the place of accuracy: no claims of the paper's.")
        _print(judged[-1])
    if len(judged) > 1:
        print(tables.for_terminal(tables.overview(judged)))
    if json_file is not None:
        write_output(json_file, tables.to_json([claim for reproduction in judged for claim in reproduction.claims]))
        print(f"wrote {json_file}")
    complete_runs = all(outcome.status == "complete" for outcome in outcomes)
    return 0 if complete_runs and all(all_pass(reproduction.claims) for reproduction in judged) else 1


def _run(presets: list[Preset], scale: Scale, plans: list[list[PlannedRun]], jobs: int | None) -> list[Outcome]:
    """Run what is missing of every preset, after an estimate of how long it takes, and print how each run ended."""
    from al_bench.experiment.outcome import outcome_table
    from al_bench.reproduce import launch
    from al_bench.reproduce import runs as records

    missing = [records.missing(planned) for planned in plans]
    estimates = [
        records.minutes_left(preset.sizes[scale], len(planned), len(runs))
        for preset, planned, runs in zip(presets, plans, missing, strict=True)
    ]
    if len(presets) > 1:
        print(f"{sum(map(len, missing))} runs missing of {sum(map(len, plans))}: about {_time(sum(estimates))} in all")
    outcomes = []
    for preset, runs, estimate in zip(presets, missing, estimates, strict=True):
        if runs:
            print(f"{preset.name}: {len(runs)} runs to do, about {_time(estimate)} ({preset.sizes[scale].basis})")
            outcomes += launch.launch(runs, jobs or launch.default_jobs(), lambda line: print(line, flush=True))
    if outcomes:
        print(outcome_table(outcomes))
    return [outcome for _, outcome in outcomes]


def _time(minutes: float) -> str:
    return f"{minutes:.0f} minutes" if minutes < 120 else f"{minutes / 60:.1f} hours"


def _print(reproduction: Reproduction) -> None:
    """Print the claims of one preset, the reasons for its verdicts, and what departs from the paper."""
    from al_bench.reproduce import tables

    preset, scale, claims = reproduction.preset, reproduction.scale, reproduction.claims
    print(f"\n{preset.paper}; {reproduction.progress} runs complete\n")
    print(tables.for_terminal(tables.claims_table(preset, scale, claims)))
    if any(each.claim.band is None for each in claims):
        print("\n" + tables.for_terminal(tables.claims_table(preset, scale, claims, judged=False)))
    for title, lines in (
        ("reasons", tables.reasons(claims)),
        (f"departures of scale {scale} from the paper", preset.sizes[scale].departures),
        ("notes", preset.notes),
    ):
        if lines:
            print(f"\n{title}:")
            for line in lines:
                print(tables.bullet(line))
    print()
