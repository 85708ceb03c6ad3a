#!/usr/bin/env python
"""Time, memory and picks of a round on a pool in shards, by its size and by the number of workers.

    python scripts/large_pool.py FOLDER                # all; a line that the table has already is skipped
    python scripts/large_pool.py FOLDER --only cnn     # the lines of that name

FOLDER takes the pools: 2.6 GB for the largest, to be deleted afterwards; on no file system in memory. Each line is the
first round of a run in a process of its own (`large_pool_line.py`), after training on 100 labels:

- cnn: 4,096 images of 28 × 28 bytes in shards of 1,000, strategy=bald with the BatchBALD CNN and 20 masks.
- linear, mlp: 64 features of 10 classes in 20 shards, strategy=margin with model=linear, and strategy=bald with an MLP
  of 64 units and 20 masks; a batch of 100. `memory` is the same pool as one .npz file in memory; `parquet` is the same
  in 20 Parquet files with a column of lists, whose copy in the cache's folder is made while they are loaded, and
  `parquet, copied` the same once more, from that copy.
- k_centre, badge: the same features and batch, strategy=coreset_greedy and strategy=badge with model=linear and
  strategy.features_held=100000; k_centre_held and badge_held hold the features of all. A pass reads and scores the
  pool, so that `main_s` and `workers_s` have all passes and the selection, and `reads` is the number of passes.

Seconds are of the processor, user and system, since the machine does other work: what an idle core needs. `main_s` is
what the main process takes to score, `workers_s` its workers together, each the median of n with its least and
greatest; `critical_s` is main_s + workers_s / workers, the time on cores of their own, and `efficiency` that of one
process over workers × critical_s. `wall_s` is by the clock. `exponent` is log(seconds to score and select) against
log(rows), from a tenth of the rows. Memory is anonymous memory, sampled 20 times a second, above the interpreter's
with its libraries: of the main process by stage and, in `worker_mb`, the most that a worker had for itself (USS,
sampled once a second; it shares the main process's pages). What the readings cost is left out of the seconds. `reads`
is how often a row was read to score it once. `picks` is a digest of the batch and its scores: equal where they are,
bit for bit.

Writes results/large_pool.csv.
"""

from __future__ import annotations

import argparse
import csv
import json
import math
import os
import shutil
import statistics
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

TABLE = Path(__file__).resolve().parents[1] / "results" / "large_pool.csv"
COLUMNS = (
    *("name", "data", "rows", "workers", "n", "main_s", "main_s_from_to", "workers_s", "workers_s_from_to"),
    *("critical_s", "efficiency", "exponent", "wall_s", "load_s", "select_s", "load_mb", "score_mb", "select_mb"),
    *("worker_mb", "interpreter_mb", "reads", "fingerprint", "picks"),
)
CLASSES, FEATURES = 10, 64
PLAIN = "dataset.standardise=false"
ROUND = ("initial.size=100", "schedule.batch=100")
WORDS = {
    "cnn": ("strategy=bald", "model=batchbald_cnn", "posterior.draws=20", "training.stop=steps", "training.steps=50"),
    "linear": ("strategy=margin", "model=linear", "posterior=bootstrap", PLAIN),
    **{
        f"{name}{suffix}": (f"strategy={option}", f"strategy.features_held={held}", "model=linear", PLAIN)
        for name, option in (("k_centre", "coreset_greedy"), ("badge", "badge"))
        for suffix, held in (("", 100_000), ("_held", "null"))
    },
    "mlp": ("strategy=bald", "model=mlp", "model.hidden=[64]", "posterior.draws=20", PLAIN),
}
LINES = (
    *(("cnn", "shards", 4_096, workers) for workers in (1, 2)),
    *(("linear", data, 1_000_000, 1) for data in ("shards", "memory", "parquet", "parquet, copied")),
    ("linear", "shards", 1_000_000, 2),
    *(("mlp", data, 1_000_000, 1) for data in ("shards", "memory")),
    ("mlp", "shards", 1_000_000, 2),
    ("linear", "shards", 10_000_000, 1),
    ("linear", "shards", 10_000_000, 2),
    *((f"{name}{suffix}", "shards", 1_000_000, 1) for name in ("k_centre", "badge") for suffix in ("", "_held")),
    *((name, "shards", 1_000_000, 2) for name in ("k_centre", "badge")),
    *((name, "shards", 10_000_000, 1) for name in ("k_centre", "badge")),
    ("mlp", "shards", 10_000_000, 1),
    ("mlp", "shards", 10_000_000, 2),
)
REPEATS = {4_096: 3, 1_000_000: 3, 10_000_000: 1}
Key = tuple[str, str, str, str]


def features(folder: Path, rows: int) -> Path:
    """A folder of 20 shards: 10 clusters with noise, written a part at a time."""
    import numpy as np

    if (folder / "y_test.npy").exists():
        return folder
    folder.mkdir(parents=True, exist_ok=True)
    generator = np.random.default_rng(0)
    centres = generator.standard_normal((CLASSES, FEATURES)).astype(np.float32)
    for number in range(20):
        labels = generator.integers(CLASSES, size=rows // 20)
        inputs = np.lib.format.open_memmap(folder / f"x-{number:05d}.npy", "w+", np.float32, (len(labels), FEATURES))
        for start in range(0, len(labels), 10_000):
            part = labels[start : start + 10_000]
            noise = generator.standard_normal((len(part), FEATURES), dtype=np.float32)
            inputs[start : start + 10_000] = centres[part] + 2 * noise
        inputs.flush()
        np.save(folder / f"y-{number:05d}.npy", labels)
    labels = generator.integers(CLASSES, size=1_000)
    noise = generator.standard_normal((1_000, FEATURES), dtype=np.float32)
    np.save(folder / "x_test.npy", centres[labels] + 2 * noise)
    np.save(folder / "y_test.npy", labels)
    return folder


def images(folder: Path, rows: int) -> Path:
    """A folder of shards of 1,000 images, each class with an average of its own."""
    import numpy as np

    if (folder / "y_test.npy").exists():
        return folder
    folder.mkdir(parents=True, exist_ok=True)
    generator = np.random.default_rng(0)
    averages = generator.integers(256, size=(CLASSES, 28, 28))

    def drawn(count: int) -> tuple[np.ndarray, np.ndarray]:
        labels = generator.integers(CLASSES, size=count)
        noise = generator.integers(-200, 200, size=(count, 28, 28))
        return (averages[labels] + noise).clip(0, 255).astype(np.uint8), labels

    for number, start in enumerate(range(0, rows, 1_000)):
        x, y = drawn(min(1_000, rows - start))
        np.save(folder / f"x-{number:05d}.npy", x)
        np.save(folder / f"y-{number:05d}.npy", y)
    x, y = drawn(1_000)
    np.save(folder / "x_test.npy", x)
    np.save(folder / "y_test.npy", y)
    return folder


def in_memory(folder: Path) -> Path:
    """The same pool as an .npz file."""
    import numpy as np

    file = folder.with_suffix(".npz")
    if not file.exists():
        parts = {name: sorted(folder.glob(f"{name}-*.npy")) for name in "xy"}
        joined = {name: np.concatenate([np.load(path) for path in paths]) for name, paths in parts.items()}
        test = {name: np.load(folder / f"{name}.npy") for name in ("x_test", "y_test")}
        np.savez(file, allow_pickle=False, **joined, **test)
    return file


def in_parquet(folder: Path) -> tuple[Path, Path]:
    """The same pool as 20 Parquet files, and its test part as one, each in a folder of its own."""
    import duckdb
    import numpy as np
    import pandas as pd

    pool, test = folder.with_name(f"{folder.name}-parquet"), folder.with_name(f"{folder.name}-parquet-test")
    for target, inputs in ((test, [folder / "x_test.npy"]), (pool, sorted(folder.glob("x-*.npy")))):
        target.mkdir(exist_ok=True)
        for number, path in enumerate(inputs):
            file = target / f"part-{number:05d}.parquet"
            if file.exists():
                continue
            labels = np.load(path.with_name(path.name.replace("x", "y", 1)))
            rows = pd.DataFrame({"embedding": list(np.load(path)), "label": labels})
            with duckdb.connect() as connection:
                connection.register("rows", rows)
                connection.execute(f"COPY (SELECT * FROM rows) TO '{file}.part' (FORMAT parquet)")
            Path(f"{file}.part").rename(file)
    return pool, test


def measure(key: Key, folder: Path) -> dict[str, str]:
    """A line of the table."""
    name, data, rows, workers = key
    pool = images(folder / f"{name}-{rows}", int(rows)) if name == "cnn" else features(folder / rows, int(rows))
    if data == "memory":
        pool = in_memory(pool)
    words = ["dataset=npz", f"dataset.path={pool}", *ROUND, *WORDS[name]]
    if data.startswith("parquet"):
        pool, test = in_parquet(pool)
        cache = folder / "cache"
        if data == "parquet":
            shutil.rmtree(cache, ignore_errors=True)
        words[:2] = ["dataset=table", f"dataset.path={pool}", f"dataset.test_path={test}", f"cache={cache}"]
    command = [sys.executable, str(Path(__file__).with_name("large_pool_line.py")), workers, str(REPEATS[int(rows)])]
    environment = {**os.environ, "OMP_NUM_THREADS": "1", "MKL_NUM_THREADS": "1"}
    ran = subprocess.run([*command, *words], env=environment, capture_output=True, text=True)
    if ran.returncode:
        raise SystemExit(f"large_pool: {' '.join(words)}: {ran.stderr[-500:]}")
    return describe(key, json.loads(ran.stdout.splitlines()[-1]))


def describe(key: Key, found: dict[str, Any]) -> dict[str, str]:
    """A line of the table from what `large_pool_line.py` printed."""
    data = key[1]
    line = dict(zip(("name", "data", "rows", "workers"), key, strict=True)) | {"n": str(len(found["main_s"]))}
    for part in ("main_s", "workers_s"):
        line[part] = f"{statistics.median(found[part]):.4g}"
        line[f"{part}_from_to"] = f"{min(found[part]):.4g} to {max(found[part]):.4g}"
    for part in ("wall_s", "load_s", "select_s"):
        line[part] = f"{found[part]:.3g}"
    for part in ("load_mb", "score_mb", "select_mb", "worker_mb", "interpreter_mb"):
        line[part] = f"{found[part]:.0f}"
    line["reads"] = "" if found["reads"] is None or data == "memory" else f"{found['reads']:.3f}"
    return line | {"fingerprint": found["fingerprint"], "picks": found["picks"]}


def read(table: Path) -> dict[Key, dict[str, str]]:
    """The lines measured before."""
    if not table.exists():
        return {}
    with open(table, newline="") as file:
        return {(row["name"], row["data"], row["rows"], row["workers"]): row for row in csv.DictReader(file)}


def conclude(found: dict[Key, dict[str, str]]) -> None:
    """The time on cores of their own, the efficiency and the exponent, as far as the lines are there."""
    for key, line in found.items():
        name, data, rows, workers = key
        main, others = float(line["main_s"]), float(line["workers_s"])
        line["critical_s"] = f"{main + others / int(workers):.4g}"
        single = found.get((name, data, rows, "1"))
        line["efficiency"] = line["exponent"] = ""
        if workers != "1" and single is not None:
            alone = float(single["main_s"])
            line["efficiency"] = f"{alone / (int(workers) * float(line['critical_s'])):.2f}"
        smaller = found.get((name, data, str(int(rows) // 10), workers))
        if smaller is not None:
            seconds = [
                sum(float(each[part]) for part in ("main_s", "workers_s", "select_s")) for each in (smaller, line)
            ]
            line["exponent"] = f"{math.log10(seconds[1] / seconds[0]):.2f}"


def write(table: Path, found: dict[Key, dict[str, str]]) -> None:
    """All lines in the order in which they are listed, with the conclusions from them."""
    conclude(found)
    order = [tuple(map(str, line)) for line in LINES]
    part = table.with_suffix(".part")
    with open(part, "w", newline="") as file:
        writer = csv.DictWriter(file, COLUMNS, lineterminator="\n")
        writer.writeheader()
        writer.writerows(found[key] for key in sorted(found, key=order.index))
    part.replace(table)


def main(words: Sequence[str] | None = None) -> None:
    """Measure the lines that are missing."""
    parser = argparse.ArgumentParser(
        description=(__doc__ or "").partition("\n\n")[0], formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("folder", type=Path, help="where the pools are written")
    parser.add_argument("--only", nargs="*", default=list(WORDS), choices=WORDS, help="names of lines")
    parser.add_argument("--most", type=int, default=10_000_000, help="leave out larger pools")
    parser.add_argument("--least", type=int, default=0, help="leave out smaller pools")
    given = parser.parse_args(words)
    for name, data, rows, workers in LINES:
        key = (name, data, str(rows), str(workers))
        if name not in given.only or not given.least <= rows <= given.most or key in read(TABLE):
            continue
        line = measure(key, given.folder)
        write(TABLE, read(TABLE) | {key: line})
        print(", ".join(f"{column} {value}" for column, value in line.items() if value), flush=True)


if __name__ == "__main__":
    main()
