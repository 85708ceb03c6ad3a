"""Synthetic records, written as the runner writes them."""

from __future__ import annotations

import json
import math
from collections.abc import Sequence
from pathlib import Path
from typing import Any


def readable(value: object) -> str:
    """A parameter as part of a test's id: what was typed, or what is expected."""
    text = " ".join(map(str, value)) if isinstance(value, list | tuple) else str(value)
    return text[:50] or "nothing"


def write_run(
    root: Path,
    accuracy: Sequence[float | dict[str, Any] | None],
    *,
    study: str = "study",
    dataset: str = "digits",
    arm: str = "bald",
    strategy: str = "",
    seed: int = 0,
    start: int = 20,
    batch: int = 10,
    status: str = "complete",
    reference: str = "none",
    tail: str = "",
    **further: Any,
) -> Path:
    """Write one run under `root`; `tail` is appended to rounds.jsonl as it is (a torn line, say).

    In place of an accuracy may stand all fields of the round that differ; `further` are fields of the header.
    """
    folder = root / study / dataset / arm / f"seed-{seed}"
    folder.mkdir(parents=True)
    header = {
        "schema": 1, "study": study, "dataset": dataset, "arm": arm, "seed": seed,
        "strategy": strategy or arm.split(",")[0], "reference": reference, "classes": 10,
    }  # fmt: skip
    (folder / "header.json").write_text(json.dumps(header | further))
    (folder / "status.json").write_text(json.dumps({"status": status}))
    lines = []
    for number, value in enumerate(accuracy):
        last = number == len(accuracy) - 1
        labelled = start + number * batch
        entry = {
            "schema": 1, "round": number, "labelled": labelled, "accuracy": None,
            "acquired": None if last else list(range(labelled, labelled + batch)),
            "scores": None, "seconds": {"train": 0.1}, "peak_memory_bytes": {},
        }  # fmt: skip
        entry |= value if isinstance(value, dict) else {"accuracy": value}
        lines.append(json.dumps(entry) + "\n")
    (folder / "rounds.jsonl").write_text("".join(lines) + tail)
    return folder


def saturating(top: float, rate: float, rounds: int, shift: float = 0.0) -> list[float]:
    """A learning curve that rises to `top`, for pictures."""
    return [round(top - (top - 0.45) * math.exp(-rate * r) + shift, 4) for r in range(rounds)]
