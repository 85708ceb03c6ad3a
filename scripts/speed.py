#!/usr/bin/env python
"""al-bench against its peers and against plain forms of the same computations, row by row.

    python scripts/speed.py                                  # all rows; one that the table has already is skipped
    python scripts/speed.py --only badge_noise_materialised  # one
    python scripts/speed.py --only sweep --again             # one, measured anew
    python scripts/speed.py --list
    python scripts/speed.py --markdown                       # the table as results/README.md has it; nothing is run

Both sides of a row work in turn, repeat by repeat, each in a process of its own with the same number of threads and the
same data; the ratio is that of the medians, its spread the ratio at the extremes. `n` is ours/theirs. `met` also
needs outputs that agree to the tolerance in `reason`. Peers are installed with pip into environments of their own,
under `--cache`; MNIST is read from AL_BENCH_DATA. Nothing else should run meanwhile.

Threads per row are those of `scripts/comparison/rows.py`, or `--threads`. Writes results/speed.csv and speed.png.
"""

from __future__ import annotations

import argparse
import csv
import json
import os
import statistics
import sys
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from comparison.evidence import Maker
    from comparison.rows import Row

TABLE = Path(__file__).resolve().parents[1] / "results" / "speed.csv"
COLUMNS = (
    *("work", "against", "threads", "n", "ours_s", "theirs_s"),
    *("ratio", "spread", "target", "met", "reason"),
)
Key = tuple[str, str, str]


def key(row: Row, threads: int) -> Key:
    """What a line of the table is found by."""
    return row.work, row.against, str(threads)


def read(table: Path) -> dict[Key, dict[str, str]]:
    """The lines measured before."""
    if not table.exists():
        return {}
    with open(table, newline="") as file:
        return {(line["work"], line["against"], line["threads"]): line for line in csv.DictReader(file)}


def write(table: Path, lines: dict[Key, dict[str, str]], order: list[Key]) -> list[dict[str, str]]:
    """The lines in the order of the rows, also returned; lines of rows that are no more are left out."""
    kept = [lines[place] for place in order if place in lines]
    part = table.with_suffix(".part")
    with open(part, "w", newline="") as file:
        writer = csv.DictWriter(file, COLUMNS, lineterminator="\n")
        writer.writeheader()
        writer.writerows(kept)
    part.replace(table)
    return kept


def measure(row: Row, threads: int, maker: Maker) -> dict[str, str]:
    """One line: both sides raced, their outputs compared."""
    from dataclasses import replace

    import torch
    from comparison.peers import interpreter
    from comparison.race import race
    from tqdm import tqdm

    ours, theirs = (replace(side, repeats=1) if maker.tiny else side for side in (row.ours, row.theirs))
    folder = row.data(maker)
    total = ours.repeats + theirs.repeats
    with tqdm(total=total, desc=f"{row.name}, {threads} threads", unit="repeat", leave=False, disable=None) as bar:
        raced = race(ours, theirs, lambda name: interpreter(name, maker.cache), folder, threads, bar.update)
    torch.set_num_threads(os.cpu_count() or 1)
    settings: dict[str, Any] = json.loads((folder / "settings.json").read_text())
    agrees, words = row.check(raced.our_outputs, raced.their_outputs, folder, settings)
    met = agrees and raced.ratio >= (row.target or 0)
    batch = raced.their_outputs.get("batch_size")
    reasons = [row.note, words, f"their batch size {int(batch)}" if batch is not None else ""]
    if not agrees:
        reasons.append("outputs do NOT agree")
    if row.target and raced.ratio < row.target:
        reasons.append(f"missed: {row.missed}" if row.missed else "missed")
    return {
        "work": row.work,
        "against": row.against,
        "threads": str(threads),
        "n": f"{len(raced.ours)}/{len(raced.theirs)}",
        "ours_s": f"{statistics.median(raced.ours):.4g}",
        "theirs_s": f"{statistics.median(raced.theirs):.4g}",
        "ratio": f"{raced.ratio:.3g}",
        "spread": raced.spread,
        "target": "" if row.target is None else f"{row.target:.3g}",
        "met": "yes" if met else "no",
        "reason": "; ".join(reason for reason in reasons if reason),
    }


def markdown(lines: Iterable[dict[str, str]]) -> str:
    """The table without its seconds."""
    shown = ("work", "against", "threads", "n", "ratio", "spread", "target", "met")
    rows = [shown, ["---"] * len(shown), *([line[column] for column in shown] for line in lines)]
    return "\n".join(f"| {' | '.join(row)} |" for row in rows)


def arguments() -> argparse.Namespace:
    """What was typed."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--only", action="append", metavar="ROW", help="this row (may be repeated)")
    parser.add_argument("--list", action="store_true", help="name the rows")
    parser.add_argument("--markdown", action="store_true", help="print the table, measure nothing")
    parser.add_argument("--threads", type=int, action="append", help="in place of each row's own (may be repeated)")
    parser.add_argument("--again", action="store_true", help="measure what the table has already, too")
    parser.add_argument("--tiny", action="store_true", help="small synthetic data and one repeat, to test the script")
    parser.add_argument("--out", type=Path, default=TABLE, help="the table; the figure is put beside it")
    parser.add_argument("--cache", type=Path, help="for environments and data; by default the user's cache folder")
    return parser.parse_args()


def main() -> int:
    given = arguments()
    from comparison.evidence import Maker
    from comparison.figure import draw
    from comparison.rows import NAMES, ROWS
    from platformdirs import user_cache_path

    if given.list:
        print("\n".join(f"{row.name:<28} {row.work} | {row.against}" for row in ROWS))
        return 0
    if unknown := set(given.only or ()) - set(NAMES):
        print(f"speed: no row {sorted(unknown)[0]!r}; --list names them", file=sys.stderr)
        return 2
    if given.markdown:
        print(markdown(read(given.out).values()))
        return 0
    maker = Maker(given.cache or user_cache_path("al-bench") / "speed", given.tiny)
    order = [key(row, threads) for row in ROWS for threads in given.threads or row.threads]
    failed = 0
    for row in ROWS:
        for threads in given.threads or row.threads:
            if given.only and row.name not in given.only:
                continue
            if key(row, threads) in read(given.out) and not given.again:
                print(f"{row.name}, {threads} threads: measured before")
                continue
            try:
                line = measure(row, threads, maker)
            except RuntimeError as error:
                failed += 1
                print(f"{row.name}, {threads} threads: {error}", file=sys.stderr)
                continue
            lines = read(given.out) | {key(row, threads): line}
            kept = write(given.out, lines, [*order, *(place for place in lines if place not in order)])
            draw(kept, given.out.with_suffix(".png"))
            print(f"{row.name}, {threads} threads: {line['ratio']} x of {line['target']}, {line['reason']}", flush=True)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
