"""Whether a record was run with the code of the user's own components as it is now."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from al_bench.errors import InputError
from al_bench.storage.run_folder import RunFolder

UNKNOWN = "the record does not say which code of your own it was run with, so it is not compared"


def is_unknown(folder: RunFolder, own_code: Mapping[str, Any] | None) -> bool:
    """Whether a run has code of the user's own and its record, of an older version, does not say which.

    Args:
        folder: The record.
        own_code: What `al_bench.config.own_code` gives for the components of now.
    """
    return own_code is not None and folder.header is not None and bool(folder.rounds) and folder.header.own_code is None


def check_own_code(folder: RunFolder, own_code: Mapping[str, Any] | None) -> None:
    """Refuse a folder whose rounds were run with other code of the user's own; of older records it is not known.

    Args:
        folder, own_code: See `is_unknown`.

    Raises:
        InputError: naming the files that differ.
    """
    if folder.header is None or not folder.rounds or folder.header.own_code is None:
        return
    if changes := changed_files(folder.header.own_code, own_code or {}):
        raise InputError(
            f"{folder.path} was run with other code of your own: {', '.join(changes[:6])}; restore it, give this run a "
            "name with arm=…, or move the folder away (a changed comment counts, too)"
        )


def changed_files(before: Mapping[str, Any], now: Mapping[str, Any]) -> list[str]:
    """What differs between two states of a user's own code, one phrase a file, sorted.

    Args:
        before, now: With the key files: path to digest.
    """
    there, here = before.get("files", {}), now.get("files", {})
    return [
        f"{path} {'has changed' if path in there and path in here else 'is new' if path in here else 'is gone'}"
        for path in sorted(there.keys() | here.keys())
        if there.get(path) != here.get(path)
    ]
