"""Whether tuning the learner changes what is said of margin against Random, and what it costs.

    python scripts/tuning_study.py --out results/tuning.csv

On each data set and with each learner, margin and Random are run with the hyper-parameters as configured
(`tuning=never`), tuned once (`start`) and tuned before each training (`every_round`), by cross-validation on the
labelled points. One row a data set, learner and tuning: the mean area under the curve of both strategies and their
difference, what tuning adds to each strategy over `never`, all paired by seed with Student's 95 % interval, in points;
how often a configuration other than the default was chosen; the median seconds of a run for trials and for all else.
Runs lie below --results, and what is there is not run again.
"""

from __future__ import annotations

import argparse
import csv
import json
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path

import numpy as np

from al_bench.analysis.statistics.paired import estimate
from al_bench.storage.runs import find_runs

DATASETS = ("digits", "satimage")
LEARNERS = {
    "linear": (("model=linear", "schedule.batch=40", "schedule.rounds=6"), ("tuning.trials=10",)),
    "mlp": (
        ("model=mlp", "training.steps=150", "schedule.batch=60", "schedule.rounds=4"),
        ("tuning.trials=6", "tuning.folds=3"),
    ),
}
"""Learner to keys, and to keys where it is tuned."""
SETTING = ("posterior=deterministic", "initial.size=20", "evaluation.stop_set=0", "cache=off")
TUNINGS = ("never", "start", "every_round")
STRATEGIES = ("random", "margin")
FIELDS = (
    *("dataset", "learner", "tuning", "seeds", "labels", "random", "margin", "difference", "low", "high", "claimed"),
    *("random_gain", "random_low", "random_high", "margin_gain", "margin_low", "margin_high"),
    *("trials", "changed", "tuned", "seconds_trials", "seconds_else"),
)


def command(words: list[str]) -> None:
    """One command of al-bench; stops at the first that fails."""
    done = subprocess.run([sys.executable, "-m", "al_bench", *words], capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise SystemExit(f"al-bench {' '.join(words)}: {done.stdout}{done.stderr}")


def points(value: float) -> str:
    """A fraction as points, with its sign."""
    return f"{100 * value:+.2f}"


def compared(folder: Path) -> tuple[dict[str, object], dict[str, dict[int, float]]]:
    """The difference of the two strategies as `al-bench compare` has it in JSON, and the area by strategy and seed."""
    with tempfile.TemporaryDirectory() as place:
        file = Path(place, "compared.json")
        command(["compare", str(folder), "--json", str(file)])
        said = json.loads(file.read_text())["datasets"][0]
    tables = {table["key"]: table["records"] for table in said["tables"]}
    (difference,) = tables["difference"]
    areas: dict[str, dict[int, float]] = {name: {} for name in STRATEGIES}
    for row in tables["accuracy"]:
        areas[row["arm"].partition(",")[0]][row["seed"]] = row["aubc"]
    row = {
        "seeds": difference["seeds"],
        "labels": tables["accuracy"][0]["labels"],
        **{name: f"{100 * statistics.mean(values.values()):.2f}" for name, values in areas.items()},
        **{key: points(difference[key]) for key in ("difference", "low", "high")},
        "claimed": "margin" if said["winners"] else "",
    }
    return row, areas


def gains(areas: dict[str, dict[int, float]], untuned: dict[str, dict[int, float]]) -> dict[str, str]:
    """What tuning adds to each strategy, paired by seed."""
    row: dict[str, str] = {}
    for name in STRATEGIES:
        seeds = sorted(areas[name].keys() & untuned[name].keys())
        gain = estimate(np.array([areas[name][seed] - untuned[name][seed] for seed in seeds]))
        row |= {f"{name}_gain": points(gain.mean), f"{name}_low": points(gain.low), f"{name}_high": points(gain.high)}
    return row


def cost(folder: Path) -> dict[str, object]:
    """Trials, changes and seconds of the runs of a folder."""
    runs = find_runs([folder])
    rounds = [[record for record in run.rounds if record.tuning is not None] for run in runs]
    asked = [record.tuning for run in rounds for record in run if record.tuning and record.tuning.trials]
    trials = [sum(record.tuning.trials for record in run if record.tuning) for run in rounds]
    tuning = [sum(record.seconds.get("tune", 0.0) for record in run.rounds) for run in runs]
    rest = [sum(sum(record.seconds.values()) for record in run.rounds) for run in runs]
    return {
        "trials": f"{statistics.median(trials):g}",
        "changed": sum(record.chosen > 0 for record in asked),
        "tuned": len(asked),
        "seconds_trials": f"{statistics.median(tuning):.1f}",
        "seconds_else": f"{statistics.median(all - of for all, of in zip(rest, tuning, strict=True)):.1f}",
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--out", type=Path, required=True, help="CSV, written anew")
    parser.add_argument("--results", type=Path, default=Path("results/runs"), help="where the runs are")
    parser.add_argument("--seeds", type=int, default=5, help="how many")
    parser.add_argument("--datasets", nargs="+", default=DATASETS, help="by their options")
    parser.add_argument("--learners", nargs="+", default=["linear"], choices=LEARNERS, help="mlp takes far longer")
    parser.add_argument("--tunings", nargs="+", default=TUNINGS, choices=TUNINGS, help="never first")
    asked = parser.parse_args()
    rows = []
    for learner in asked.learners:
        keys, tuned_keys = LEARNERS[learner]
        for dataset in asked.datasets:
            untuned: dict[str, dict[int, float]] = {}
            for tuning in asked.tunings:
                study = f"tuning_{learner}_{tuning}"
                words = [f"dataset={dataset}", f"tuning={tuning}", f"strategy={','.join(STRATEGIES)}", *SETTING, *keys]
                words += tuned_keys if tuning != "never" else ()
                words += [
                    f"seed={','.join(map(str, range(asked.seeds)))}",
                    f"study={study}",
                    f"results={asked.results}",
                ]
                command(["run", "-m", *words])
                folder = asked.results / study / dataset
                row, areas = compared(folder)
                untuned = untuned or areas
                gained = gains(areas, untuned) if tuning != "never" else {}
                rows.append({"dataset": dataset, "learner": learner, "tuning": tuning, **row, **gained, **cost(folder)})
            with asked.out.open("w", newline="") as file:
                writer = csv.DictWriter(file, FIELDS, lineterminator="\n")
                writer.writeheader()
                writer.writerows(rows)


if __name__ == "__main__":
    main()
