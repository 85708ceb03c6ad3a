"""A component of a run from its class and its keys, each value converted to its field's type."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from omegaconf import OmegaConf
from omegaconf.errors import OmegaConfBaseException

from al_bench.config.load_class import load_class
from al_bench.config.messages import one_line
from al_bench.config.own_schema import TARGET, convert_key, from_node, is_own_class, merge_own
from al_bench.errors import InputError

__all__ = ["from_target", "load_class", "typed"]


def typed(component: Any, keys: dict[str, Any], where: str) -> Any:
    """A component like another, with some keys changed, each value converted to its field's type.

    Args:
        component: A component.
        keys: Key to value, such as a YAML file gives it.
        where: How a message begins.

    Raises:
        InputError: a key that there is no field for, a value of another type, or one that the class refuses.
    """
    try:
        if is_own_class(type(component)):
            return replace(component, **{key: convert_key(type(component), key, value) for key, value in keys.items()})
        return OmegaConf.to_object(OmegaConf.merge(OmegaConf.structured(component), keys))
    except OmegaConfBaseException as error:
        raise InputError(f"{where}: {str(error).splitlines()[0]}") from error


def from_target(target: str, keys: dict[str, Any], group: str) -> Any:
    """The component of the class at `target`, checked against the contract of its group.

    Raises:
        InputError: there is no such class, it is not what the group needs, or it cannot be built from the keys.
    """
    try:
        return from_node(merge_own(OmegaConf.create({TARGET: target, **keys}), group), group)
    except OmegaConfBaseException as error:
        raise InputError(one_line(error)) from error
