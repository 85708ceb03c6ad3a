"""Keys of `training` that a model does not use are refused where they were typed, so that nobody believes in them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from al_bench.errors import InputError

USED = "training_keys"
"""The attribute by which a model says which keys of `training` it uses; one without it may use all of them."""


def check_training_keys(model: Any, choice: str, overrides: Sequence[str]) -> None:
    """Refuse overrides of `training` that the model does not use.

    Args:
        model: The component.
        choice: Its option.
        overrides: As typed.

    Raises:
        InputError: naming the key and those that are used.
    """
    used = getattr(type(model), USED, None)
    if used is None:
        return
    for override in overrides:
        key = override.lstrip("+~").partition("=")[0]
        group, _, name = key.partition(".")
        if group == "training" and name.partition(".")[0] not in used:
            only = ", ".join(f"training.{each}" for each in sorted(used)) or "no key of training"
            raise InputError(f"{key} is for networks, and model={choice} uses {only}; leave {key} out")
