"""A component as a run's record configures it."""

from __future__ import annotations

from pathlib import Path
from typing import Any, cast

from omegaconf import DictConfig, OmegaConf

from al_bench.config.components import from_target
from al_bench.config.compose import COMPOSE_ERRORS, compose, register
from al_bench.config.messages import one_line
from al_bench.errors import InputError


def recorded_component(folder: Path, group: str, choice: str) -> Any | None:
    """The component of a group from the config.yaml in a run's folder; None where it is not on record.

    Args:
        folder: The run's folder.
        group: Such as dataset.
        choice: The option of the group that the run chose.

    Raises:
        InputError: config.yaml cannot be read, or names what al-bench does not know here.
    """
    path = folder / "config.yaml"
    try:
        recorded = cast(DictConfig, OmegaConf.load(path)).get(group)
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return None
    except Exception as error:  # YAML's own errors
        raise InputError(f"{path} cannot be read ({one_line(error)})") from error
    try:
        if "_target_" in (recorded or {}):
            keys = cast(dict[str, Any], OmegaConf.to_container(recorded))
            return from_target(keys.pop("_target_"), keys, group)
        register()
        known = compose([f"{group}={choice}"]).config[group]
        return OmegaConf.to_object(OmegaConf.merge(known, recorded or {}))
    except (*COMPOSE_ERRORS, TypeError) as error:
        raise InputError(f"{group}={choice} is not known here as {folder} has it ({one_line(error)})") from error
