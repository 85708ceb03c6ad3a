"""rescored.json: metrics computed of a run's stored predictions after it had ended, beside its record.

    {"schema": 1, "metrics": {NAME: {"description": {"label": …}, "values": {"0": 0.91, …}}}, "digest": …}

The record itself stays as it is; readers take a round's value from here where the round has none. The digest covers
what the run is, too: a file of another run is refused.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec

from al_bench.records import Measure
from al_bench.storage.archive import read_record
from al_bench.storage.files import MEGABYTE, write_text
from al_bench.storage.rounds import DamagedRecordError, chain_start

if TYPE_CHECKING:
    from al_bench.storage.runs import Run

NAME = "rescored.json"
LIMIT = 64 * MEGABYTE
SCHEMA = 1


class Rescored(msgspec.Struct, frozen=True):
    """One metric.

    Args:
        description: As a header has it of a metric of the user's own; empty for one of al-bench's.
        values: Round to value; None where the metric has none.
    """

    description: dict[str, Any] = {}
    values: dict[int, Measure | None] = {}


class _File(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    digest: str
    schema: int = SCHEMA
    metrics: dict[str, Rescored] = {}


def read_rescored(folder: Path, start: str) -> dict[str, Rescored]:
    """The metrics of a folder's rescored.json by name; none where there is no such file.

    Args:
        folder: Of a run.
        start: `rounds.chain_start` of its header.

    Raises:
        DamagedRecordError: it is damaged, or of another run.
    """
    try:
        file = msgspec.json.decode(read_record(folder / NAME, LIMIT), type=_File)
    except FileNotFoundError:
        return {}
    except OSError as error:
        raise DamagedRecordError(folder, f"{NAME} cannot be read ({error.strerror})") from error
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise DamagedRecordError(folder, f"{NAME} cannot be read ({error})") from error
    if file.digest != _digest(start, file.metrics):
        raise DamagedRecordError(folder, f"{NAME} does not fit its digest: it was changed, or is of another run")
    return file.metrics


def write_rescored(folder: Path, start: str, metrics: Mapping[str, Rescored]) -> None:
    """Write the metrics of a folder's rescored.json, all anew."""
    content = _File(_digest(start, metrics), SCHEMA, dict(metrics))
    write_text(folder / NAME, msgspec.json.format(msgspec.json.encode(content), indent=1).decode() + "\n")


def with_rescored(run: Run) -> Run:
    """A run with what its rescored.json adds."""
    added = read_rescored(run.folder, chain_start(run.header))
    if not added:
        return run
    rounds = []
    for record in run.rounds:
        values = {name: metric.values.get(record.round) for name, metric in added.items()}
        missing = {name: value for name, value in values.items() if value is not None and record.metric(name) is None}
        rounds.append(msgspec.structs.replace(record, metrics=record.metrics | missing))
    own = {name: metric.description for name, metric in added.items() if metric.description}
    header = msgspec.structs.replace(run.header, own_metrics=own | run.header.own_metrics)
    return replace(run, header=header, rounds=tuple(rounds))


def _digest(start: str, metrics: Mapping[str, Rescored]) -> str:
    plain = json.dumps(msgspec.to_builtins(dict(metrics), str_keys=True), sort_keys=True)
    return hashlib.blake2b((start + plain).encode(), digest_size=16).hexdigest()
