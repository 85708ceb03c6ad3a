"""A run on disk: one folder, readable without al-bench, from which an interrupted run goes on.

    header.json    what ran: seed, versions, commit, device, fingerprint of the data (written once)
    config.yaml    the resolved configuration
    rounds.jsonl   one JSON object a round, flushed and synced before the next round starts
    curve.csv      round, labelled, accuracy, nll, ece: for pandas
    status.json    running, complete, interrupted, or failed with its traceback
    run.log        the log
    weights-R.pt   under training.warm_start only: the weights after round R

Two runs of one configuration on one machine write the same `rounds.jsonl`, apart from `seconds` and
`peak_memory_bytes`.
"""

from __future__ import annotations

import csv
import json
import os
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from filelock import FileLock, Timeout

from al_bench.errors import InputError
from al_bench.pool import PoolState

SCHEMA = 1
VOLATILE = ("seconds", "peak_memory_bytes")
"""The keys of a round that may differ between two runs of one configuration."""

CURVE = ("round", "labelled", "accuracy", "nll", "ece")


def write_whole(path: Path, text: str) -> None:
    """Write a file so that a reader sees the old content or the new, never a part."""
    part = path.with_name(f"{path.name}.part")
    with open(part, "w", encoding="utf-8") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())
    part.replace(path)


def read_rounds(path: Path) -> tuple[list[dict[str, Any]], int]:
    """The complete rounds of a rounds.jsonl, and the number of bytes they take; a torn last line is left out.

    Raises:
        InputError: a line other than the last is damaged, or the rounds are not 0, 1, 2, …
    """
    rounds: list[dict[str, Any]] = []
    kept = 0
    lines = path.read_bytes().splitlines(keepends=True) if path.exists() else []
    for number, line in enumerate(lines):
        try:
            entry = json.loads(line)
            whole = line.endswith(b"\n") and isinstance(entry, dict)
        except ValueError:
            whole = False
        if not whole and number == len(lines) - 1:
            break
        if not whole or entry.get("round") != number or entry.get("schema") != SCHEMA:
            raise InputError(
                f"{path}, line {number + 1}: not round {number} of a record of schema {SCHEMA}; "
                "the file is damaged: move the folder away and run again"
            )
        rounds.append(entry)
        kept += len(line)
    return rounds, kept


@dataclass
class RunFolder:
    """The folder of one run; `open` guards it against a second process."""

    path: Path

    @property
    def rounds(self) -> list[dict[str, Any]]:
        """The rounds on record, oldest first."""
        return read_rounds(self.path / "rounds.jsonl")[0]

    @property
    def finished(self) -> bool:
        """Whether the last round is on record: the one that acquires nothing."""
        rounds = self.rounds
        return bool(rounds) and rounds[-1]["acquired"] is None

    @property
    def status(self) -> str | None:
        """running, complete, interrupted, failed, or None where nothing has run."""
        try:
            return json.loads((self.path / "status.json").read_text())["status"]
        except (OSError, ValueError, KeyError):
            return None

    @property
    def complete(self) -> bool:
        """Whether the run is done: it says so, and its last round is on record."""
        return self.status == "complete" and self.finished

    @contextmanager
    def open(self, identity: dict[str, Any], components: Mapping[str, str]) -> Iterator[None]:
        """Hold the folder for one process.

        Args:
            identity, components: See `check`.

        Raises:
            InputError: another process holds it, or it holds a run of another configuration.
        """
        self.path.mkdir(parents=True, exist_ok=True)
        lock = FileLock(self.path / ".lock", blocking=False)
        try:
            lock.acquire()
        except Timeout:
            raise InputError(f"{self.path}: another process is running this; wait for it or stop it") from None
        try:
            self.check(identity, components)
            yield
        finally:
            lock.release()

    def check(self, identity: dict[str, Any], components: Mapping[str, str]) -> None:
        """Refuse a folder whose rounds were played under another configuration.

        A key or a component that the folder's al-bench did not know yet is no difference.

        Args:
            identity: The resolved configuration without what cannot change results, flat: key to value.
            components: Component to chosen option, such as strategy to bald; the header has them among its choices.

        Raises:
            InputError: naming the keys that differ.
        """
        header = self.path / "header.json"
        if not header.exists() or not self.rounds:
            return
        try:
            there = json.loads(header.read_text())
            old, chosen = dict(there["identity"]), dict(there.get("choices") or {})
        except (ValueError, KeyError, TypeError):
            raise InputError(f"{header} is damaged; move the folder away and run again") from None
        if there.get("reference") == "full":  # a record of before its strategy's keys were left out
            old = {key: value for key, value in old.items() if not key.startswith("strategy.")}
        new = {**json.loads(json.dumps(identity)), **components}
        old |= {group: chosen[group] for group in components if group in chosen}
        differing = [
            f"{key} (here {new.get(key, 'absent')}, there {old[key]})"
            for key in sorted(old)
            if key not in new or old[key] != new[key]
        ]
        if differing:
            raise InputError(
                f"{self.path} holds a run of another configuration: {', '.join(differing[:6])} differ"
                f"{'s' if len(differing) == 1 else ''}; give this one a name with arm=… or study=…, "
                "or move the folder away"
            )

    def check_header(self, header: dict[str, Any], keys: Sequence[str] = ("fingerprint", "device", "features")) -> None:
        """Refuse to go on with other data or on another kind of device.

        Args:
            header: What the header would be now.
            keys: Those of it that are checked.

        Raises:
            InputError: naming what differs.
        """
        path = self.path / "header.json"
        old = json.loads(path.read_text()) if path.exists() and self.rounds else header
        for key, advice in (
            ("fingerprint", "the data are not those that the run began with"),
            ("device", "the run began on another device"),
            ("features", "the file of strategy.features is not the one that the run began with"),
        ):
            if key in keys and key in old and old[key] != header.get(key):
                raise InputError(
                    f"{self.path}: {key} is {header.get(key)} and was {old.get(key)}: {advice}; restore it, "
                    "or give this run a name with arm=… or study=…"
                )

    def begin(self, header: dict[str, Any], config: str) -> None:
        """Write header and config (YAML) of a new run, drop a torn last line, and mark the run as running."""
        if not self.rounds:
            write_whole(self.path / "config.yaml", config)
            write_whole(self.path / "header.json", json.dumps({"schema": SCHEMA, **header}, indent=1) + "\n")
        rounds = self.path / "rounds.jsonl"
        if rounds.exists():
            found, kept = read_rounds(rounds)
            os.truncate(rounds, kept)
            self.write_curve(found)  # a process that died between the two files left it a round behind
        self.mark("running")

    def amend(self, **details: Any) -> None:
        """Add to the header what is known only now, and is no part of the deterministic record."""
        path = self.path / "header.json"
        write_whole(path, json.dumps(json.loads(path.read_text()) | details, indent=1) + "\n")

    def mark(self, status: str, **details: Any) -> None:
        """Write the status, with details such as a traceback."""
        write_whole(self.path / "status.json", json.dumps({"status": status, **details}, indent=1) + "\n")

    def append(self, entry: dict[str, Any]) -> None:
        """Add one round to rounds.jsonl, on disk before this returns, and renew curve.csv."""
        line = json.dumps({"schema": SCHEMA, **entry}, allow_nan=False, separators=(",", ":")) + "\n"
        with open(self.path / "rounds.jsonl", "ab") as file:
            file.write(line.encode())
            file.flush()
            os.fsync(file.fileno())
        self.write_curve(self.rounds)

    def write_curve(self, rounds: Sequence[dict[str, Any]]) -> None:
        """Write curve.csv from the rounds."""
        part = self.path / "curve.csv.part"
        with open(part, "w", newline="") as file:
            writer = csv.writer(file)
            writer.writerow(CURVE)
            writer.writerows([entry[key] for key in CURVE] for entry in rounds)
        part.replace(self.path / "curve.csv")

    def resume(self, start: PoolState) -> PoolState:
        """The state after the rounds on record, from the state of round 0."""
        state = start
        for entry in self.rounds:
            if entry["acquired"] is not None:
                state = state.acquire(entry["acquired"])
        return state
