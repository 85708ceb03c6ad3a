"""What a run is called and what identifies it: study, arm, and the keys that may not differ within a folder."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Any, cast

from omegaconf import DictConfig, OmegaConf

from al_bench.config import Reference

PLACES = ("study", "arm", "results", "device", "dataset.root", "cache")
"""Keys that say where things are, not what is computed: they are no part of a run's identity."""
JUDGEMENTS = "health."
"""The keys that begin so say what is called unhealthy: they change no result either."""


def flatten(node: Mapping[str, Any], prefix: str = "") -> dict[str, Any]:
    """Nested mappings as one, with dotted keys."""
    flat: dict[str, Any] = {}
    for key, value in node.items():
        if isinstance(value, Mapping):
            flat |= flatten(value, f"{prefix}{key}.")
        else:
            flat[f"{prefix}{key}"] = value
    return flat


def identity(config: DictConfig) -> dict[str, Any]:
    """What may not differ between two runs in one folder: the resolved keys that change results, flat."""
    plain = cast(dict[str, Any], OmegaConf.to_container(config, resolve=True, enum_to_str=True))
    return {key: value for key, value in flatten(plain).items() if key not in PLACES and not key.startswith(JUDGEMENTS)}


QUOTES = "\"'"


def arm_name(overrides: Iterable[str], choices: Mapping[str, Any], config: DictConfig) -> str:
    """The name of a run's curve: the strategy and every other override that changes results.

    A key is shortened to its last parts as far as they are unambiguous: `schedule.batch=40` gives `batch=40`.

    Args:
        overrides: As typed, such as "strategy=bald" or "schedule.batch=40".
        choices: Config group to chosen option.
        config: The composed configuration.
    """
    if config.arm is not None:
        return str(config.arm)
    plain = flatten(cast(dict[str, Any], OmegaConf.to_container(config)))
    keys = [key for key in plain if not key.startswith(JUDGEMENTS)]
    left_out = {"seed", "dataset", "strategy", "reference", "experiment", "debug", *PLACES}
    parts = []
    typed = dict(override.lstrip("+~").partition("=")[::2] for override in overrides)  # of one key, the last counts
    for key, value in typed.items():
        if key in left_out or key.startswith(("hydra", JUDGEMENTS)):
            continue
        pieces = key.split(".")
        for take in range(1, len(pieces) + 1):
            short = ".".join(pieces[-take:])
            if sum(other == short or other.endswith("." + short) for other in keys) <= 1:
                break
        parts.append(f"{short}={value.strip(QUOTES)}")
    full = config.reference is Reference.full
    name = ",".join(["full" if full else str(choices["strategy"]), *sorted(parts)])
    return re.sub(r"[^\w.,=+\-\[\]{}:*]", "_", name)


def study_name(choices: Mapping[str, Any], config: DictConfig) -> str:
    """The study given, else the experiment's name, else "default"."""
    return str(config.study or choices.get("experiment") or "default")
