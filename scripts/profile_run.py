#!/usr/bin/env python
"""Where the seconds of one run go, by stage: py-spy beside an `al-bench run`, which is not slowed by it noticeably.

    python scripts/profile_run.py             # BatchBALD on MNIST: a run of the preset batchbald2019_mnist
    python scripts/profile_run.py experiment=gal2017_mnist strategy=bald arm=profiled

The words are those of `al-bench run`; a run that is complete is not played again, so give a new `arm=` or seed. Stacks
are sampled 50 times a second. Each sample is booked under its stage (what the round loop was doing), the innermost
function of al-bench on the stack, and the innermost function of all, which in torch stands for the kernel it called.
The thread that watches the memory is left out.

Writes results/profile.csv: stage, seconds (samples over the rate), share of the run, al_bench, innermost; what takes
less than 0.5 % of the run is summed up a stage. Needs py-spy (`pip install -e '.[speed]'`).
"""

from __future__ import annotations

import argparse
import collections
import csv
import re
import subprocess
import sys
import tempfile
from collections.abc import Iterable
from pathlib import Path

TABLE = Path(__file__).resolve().parents[1] / "results" / "profile.csv"
RATE = 50
LEAST = 0.005
DEFAULT = (
    *("experiment=batchbald2019_mnist", "scale=laptop", "strategy=batchbald", "schedule.batch=10"),
    *("arm=batchbald_10", "seed=0"),
)
STAGES = {"train": "train", "judge": "evaluate", "score": "score", "select": "select"}
"""Functions that the round loop calls, and the stages of the record that they are."""

_FRAME = re.compile(r"(?P<function>.+) \((?P<file>[^():]+)(?::\d+)?\)")
Place = tuple[str, str, str]


def place(stack: str) -> Place:
    """Stage, innermost function of al-bench, innermost function of all, of one line `frame;frame;…`."""
    frames = [match for frame in stack.split(";") if (match := _FRAME.fullmatch(frame.strip()))]
    named = [(match["function"], match["file"]) for match in frames]
    loop = max((at for at, (name, file) in enumerate(named) if name == "play" and file.endswith("loop.py")), default=-1)
    below = named[loop + 1][0] if 0 <= loop < len(named) - 1 else ""
    stage = STAGES.get(below, "other" if loop >= 0 else "start-up")
    ours = [f"{_module(file)}.{name}" for name, file in named if "al_bench/" in file]
    name, file = named[-1] if named else ("?", "?")
    return stage, ours[-1] if ours else "-", f"{name} ({Path(file).name})"


def _module(file: str) -> str:
    return file.rpartition("al_bench/")[2].removesuffix(".py").replace("/", ".")


def counted(lines: Iterable[str]) -> collections.Counter[Place]:
    """Samples by place, from py-spy's raw format: a stack and its count a line."""
    found: collections.Counter[Place] = collections.Counter()
    for line in lines:
        stack, _, count = line.rpartition(" ")
        if stack and count.isdigit() and "_bootstrap_inner (threading.py" not in stack:
            found[place(stack)] += int(count)
    return found


def table(found: collections.Counter[Place]) -> list[dict[str, str]]:
    """The lines of the table: stage by stage, a stage's sum first, then its places, the longest first."""
    total = sum(found.values())
    rows = []

    def add(stage: str, samples: int, ours: str, innermost: str) -> None:
        share = f"{100 * samples / total:.1f}"
        rows.append(
            {"stage": stage, "seconds": f"{samples / RATE:.1f}", "share_percent": share}
            | {"al_bench": ours, "innermost": innermost}
        )

    stages = collections.Counter({stage: 0 for stage, *_ in found})
    for (stage, *_), samples in found.items():
        stages[stage] += samples
    for stage, samples in stages.most_common():
        add(stage, samples, "all", "all")
        mine = [(at, n) for at, n in found.most_common() if at[0] == stage]
        for (_, ours, innermost), n in mine:
            if n >= LEAST * total:
                add(stage, n, ours, innermost)
        if rest := sum(n for _, n in mine if n < LEAST * total):
            add(stage, rest, "others", f"each below {100 * LEAST:.1f} % of the run")
    return rows


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("words", nargs="*", default=list(DEFAULT), help="of al-bench run")
    parser.add_argument("--out", type=Path, default=TABLE, help="the table")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        stacks = Path(folder) / "stacks.txt"
        spy = ["py-spy", "record", "--rate", str(RATE), "--format", "raw", "--output", str(stacks), "--nonblocking"]
        run = [sys.executable, "-m", "al_bench", "run", *given.words]
        try:
            done = subprocess.run([*spy, "--", *run], check=False)
        except FileNotFoundError:
            print("profile_run: py-spy is not installed; pip install -e '.[speed]'", file=sys.stderr)
            return 2
        if done.returncode or not stacks.exists():
            print(f"profile_run: py-spy ended with status {done.returncode}", file=sys.stderr)
            return 1
        rows = table(counted(stacks.read_text().splitlines()))
    with open(given.out, "w", newline="") as file:
        writer = csv.DictWriter(file, list(rows[0]), lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)
    for row in rows:
        took = f"{row['stage']:<10} {row['seconds']:>8} s {row['share_percent']:>5} %"
        print(f"{took}  {row['al_bench']}  {row['innermost']}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
