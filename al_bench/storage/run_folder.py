"""A run on disk: one folder, readable without al-bench, from which an interrupted run goes on.

    header.json    what ran: seed, versions, commit, device, fingerprint of the data (written once)
    config.yaml    the resolved configuration
    rounds.jsonl   one JSON object a round, flushed and synced before the next round starts
    curve.csv      round, labelled, accuracy, nll, ece and the user's own metrics: for pandas
    status.json    running, complete, interrupted, or failed with its traceback
    run.log        the log
    predictions.bin  under evaluation.keep=probabilities only: the predictions for the test part
    stop_set.bin   the classes predicted for the stop set; none under evaluation.stop_set=0
    rescored.json  after al-bench rescore only: metrics computed of them
    weights-R.pt   under training.warm_start only: the weights after round R

The fields are in `al_bench.records`, the digests of the lines in `al_bench.storage.rounds`. Two runs of one
configuration on one machine write the same `rounds.jsonl`, apart from `seconds` and `peak_memory_bytes`.
"""

from __future__ import annotations

import contextlib
import csv
import io
import json
import os
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
from numpy.typing import NDArray

from al_bench.errors import InputError
from al_bench.pool import PoolState
from al_bench.records import RoundRecord, RunHeader
from al_bench.storage.archive import has_record, read_record
from al_bench.storage.files import MEGABYTE, atomic_write, write_text
from al_bench.storage.header import read_header, write_header
from al_bench.storage.identity import differences
from al_bench.storage.lock import Hold, locked
from al_bench.storage.predictions import NAME as PREDICTIONS
from al_bench.storage.predictions import StoredPredictions
from al_bench.storage.rescored import NAME as RESCORED
from al_bench.storage.rounds import (
    ALGORITHM,
    LENGTH_KEYS,
    DamagedRecordError,
    Rounds,
    chain_start,
    encode,
    read_rounds,
)
from al_bench.storage.stop_set import NAME as STOP_SET

CURVE = ("round", "labelled", "accuracy", "nll", "ece")
STATUS_LIMIT = 16 * MEGABYTE
"""Bytes of a status, a traceback included."""
STATUSES = ("running", "complete", "failed", "interrupted")


def read_status(folder: Path) -> dict[str, Any]:
    """What status.json says; nothing where it is missing or damaged: the rounds then say how far the run got."""
    try:
        status = json.loads(read_record(folder / "status.json", STATUS_LIMIT))
    except (OSError, ValueError, RecursionError):
        return {}
    return status if isinstance(status, dict) else {}


def _is_empty(path: Path) -> bool:
    """Whether a path is a file without a byte."""
    return path.is_file() and path.stat().st_size == 0


class RunFolder:
    """The folder of one run, its record parsed once.

    Args:
        path: The folder; there may be none yet.

    Attributes:
        header: What ran; None where nothing was recorded yet.
        rounds: The rounds on record, oldest first.
        hold_of_this: What this process holds the folder by; None where it does not.

    Raises:
        DamagedRecordError: the record is damaged.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        rounds_file = path / "rounds.jsonl"
        begun = has_record(rounds_file) and not _is_empty(rounds_file)
        # Without rounds nothing is lost: a header that a crash cut off is written anew.
        self.header = read_header(path) if begun else None
        if begun and self.header is None:
            raise DamagedRecordError(path, "header.json is missing")
        self._stored: Rounds = read_rounds(rounds_file, self.header)
        self.rounds: list[RoundRecord] = list(self._stored.records)
        self._digests = list(self._stored.digests)
        self._replacing = False
        self._predictions: StoredPredictions | None = None
        self.hold_of_this: Hold | None = None

    @classmethod
    @contextmanager
    def hold(cls, path: Path) -> Iterator[RunFolder]:
        """Make the folder, and hold it for one process.

        Raises:
            InputError: another process holds it.
            DamagedRecordError: the record is damaged.
        """
        with locked(path, "another process is running this") as hold:
            folder = cls(path)
            folder.hold_of_this = hold
            yield folder

    @property
    def finished(self) -> bool:
        """Whether the last round is on record: the one that acquires nothing."""
        return bool(self.rounds) and self.rounds[-1].acquired is None

    @property
    def status(self) -> str | None:
        """running, complete, interrupted, failed, or None where nothing has run."""
        status = read_status(self.path).get("status")
        return status if status in STATUSES else None

    @property
    def complete(self) -> bool:
        """Whether the run is done: it says so, and its last round is on record."""
        return self.status == "complete" and self.finished

    @property
    def protected(self) -> bool:
        """Whether every line on record has a digest, so that damage is seen."""
        return self._stored.protected == len(self._stored.records)

    def check(
        self,
        identity: Mapping[str, Any],
        components: Mapping[str, str],
        defaults: Mapping[str, Any] | None = None,
        lengths: bool = True,
    ) -> None:
        """Refuse a folder whose rounds were run under another configuration.

        Args:
            identity, components, defaults: See `al_bench.storage.identity.differences`.
            lengths: Whether another number of rounds or labels is a difference, too.

        Raises:
            InputError: naming the keys that differ.
        """
        if self.header is None or not self.rounds:
            return
        differing = differences(
            self.header, identity, components, defaults or {}, leave_out=() if lengths else LENGTH_KEYS
        )
        if differing:
            raise InputError(
                f"{self.path} holds a run of another configuration: {', '.join(differing[:6])} differ"
                f"{'s' if len(differing) == 1 else ''}; give this one a name with arm=… or study=…, "
                "or move the folder away"
            )

    def check_header(
        self, header: RunHeader, keys: Sequence[str] = ("fingerprint", "device", "features", "encoding", "pretrained")
    ) -> None:
        """Refuse to go on with other data or on another kind of device.

        Args:
            header: What the header would be now.
            keys: Those of it that are checked; one that the record lacks is no difference.

        Raises:
            InputError: naming what differs.
        """
        if self.header is None or not self.rounds:
            return
        for key, advice in (
            ("fingerprint", "the data are not those that the run began with"),
            ("device", "the run began on another device"),
            ("features", "the file of strategy.features is not the one that the run began with"),
            ("encoding", "the encoder gives other features than those that the run began with"),
            ("pretrained", "the pretrained weights are not those that the run began with"),
        ):
            now, before = getattr(header, key), getattr(self.header, key)
            if digest := {"encoding": "digest", "pretrained": "weights"}.get(key):
                now, before = (None if entry is None else entry.get(digest) for entry in (now, before))
            if key in keys and before is not None and before != now:
                raise InputError(
                    f"{self.path}: {key} is {now} and was {before}: {advice}; restore it, "
                    "or give this run a name with arm=… or study=…"
                )

    def begin(self, header: RunHeader, config: str) -> None:
        """Write header and config (YAML) of a new run, drop a torn last line, and mark the run as running."""
        if not self._stored.records:
            for name in (PREDICTIONS, RESCORED, STOP_SET):  # of a run whose rounds are gone
                (self.path / name).unlink(missing_ok=True)
            write_text(self.path / "config.yaml", config)
            self.header = msgspec.structs.replace(header, digests=ALGORITHM)
            write_header(self.path, self.header)
        if self._stored.torn:
            os.truncate(self.path / "rounds.jsonl", self._stored.ends[-1] if self._stored.ends else 0)
        if self._stored.records and not self._replacing:
            self.write_curve()  # a process that died between the two files left it a round behind
        self.mark("running")

    def same_length(self, identity: Mapping[str, Any]) -> bool:
        """Whether a configuration asks for as many rounds and labels as the record's did."""
        there = (self.header.identity if self.header else None) or {}
        return all(there.get(key) == identity.get(key) for key in LENGTH_KEYS)

    def extend(self, shared: int, header: RunHeader) -> None:
        """Go on from a run of another length: its first `shared` rounds stay, the next is run again and acquires.

        The rounds after the shared ones stay on disk until the first new one takes their place.
        """
        assert self.header is not None
        entry = {
            "from_labels": self.rounds[-1].labelled,
            "command": header.command,
            "commit": header.commit,
            "started": header.started,
        }
        lengths = {key: value for key, value in (header.identity or {}).items() if key in LENGTH_KEYS}
        identity = (self.header.identity or {}) | lengths  # no key that is newer: the chain of digests starts with it
        self.header = msgspec.structs.replace(self.header, identity=identity, extended=[*self.header.extended, entry])
        self._replacing = shared < len(self.rounds)
        self.rounds, self._digests = self.rounds[:shared], self._digests[:shared]
        if not self._replacing:
            write_header(self.path, self.header)

    def add_metrics(self, header: RunHeader) -> None:
        """Describe metrics of the user's own that the run did not have when it began."""
        known = self.header.own_metrics if self.header else {}
        if not header.own_metrics.keys() <= known.keys():
            self.amend(own_metrics=known | header.own_metrics)

    def amend(self, **details: Any) -> None:
        """Add to the header what is known only now, and is no part of the deterministic record."""
        assert self.header is not None
        self.header = msgspec.structs.replace(self.header, **details)
        write_header(self.path, self.header)

    def mark(self, status: str, **details: Any) -> None:
        """Write the status, with details such as a traceback."""
        write_text(self.path / "status.json", json.dumps({"status": status, **details}, indent=1) + "\n")

    def mark_ended(self, status: str, **details: Any) -> None:
        """Write how the run ended, as far as there is room for it; never raises.

        On a full disk there is room for the status alone, in the place of the old one.
        """
        try:
            self.mark(status, **details)
        except OSError:
            with contextlib.suppress(OSError), open(self.path / "status.json", "r+b", buffering=0) as file:
                file.write(f'{{"status": "{status}"}}\n'.encode())
                file.truncate()

    def append(self, record: RoundRecord) -> None:
        """Add one round to rounds.jsonl, on disk before this returns, and renew curve.csv.

        Raises:
            ValueError: a number is NaN or infinite.
            InputError: another machine has taken the run over.
        """
        if self.hold_of_this is not None:
            self.hold_of_this.check()
        assert self.header is not None
        line, digest = encode(record, self._digests[-1] if self._digests else chain_start(self.header))
        path = self.path / "rounds.jsonl"
        if self._replacing:
            kept = path.read_bytes()[: self._stored.ends[len(self.rounds) - 1] if self.rounds else 0]
            with atomic_write(path) as file:
                file.write(kept + line)
            self._replacing = False
            write_header(self.path, self.header)
        else:
            with open(path, "ab") as file:
                file.write(line)
                file.flush()
                os.fsync(file.fileno())
        self.rounds.append(record)
        self._digests.append(digest)
        self.write_curve()

    def store_predictions(self, round_: int, log_probs: NDArray[Any], labels: NDArray[np.int64]) -> None:
        """Add the predictions [N, C] of a round for the test part, whose classes are `labels` [N]."""
        assert self.header is not None
        if self._predictions is None:
            self._predictions = StoredPredictions(self.path, chain_start(self.header))
        self._predictions.append(round_, log_probs, labels)

    def write_curve(self) -> None:
        """Write curve.csv from the rounds."""
        own = list(dict.fromkeys(name for record in self.rounds for name in record.further_metrics))
        text = io.StringIO(newline="")
        writer = csv.writer(text)
        writer.writerow([*CURVE, *own])
        for record in self.rounds:
            further = record.further_metrics
            writer.writerow([*(getattr(record, name) for name in CURVE), *map(further.get, own)])
        with atomic_write(self.path / "curve.csv", sync=False) as file:
            file.write(text.getvalue().encode())

    def resume(self, start: PoolState) -> PoolState:
        """The state after the rounds on record, from the state of round 0."""
        state = start
        for record in self.rounds:
            if record.acquired is not None:
                state = state.acquire(record.acquired)
        return state
