"""Simulated people, who fill batches from labels that al-bench query does not see, and real data to label."""

from __future__ import annotations

import csv
import io
from collections.abc import Mapping
from pathlib import Path

import numpy as np
import pandas as pd
import sklearn.datasets
from PIL import Image

from tests.sentences import described_sentences


def read_batch(path: Path) -> list[dict[str, str]]:
    """The rows of a batch's file."""
    return list(csv.DictReader(io.StringIO(path.read_text(encoding="utf-8-sig"), newline="")))


def items_of(path: Path) -> list[str]:
    """The items of a batch, in the order shown."""
    return [row["item"] for row in read_batch(path)]


def write_batch(path: Path, rows: list[dict[str, str]]) -> None:
    """Save a batch's file, as a careful program does."""
    text = io.StringIO()
    writer = csv.DictWriter(text, list(rows[0]))
    writer.writeheader()
    writer.writerows(rows)
    path.write_text(text.getvalue(), encoding="utf-8-sig")


def fill(path: Path, truth: Mapping[str, str], most: int | None = None) -> None:
    """Label the rows of a batch, or the first so many."""
    rows = read_batch(path)
    for row in rows[:most]:
        row["label"] = truth[row["item"]]
    write_batch(path, rows)


def write_images(count: int = 300, test: int = 100) -> dict[str, str]:
    """photos/scan-NNNN.png of scikit-learn's digits, test.csv naming the last of them, labels.csv the others.

    Returns:
        Item to label.
    """
    digits = sklearn.datasets.load_digits()
    Path("photos").mkdir()
    rows = []
    for number in range(count + test):
        name = f"scan-{number:04d}.png"
        Image.fromarray((digits.images[number] * 15).astype(np.uint8)).save(Path("photos", name))
        rows.append({"file": name, "label": f"d{digits.target[number]}"})
    pd.DataFrame(rows[:count]).to_csv("labels.csv", index=False)
    pd.DataFrame(rows[count:]).to_csv("test.csv", index=False)
    return {row["file"]: row["label"] for row in rows}


def write_texts() -> dict[str, str]:
    """pool.csv of sentences of scikit-learn's descriptions, full.csv with their labels, test.csv of other sentences."""
    rows = described_sentences()
    order = np.random.default_rng(0).permutation(len(rows))
    return _write_tables(pd.DataFrame([rows[row] for row in order]), "about", 30)


def write_table() -> dict[str, str]:
    """pool.csv of scikit-learn's 569 biopsies, full.csv with their labels, test.csv of others."""
    frame = sklearn.datasets.load_breast_cancer(as_frame=True).frame
    frame["target"] = frame["target"].map({0: "malignant", 1: "benign"})
    return _write_tables(frame.rename(columns={"target": "tumour"}), "tumour", 169)


def _write_tables(frame: pd.DataFrame, label: str, test: int) -> dict[str, str]:
    train = frame[:-test]
    frame[-test:].to_csv("test.csv", index=False)
    train.to_csv("full.csv", index=False)
    train.drop(columns=label).to_csv("pool.csv", index=False)
    return {f"row-{row}": name for row, name in enumerate(train[label])}
