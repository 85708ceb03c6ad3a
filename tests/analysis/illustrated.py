"""Synthetic records of real data: runs on scikit-learn's digits (or another set) whose picks can be shown."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from tests.analysis.records import write_run

DIGITS = "dataset:\n  test_fraction: 0.2\n  split_seed: 0\n"
DIGITS_FINGERPRINT = "c2d619c5633a1965"


def write_illustrated(
    root: Path,
    accuracy: Sequence[float | None],
    *,
    config: str = DIGITS,
    choice: str = "digits",
    fingerprint: str = DIGITS_FINGERPRINT,
    scores: bool = True,
    header: dict[str, Any] | None = None,
    rounds: dict[str, Any] | None = None,
    **options: Any,
) -> Path:
    """A run by `write_run`, with what a report shows: labels and scores of picks, configuration, provenance.

    `header` and `rounds` are added to the header and to every round. Point i of the pool has label i mod 10, and
    in round r the pick at place p has the score r + 0.5 − p / 100.
    """
    folder = write_run(root, accuracy, **options)
    head = json.loads((folder / "header.json").read_text())
    head |= {
        "class_names": [f"class {number}" for number in range(10)],
        "choices": {"dataset": choice, "strategy": head["strategy"], "model": "mlp"},
        "command": [f"strategy={head['strategy']}", f"seed={head['seed']}", f"study={head['study']}"],
        "fingerprint": fingerprint,
        "identity": {"model.hidden": [8, 8], "schedule.batch": 10, "seed": head["seed"], "training.steps": 300},
        "commit": "0" * 40, "dirty": False, "device": "cpu", "versions": {"torch": "2.14.1"},
        "started": "2026-01-01T00:00:00+0000",
        **(header or {}),
    }  # fmt: skip
    (folder / "header.json").write_text(json.dumps(head))
    (folder / "config.yaml").write_text(config)
    lines = []
    for text in (folder / "rounds.jsonl").read_text().splitlines():
        entry = json.loads(text)
        acquired = entry["acquired"] or []
        entry |= {
            "nll": 0.5, "ece": 0.1, "class_counts": [entry["labelled"] // 10] * 10, "notes": {},
            "acquired_labels": [index % 10 for index in acquired] or None,
            "scores": [entry["round"] + 0.5 - rank / 100 for rank in range(len(acquired))] if scores else None,
            "seconds": {"train": 0.1, "evaluate": 0.1, "score": 0.1, "select": 0.1},
            **(rounds or {}),
        }  # fmt: skip
        lines.append(json.dumps(entry) + "\n")
    (folder / "rounds.jsonl").write_text("".join(lines))
    return folder
