"""What labels that one learner bought are worth to another: margin against Random, judged by both.

    python scripts/successor_study.py --out results/successor.csv

On each data set a learner picks by margin and by Random, and every round a second one is trained on the same labels
(`successor=MODEL`). One row a data set, pair of learners and judge: the mean area under the curve of both strategies,
and their difference, paired by seed, with Student's 95 % interval, in points. Runs lie below --results, and what is
there is not run again.
"""

from __future__ import annotations

import argparse
import csv
import json
import subprocess
import sys
import tempfile
from pathlib import Path

DATASETS = ("digits", "satimage")
PAIRS = (
    ("mlp", "random_forest"),
    ("random_forest", "mlp"),
    ("linear", "random_forest"),
)
SETTING = ("initial.size=20", "schedule.batch=20", "schedule.rounds=10", "evaluation.stop_set=0")
FIELDS = (
    *("dataset", "picked_by", "judged_by", "seeds", "labels", "random", "margin", "difference", "low", "high"),
    "claimed",
)


def command(words: list[str]) -> None:
    """One command of al-bench; stops at the first that fails."""
    done = subprocess.run([sys.executable, "-m", "al_bench", *words], capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise SystemExit(f"al-bench {' '.join(words)}: {done.stdout}{done.stderr}")


def judged(folder: Path, metric: str) -> dict[str, object]:
    """The areas of the two strategies and their difference, as `al-bench compare` has them in JSON."""
    with tempfile.TemporaryDirectory() as place:
        file = Path(place, "compared.json")
        command(["compare", str(folder), "--metric", metric, "--json", str(file)])
        compared = json.loads(file.read_text())["datasets"][0]
    tables = {table["key"]: table["records"] for table in compared["tables"]}
    (difference,) = tables["difference"]
    areas: dict[str, list[float]] = {"random": [], "margin": []}
    for row in tables[metric]:
        areas[row["arm"].partition(",")[0]].append(row["aubc"])
    means = {name: f"{100 * sum(values) / len(values):.2f}" for name, values in areas.items()}
    points = {key: f"{100 * difference[key]:+.2f}" for key in ("difference", "low", "high")}
    claimed = "margin" if compared["winners"] else ""
    return {"seeds": difference["seeds"], "labels": tables[metric][0]["labels"], **means, **points, "claimed": claimed}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--out", type=Path, required=True, help="CSV, written anew")
    parser.add_argument("--results", type=Path, default=Path("results/runs"), help="where the runs are")
    parser.add_argument("--seeds", type=int, default=10, help="how many")
    asked = parser.parse_args()
    rows = []
    for picks, judges in PAIRS:
        for dataset in DATASETS:
            study = f"successor_{picks}_{judges}"
            words = [f"dataset={dataset}", f"model={picks}", f"successor={judges}", "strategy=random,margin", *SETTING]
            seeds = f"seed={','.join(map(str, range(asked.seeds)))}"
            command(["run", "-m", *words, seeds, f"study={study}", f"results={asked.results}"])
            for judge, metric in ((picks, "accuracy"), (judges, "successor_accuracy")):
                found = judged(asked.results / study / dataset, metric)
                rows.append({"dataset": dataset, "picked_by": picks, "judged_by": judge, **found})
            with asked.out.open("w", newline="") as file:
                writer = csv.DictWriter(file, FIELDS, lineterminator="\n")
                writer.writeheader()
                writer.writerows(rows)


if __name__ == "__main__":
    main()
