"""Call al-bench with strange words, configurations, components and data files, seeded, and see that it ends in order.

    python scripts/fuzz.py                          2,000 cases, about twenty minutes
    python scripts/fuzz.py --cases 150 --seed 3
    python scripts/fuzz.py --seed 3 --only 77       one case again, with its words and all that it printed

Each case draws a command from the keys, options and commands that there are, writes the files that it needs, and calls
it in a child of this process. It must end with status 0, 1 or 2 within 20 seconds; say why it refuses its input in one
line; print no traceback, no warning of a library and no control character; leave none in a run's log but of the case's
own code; run nothing that a file names; show no variable of the environment that a file names; and change no file
outside of its folder. A command that was asked for much work is interrupted and must end. `scripts/fuzz_records.py`
does the same for damaged records.
"""

from __future__ import annotations

import argparse
import os
import random
import shlex
import shutil
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from fuzzing import commands, data_files, own, warm
from fuzzing.child import Call, Ended, call
from fuzzing.faults import CANARY, SECRET, SECRET_NAME, Surroundings, faults_of, leaks, tracebacks
from fuzzing.parsed import is_parsed

from al_bench.cli import main as command_line

DEPTH = ("one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten")
"""Folders above that of a case, so that a path of many `..` ends in the script's own folder."""
SHARE_PARSED = 0.9
"""The least share of the cases that get past the parsers, so that they test what is behind them."""


@dataclass(frozen=True)
class Case:
    """A case to call.

    Args:
        kind: What is strange in it.
        call: The command.
        resolves: The user's own words or files name a variable of the environment, so that it may be shown.
        own_files: Files of the case's own code, whose errors a run's log may hold.
    """

    kind: str
    call: Call
    resolves: bool = False
    own_files: tuple[str, ...] = ()


@dataclass
class Summary:
    """What the cases came to."""

    statuses: Counter[tuple[str, int]] = field(default_factory=Counter)
    parsed: int = 0
    failures: int = 0
    slowest: list[tuple[float, int]] = field(default_factory=list)

    def lines(self) -> list[str]:
        """The summary, a line a kind of case."""
        kinds = sorted({kind for kind, _ in self.statuses})
        cases = sum(self.statuses.values())
        rows = []
        for kind in kinds:
            ends = {status: count for (name, status), count in sorted(self.statuses.items()) if name == kind}
            said = ", ".join(f"status {status}: {count}" for status, count in ends.items())
            rows.append(f"  {kind:<18} {sum(ends.values()):>5}   {said}")
        slowest = ", ".join(f"{seconds:.1f} s (case {number})" for seconds, number in sorted(self.slowest)[::-1][:5])
        return [
            f"{cases} cases, {self.failures} with a fault, {self.parsed / max(cases, 1):.1%} past the parsers",
            *rows,
            f"  slowest: {slowest}",
        ]


Make = Callable[[Path, warm.Templates, random.Random], tuple[str, list[str]]]


def _of_files(folder: Path, templates: warm.Templates, generator: random.Random) -> tuple[str, list[str]]:
    kind, argv = data_files.data_words(folder, templates, generator)
    return f"data: {kind}", argv


def _of_records(folder: Path, templates: warm.Templates, generator: random.Random) -> tuple[str, list[str]]:
    name = generator.choices(("plot", "compare", "report", "export"), (5, 4, 2, 2))[0]
    return name, commands.reading_words(name, templates.record_folders, generator)


def _of_names(folder: Path, templates: warm.Templates, generator: random.Random) -> tuple[str, list[str]]:
    return "others", commands.other_words(generator, templates.record_folders)


MAKERS: dict[str, tuple[int, Make]] = {
    "keys": (32, lambda folder, templates, generator: ("keys", commands.run_words(generator))),
    "sweeps": (3, lambda folder, templates, generator: ("sweeps", commands.sweep_words(generator))),
    "check": (9, lambda folder, templates, generator: ("check", commands.check_words(generator))),
    "files": (33, _of_files),
    "yaml": (9, lambda folder, templates, generator: ("own YAML", own.yaml_words(folder, generator))),
    "components": (4, lambda folder, templates, generator: ("own Python", own.component_words(folder, generator))),
    "records": (6, _of_records),
    "others": (4, _of_names),
}
"""Kind of case to how often it is drawn, and what makes it."""


def make_case(folder: Path, templates: warm.Templates, generator: random.Random) -> Case:
    """Draw a case and write its files into its folder."""
    name = generator.choices(list(MAKERS), [weight for weight, _ in MAKERS.values()])[0]
    kind, argv = MAKERS[name][1](folder, templates, generator)
    argv = [word.replace("\0", "") for word in argv]
    environment = {"AL_BENCH_DATA": str(folder / "data")}
    if generator.random() < 0.1:
        environment["AL_BENCH_CACHE"] = str(folder / "cache")
        environment["HF_HOME"] = str(folder / "cache" / "huggingface")  # of the package that reads hub data sets
    stdout, encoding = None, "utf-8"
    draw = generator.random()
    if draw < 0.02 and argv[0] in ("run", "check", "plot", "list"):
        kind, environment = "completion", environment | commands.completion(generator, argv)
    elif draw < 0.03:
        stdout = Path("/dev/full")
    elif draw < 0.05:
        encoding = generator.choice(("ascii", "latin-1"))
    written = [path.read_bytes() for path in (folder / own.FOLDER).rglob("*.yaml")]
    strange = " ".join(argv) + " ".join(text.decode(errors="replace") for text in written)
    is_own = (folder / f"{own.MODULE}.py").exists()
    return Case(
        kind=kind,
        call=Call(argv, folder, environment, stdout, encoding, commands.asks_for_work(strange)),
        resolves=SECRET_NAME in strange or "oc.env" in strange,
        own_files=(f"{own.MODULE}.py",) if is_own else (),
    )


def faults(case: Case, ended: Ended, surroundings: Surroundings) -> list[str]:
    """All that is wrong with how a case ended."""
    folder = case.call.folder
    wrong = [*faults_of(ended, case.call.asks_for_work, bool(case.own_files)), *tracebacks(folder, case.own_files)]
    if any(folder.rglob(CANARY)):
        wrong.append("ran what a file names")
    if not case.resolves:
        wrong += leaks(folder, ended)
    changes = surroundings.changes()
    return [*wrong, *([] if commands.asks_for_files_elsewhere(case.call.argv) else changes)]


def fuzz(numbers: Sequence[int], seed: int, root: Path, show: bool = False) -> Summary:
    """Call the cases with these numbers, print every fault, and return the summary.

    Args:
        numbers: Of the cases; each draws from a seed of its own.
        seed: Of all of them.
        root: A folder for all that is written.
        show: Print the words and the output of every case.
    """
    templates = warm.warm_up(root)
    above = root.joinpath(*DEPTH)
    above.mkdir(parents=True)
    folder = above / "case"
    surroundings = Surroundings(root, folder)
    summary = Summary()
    for done, number in enumerate(numbers):
        if done % 100 == 0:
            print(f"{done} of {len(numbers)} cases, {summary.failures} with a fault", file=sys.stderr, flush=True)
        shutil.rmtree(folder, ignore_errors=True)
        (folder / "out").mkdir(parents=True)
        case = make_case(folder, templates, random.Random(f"{seed} {number}"))
        surroundings.changes()
        ended = call(case.call, command_line.main, is_parsed)
        wrong = faults(case, ended, surroundings)
        summary.statuses[case.kind, ended.status] += 1
        summary.parsed += ended.parsed
        summary.failures += bool(wrong)
        if not ended.late or wrong:
            summary.slowest.append((ended.seconds, number))
        if wrong or show:
            shown = shlex.join(["al-bench", *case.call.argv])
            print(
                f"--seed {seed} --only {number} ({case.kind}, status {ended.status}): {'; '.join(wrong) or 'in order'}"
            )
            print(f"  {shown[:1500]!r}", *(f"  | {line[:600]}" for line in ended.err.splitlines()[-12:]), sep="\n")
            if show:
                print(
                    ended.out,
                    f"{ended.seconds:.2f} s, {ended.memory / 2**20:.0f} MiB, parsed: {ended.parsed}",
                    sep="\n",
                )
            sys.stdout.flush()
    return summary


def main(argv: list[str] | None = None) -> int:
    """Returns 0 where no case had a fault and enough of them got past the parsers, else 1."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--cases", type=int, default=2_000, help="how many (default: 2000)")
    parser.add_argument("--first", type=int, default=0, metavar="N", help="the first case's number (default: 0)")
    parser.add_argument("--seed", type=int, default=0, help="of all that is drawn (default: 0)")
    parser.add_argument("--verbose", action="store_true", help="print the words and the output of every case")
    parser.add_argument("--only", type=int, nargs="+", metavar="N", help="these cases alone, with what they print")
    options = parser.parse_args(argv)
    numbers = range(options.first, options.first + options.cases) if options.only is None else options.only
    begin = time.monotonic()
    with tempfile.TemporaryDirectory() as work:
        root = Path(work).resolve()
        os.environ.update(warm.environment(root))
        os.environ[SECRET_NAME] = SECRET
        summary = fuzz(numbers, options.seed, root, show=options.verbose or options.only is not None)
    print("\n".join(summary.lines()))
    spent = sum(os.times()[:4])
    print(f"  seed {options.seed}, {time.monotonic() - begin:.0f} s on the clock, {spent:.0f} s of a processor")
    is_enough = options.only is not None or summary.parsed >= SHARE_PARSED * len(numbers)
    return 0 if is_enough and not summary.failures else 1


if __name__ == "__main__":
    sys.exit(main())
