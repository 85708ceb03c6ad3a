"""The lines of rounds.jsonl: one JSON object a round, each protected by a digest that is chained over the lines.

A line is its fields as JSON, then `digest`, then the two fields that differ between equal runs:

    {"schema":1,"round":0,…,"digest":"…","seconds":{…,"check":"…"},"peak_memory_bytes":{…,"check":"…"}}

The digest of line r is BLAKE2b over the digest of line r − 1 and the bytes of line r that come before `digest`; line 0
follows `chain_start`, which stands for the configuration and the data. So a changed, lost, moved or foreign line does
not fit, and equal runs have equal bytes there. `check` is a CRC-32 over the line's digest and the values beside it.
A last line that was cut off by a crash (no line end, or no JSON) is left out: its round is run again.
Lines of versions that wrote no digests are read as they are; where such a record goes on, the first new digest covers
the old lines, too.
"""

from __future__ import annotations

import hashlib
import json
import zlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import msgspec

from al_bench.errors import InputError
from al_bench.records import MEASURED, SCHEMA, RoundRecord, RunHeader
from al_bench.storage.archive import read_record
from al_bench.storage.files import MEGABYTE

LIMIT = 1024 * MEGABYTE
"""Bytes of a rounds.jsonl."""

ALGORITHM = "blake2b"
"""What a header's `digests` says where every line has a digest."""

LENGTH_KEYS = frozenset({"schedule.rounds", "schedule.budget"})
"""The keys of a run's identity that say how long it is: a longer run goes on from a shorter one."""

SPARSE = (
    *("metrics", "class_metrics", "confusion", "class_results", "acquired_items", "validation_accuracy"),
    *("stop_set", "stopped_by", "annotation", "successor", "tuning"),
)
"""Fields that a line has only where they say something."""

_DIGEST, _MEASURED = b',"digest":"', b',"seconds":{'


class DamagedRecordError(InputError):
    """A record that cannot be read; the message names its folder, the fault and what to do."""

    def __init__(self, folder: Path, fault: str) -> None:
        super().__init__(f"{folder}: {fault}; restore the file, or move the folder away and run again")


@dataclass(frozen=True)
class Rounds:
    """The content of a rounds.jsonl.

    Args:
        records: The intact rounds, oldest first.
        ends: Byte at which each of them ends in the file.
        digests: The chain's digest after each of them.
        torn: Whether a last line was left out because it had been cut off.
        protected: How many lines have a digest of their own.
    """

    records: tuple[RoundRecord, ...] = ()
    ends: tuple[int, ...] = ()
    digests: tuple[str, ...] = ()
    torn: bool = False
    protected: int = 0


def chain_start(header: RunHeader) -> str:
    """The digest that line 0 follows: of the header's identity, without how long the run is, and of the data."""
    identity = {key: value for key, value in (header.identity or {}).items() if key not in LENGTH_KEYS}
    text = json.dumps([identity, header.fingerprint], sort_keys=True)
    return hashlib.blake2b(text.encode(), digest_size=16).hexdigest()


def encode(record: RoundRecord, before: str) -> tuple[bytes, str]:
    """A round as a line, and the chain's digest after it.

    Args:
        before: The digest of the line before.

    Raises:
        ValueError: a number is NaN or infinite, which JSON cannot hold.
    """
    fields: dict[str, Any] = msgspec.to_builtins(record)
    measured = {name: fields.pop(name) for name in MEASURED}
    for name in SPARSE:
        if fields[name] is None or fields[name] in ({}, []):
            del fields[name]
    stable = _dump(fields)[:-1].encode()
    digest = _chained(before, stable)
    tail = {"digest": digest}
    tail |= {name: values | {"check": _check(digest, values)} for name, values in measured.items()}
    return stable + b"," + _dump(tail)[1:].encode() + b"\n", digest


def read_rounds(path: Path, header: RunHeader | None) -> Rounds:
    """The rounds of a rounds.jsonl, each line checked.

    Args:
        path: The file; there may be none.
        header: Of the run; it says where the chain starts and whether every line must have a digest.

    Raises:
        DamagedRecordError: a line other than a torn last one is damaged, foreign, lost or out of order.
    """
    try:
        lines = read_record(path, LIMIT).split(b"\n")
    except (FileNotFoundError, NotADirectoryError):  # nothing has run, or nothing can: whoever makes the folder says so
        lines = [b""]
    except OSError as error:
        raise DamagedRecordError(path.parent, f"rounds.jsonl cannot be read ({error.strerror})") from error
    unfinished = lines.pop()  # empty where the file ends in a line end
    records: list[RoundRecord] = []
    ends: list[int] = []
    digests: list[str] = []
    before, end, protected = chain_start(header) if header else "", 0, 0
    for number, line in enumerate(lines, start=1):
        try:
            fields = msgspec.json.decode(line)
        except RecursionError:
            raise DamagedRecordError(path.parent, f"line {number} of rounds.jsonl is nested too deeply") from None
        except (msgspec.DecodeError, UnicodeDecodeError):
            if number == len(lines) and not unfinished:  # a torn page may still end in a line end
                return Rounds(tuple(records), tuple(ends), tuple(digests), True, protected)
            raise DamagedRecordError(path.parent, f"line {number} of rounds.jsonl is not JSON") from None
        stable, digest = _parts(line)
        chained = _chained(before, stable)
        try:
            record = _record(fields, records)
            if digest is not None or (header is not None and header.digests):
                _verify(fields, chained)
                protected += 1
        except ValueError as error:
            raise DamagedRecordError(path.parent, f"line {number} of rounds.jsonl {error}") from None
        records.append(record)
        before, end = chained, end + len(line) + 1
        ends.append(end)
        digests.append(before)
    return Rounds(tuple(records), tuple(ends), tuple(digests), bool(unfinished), protected)


def _record(fields: Any, before: Sequence[RoundRecord]) -> RoundRecord:
    """A round from its JSON; ValueError with the end of a sentence where it is none, or does not follow the others."""
    if not isinstance(fields, dict):
        raise ValueError("is not a JSON object")
    if fields.get("schema") != SCHEMA:
        raise ValueError(f"has schema {fields.get('schema')!r:.80}, this al-bench reads {SCHEMA}")
    for name in MEASURED:
        if isinstance(values := fields.get(name), dict):
            fields[name] = {key: value for key, value in values.items() if key != "check"}
            fields.setdefault("checks", {})[name] = values.get("check")
    try:
        record = msgspec.convert(fields, RoundRecord)
    except msgspec.ValidationError as error:
        raise ValueError(f"is no round of a run: {error}") from None
    for name in ("acquired_items", "acquired_labels", "scores"):
        values = getattr(record, name)
        if values is not None and len(values) != len(record.acquired or ()):
            raise ValueError(f"has {len(values)} {name} for {len(record.acquired or ())} points acquired")
    if record.round != len(before):
        raise ValueError(f"has round {record.round} where {len(before)} follows")
    if before and record.labelled <= before[-1].labelled:
        raise ValueError(f"has labelled {record.labelled}, not more than the round before")
    return record


def _verify(fields: Mapping[str, Any], chained: str) -> None:
    """ValueError where a line's digest or checks are missing or do not fit."""
    if fields.get("digest") is None:
        raise ValueError("has no digest, which its header promises")
    if fields["digest"] != chained:
        raise ValueError("does not fit its digest: it was changed, or is of another run, or a line before it is lost")
    for name in MEASURED:
        values = fields.get(name)
        if not isinstance(values, dict) or fields.get("checks", {}).get(name) != _check(chained, values):
            raise ValueError(f"has {name} that do not fit their check")


def _parts(line: bytes) -> tuple[bytes, bytes | None]:
    """The bytes that a line's digest covers, and the rest from the digest on; None where it has no digest."""
    if (at := line.rfind(_DIGEST)) >= 0:
        return line[:at], line[at:]
    at = line.rfind(_MEASURED)
    return (line[:at] if at >= 0 else line), None


def _chained(before: str, stable: bytes) -> str:
    return hashlib.blake2b(before.encode() + stable, digest_size=16).hexdigest()


def _check(digest: str, values: Mapping[str, Any]) -> str:
    return f"{zlib.crc32(f'{digest}{_dump(values)}'.encode()):08x}"


def _dump(fields: Mapping[str, Any]) -> str:
    return json.dumps(fields, allow_nan=False, separators=(",", ":"))
