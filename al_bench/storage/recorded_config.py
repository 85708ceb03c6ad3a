"""config.yaml of a run's folder, parsed as plain values: nothing that it names is imported, called or resolved."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import yaml  # type: ignore[import-untyped]

from al_bench.errors import InputError
from al_bench.storage.archive import read_record
from al_bench.storage.files import MEGABYTE

LIMIT = MEGABYTE
"""Bytes of a configuration."""


class _Loader(yaml.SafeLoader):
    """YAML's plain types only; an alias is refused, since a few lines of them stand for gigabytes."""

    def compose_node(self, parent: Any, index: Any) -> Any:
        if self.check_event(yaml.AliasEvent):
            raise yaml.constructor.ConstructorError(None, None, "it holds an alias, which no record does")
        return super().compose_node(parent, index)


def parse_yaml(text: str) -> Any:
    """The content of a YAML text as dicts, lists, texts, numbers, true, false and null.

    Raises:
        ValueError: It is no such YAML; a tag of another type (`!!python/…`) or an alias is none.
    """
    try:
        return yaml.load(text, Loader=_Loader)
    except yaml.YAMLError as error:
        raise ValueError(" ".join(str(error).split())) from error
    except RecursionError as error:
        raise ValueError("it is nested too deeply") from error


def recorded_config(folder: Path) -> dict[str, Any] | None:
    """The content of config.yaml in a run's folder; None where there is none.

    Raises:
        InputError: It cannot be read, is no YAML of plain values, or holds an interpolation such as `${oc.env:HOME}`:
            a record holds the values that a run had.
    """
    path = folder / "config.yaml"
    advice = "restore the file; the record of the rounds does not depend on it"
    try:
        content = parse_yaml(read_record(path, LIMIT).decode())
    except FileNotFoundError:
        return None
    except OSError as error:
        raise InputError(f"{path} cannot be read ({error.strerror}); {advice}") from error
    except ValueError as error:
        raise InputError(f"{path} cannot be read ({' '.join(str(error).split())}); {advice}") from error
    if not isinstance(content, dict):
        raise InputError(f"{path} holds no keys with values; {advice}")
    if (text := interpolation(content)) is not None:
        raise InputError(f"{path} holds {text[:80]!r}, and a record holds values, no interpolations; {advice}")
    return content


def interpolation(value: Any) -> str | None:
    """The first text in plain values that a configuration would resolve; None without any."""
    if isinstance(value, str):
        return value if "${" in value else None
    if isinstance(value, dict):
        value = [*value, *value.values()]
    if isinstance(value, list | tuple):
        return next((text for text in map(interpolation, value) if text is not None), None)
    return None
