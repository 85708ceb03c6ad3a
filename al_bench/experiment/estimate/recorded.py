"""What rounds on record say of rounds to come: of the same run, or of one that differs in its seed alone.

Letters: L labelled points, s seconds of a round.
"""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from msgspec.structs import replace

from al_bench.config.schema import Reference, Schedule
from al_bench.errors import InputError
from al_bench.records import TUNE, RoundRecord, RunHeader
from al_bench.storage.identity import differences
from al_bench.storage.rounds import LENGTH_KEYS
from al_bench.storage.run_folder import RunFolder

GROWING = ("train", "select", "successor", TUNE)
"""The stages that may grow with the number of labelled points."""
ENOUGH = 3
"""Rounds from which a trend is read."""
LARGEST = 20_000_000
"""Bytes of a rounds.jsonl that is still read before a run."""
MOST_TRIED = 5
"""Former runs that are looked at."""


def seconds_of(record: RoundRecord) -> float:
    """s of a round."""
    return float(sum(record.seconds.values()))


def seconds_ahead(
    rounds: Sequence[RoundRecord], labels: Sequence[int], growing: Sequence[str] = GROWING, tuned_once: bool = False
) -> tuple[float, float] | None:
    """The seconds of rounds to come, the fewest and the most that can be expected; None where nothing tells.

    From `ENOUGH` rounds on it is the line s = a + b L with b ≥ 0 of least squares. From fewer, the fewest seconds are
    as many a round as in the last of them, and in the most the growing stages grow in proportion to L.

    Args:
        rounds: Oldest first, those whose networks came from the cache left out.
        labels: L of each round to come.
        growing: The stages that may grow with L.
        tuned_once: Whether round 0 alone tunes, so that its trials are in no later round.
    """
    if tuned_once:
        trials = sum(record.seconds.get(TUNE, 0.0) for record in rounds)
        rest = [replace(record, seconds=_without_trials(record)) for record in rounds]
        ahead_of_rest = seconds_ahead(rest, labels, growing)
        if ahead_of_rest is None or not labels or not any(r.labelled == labels[0] and r.round == 0 for r in rounds):
            return ahead_of_rest
        return ahead_of_rest[0] + trials, ahead_of_rest[1] + trials
    acquiring = [record for record in rounds if record.acquired is not None and record.seconds]
    if not acquiring or not labels:
        return (0.0, 0.0) if acquiring else None
    if len(acquiring) >= ENOUGH:
        counts = np.array([record.labelled for record in acquiring], dtype=float)
        taken = np.array([seconds_of(record) for record in acquiring])
        slope = 0.0
        if counts.var() > 0:
            slope = max(0.0, float(np.cov(counts, taken, bias=True)[0, 1] / counts.var()))
        ahead = float(sum(max(0.0, taken.mean() + slope * (count - counts.mean())) for count in labels))
        return ahead, ahead
    last = acquiring[-1]
    rising = sum(last.seconds.get(stage, 0.0) for stage in growing)
    steady = seconds_of(last) - rising
    most = sum(steady + rising * max(1.0, count / max(last.labelled, 1)) for count in labels)
    return seconds_of(last) * len(labels), most


def _without_trials(record: RoundRecord) -> dict[str, float]:
    """The seconds of a round without the trials of tuning."""
    return {stage: seconds for stage, seconds in record.seconds.items() if stage != TUNE}


def label_counts(initial: int, batch: int, at_end: int) -> list[int]:
    """L of every round."""
    return list(dict.fromkeys([*range(initial, at_end, batch), at_end])) if at_end > initial else [initial]


@dataclass(frozen=True)
class Plan:
    """The rounds of a run.

    Args:
        labels: L of every round, if nothing stops the run before.
        may_stop: Whether an accuracy or a stopping rule may end it before.
    """

    labels: tuple[int, ...]
    may_stop: bool = False

    @classmethod
    def of_record(cls, header: RunHeader) -> Plan | None:
        """That of a run on record; None where its header does not tell, as in the oldest records."""
        identity = header.identity or {}
        if header.reference == Reference.full.value:
            return cls((header.pool,)) if header.pool is not None else None
        if header.initial is None or header.pool is None or "schedule.batch" not in identity:
            return None
        keys = ("batch", "rounds", "budget", "stop_at_accuracy")
        values: dict[str, Any] = {key: identity.get(f"schedule.{key}") for key in keys}
        try:
            schedule = Schedule(**values)
            end = schedule.labels_at_end(len(header.initial), header.pool)
        except (InputError, TypeError):
            return None
        counts = tuple(label_counts(len(header.initial), schedule.batch, end))
        rule = header.choices.get("stopping") or "none"
        return cls(counts, schedule.stop_at_accuracy is not None or rule != "none")


def trained_here(header: RunHeader | None, rounds: Sequence[RoundRecord]) -> list[RoundRecord]:
    """The rounds whose networks this run has trained: all, but for a round 0 from the cache."""
    loaded = header is not None and bool((header.first_round or {}).get("loaded"))
    return [record for record in rounds if record.round > 0 or not loaded]


def peak_memory(rounds: Sequence[RoundRecord]) -> int:
    """The highest memory of some rounds, bytes; 0 where none was measured."""
    return max((value for record in rounds for value in record.peak_memory_bytes.values()), default=0)


ONE_A_ROUND = ("rounds.jsonl", "curve.csv", "run.log", "stop_set.bin", "predictions.bin")
"""The files of a run's folder that grow by the round."""


def folder_bytes(folder: Path, done: int, planned: int) -> float:
    """Bytes of a run's folder once it has all rounds.

    Args:
        folder: Of the run, or of a former one.
        done: Rounds that it has.
        planned: Rounds that the run will have.
    """
    files = [entry for entry in os.scandir(folder) if entry.is_file(follow_symlinks=False)]
    sizes = {entry.name: entry.stat().st_size for entry in files}
    by_round = sum(sizes.pop(name, 0) for name in ONE_A_ROUND)
    return sum(sizes.values()) + by_round * planned / max(done, 1)


def former_run(
    arm: Path,
    identity: Mapping[str, Any],
    components: Mapping[str, str],
    defaults: Mapping[str, Any],
    machine: Mapping[str, Any],
) -> RunFolder | None:
    """The latest run of an arm that says what another seed takes: the same keys on the same machine; None without one.

    Args:
        arm: The folder of the arm.
        identity, components, defaults: Of the run to come; see `al_bench.storage.identity.differences`.
        machine: Fields of a header that must be equal, such as the processor's name.
    """
    try:
        folders = sorted(arm.glob("seed-*/rounds.jsonl"), key=lambda path: path.stat().st_mtime, reverse=True)
    except OSError:
        return None
    for path in folders[:MOST_TRIED]:
        try:
            if path.stat().st_size > LARGEST:
                continue
            run = RunFolder(path.parent)
        except (InputError, OSError):  # a damaged one says nothing
            continue
        header = run.header
        if header is None or len(run.rounds) < ENOUGH:
            continue
        differing = differences(header, identity, components, defaults, leave_out=LENGTH_KEYS | {"seed"})
        if not differing and all(getattr(header, key) == value for key, value in machine.items()):
            return run
    return None
