"""Presets and runs with a planted truth."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from al_bench.records import RoundRecord, RunHeader
from al_bench.reproduce.preset import Claim, Preset
from al_bench.reproduce.presets import from_tables
from al_bench.storage.runs import Run


def run(arm: str, seed: int, labels: Sequence[int], accuracy: Sequence[float | None], **more: Any) -> Run:
    """A complete run; class_counts may be given as a list of one list a round."""
    counts = more.get("class_counts", [[]] * len(labels))
    rounds = tuple(
        RoundRecord(round=number, labelled=count, accuracy=value, acquired=None, class_counts=classes)
        for number, (count, value, classes) in enumerate(zip(labels, accuracy, counts, strict=True))
    )
    header = RunHeader(study="s", dataset="d", arm=arm, seed=seed, strategy=more.get("strategy", arm))
    return Run(Path(arm) / f"seed-{seed}", header, "complete", rounds, False)


def flat(arm: str, values: Sequence[float], labels: Sequence[int] = (50, 100, 150), **more: Any) -> dict[int, Run]:
    """Runs whose accuracy (per cent) is the same at all labels, one a seed."""
    return {seed: run(arm, seed, labels, [value / 100] * len(labels), **more) for seed, value in enumerate(values)}


def rising(arm: str, crossing: Sequence[float], top: float = 400) -> dict[int, Run]:
    """Runs that rise linearly in labels and reach 90 % at `crossing`, one a seed; they end at `top`."""
    labels = list(range(20, int(top) + 1, 10))
    return {
        seed: run(arm, seed, labels, [min(0.9 + 0.001 * (count - at), 1.0) for count in labels])
        for seed, at in enumerate(crossing)
    }


def preset(claim: dict[str, Any], arms: Sequence[str] = ("one", "other"), **more: Any) -> Preset:
    """A preset with one claim; further or other tables of its file may be given."""
    size = {"seeds": [0, 1, 2], "minutes": 1, "basis": "none", "departures": ["small"]}
    tables = {
        "paper": "A paper",
        "dataset": "d",
        "arm": [{"name": arm, "overrides": [f"strategy={arm}"]} for arm in arms],
        "scale": dict.fromkeys(("paper", "laptop", "smoke"), size),
        "claim": [{"id": "it", "text": "It is so", "source": "here", **claim}] if claim else [],
        **more,
    }
    return from_tables(tables, "planted")


def claim(**keys: Any) -> Claim:
    """The claim of such a preset."""
    return preset(keys).claims[0]
