"""A record without the names of items: for a page or a file that others may see.

What the user calls the items labelled is in `acquired_items` and `initial_items`, and where he named the initial set by
`initial.rows` also in the identity, in the command and in an arm that has no other name.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import msgspec

from al_bench.errors import InputError
from al_bench.records import RoundRecord, RunHeader
from al_bench.storage.runs import Run

ROWS = "initial.rows"
"""The key whose value names items."""
LEFT_OUT = "…"


def refuse_items_in_arms(runs: Sequence[Run], option: str) -> None:
    """Refuse runs whose arm is named by items.

    Args:
        runs: The runs.
        option: What asks for leaving them out, to begin the message with.

    Raises:
        InputError: naming the folder, not the arm.
    """
    for run in runs:
        if f"{ROWS.rpartition('.')[2]}=" in run.arm and (run.header.identity or {}).get(ROWS) is not None:
            raise InputError(
                f"{option}: the name of the arm in {run.folder.parent} holds items ({ROWS} was typed without arm=…); "
                "run it under a name of its own, such as arm=named, or leave that folder out"
            )


def without_items(run: Run) -> Run:
    """A run whose header and rounds name no item."""
    return replace(run, header=header_without_items(run.header), rounds=tuple(map(round_without_items, run.rounds)))


def header_without_items(header: RunHeader) -> RunHeader:
    """A header that names no item."""
    identity, command = header.identity, header.command
    if identity is not None and identity.get(ROWS) is not None:
        identity = identity | {ROWS: LEFT_OUT}
    if command is not None:
        command = [f"{ROWS}={LEFT_OUT}" if word.lstrip("+").startswith(f"{ROWS}=") else word for word in command]
    return msgspec.structs.replace(header, identity=identity, command=command, initial_items=None)


def round_without_items(record: RoundRecord) -> RoundRecord:
    """A round that names no item."""
    return msgspec.structs.replace(record, acquired_items=None)
