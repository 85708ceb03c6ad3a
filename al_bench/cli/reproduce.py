"""`al-bench reproduce`: run (or resume) a preset's sweep, then say which of the paper's claims it shows."""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from al_bench.cli.options import Parser, answer
from al_bench.errors import InputError
from al_bench.reproduce.preset import SCALES

if TYPE_CHECKING:
    from al_bench.reproduce.judge import Judgement
    from al_bench.reproduce.preset import Preset
    from al_bench.reproduce.runs import Planned

_DESCRIPTION = """\
Run a paper's experiment (or go on with it) and judge its claims: which of them the curves show."""

_EPILOG = """\
scales:
  laptop  what two CPU cores do in one to two hours (the default)
  paper   the full protocol, for a GPU
  smoke   minutes, on stand-in data: for tests

examples:
  al-bench reproduce                                  the presets there are
  al-bench reproduce gal2017_mnist
  al-bench reproduce gal2017_mnist --check-only       judge the runs that are there
  al-bench reproduce --all scale=laptop --json claims.json

A sweep goes on where it was interrupted when its command is typed again. Exit status: 0 all claims
pass, 1 not all do or a run failed, 2 bad input, 130 interrupted."""


def _parser() -> argparse.ArgumentParser:
    parser = Parser(
        prog="al-bench reproduce",
        description=_DESCRIPTION,
        epilog=_EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )
    add = parser.add_argument
    add("words", nargs="*", metavar="NAME", help="a preset; and scale=laptop, paper or smoke")
    add("--all", action="store_true", help="every preset, one after the other")
    add("--check-only", action="store_true", help="run nothing: judge the runs that are there")
    add("--json", type=Path, metavar="FILE", help="write one object a claim")
    add("--results", default="results/runs", metavar="FOLDER", help="where studies live (default: results/runs)")
    add("--jobs", type=int, metavar="N", help="runs at once (default: one a core; one where there is a GPU)")
    return parser


def main(argv: list[str]) -> int:
    """Run `al-bench reproduce` with the arguments after that word; returns the exit status."""
    try:
        return answer("reproduce", lambda: _reproduce(_parser().parse_intermixed_args(argv)))
    except KeyboardInterrupt:
        print(
            "\nal-bench reproduce: interrupted; the same command goes on from the last recorded rounds", file=sys.stderr
        )
        return 130


def _reproduce(arguments: argparse.Namespace) -> int:
    from al_bench.reproduce import presets as shelf

    scale, chosen = _words(arguments.words)
    if arguments.jobs is not None and arguments.jobs < 1:
        raise InputError(f"--jobs is {arguments.jobs}; it must be at least 1")
    if not arguments.results.strip():
        raise InputError("--results is empty; name the folder where studies live, such as results/runs")
    if arguments.all and chosen:
        raise InputError(f"--all takes every preset, and {chosen[0]} is named too; give one of the two")
    if not arguments.all and not chosen:
        if arguments.check_only or arguments.json or arguments.words:
            raise InputError("no preset is named; give one, such as gal2017_mnist, or --all")
        for name in shelf.names():
            print(f"{name:<30} {shelf.preset(name).paper}")
        return 0
    presets = [shelf.preset(name) for name in (shelf.names() if arguments.all else chosen)]
    return _presets(presets, scale, arguments)


def _words(words: list[str]) -> tuple[str, list[str]]:
    """The scale and the names among the words given."""
    scale, names = "laptop", []
    for given in words:
        key, equals, value = given.partition("=")
        if not equals:
            names.append(given)
        elif key != "scale":
            raise InputError(f"{given!r} is no setting of reproduce; give scale={'|'.join(SCALES)} or use al-bench run")
        elif value not in SCALES:
            raise InputError(f"scale is {value!r}; choose one of {', '.join(SCALES)}")
        else:
            scale = value
    return scale, list(dict.fromkeys(names))


def _presets(presets: list[Preset], scale: str, arguments: argparse.Namespace) -> int:
    from al_bench.reproduce import judge, runs, sweep, tables

    plans = [runs.plan(preset, scale, arguments.results) for preset in presets]
    if arguments.json is not None:
        _write(arguments.json, "a", "")  # hours before there is something to write
    if arguments.check_only and not Path(arguments.results).is_dir():
        note = f"there is no folder {arguments.results}; --results names where studies live"
        print(f"al-bench reproduce: {note}", file=sys.stderr)
    failed = 0
    if not arguments.check_only:
        lefts = [sweep.missing(planned) for planned in plans]
        guesses = [
            sweep.minutes(preset.sizes[scale], len(planned), len(left))
            for preset, planned, left in zip(presets, plans, lefts, strict=True)
        ]
        if len(presets) > 1:
            print(f"{sum(map(len, lefts))} runs missing of {sum(map(len, plans))}: about {_time(sum(guesses))} in all")
        jobs = arguments.jobs or sweep.default_jobs()
        for preset, left, guess in zip(presets, lefts, guesses, strict=True):
            if left:
                print(f"{preset.name}: {len(left)} runs to do, about {_time(guess)} ({preset.sizes[scale].basis})")
                failed += sweep.run(left, jobs, lambda line: print(line, flush=True))
    found = []
    for preset, planned in zip(presets, plans, strict=True):
        arms = runs.read(planned, lambda line: print(f"al-bench reproduce: {line}", file=sys.stderr))
        judgements = judge.judge(preset, scale, arms)
        found.append((preset, scale, sum(map(len, arms.values())), len(planned), judgements))
        _print(preset, scale, planned, found[-1][2], judgements)
    if len(found) > 1:
        print(tables.terminal(tables.overview(found)))
    every = [one for *_, judgements in found for one in judgements if one.claim.band is not None]
    if arguments.json is not None:
        text = json.dumps([tables.record(one) for one in every], ensure_ascii=False, indent=1)
        _write(arguments.json, "w", f"{text}\n")
        print(f"wrote {arguments.json}")
    return 0 if not failed and all(judge.all_pass(judgements) for *_, judgements in found) else 1


def _time(minutes: float) -> str:
    return f"{minutes:.0f} minutes" if minutes < 120 else f"{minutes / 60:.1f} hours"


def _print(preset: Preset, scale: str, planned: list[Planned], done: int, found: tuple[Judgement, ...]) -> None:
    """What there is to say of one preset."""
    from al_bench.reproduce import tables

    print(f"\n{preset.paper}; {done} of {len(planned)} runs complete\n")
    print(tables.terminal(tables.table(preset, scale, found)))
    if any(one.claim.band is None for one in found):
        print("\n" + tables.terminal(tables.table(preset, scale, found, judged=False)))
    for title, lines in (
        ("reasons", tables.reasons(found)),
        (f"departures of scale {scale} from the paper", preset.sizes[scale].departures),
        ("notes", preset.notes),
    ):
        if lines:
            print(f"\n{title}:")
            for line in lines:
                print(tables.bullet(line))
    print()


def _write(path: Path, mode: str, text: str) -> None:
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with path.open(mode, encoding="utf-8") as file:
            file.write(text)
    except OSError as error:
        raise InputError(f"{path} cannot be written: {error.strerror}; choose another place") from error
