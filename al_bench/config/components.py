"""A component of a run from the name of its class and its keys, each value converted to its field's type."""

from __future__ import annotations

import importlib
import sys
from dataclasses import is_dataclass
from pathlib import Path
from typing import Any, cast

from omegaconf import OmegaConf
from omegaconf.errors import OmegaConfBaseException

from al_bench.errors import InputError


def load_class(path: str) -> type:
    """The class at "module:Class" or "module.Class"; modules of a user's own are found in the current folder too.

    Raises:
        InputError: there is no such module or class.
    """
    module, _, name = path.rpartition(":" if ":" in path else ".")
    if (here := str(Path.cwd())) not in sys.path:
        sys.path.append(here)
    try:
        return cast(type, getattr(importlib.import_module(module), name))
    except (ImportError, AttributeError, ValueError) as error:
        raise InputError(f"_target_ is {path!r}, which cannot be loaded: {error}") from error


def typed(schema: Any, keys: dict[str, Any], where: str) -> Any:
    """A component from its class (or from one of its kind) and keys, each value converted to its field's type.

    Raises:
        InputError: a key that there is no field for, a value of another type, or one that the class refuses.
    """
    try:
        return OmegaConf.to_object(OmegaConf.merge(OmegaConf.structured(schema), keys))
    except OmegaConfBaseException as error:
        raise InputError(f"{where}: {str(error).splitlines()[0]}") from error


def from_keys(target: str, keys: dict[str, Any], where: str) -> Any:
    """The component of the class `target`; its keys have the types of its fields where OmegaConf knows these.

    Args:
        where: How a message begins.

    Raises:
        InputError: there is no such class, or it cannot be built from the keys.
    """
    made = load_class(target)
    try:
        return typed(made, keys, where) if _structured(made) else made(**keys)
    except TypeError as error:
        raise InputError(f"{where}: {error}") from error


def _structured(made: type) -> bool:
    """Whether OmegaConf knows the types of a class's fields and each has a default; else its keys stay as they are."""
    if not is_dataclass(made):
        return False
    try:
        return not OmegaConf.missing_keys(OmegaConf.structured(made))
    except (OmegaConfBaseException, TypeError):
        return False
