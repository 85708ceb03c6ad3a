"""Which training fits the fine-tuning of a small transformer with few labels, and what it gains over frozen features.

    python scripts/finetune_study.py --texts trec6_train.csv --test trec6_test.csv --out results/finetuning.csv
    python scripts/finetune_study.py --images cifar10_600 --out results/finetuning.csv

Each configuration differs from the preset (`model=minilm`, which implies `training=finetune_text`, or
`model=efficientnet_lite0` at 64 pixels, which implies `training=finetune_images`) in one thing; `frozen` is the linear
model on the same network's frozen features. Labels are random, and under one seed the same for all configurations.
One row a run: the accuracy on the test part, and the seconds of training. The images are the first 600 of CIFAR-10's
data_batch_1 as PNG files in a folder for each class; a fifth of them is the test part.
"""

from __future__ import annotations

import argparse
import csv
import json
import subprocess
import sys
import tempfile
from pathlib import Path

TUNED = ["model=minilm"]
TEXTS = {
    "frozen": ["encoder=minilm"],
    "preset": TUNED,
    "lr=3e-5": [*TUNED, "training.lr=3e-5"],
    "lr=3e-4": [*TUNED, "training.lr=3e-4"],
    "epochs=5": [*TUNED, "training.epochs=5"],
    "pooling=classifier": [*TUNED, "model.pooling=classifier"],
    "dropout_body=0.1": [*TUNED, "model.dropout_body=0.1", "posterior=deterministic"],
}
NETWORK = ["model=efficientnet_lite0", "model.size=64"]
IMAGES = {
    "frozen": ["encoder=efficientnet_lite0", "encoder.size=64"],
    "preset": NETWORK,
    "lr=1e-4": [*NETWORK, "training.lr=1e-4"],
    "lr=1e-3": [*NETWORK, "training.lr=1e-3"],
    "batch_statistics=true": [*NETWORK, "model.batch_statistics=true"],
}
FIELDS = ("dataset", "configuration", "labels", "seed", "accuracy", "train_seconds")


def measure(words: list[str], folder: Path, labels: int, seed: int) -> tuple[float, float]:
    """Accuracy after one training on so many random labels, and the seconds that it took."""
    command = [sys.executable, "-m", "al_bench", "run", *words, "strategy=random", "schedule.rounds=1"]
    command += [f"initial.size={labels}", f"seed={seed}", "arm=study", f"results={folder}", "evaluation.stop_set=0"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise SystemExit(done.stderr)
    record = next(folder.rglob(f"seed-{seed}/rounds.jsonl"))
    line = json.loads(record.read_text().splitlines()[-1])
    return float(line["accuracy"]), float(line["seconds"]["train"])


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    kind = parser.add_mutually_exclusive_group(required=True)
    kind.add_argument("--texts", type=Path, help="a table of texts")
    kind.add_argument("--images", type=Path, help="a folder with a folder of images for each class")
    parser.add_argument("--test", type=Path, help="a table of texts, the test part")
    parser.add_argument("--out", type=Path, required=True, help="CSV to which rows are added that it has not")
    parser.add_argument("--labels", type=int, nargs="+", default=[100])
    parser.add_argument("--seeds", type=int, nargs="+", default=[0, 1, 2])
    parser.add_argument("--only", nargs="+", help="configurations; without it all")
    asked = parser.parse_args()
    path = asked.images or asked.texts
    name = path.name.partition("_")[0]
    data = [f"dataset={'images' if asked.images else 'text'}", f"dataset.path={path}"]
    data += [f"dataset.test_path={asked.test}"] if asked.test else []
    configurations = IMAGES if asked.images else TEXTS
    rows = list(csv.DictReader(asked.out.open())) if asked.out.exists() else []
    known = {(row["dataset"], row["configuration"], row["labels"], row["seed"]) for row in rows}
    for labels in asked.labels:
        for configuration in asked.only or configurations:
            for seed in asked.seeds:
                key = (name, configuration, str(labels), str(seed))
                if key in known:
                    continue
                with tempfile.TemporaryDirectory() as folder:
                    words = [*data, *configurations[configuration]]
                    accuracy, seconds = measure(words, Path(folder), labels, seed)
                rows.append(dict(zip(FIELDS, (*key, f"{accuracy:.4f}", f"{seconds:.1f}"), strict=True)))
                print(*rows[-1].values(), flush=True)
                with asked.out.open("w", newline="") as file:
                    writer = csv.DictWriter(file, FIELDS, lineterminator="\n")
                    writer.writeheader()
                    writer.writerows(rows)


if __name__ == "__main__":
    main()
