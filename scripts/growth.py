#!/usr/bin/env python
"""How time and memory of a round grow with the pool and with the labelled set, strategy by strategy.

    python scripts/growth.py                   # all; a line that the table has already is skipped
    python scripts/growth.py --only bald --again

Each line is the first round of an `al-bench run` in a process of its own, one thread, on a synthetic pool of 64
features and 10 classes in memory-mapped files: an MLP of 64 hidden units, 20 dropout masks, a batch of 100. The pool
grows from 1e5 to 1e6 with 100 labelled points; the labelled set grows from 100 to 10,000 in a pool of 1e5.

`exponent` is the slope of log seconds (pool: score and select; labelled: train, score and select) against the
logarithm of the size, by least squares; `extra_memory_mb` is the greatest resident size to score and select less that
to train, as the run's record has them. A line that takes more than `--limit` seconds is given up and stays empty, and
larger ones of its strategy are not tried.

Writes results/growth.csv and growth.png.
"""

from __future__ import annotations

import argparse
import csv
import json
import math
import os
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

TABLE = Path(__file__).resolve().parents[1] / "results" / "growth.csv"
COLUMNS = (
    *("strategy", "axis", "n_rows", "labelled", "train_s", "score_s", "select_s"),
    *("extra_memory_mb", "exponent", "limit", "met"),
)
POOLS, LABELLED = (100_000, 300_000, 1_000_000), (100, 1_000, 10_000)
FEATURES, CLASSES, BATCH = 64, 10, 100
LIMIT = 1.10
"""The greatest exponent in the pool that counts as linear."""

STRATEGIES = (
    *("random", "entropy", "variation_ratio", "bald", "power_bald", "mean_std", "margin", "epig", "batchbald"),
    *("badge", "coreset_greedy", "diverse_minibatch", "kmeans", "clue", "typiclust", "probcover", "bait", "svm_margin"),
)
Key = tuple[str, str, str, str]


def lines(pools: Sequence[int], labelled: Sequence[int]) -> list[Key]:
    """Axis by axis, size by size: what is measured of a strategy."""
    grown = [("pool", str(rows), str(labelled[0])) for rows in pools]
    return [("", *line) for line in [*grown, *(("labelled", str(pools[0]), str(count)) for count in labelled)]]


def pool(folder: Path, rows: int) -> Path:
    """A folder of arrays: 10 clusters with noise, written a part at a time."""
    import numpy as np

    if (folder / "y_test.npy").exists():
        return folder
    folder.mkdir(parents=True, exist_ok=True)
    generator = np.random.default_rng(0)
    centres = generator.standard_normal((CLASSES, FEATURES)).astype(np.float32)
    for suffix, count in (("", rows), ("_test", 1_000)):
        labels = generator.integers(CLASSES, size=count)
        inputs = np.lib.format.open_memmap(folder / f"x{suffix}.npy", "w+", np.float32, (count, FEATURES))
        for start in range(0, count, 10_000):
            part = labels[start : start + 10_000]
            noise = generator.standard_normal((len(part), FEATURES), dtype=np.float32)
            inputs[start : start + 10_000] = centres[part] + 2 * noise
        inputs.flush()
        np.save(folder / f"y{suffix}.npy", labels)
    return folder


def measure(strategy: str, data: Path, labelled: int, batch: int, limit: float) -> dict[str, float] | None:
    """Seconds by stage and extra bytes of the first round; None where it was given up."""
    words = [
        *(f"strategy={strategy}", "dataset=npz", f"dataset.path={data}", "dataset.standardise=false"),
        *("model=mlp", "model.hidden=[64]", "posterior.draws=20", f"initial.size={labelled}", "threads=1"),
        *(f"schedule.batch={batch}", "schedule.rounds=2", "evaluation.draws=0", "results=runs", "device=cpu"),
    ]
    with tempfile.TemporaryDirectory() as name:
        command = [sys.executable, "-m", "al_bench", "run", *words]
        environment = {**os.environ, "OMP_NUM_THREADS": "1", "MKL_NUM_THREADS": "1"}
        try:
            ran = subprocess.run(command, cwd=name, env=environment, capture_output=True, text=True, timeout=limit)
        except subprocess.TimeoutExpired:
            return None
        if ran.returncode:
            raise SystemExit(f"growth: {' '.join(command)}: {ran.stderr[-500:]}")
        record = next(Path(name).rglob("rounds.jsonl")).read_text().splitlines()[0]
    entry = json.loads(record)
    stages = {stage: float(entry["seconds"].get(stage, 0.0)) for stage in ("train", "score", "select")}
    peaks = entry["peak_memory_bytes"]
    extra = max(peaks["score"], peaks["select"]) - peaks["train"]
    return {**stages, "extra": max(0.0, float(extra))}


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


def write(table: Path, found: dict[Key, dict[str, str]]) -> list[dict[str, str]]:
    """All lines, with the exponents of what has been measured."""
    ordered = sorted(found, key=lambda key: (STRATEGIES.index(key[0]), key[1] != "pool", int(key[2]), int(key[3])))
    rows = [found[key] for key in ordered]
    for row in rows:
        same = [r for r in rows if r["strategy"] == row["strategy"] and r["axis"] == row["axis"] and r["score_s"]]
        stages = ("score_s", "select_s") if row["axis"] == "pool" else ("train_s", "score_s", "select_s")
        sizes = [float(r["n_rows" if row["axis"] == "pool" else "labelled"]) for r in same]
        known = len(same) > 1 and bool(row["score_s"])
        exponent = slope(sizes, [sum(float(r[stage]) for stage in stages) for r in same]) if known else None
        row["exponent"] = "" if exponent is None else f"{exponent:.2f}"
        row["limit"] = f"{LIMIT:.2f}" if row["axis"] == "pool" else ""
        row["met"] = "" if exponent is None or not row["limit"] else ("yes" if exponent <= LIMIT else "no")
    part = table.with_suffix(".part")
    with open(part, "w", newline="") as file:
        writer = csv.DictWriter(file, COLUMNS, lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)
    part.replace(table)
    return rows


def draw(rows: Sequence[dict[str, str]], file: Path) -> None:
    """Seconds and memory against the pool, seconds against the labelled set, a line a strategy."""
    import matplotlib

    matplotlib.use("Agg")
    from matplotlib import pyplot as plt

    figure, panels = plt.subplots(1, 3, figsize=(15, 5), layout="constrained")
    styles = [(colour, line) for line in ("-", "--", ":") for colour in [f"C{place}" for place in range(8)]]
    for strategy, (colour, line) in zip(STRATEGIES, styles, strict=False):
        mine = [row for row in rows if row["strategy"] == strategy and row["score_s"]]
        if not mine:
            continue
        by_pool, by_label = ([row for row in mine if row["axis"] == axis] for axis in ("pool", "labelled"))
        sizes = [int(row["n_rows"]) for row in by_pool]
        seconds = [float(row["score_s"]) + float(row["select_s"]) for row in by_pool]
        name = f"{strategy} ({by_pool[0]['exponent']})" if by_pool and by_pool[0]["exponent"] else strategy
        style = {"color": colour, "linestyle": line, "marker": "o", "markersize": 3}
        panels[0].plot(sizes, [max(value, 1e-3) for value in seconds], label=name, **style)
        panels[1].plot(sizes, [max(float(row["extra_memory_mb"]), 1) for row in by_pool], **style)
        rounds = [sum(float(row[f"{stage}_s"]) for stage in ("train", "score", "select")) for row in by_label]
        panels[2].plot([int(row["labelled"]) for row in by_label], rounds, **style)
    titles = (
        ("points in the pool", "score + select, seconds"),
        ("points in the pool", "memory to score and select above training, MB"),
        ("labelled points", "train + score + select, seconds"),
    )
    for axes, (x, y) in zip(panels, titles, strict=True):
        axes.set(xlabel=x, ylabel=y)
        if any(len(line.get_xdata()) for line in axes.lines):
            axes.set(xscale="log", yscale="log")
        axes.grid(alpha=0.3)
    figure.legend(loc="outside right upper", fontsize=8, title="strategy (exponent)")
    figure.savefig(file, dpi=130)
    plt.close(figure)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--only", action="append", choices=STRATEGIES, help="this strategy (may be repeated)")
    parser.add_argument("--again", action="store_true", help="measure what the table has already, too")
    parser.add_argument("--limit", type=float, default=600, help="seconds a line may take, start-up included")
    parser.add_argument("--tiny", action="store_true", help="pools of 300 to 600 points, to test the script")
    parser.add_argument("--out", type=Path, default=TABLE, help="the table; the figure is put beside it")
    parser.add_argument("--cache", type=Path, help="for the pools, 260 MB a million; the user's cache folder if absent")
    given = parser.parse_args()
    from platformdirs import user_cache_path
    from tqdm import tqdm

    cache = (given.cache or user_cache_path("al-bench")) / "growth"
    pools, labelled, batch = ((300, 600), (20, 40), 5) if given.tiny else (POOLS, LABELLED, BATCH)
    chosen = [name for name in STRATEGIES if not given.only or name in given.only]
    keys: list[Key] = [(name, *line[1:]) for name in chosen for line in lines(pools, labelled)]
    slow: set[tuple[str, str]] = set()
    with tqdm(keys, unit="line", disable=None) as bar:
        for key in bar:
            strategy, axis, rows, count = key
            found = read(given.out)
            if (key in found and not given.again) or (strategy, axis) in slow:
                continue
            bar.set_description_str(f"{strategy}, {int(rows):,} points, {int(count):,} labelled")
            data = pool(cache / rows, int(rows))
            measured = measure(strategy, data, int(count), batch, given.limit)
            row = {"strategy": strategy, "axis": axis, "n_rows": rows, "labelled": count}
            if measured is None:
                slow.add((strategy, axis))
            stages = ("train", "score", "select")
            row |= {f"{stage}_s": f"{measured[stage]:.3f}" if measured else "" for stage in stages}
            row["extra_memory_mb"] = f"{measured['extra'] / 1e6:.0f}" if measured else ""
            draw(write(given.out, {**found, key: row}), given.out.with_suffix(".png"))
            print(f"{strategy} {axis} {rows} {count}: {row['score_s']} + {row['select_s']} s", flush=True)


if __name__ == "__main__":
    main()
