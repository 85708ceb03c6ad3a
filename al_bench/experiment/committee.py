"""The members of a posterior: how their models and trainings differ beyond the seed."""

from __future__ import annotations

from dataclasses import fields
from typing import Any

from al_bench.config.compose import load_class, typed
from al_bench.config.registry import COMPONENTS
from al_bench.config.schema import RunConfig
from al_bench.errors import InputError
from al_bench.learners.training import Training


def member_config(config: RunConfig, member: int) -> tuple[Any, Training]:
    """The model and the training of one member: `posterior.vary` lists values that the members take in turn.

    Raises:
        InputError: `posterior.vary` names a key that there is not.
    """
    model, training = config.model, config.training
    for key, values in config.posterior.vary.items():
        value = values[member % len(values)]
        if key == "model":
            schemas = COMPONENTS["model"]
            if value not in schemas:
                raise InputError(f"posterior.vary.model names {value!r}; choose among {', '.join(schemas)}")
            model = load_class(schemas[value])()
            continue
        group, _, name = key.partition(".")
        part = {"model": model, "training": training}.get(group)
        if part is None or name not in {field.name for field in fields(part)}:
            raise InputError(f"posterior.vary has the key {key!r}; give model, model.KEY or training.KEY")
        changed = typed(part, {name: value}, f"posterior.vary.{key}")
        model, training = (changed, training) if group == "model" else (model, changed)
    return model, training
