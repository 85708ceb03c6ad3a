"""The search space of a run that tunes, before its identity is read: the user's, or that of the learner's kind."""

from __future__ import annotations

import contextlib
from collections.abc import Mapping
from typing import Any, cast

from omegaconf import DictConfig, OmegaConf

from al_bench.config.own_schema import own_class

KIND = "kind_of_learner"
"""The attribute by which a model's class names its default space; networks have "network" without it."""
LENGTHS = ("steps", "epochs")
"""Keys of `training` that say how long it is, each where `training.stop` has its name."""


def resolve_space(config: DictConfig) -> None:
    """Put the default space in the place of `tuning.space=null`, and empty `tuning.spaces`: records have what is used.

    A configuration whose groups are no keys with values stays as it is: `check_groups` refuses it.
    """
    tuning = config.get("tuning")
    if not isinstance(tuning, DictConfig) or not isinstance(tuning.get("spaces"), DictConfig):
        return
    if tuning.get("space") is None:
        spaces = cast(dict[str, Any], OmegaConf.to_container(tuning.spaces, resolve=True))
        default = spaces.get(kind_of_learner(config)) or {}
        tuning.space = {key: values for key, values in default.items() if is_used(key, config)}
    tuning.spaces = {}


def kind_of_learner(config: DictConfig) -> str:
    """The kind of the learner that a configuration describes; "" where its model says none."""
    schema: Any = OmegaConf.get_type(config.model) if isinstance(config.get("model"), DictConfig) else None
    cls = own_class(schema) or schema
    return str(getattr(cls, KIND, "network" if hasattr(cls, "build") else ""))


def is_used(key: str, config: DictConfig) -> bool:
    """Whether a default space's key says anything of this learner: it has it, uses it, and no member varies it."""
    group, _, name = key.partition(".")
    node = config.get(group)
    if not isinstance(node, DictConfig) or name not in node or key in (config.posterior.get("vary") or {}):
        return False
    if group == "training" and name in LENGTHS and getattr(node.stop, "name", node.stop) != name:
        return False
    if name.startswith("dropout") and not node[name]:
        return False
    idle: Mapping[str, str] = {}
    with contextlib.suppress(Exception):  # a value that the class refuses is refused where the run is built
        idle = getattr(OmegaConf.to_object(node), "keys_without_effect", dict)()
    return name not in idle
