"""From a composed configuration to typed objects: components from the name of their class and their keys."""

from __future__ import annotations

import importlib
import sys
from dataclasses import fields, is_dataclass
from pathlib import Path
from typing import Any, cast

from hydra.core.config_store import ConfigStore
from omegaconf import DictConfig, OmegaConf
from omegaconf.errors import OmegaConfBaseException

from al_bench.config.messages import no_key
from al_bench.config.registry import COMPONENTS
from al_bench.config.schema import RunConfig
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


def register() -> None:
    """Store the schemas where the YAML files find them."""
    store = ConfigStore.instance()
    store.store(name="run_schema", node=RunConfig)
    for group, schemas in COMPONENTS.items():
        for name, path in schemas.items():
            store.store(group=f"schema/{group}", name=name, node=load_class(path))


def conf_dir() -> str:
    """The folder of the YAML files: inside the wheel, or beside the package in a checkout."""
    package = Path(__file__).resolve().parents[1]
    packaged = package / "conf"
    return str(packaged if packaged.is_dir() else package.parent / "conf")


def build(config: DictConfig) -> RunConfig:
    """The typed configuration, every check of its own fields done.

    A component given by `_target_` (a user's own class) is built from the other keys of its node.
    """
    check_keys(config)
    run = cast(RunConfig, OmegaConf.to_object(config))
    for group in COMPONENTS:
        node = getattr(run, group)
        if isinstance(node, dict):
            keys = dict(node)
            target = keys.pop("_target_", None)
            if target is None:
                raise InputError(f"{group} has no schema: name one in its defaults list, or give _target_")
            setattr(run, group, from_keys(target, keys, f"{group}: {target} cannot be built from {keys}"))
    return run


def check_keys(config: DictConfig) -> None:
    """Refuse a key that no schema has: `+key=value` adds one even there, and nothing would read it.

    Raises:
        InputError: naming the key and the nearest ones.
    """
    known: list[str] = []
    unknown: list[str] = []

    def visit(node: DictConfig, prefix: str) -> None:
        schema = OmegaConf.get_type(node)
        names = {entry.name for entry in fields(schema)} if is_dataclass(schema) else None
        for key in map(str, node):
            (known if names is None or key in names else unknown).append(prefix + key)
            child = node._get_node(key)
            if isinstance(child, DictConfig) and not (child._is_none() or child._is_missing()):
                visit(child, f"{prefix}{key}.")

    visit(config, "")
    if unknown:
        raise InputError(no_key(unknown[0], known))
