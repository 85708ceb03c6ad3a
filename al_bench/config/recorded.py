"""A component as a run's record configures it: parsed, never composed, and of al-bench's own classes alone.

A record may come from anybody. So nothing that it names is imported, called or resolved, unless the user trusts it.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from omegaconf import OmegaConf

from al_bench.config.components import from_target
from al_bench.config.compose import COMPOSE_ERRORS
from al_bench.config.implied import KEY as IMPLIES
from al_bench.config.load_class import load_class
from al_bench.config.messages import one_line
from al_bench.config.options import files
from al_bench.config.own_schema import TARGET
from al_bench.config.registry import COMPONENTS, conf_dir
from al_bench.errors import InputError
from al_bench.storage.recorded_config import parse_yaml, recorded_config


def recorded_component(folder: Path, group: str, choice: str, trust: bool = False) -> Any | None:
    """The component of a group from the config.yaml in a run's folder; None where it is not on record.

    Args:
        folder: The run's folder.
        group: Such as dataset.
        choice: The option of the group that the run chose.
        trust: Whether a class of the user's own that the record names is imported.

    Raises:
        InputError: config.yaml cannot be read, names a class that is not al-bench's (without `trust`), or what
            al-bench does not know here.
    """
    config = recorded_config(folder)
    recorded = None if config is None else config.get(group, {})
    if not isinstance(recorded, dict):
        return None
    keys = {str(key): value for key, value in recorded.items()}
    try:
        if TARGET in keys:
            target = keys.pop(TARGET)
            if target in (path for name in COMPONENTS[group].values() for path in (name, name.replace(":", "."))):
                return OmegaConf.to_object(OmegaConf.merge(OmegaConf.structured(load_class(target)), keys))
            if not isinstance(target, str) or not trust:
                raise InputError(
                    f"its {group} is {str(target)[:80]!r}, a class that is not al-bench's own; "
                    "--trust (of al-bench report and export) imports it: code of whoever wrote the record"
                )
            return from_target(target, keys, group)
        known = own_option(group, choice)
        if known is None:
            raise InputError(f"{group}={choice[:80]} is not known here, as {folder} has it")
        schema, values = known
        return OmegaConf.to_object(OmegaConf.merge(OmegaConf.structured(schema), values, keys))
    except (*COMPOSE_ERRORS, TypeError, ValueError, RecursionError) as error:
        raise InputError(f"{group}={choice[:80]} is not known here as {folder} has it ({one_line(error)})") from error


def own_option(group: str, choice: str) -> tuple[type, dict[str, Any]] | None:
    """The class of one of al-bench's own options and the values that its YAML file gives; None for any other name."""
    path = files([Path(conf_dir())], group).get(choice)
    if path is None:
        return None
    text = path.read_text(encoding="utf-8")
    values = parse_yaml(text)
    defaults = values.pop("defaults", [])
    values.pop(IMPLIES, None)
    if "@package _global_" in text:
        values = values.get(group, {})
    prefix = f"/schema/{group}/"
    names = [entry.removeprefix(prefix).partition("@")[0] for entry in map(str, defaults) if entry.startswith(prefix)]
    return (load_class(COMPONENTS[group][names[0]]), values) if names else None
