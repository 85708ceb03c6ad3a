"""TOML files read into typed structures; what is wrong with a file is said in one line with the key."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any, TypeVar

import msgspec

from al_bench.errors import InputError
from al_bench.storage.files import MEGABYTE, read_regular

LIMIT = 16 * MEGABYTE
"""Bytes of a file."""

T = TypeVar("T")


def read_toml(path: Path, kind: type[T]) -> T:
    """The contents of a TOML file as `kind`.

    Args:
        path: The file, UTF-8.
        kind: A `msgspec.Struct`, whose fields are the file's keys.

    Raises:
        InputError: the file is no TOML, or a key is unknown, missing or of another type; the message names both.
    """
    try:
        tables = msgspec.toml.decode(read_regular(path, LIMIT).decode())
    except OSError as error:
        raise InputError(f"{path} cannot be read: {error.strerror}") from error
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise InputError(f"{path}: not TOML: {error}") from error
    return convert(tables, kind, str(path))


def convert(tables: dict[str, Any], kind: type[T], where: str) -> T:
    """Tables of plain values as `kind`.

    Args:
        tables: As read from a file.
        kind: A `msgspec.Struct`.
        where: How a message begins, such as the file's path.

    Raises:
        InputError: a key is unknown, missing or of another type, such as `FILE: $.claim[3].trget: unknown field`.
    """
    try:
        return msgspec.convert(tables, kind)
    except msgspec.ValidationError as error:
        raise InputError(f"{where}: {_key_and_fault(str(error))}") from error


def _key_and_fault(message: str) -> str:
    """The message of a `msgspec.ValidationError` with the key first."""
    fault, _, key = message.partition(" - at ")
    key = key.replace("`", "") or "$"
    if match := re.fullmatch(r"Object contains unknown field `(.+)`", fault):
        return f"{key}.{match[1]}: unknown field"
    if match := re.fullmatch(r"Object missing required field `(.+)`", fault):
        return f"{key}.{match[1]}: missing"
    return f"{key}: {fault[0].lower()}{fault[1:]}".replace("`", "")
