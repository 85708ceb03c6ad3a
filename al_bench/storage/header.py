"""header.json: what ran, written once; only what is known later is added."""

from __future__ import annotations

import json
from pathlib import Path

import msgspec

from al_bench.records import SCHEMA, RunHeader
from al_bench.storage.archive import read_record
from al_bench.storage.files import MEGABYTE, write_text
from al_bench.storage.rounds import DamagedRecordError

LIMIT = 256 * MEGABYTE
"""Bytes of a header; its longest field has an index for each point labelled in round 0."""
SPARSE = frozenset(
    {
        "first_round",
        "own_code",
        "own_metrics",
        "encoding",
        "extended",
        "initial_items",
        "test_class_counts",
        "pretrained",
        "successor",
    }
)
"""Fields that a header has only where they say something."""


def read_header(folder: Path) -> RunHeader | None:
    """The header of a run's folder; None where there is none.

    Raises:
        DamagedRecordError: it is no header of a run, or of a schema that this al-bench does not read.
    """
    try:
        fields = msgspec.json.decode(read_record(folder / "header.json", LIMIT))
    except FileNotFoundError:
        return None
    except OSError as error:
        raise DamagedRecordError(folder, f"header.json cannot be read ({error.strerror})") from error
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise DamagedRecordError(folder, f"header.json cannot be read ({error})") from error
    if not isinstance(fields, dict):
        raise DamagedRecordError(folder, "header.json is not a JSON object")
    if fields.get("schema") != SCHEMA:
        raise DamagedRecordError(
            folder, f"header.json has schema {fields.get('schema')!r:.80}, this al-bench reads {SCHEMA}"
        )
    try:
        header = msgspec.convert(fields, RunHeader)
    except msgspec.ValidationError as error:
        raise DamagedRecordError(folder, f"header.json is no header of a run: {error}") from None
    items, points = header.initial_items, len(header.initial or ())
    if items is not None and len(items) != points:
        raise DamagedRecordError(folder, f"header.json has {len(items)} initial_items for {points} initial points")
    return header


def header_text(header: RunHeader) -> str:
    """A header as JSON."""
    fields = {key: value for key, value in msgspec.to_builtins(header).items() if key not in SPARSE or value}
    return json.dumps(fields, indent=1) + "\n"


def write_header(folder: Path, header: RunHeader) -> None:
    """Write the header of a run's folder."""
    write_text(folder / "header.json", header_text(header))
