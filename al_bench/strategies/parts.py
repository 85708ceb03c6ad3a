"""Strategies that other strategies are made of, by the names of their options."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields
from pathlib import Path
from typing import Any

from al_bench.config.components import from_target
from al_bench.config.options import files
from al_bench.config.registry import conf_dir
from al_bench.config.strategy_pages import component
from al_bench.errors import InputError
from al_bench.strategies.base import Strategy


def build_part(name: str, key: str, keys: Mapping[str, Any], features: str = "auto", oracle: bool = False) -> Strategy:
    """The strategy of one of al-bench's options.

    Args:
        name: Of the option.
        key: The key that names it, for messages, such as "strategy.first".
        keys: Its own keys that differ from the option's.
        features: Its key `features`, where it has one and the value is not auto.
        oracle: Whether it may be an oracle.

    Raises:
        InputError: there is no such option, it is made of others itself, or it refuses its keys.
    """
    folder = Path(conf_dir())
    options = files([folder], "strategy")
    if name not in options or not _can_be_part(cls := component(options[name], [folder])[0], oracle):
        allowed = [other for other, path in options.items() if _can_be_part(component(path, [folder])[0], oracle)]
        kind = ""
        if name in options:
            kind = ", made of other strategies" if getattr(cls, "composed", False) else ", a bound that reads labels"
        raise InputError(f"{key} is {name!r}{kind}; choose one of {', '.join(sorted(allowed))}")
    _, values, _ = component(options[name], [folder])
    given = dict(keys)
    if features != "auto" and any(entry.name == "features" for entry in fields(cls)):
        given.setdefault("features", features)
    try:
        built = from_target(f"{cls.__module__}:{cls.__qualname__}", values | given, "strategy")
    except InputError as error:
        raise InputError(f"{key}={name}: {error}") from error
    assert isinstance(built, Strategy)
    return built


def _can_be_part(cls: type, oracle: bool) -> bool:
    """Whether strategies of a class may be parts of others."""
    return not getattr(cls, "composed", False) and (oracle or not getattr(cls, "oracle", False))
