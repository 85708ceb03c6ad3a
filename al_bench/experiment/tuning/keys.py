"""Which keys of a run's learner may be tuned, and the configuration with other values of them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields, replace
from enum import Enum
from typing import Any

from al_bench.config.components import typed
from al_bench.config.contracts import class_name
from al_bench.config.registry import COMPONENTS
from al_bench.config.schema import RunConfig
from al_bench.config.unused_keys import USED
from al_bench.errors import InputError
from al_bench.experiment.learner import member_config
from al_bench.learners.estimators import Sklearn
from al_bench.learners.finetuning.pretrained_model import PretrainedModel
from al_bench.learners.search_space import Dimension, dimension
from al_bench.learners.training import Stop
from al_bench.pool import PoolState

GROUPS = ("model", "training")
"""The parts of a configuration whose keys may be tuned."""
FIXED = ("training.stop", "training.warm_start")
"""Keys that say what a training is, and not how well it works."""
PARAMS = "model.params."
"""How the keys of `model=sklearn` begin that its class's constructor takes."""


def search_space(config: RunConfig) -> dict[str, Dimension]:
    """What is tuned: key to its values, each of which the learner takes.

    Raises:
        InputError: a key that does not exist or that this learner does not use, or a value that it refuses.
    """
    space = config.tuning.space
    if not space:
        raise InputError(
            f"tuning.space names no key, and {_model(config)} has no default one; name keys of model or training with "
            "their values, as in 'tuning.space={training.lr: {factor: 10}}'"
        )
    dimensions = {}
    for key, given in space.items():
        check_key(config, key)
        dimensions[key] = dimension(key, given, configured_value(config, key))
        for value in dimensions[key].ends:
            try:
                changed = with_values(config, {key: value})
            except InputError as error:
                raise InputError(f"tuning.space.{key}: {error}") from error
            check_draws(config, key, value)
            if isinstance(changed.model, Sklearn):
                changed.model.new(0, 1)
    return dimensions


def check_key(config: RunConfig, key: str) -> None:
    """Refuse a key that cannot be tuned.

    Raises:
        InputError: naming the keys that can.
    """
    group, _, name = key.partition(".")
    first = name.partition(".")[0]
    name_of_key = f"tuning.space has the key {key!r}"
    if group not in GROUPS or not first:
        raise InputError(f"{name_of_key}; tuned are keys of the learner, model.KEY or training.KEY")
    if key in FIXED:
        raise InputError(f"{name_of_key}, which says what a training is; leave it out")
    part = getattr(config, group)
    names = [field.name for field in fields(part) if field.init]
    used = getattr(type(config.model), USED, None)
    if group == "training" and used is not None:
        names = [name for name in names if name in used]
    if isinstance(config.model, PretrainedModel) and group == "model":
        names = [name for name in names if name.startswith("dropout")]
    names = [name for name in names if f"{group}.{name}" not in FIXED]
    if first not in names:
        known = ", ".join(f"{group}.{name}" for name in names) or f"no key of {group}"
        raise InputError(f"{name_of_key}, which {_model(config)} does not have; of {group} it may be {known}")
    if key.startswith(PARAMS) and isinstance(config.model, Sklearn):
        known_params = config.model.new(0, 1).get_params()
        if name.partition(".")[2] not in known_params:
            some = ", ".join(f"{PARAMS}{known}" for known in sorted(known_params)[:20])
            raise InputError(f"{name_of_key}, which {config.model.target} does not have; it has {some}")
    idle: Mapping[str, str] = getattr(part, "keys_without_effect", dict)()
    if first in idle:
        raise InputError(f"{name_of_key}, which has no effect: {idle[first]}, or leave the key out")
    if key in config.posterior.vary or (group == "model" and "model" in config.posterior.vary):
        raise InputError(f"{name_of_key}, and posterior.vary gives the members values of their own; leave one out")


def check_draws(config: RunConfig, key: str, value: Any) -> None:
    """Refuse a share of dropout that is 0 where the posterior draws masks.

    Raises:
        InputError: naming the key.
    """
    draws = config.posterior.draws or config.evaluation.draws
    if key.startswith("model.dropout") and not value and draws and hasattr(config.model, "build"):
        raise InputError(f"tuning.space.{key} has 0, which leaves the posterior no masks to draw; give values above 0")


def configured_value(config: RunConfig, key: str) -> Any:
    """The value that a key has without tuning; of a parameter of an estimator that is not set, the estimator's own."""
    group, _, name = key.partition(".")
    if key.startswith(PARAMS) and isinstance(config.model, Sklearn):
        return config.model.new(0, 1).get_params().get(name.partition(".")[2])
    value: Any = getattr(config, group)
    for part in name.split("."):
        value = value.get(part) if isinstance(value, Mapping) else getattr(value, part, None)
    return value


def plain(value: Any) -> Any:
    """A value as a record holds it."""
    if isinstance(value, Enum):
        return value.name
    return list(value) if isinstance(value, tuple) else value


def with_values(config: RunConfig, values: Mapping[str, Any]) -> RunConfig:
    """The configuration with other values of some keys, each converted to its field's type and checked.

    Args:
        config: Of the run.
        values: Key, such as model.C or model.params.max_depth, to value.

    Raises:
        InputError: a component refuses a value.
    """
    for group in GROUPS:
        changes: dict[str, Any] = {}
        for key, value in values.items():
            if key.startswith(f"{group}."):
                first, *rest = key.partition(".")[2].split(".")
                target = changes
                if rest:
                    target = changes.setdefault(first, dict(getattr(getattr(config, group), first) or {}))
                    first = ".".join(rest)
                target[first] = value
        if changes:
            config = replace(config, **{group: typed(getattr(config, group), changes, group)})
    return config


def check_tuning(config: RunConfig, start: PoolState) -> None:
    """Refuse a run that cannot be tuned, before anything is trained.

    Args:
        config: The typed configuration.
        start: The pool at round 0.

    Raises:
        InputError: naming the keys.
    """
    tuning = config.tuning
    if not tuning.tunes:
        return
    tuning.check_installed()
    if config.training.warm_start:
        raise InputError(
            "training.warm_start is true, and the trials of tuning train from scratch; set training.warm_start=false, "
            "or tuning=never"
        )
    if any(member_config(config, member)[1].stop is Stop.early for member in range(config.posterior.members)):
        raise InputError(
            "training.stop is early, which reads the validation set, and tuning reads the labelled points alone; set "
            "training.stop=fitted or epochs, or tuning=never"
        )
    search_space(config)
    if not tuning.every_round and not len(start.labelled):
        raise InputError(
            "tuning=start tunes on the initial labelled set, and there is none; set initial.size=20, or "
            "tuning=every_round"
        )


def _model(config: RunConfig) -> str:
    """The model's option or class, for messages."""
    cls = type(config.model)
    name = next((name for name, path in COMPONENTS["model"].items() if path == f"{cls.__module__}:{cls.__name__}"), "")
    return f"model={name}" if name else f"model: {class_name(cls)}"
