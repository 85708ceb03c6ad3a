"""The archive of a setting: an archive of runs as every reader takes it, with what the page needs and little more.

Of each round it has the labels, accuracy and the metrics in `METRICS`, the labelled classes, seconds and memory by
stage. Left out are confusion matrices, metrics by class, health, what trainings did, scores, and the points picked: of
these there is a digest (`notes.picks`), so that the runs made again by the same command can be held against it. Also
left out are config.yaml (the keys that change results are in the header), paths and the host's name.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import msgspec

from al_bench.errors import InputError
from al_bench.records import RoundRecord
from al_bench.storage.archive import SUFFIX
from al_bench.storage.archiving import write_archive
from al_bench.storage.runs import Run, find_runs

METRICS = ("balanced_accuracy", "macro_f1")
"""Metrics beside accuracy, NLL and calibration that an archive has."""
DECIMALS = 6
"""Of NLL, calibration error and the further metrics; accuracy is as it was recorded."""


def archive_file(folder: Path, setting: str) -> Path:
    """The archive of a setting, or of what else has this name."""
    return folder / f"{setting}{SUFFIX}"


def write_setting(runs: Sequence[Run], root: Path, out: Path) -> None:
    """Write the archive of some complete runs; it takes the place of an older one.

    Args:
        runs: Below `root`.
        root: The folder of the benchmark's runs.
        out: The file.

    Raises:
        InputError: It cannot be written.
    """
    part = out.with_name(f".{out.stem}.part{SUFFIX}")
    part.unlink(missing_ok=True)
    out.parent.mkdir(parents=True, exist_ok=True)
    try:
        write_archive([compact(run) for run in runs], root, part, configurations=False)
        part.replace(out)
    finally:
        part.unlink(missing_ok=True)


def complete_runs(folder: Path) -> list[Run]:
    """The complete runs in a folder, none where it is missing."""
    if not folder.is_dir() or not any(folder.rglob("header.json")):
        return []
    return [run for run in find_runs([folder], lambda _: None) if run.complete]


def compact(run: Run) -> Run:
    """A run with what an archive of the benchmark has of it."""
    header = msgspec.structs.replace(run.header, health=None, initial_items=None, first_round=None)
    return replace(run, header=header, rounds=tuple(map(_compact_round, run.rounds)))


def _compact_round(record: RoundRecord) -> RoundRecord:
    rounded: dict[str, float | None] = {
        name: round(value, DECIMALS) for name in METRICS if (value := record.metrics.get(name)) is not None
    }
    return RoundRecord(
        round=record.round,
        labelled=record.labelled,
        accuracy=record.accuracy,
        nll=None if record.nll is None else round(record.nll, DECIMALS),
        ece=None if record.ece is None else round(record.ece, DECIMALS),
        metrics=rounded,
        class_counts=record.class_counts,
        candidates=record.candidates,
        acquired=None if record.acquired is None else [],
        notes={} if record.acquired is None else {"picks": picks_digest(record.acquired)},
        seconds={stage: round(value, 4) for stage, value in record.seconds.items()},
        peak_memory_bytes=record.peak_memory_bytes,
    )


def picks_digest(acquired: Sequence[int]) -> str:
    """16 hex digits over the dataset indices of a batch in the order picked."""
    return hashlib.blake2b(json.dumps(list(acquired)).encode(), digest_size=8).hexdigest()


def read_archives(folder: Path) -> dict[str, list[Run]]:
    """The runs of every archive in a folder, by the archive's name; that is, by setting, or a newcomer's name.

    Raises:
        InputError: There is no archive, or one is damaged.
    """
    files = sorted(folder.glob(f"*{SUFFIX}"))
    if not files:
        raise InputError(f"there is no archive in {folder}; run the benchmark first, or name its folder")
    return {file.stem: find_runs([file]) for file in files if not file.name.startswith(".")}
