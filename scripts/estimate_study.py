#!/usr/bin/env python
"""What `al-bench run --estimate` says, against what the same command then takes.

    python scripts/estimate_study.py                        # all configurations; rows that are there are skipped
    python scripts/estimate_study.py --only cnn_bald --again
    python scripts/estimate_study.py --list
    python scripts/estimate_study.py --tiny --out out.csv   # one small configuration, to test the script

Each configuration is one command. It is typed with --estimate, and what that prints is read; then it is typed
without, and its wall-clock time, processor time (of it and its workers), resident memory (of all its processes, sampled
every 100 ms), files and labels are measured. A ratio is estimate by truth; where the estimate is a span, the nearer end
counts, and 1 where the truth lies within. On a machine that others use wall-clock time depends on what they do
meanwhile: processor time hardly does, and `load` says how many processes wanted to run, before the estimate and after
the run.

Data: MNIST, the tables and TREC-6 as AL_BENCH_DATA has them; features.npz is made of MNIST (10,000 images, the first
128 principal components) in a temporary folder, and stands for frozen features.
"""

from __future__ import annotations

import argparse
import csv
import os
import re
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

import psutil

TABLE = Path(__file__).resolve().parents[1] / "results" / "estimate.csv"
MNIST = ["dataset=mnist", "schedule.rounds=4"]
FEATURES = ["dataset=npz", "dataset.path=features.npz", "model=linear", "initial.size=50"]
TEXTS = ["dataset=text", "dataset.path={data}/text/trec6_train.csv", "dataset.test_path={data}/text/trec6_test.csv"]
NETWORK = [*MNIST, "model=batchbald_cnn", "posterior.draws=20", "evaluation.every=4", "evaluation.draws=4"]
CNN = [*NETWORK, "training.steps=50"]
CONFIGURATIONS = {
    "cnn_bald": [*CNN, "strategy=bald", "schedule.candidates=3000"],
    "cnn_batchbald": [*CNN, "strategy=batchbald", "schedule.batch=5", "schedule.candidates=2000"],
    "cnn_badge": [*CNN, "strategy=badge", "schedule.batch=50", "schedule.candidates=5000"],
    "cnn_coreset": [*CNN, "strategy=coreset_greedy", "schedule.batch=50", "schedule.candidates=5000"],
    "cnn_epochs": [
        *NETWORK,
        "strategy=margin",
        "training.stop=epochs",
        "training.epochs=10",
        "schedule.batch=100",
        "schedule.candidates=2000",
    ],
    "ensemble": [
        *MNIST,
        "model=mlp",
        "posterior=ensemble",
        "strategy=qbc_vote_entropy",
        "schedule.rounds=3",
        "schedule.candidates=5000",
    ],
    "until_fitted": [
        *MNIST,
        "model=mlp",
        "training=until_fitted",
        "strategy=entropy",
        "schedule.rounds=6",
        "schedule.candidates=5000",
    ],
    "linear_texts": [
        *TEXTS,
        "encoder=tfidf",
        "model=linear",
        "strategy=margin",
        "schedule.batch=50",
        "schedule.rounds=10",
    ],
    "linear_features": [*FEATURES, "strategy=margin", "schedule.rounds=30", "schedule.batch=20"],
    "typiclust": [*FEATURES, "strategy=typiclust", "schedule.rounds=6", "schedule.batch=20"],
    "forest": [
        *("dataset=letter", "model=random_forest", "strategy=entropy", "schedule.rounds=6", "initial.size=52"),
        "schedule.batch=50",
    ],
    "boosting": [
        *("dataset=pendigits", "model=hist_gradient_boosting", "strategy=margin", "schedule.rounds=6"),
        *("initial.size=50", "schedule.batch=50"),
    ],
    "sweep": ["-m", "strategy=random,badge", "seed=0,1,2", "schedule.rounds=4"],
    "sweep_in_parallel": [
        "-m",
        "strategy=random,coreset_greedy",
        "seed=0,1",
        "schedule.rounds=4",
        "hydra/launcher=joblib",
    ],
}
TINY = {"tiny": ["debug=smoke", "training.steps=8", "posterior.draws=4"]}
SECONDS = {"s": 1.0, "min": 60.0, "hours": 3600.0, "days": 86400.0}
BYTES = {"kB": 1e3, "MB": 1e6, "GB": 1e9}
QUANTITIES = ("wall_s", "processor_s", "memory_mb", "disk_kb", "labels")
COLUMNS = (
    "configuration",
    *(f"{part}{quantity}" for quantity in QUANTITIES for part in ("estimated_", "", "ratio_")),
    *("within_a_factor_of_two", "wall_within", "calibration_s", "load", "command"),
)


@dataclass(frozen=True)
class Span:
    """An estimate, from its lower to its upper end."""

    low: float
    high: float

    def ratio(self, truth: float) -> float:
        """Estimate by truth, 1 where the truth lies within."""
        return self.low / truth if truth < self.low else self.high / truth if truth > self.high else 1.0

    def __str__(self) -> str:
        return f"{self.low:.4g}" if self.low == self.high else f"{self.low:.4g} to {self.high:.4g}"


def seconds(text: str) -> Span:
    """`about 3 min`, `under 1 s` or `2 s to 1.5 min`, in seconds."""
    ends = [part.removeprefix("about ").removeprefix("under ").split() for part in text.split(" to ")]
    values = [float(number) * SECONDS[unit] for number, unit in ends]
    return Span(min(values), max(values))


def size(text: str) -> float:
    """`1.2 MB` in bytes."""
    number, unit = text.split()[:2]
    return float(number.replace(",", "")) * BYTES[unit]


def counts(text: str) -> Span:
    """`210` or `20 to 210`."""
    values = [float(part.replace(",", "")) for part in text.split(" to ")]
    return Span(min(values), max(values))


def read_estimate(printed: str) -> tuple[dict[str, Span], Span]:
    """What `--estimate` printed: each quantity, and how long the calibration took."""
    lines = {line.split()[0]: line.split(maxsplit=1)[1] for line in printed.splitlines() if line.startswith("  ")}
    wall, _, processor = lines["time"].partition(" (")
    memory, disk = (size(re.split(r"[,(]| in ", lines[name])[0]) for name in ("memory", "disk"))
    calibrated = re.search(r"calibrated in (.*)", printed)
    assert calibrated
    return {
        "wall_s": seconds(wall),
        "processor_s": seconds(processor.removesuffix(" of processor time)")),
        "memory_mb": Span(memory / 1e6, memory / 1e6),
        "disk_kb": Span(disk / 1e3, disk / 1e3),
        "labels": counts(re.split(r", (?=\d+ (?:to|a run))|:", lines["labels"].replace(" in all", ""))[0]),
    }, seconds(calibrated[1])


def estimate(words: list[str], environment: dict[str, str], folder: Path) -> tuple[dict[str, Span], Span]:
    """Type a command with --estimate."""
    command = [sys.executable, "-m", "al_bench", "run", *words, "--estimate"]
    done = subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, check=False)
    if done.returncode:
        raise SystemExit(done.stderr or done.stdout)
    return read_estimate(done.stdout)


def truth(words: list[str], environment: dict[str, str], folder: Path) -> dict[str, float]:
    """Type a command, and measure it."""
    command = [sys.executable, "-m", "al_bench", "run", *words]
    began = time.perf_counter()
    with open(folder / "printed.txt", "w") as printed:
        process = psutil.Popen(command, cwd=folder, env=environment, stdout=printed, stderr=subprocess.STDOUT)
        peak = 0
        while True:
            ended, status, usage = os.wait4(process.pid, os.WNOHANG)
            if ended:
                break
            peak = max(peak, resident(process))
            time.sleep(0.1)
    if status:
        raise SystemExit((folder / "printed.txt").read_text())
    runs = list((folder / "results").rglob("rounds.jsonl"))
    files = [path for run in runs for path in run.parent.iterdir()]
    return {
        "wall_s": time.perf_counter() - began,
        "processor_s": usage.ru_utime + usage.ru_stime,
        "memory_mb": peak / 1e6,
        "disk_kb": sum(path.stat().st_size for path in files) / 1e3,
        "labels": float(sum(last_labels(run) for run in runs)),
    }


def resident(process: psutil.Popen) -> int:
    """Resident bytes of a process and of those that it has started."""
    total = 0
    try:
        for each in (process, *process.children(recursive=True)):
            total += each.memory_info().rss
    except psutil.Error:
        return total
    return total


def last_labels(rounds: Path) -> int:
    """Labelled points of a run's last round."""
    found = re.search(r'"labelled":(\d+)', rounds.read_text().splitlines()[-1])
    assert found
    return int(found[1])


def make_features(path: Path) -> None:
    """10,000 MNIST images as 128 principal components."""
    import numpy as np

    sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
    from al_bench.data.images import TorchvisionDataset

    dataset = TorchvisionDataset().load()
    images = dataset.numbers(slice(0, 10_000)).flatten(1).double().numpy() / 255
    images -= images.mean(0)
    _, _, components = np.linalg.svd(images, full_matrices=False)
    features = (images @ components[:128].T).astype(np.float32)
    np.savez(path, X=features, y=dataset.hidden_labels[:10_000].numpy())


def row(name: str, words: list[str]) -> dict[str, str]:
    """One line of the table."""
    data = os.environ.get("AL_BENCH_DATA", "")
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        environment = {**os.environ, "AL_BENCH_CACHE": str(folder / "cache"), "PYTHONPATH": str(TABLE.parents[1])}
        if any("features.npz" in word for word in words):
            make_features(folder / "features.npz")
        typed = [word.format(data=data) for word in words]
        before = os.getloadavg()[0]
        guessed, calibration = estimate(typed, environment, folder)
        measured = truth(typed, environment, folder)
    line = {"configuration": name}
    ratios = {}
    for quantity in QUANTITIES:
        ratios[quantity] = guessed[quantity].ratio(measured[quantity])
        line[f"estimated_{quantity}"] = str(guessed[quantity])
        line[quantity] = f"{measured[quantity]:.4g}"
        line[f"ratio_{quantity}"] = f"{ratios[quantity]:.2f}"
    good = {quantity: 0.5 <= ratio <= 2 for quantity, ratio in ratios.items()}
    line["wall_within"] = "yes" if good.pop("wall_s") else "no"
    line["within_a_factor_of_two"] = "yes" if all(good.values()) else "no"
    line["calibration_s"] = str(calibration)
    line["load"] = f"{before:.0f} to {os.getloadavg()[0]:.0f}"
    line["command"] = " ".join(["al-bench run", *(word.format(data="$AL_BENCH_DATA") for word in words)])
    return line


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--only", action="append", metavar="NAME", help="this configuration (may be repeated)")
    parser.add_argument("--again", action="store_true", help="measure what the table has already, too")
    parser.add_argument("--list", action="store_true", help="name the configurations")
    parser.add_argument("--tiny", action="store_true", help="one small configuration, to test the script")
    parser.add_argument("--out", type=Path, default=TABLE, metavar="FILE", help="the table")
    asked = parser.parse_args()
    configurations = TINY if asked.tiny else CONFIGURATIONS
    if asked.list:
        print("\n".join(f"{name:<18} al-bench run {' '.join(words)}" for name, words in configurations.items()))
        return 0
    if unknown := set(asked.only or ()) - set(configurations):
        print(f"estimate_study: no configuration {sorted(unknown)[0]!r}; --list names them", file=sys.stderr)
        return 2
    for name in asked.only or configurations:
        lines = {}
        if asked.out.exists():
            with open(asked.out, newline="") as file:
                lines = {line["configuration"]: line for line in csv.DictReader(file)}
        if name in lines and not asked.again:
            continue
        lines[name] = row(name, configurations[name])
        with open(asked.out, "w", newline="") as file:
            writer = csv.DictWriter(file, COLUMNS, lineterminator="\n")
            writer.writeheader()
            writer.writerows(lines[each] for each in configurations if each in lines)
        print(" ".join(f"{key}={value}" for key, value in lines[name].items() if key != "command"), flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
