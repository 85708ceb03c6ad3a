#!/usr/bin/env python
"""How time and memory of a round grow with the pool and with the labelled set, strategy by strategy.

    python scripts/growth.py                   # all; a line that the table has already is skipped
    python scripts/growth.py --only bald --again

Each line is the first round of a run in a process of its own (`growth_line.py`), one thread, on a synthetic pool of 64
features and 10 classes in memory-mapped files: an MLP of 64 hidden units, 20 dropout masks, a batch of 100 (4 where the
time is a pass or more over the pool for each pick, 10 for BatchBALD: see `batch`). The pool grows from 1e5 to 1e6 with
100 labelled points; the labelled set grows from 100 to 10,000 in a pool of 1e5. Imports, reading the file's moments and
a first small selection come before the clock.

Seconds are the processor's, user and system together: what one idle core needs, on a machine with other work too;
`wall_s` is score and select by the clock. Both are medians of `n` measurements, more than one where they are short; the
training is measured once. `exponent` is the slope of log seconds (pool: score and select; labelled: train, score and
select) against the logarithm of the size, by least squares over the sizes measured, and `met` whether that of the pool
is at most `limit`; it is empty where the largest pool was not reached in time.
`extra_memory_mb` is the greatest resident size to score and to select above that after the training, without libraries;
`bytes_a_point` its growth per point of the pool between the smallest and the largest; `memory` what it grows with: N
points, K draws, C classes, D features. A line that takes more than `--limit` seconds of the processor, start-up
included, is given up and stays empty, and larger ones of its strategy are not tried; `reason` says so, or why a limit
is missed.

Not measured are least_confidence (the way of entropy), softmax_bald (power_bald), the other committees
(qbc_vote_entropy), oracle_loss (one pass and no draws) and coreset_robust, whose programs run up to a time limit.

Writes results/growth.csv and growth.png.
"""

from __future__ import annotations

import argparse
import csv
import json
import math
import os
import signal
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from growth_figure import draw
from growth_line import pool

TABLE = Path(__file__).resolve().parents[1] / "results" / "growth.csv"
STAGES = ("train_s", "score_s", "select_s")
COLUMNS = (
    *("strategy", "axis", "n_rows", "labelled", "batch", "n", *STAGES, "wall_s", "extra_memory_mb", "bytes_a_point"),
    *("memory", "exponent", "limit", "met", "reason"),
)
POOLS, LABELLED = (100_000, 300_000, 1_000_000), (100, 1_000, 10_000)
BATCH, SLOW = 100, 4
LIMIT = 1.10
"""The greatest exponent in the pool that counts as linear."""


@dataclass(frozen=True)
class Case:
    """What is known of a strategy beforehand.

    Args:
        memory: What its memory grows with.
        above: Why its time is not linear in the pool, where it is not.
        batch: B, `SLOW` where the time is a pass or more over the pool for each pick; 10 for BatchBALD,
            since the labels of so many rows tell 20 draws apart.
    """

    memory: str = "a chunk; N scores"
    above: str = ""
    batch: int = BATCH


CASES = {
    "random": Case("N"),
    **dict.fromkeys(("entropy", "margin", "variation_ratio", "mean_std", "bald", "power_bald"), Case()),
    "softrank_bald": Case(above="the ranks are a sort"),
    "epig": Case(),
    "qbc_vote_entropy": Case(),
    "learning_loss": Case(),
    "svm_margin": Case("N D"),
    "coreset_greedy": Case("N D"),
    "badge": Case("N (C + D)"),
    "diverse_minibatch": Case("N (C + D)"),
    "kmeans": Case("N D"),
    "clue": Case("N (C + D)"),
    "batchbald": Case("candidates_max K C; N scores", batch=10),
    "typiclust": Case(
        "N D", "all distances within a cluster, and the clusters grow: there are as many as labels, not as points"
    ),
    "bait": Case("N (C² + D)", batch=SLOW),
    "probcover": Case("N D; edges", "the exact graph of all pairs within a radius is N²"),
}
Key = tuple[str, str, str, str]


def lines(pools: Sequence[int], labelled: Sequence[int]) -> list[Key]:
    """Axis by axis, size by size: what is measured of a strategy."""
    grown = [("pool", str(rows), str(labelled[0])) for rows in pools]
    return [("", *line) for line in [*grown, *(("labelled", str(pools[0]), str(count)) for count in labelled)]]


def measure(key: Key, cache: Path, batch: int, limit: int) -> dict[str, float] | None:
    """What `growth_line.py` prints; None where it was given up."""
    strategy, _, rows, labelled = key
    data = pool(cache / rows, int(rows))
    command = [sys.executable, str(Path(__file__).with_name("growth_line.py")), strategy, str(data)]
    environment = {**os.environ, "OMP_NUM_THREADS": "1", "MKL_NUM_THREADS": "1"}
    words = [*command, labelled, str(batch), str(limit)]
    ran = subprocess.run(words, env=environment, capture_output=True, text=True)
    if ran.returncode in (-signal.SIGXCPU, -signal.SIGKILL) and not ran.stdout:
        return None
    if ran.returncode:
        raise SystemExit(f"growth: {' '.join(words)}: {ran.stderr[-500:]}")
    found: dict[str, float] = json.loads(ran.stdout.splitlines()[-1])
    return found


def slope(sizes: Sequence[float], seconds: Sequence[float]) -> float:
    """The least-squares exponent e of seconds ∝ size^e."""
    x, y = ([math.log(max(value, 1e-6)) for value in values] for values in (sizes, seconds))
    mean_x, mean_y = sum(x) / len(x), sum(y) / len(y)
    square = sum((a - mean_x) ** 2 for a in x)
    return sum((a - mean_x) * (b - mean_y) for a, b in zip(x, y, strict=True)) / square


def read(table: Path) -> dict[Key, dict[str, str]]:
    """The lines measured before."""
    if not table.exists():
        return {}
    with open(table, newline="") as file:
        return {(row["strategy"], row["axis"], row["n_rows"], row["labelled"]): row for row in csv.DictReader(file)}


def conclude(rows: Sequence[dict[str, str]], largest: int) -> None:
    """Exponent, bytes a point, met and reason of the lines of one strategy and axis, as far as they are measured.

    Args:
        largest: Points of the largest pool, without which nothing is met or missed.
    """
    by_pool = rows[0]["axis"] == "pool"
    case, measured = CASES[rows[0]["strategy"]], [row for row in rows if row["score_s"]]
    sizes = [float(row["n_rows" if by_pool else "labelled"]) for row in measured]
    exponent = growth = None
    if len(measured) > 1:
        stages = STAGES[1:] if by_pool else STAGES
        exponent = slope(sizes, [sum(float(row[stage]) for stage in stages) for row in measured])
        more = float(measured[-1]["extra_memory_mb"]) - float(measured[0]["extra_memory_mb"])
        growth = more * 1e6 / (sizes[-1] - sizes[0])
    whole = by_pool and len(measured) > 1 and sizes[-1] == largest
    for row in rows:
        row["memory"] = case.memory
        row["exponent"] = "" if exponent is None else f"{exponent:.2f}"
        row["bytes_a_point"] = "" if growth is None or not by_pool else f"{growth:.0f}"
        row["limit"] = f"{LIMIT:.2f}" if by_pool else ""
        row["met"] = "" if exponent is None or not whole else ("yes" if exponent <= LIMIT else "no")
        if row["score_s"]:
            row["reason"] = case.above if by_pool and exponent is not None and exponent > LIMIT else ""
        elif case.above:
            row["reason"] = f"{row['reason'].partition('; ')[0]}; {case.above}"


def write(table: Path, found: dict[Key, dict[str, str]]) -> list[dict[str, str]]:
    """All lines, with the conclusions from what has been measured."""
    order = list(CASES)
    ordered = sorted(found, key=lambda key: (order.index(key[0]), key[1] != "pool", int(key[2]), int(key[3])))
    rows = [found[key] for key in ordered]
    largest = max(int(row["n_rows"]) for row in rows)
    for strategy, axis in {key[:2] for key in ordered}:
        conclude([row for row in rows if (row["strategy"], row["axis"]) == (strategy, axis)], largest)
    part = table.with_suffix(".part")
    with open(part, "w", newline="") as file:
        writer = csv.DictWriter(file, COLUMNS, lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)
    part.replace(table)
    return rows


def line(key: Key, batch: int, found: dict[str, float] | None, reason: str) -> dict[str, str]:
    """A row of the table, without its conclusions."""
    row = dict(zip(("strategy", "axis", "n_rows", "labelled"), key, strict=True))
    row |= {"batch": str(batch), "n": "", **dict.fromkeys((*STAGES, "wall_s", "extra_memory_mb"), ""), "reason": reason}
    if found is not None:
        row |= {"n": str(int(found["n"])), "extra_memory_mb": f"{found['memory'] / 1e6:.1f}"}
        row |= {name: f"{found[name]:.4g}" for name in (*STAGES, "wall_s")}
    return row


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--only", action="append", choices=CASES, help="this strategy (may be repeated)")
    parser.add_argument("--again", action="store_true", help="measure what the table has already, too")
    parser.add_argument("--limit", type=int, default=150, help="processor seconds a line may take, start-up included")
    parser.add_argument("--tiny", action="store_true", help="pools of 300 to 600 points, to test the script")
    parser.add_argument("--out", type=Path, default=TABLE, help="the table; the figure is put beside it")
    parser.add_argument("--cache", type=Path, help="for the pools, 260 MB a million; the user's cache folder if absent")
    given = parser.parse_args()
    from platformdirs import user_cache_path
    from tqdm import tqdm

    cache = (given.cache or user_cache_path("al-bench")) / "growth"
    pools, labelled = ((300, 600), (20, 40)) if given.tiny else (POOLS, LABELLED)
    chosen = [name for name in CASES if not given.only or name in given.only]
    keys: list[Key] = [(name, *place[1:]) for name in chosen for place in lines(pools, labelled)]
    fresh: set[Key] = set()
    with tqdm(keys, unit="line", disable=None) as bar:
        for key in bar:
            strategy, axis, rows, count = key
            found = read(given.out)
            if key in found and not given.again:
                continue
            bar.set_description_str(f"{strategy}, {int(rows):,} points, {int(count):,} labelled")
            batch = min(CASES[strategy].batch, 5 if given.tiny else BATCH)
            smaller = [k for k in found if k[:2] == key[:2] and (int(k[2]), int(k[3])) < (int(rows), int(count))]
            given_up = next((k for k in smaller if not found[k]["score_s"]), None)
            twin = (strategy, "pool", rows, count)  # the smallest of both axes are one
            if given_up is not None:
                row = line(key, batch, None, f"not tried: {int(given_up[2]):,} points took too long")
            elif axis == "labelled" and twin in found and (twin in fresh or not given.again):
                row = found[twin] | {"axis": axis}
            else:
                measured = measure(key, cache, batch, given.limit)
                reason = "" if measured else f"given up after {given.limit} s"
                row = line(key, batch, measured, reason)
            fresh.add(key)
            draw(write(given.out, {**found, key: row}), given.out.with_suffix(".png"))
            print(
                f"{strategy} {axis} {rows} {count}: {row['score_s']} + {row['select_s']} s {row['reason']}", flush=True
            )


if __name__ == "__main__":
    main()
