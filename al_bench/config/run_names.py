"""What a run is called and what identifies it: study, arm, and the keys that may not differ within a folder."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import MISSING, fields, is_dataclass
from enum import Enum
from pathlib import Path
from typing import Any, cast

from omegaconf import DictConfig, OmegaConf
from omegaconf.errors import OmegaConfBaseException

from al_bench.config.load_class import load_class
from al_bench.config.registry import COMPONENTS
from al_bench.config.schema import Reference, RunConfig
from al_bench.errors import InputError
from al_bench.storage.rounds import LENGTH_KEYS

LOCATION_KEYS = ("study", "arm", "results", "device", "dataset.root", "cache")
"""Keys that say where things are, not what is computed."""
STOP_SET = "evaluation.stop_set"
"""The size of the stop set: results depend on it where a stopping rule reads it."""
NEUTRAL_KEYS = (
    *(*LOCATION_KEYS, "engine", "workers", "evaluation.metrics", "evaluation.keep", STOP_SET, "dataset.class_names"),
    "recommended_by",
)
"""Keys on which no result depends, such as further metrics and names: they are no part of a run's identity."""
HEALTH_KEYS = "health."
"""The keys that begin so say what is called unhealthy: they change no result either."""
TRACKER_KEYS = "tracker."
"""The keys that begin so say where a run is shown."""
SEEDS_KEYS = "seeds."
"""The keys that begin so are what an arm is averaged over, as its seed is."""
STRATEGY_KEYS = "strategy."
"""The keys that begin so change nothing in a run on the full pool, which acquires nothing."""


def flatten(node: Mapping[str, Any], prefix: str = "") -> dict[str, Any]:
    """Nested mappings as one, with dotted keys."""
    flat: dict[str, Any] = {}
    for key, value in node.items():
        if isinstance(value, Mapping):
            flat |= flatten(value, f"{prefix}{key}.")
        else:
            flat[f"{prefix}{key}"] = value
    return flat


def as_dict(config: DictConfig, resolve: bool = False) -> dict[str, Any]:
    """A configuration as nested dicts, enumerations by name."""
    return cast(dict[str, Any], OmegaConf.to_container(config, resolve=resolve, enum_to_str=True))


def identity(config: DictConfig) -> dict[str, Any]:
    """What may not differ between two runs in one folder: the resolved keys that change results, flat."""
    plain = as_dict(config, resolve=True)
    left_out: tuple[str, ...] = (HEALTH_KEYS, TRACKER_KEYS)
    left_out += (STRATEGY_KEYS,) if config.reference is Reference.full else ()
    reads = has_stopping_rule(config) or bool(config.strategy.get("signal"))
    neutral = set(NEUTRAL_KEYS) - ({STOP_SET} if reads else set())
    return {key: value for key, value in flatten(plain).items() if key not in neutral and not key.startswith(left_out)}


def has_stopping_rule(config: DictConfig) -> bool:
    """Whether a rule may end the run before its budget."""
    return OmegaConf.get_type(config.stopping) is not load_class(COMPONENTS["stopping"]["none"])


def components(choices: Mapping[str, Any], config: DictConfig) -> dict[str, str]:
    """Component to chosen option: the rest of a run's identity, as BALD and entropy have the same keys.

    A run on the full pool acquires nothing, so its strategy is left out.
    """
    left_out = {"strategy", "stopping"} if config.reference is Reference.full else set()
    return {group: str(choices[group]) for group in COMPONENTS if group in choices and group not in left_out}


def defaults(config: RunConfig) -> dict[str, Any]:
    """The present default of every key that has one, flat: what a record has that was written before the key was."""
    flat: dict[str, Any] = {}

    def visit(component: Any, prefix: str) -> None:
        for field in fields(component):
            value = getattr(component, field.name)
            if is_dataclass(value) and not isinstance(value, type):
                visit(value, f"{prefix}{field.name}.")
            elif field.default is not MISSING:
                flat[f"{prefix}{field.name}"] = field.default.name if isinstance(field.default, Enum) else field.default
            elif field.default_factory is not MISSING:
                flat[f"{prefix}{field.name}"] = field.default_factory()

    visit(config, "")
    return flat


QUOTES = "\"'"
LONGEST_ARM = 200
"""Characters of an arm; file systems end a folder's name at 255 bytes."""


def arm_name(overrides: Iterable[str], choices: Mapping[str, Any], config: DictConfig, lengths: bool = False) -> str:
    """The name of a run's curve: the strategy and every other override that changes results.

    A key is shortened to its last parts as far as they are unambiguous: `schedule.batch=40` gives `batch=40`.

    Args:
        overrides: As typed, such as "strategy=bald" or "schedule.batch=40".
        choices: Config group to chosen option.
        config: The composed configuration.
        lengths: Whether LENGTH_KEYS are named too, as they were before a longer run went on from a shorter.
    """
    if config.arm is not None:
        return str(config.arm)
    plain = flatten(as_dict(config))
    keys = [key for key in plain if not key.startswith((HEALTH_KEYS, TRACKER_KEYS))]
    left_out = {"seed", "dataset", "strategy", "reference", "experiment", "scale", "debug", *NEUTRAL_KEYS}
    left_out |= set() if lengths else set(LENGTH_KEYS)
    parts = []
    typed = dict(override.lstrip("+~").partition("=")[::2] for override in overrides)  # of one key, the last counts
    for key, value in typed.items():
        if key in left_out or key.startswith(("hydra", HEALTH_KEYS, TRACKER_KEYS, SEEDS_KEYS)):
            continue
        pieces = key.split(".")
        for take in range(1, len(pieces) + 1):
            short = ".".join(pieces[-take:])
            if sum(other == short or other.endswith("." + short) for other in keys) <= 1:
                break
        parts.append(f"{short}={override_value(key, value, config)}")
    full = config.reference is Reference.full
    name = ",".join(["full" if full else str(choices["strategy"]), *sorted(parts)])
    return re.sub(r"[^\w.,=+\-\[\]{}:*]", "_", name)


def override_value(key: str, typed: str, config: DictConfig) -> str:
    """The value of an override: as understood where it is a number, so that 1e-1 and 0.1 are one arm, else as typed."""
    try:
        value = OmegaConf.select(config, key)
    except OmegaConfBaseException:
        value = None
    return str(value) if isinstance(value, (int, float)) and not isinstance(value, bool) else typed.strip(QUOTES)


def study_name(choices: Mapping[str, Any], config: DictConfig) -> str:
    """The study given, else the experiment's name, with its scale where that is not laptop, else "default"."""
    name, scale = choices.get("experiment"), choices.get("scale")
    named = f"{name}_{scale}" if name and scale not in (None, "laptop") else name
    return str(config.study or named or "default")


def config_choices(hydra: Any) -> dict[str, str]:
    """Config group to chosen option, from Hydra's own node of a composed configuration."""
    choices = {str(group): str(choice) for group, choice in hydra.runtime.choices.items() if choice is not None}
    # The scales of a paper lie in conf/experiment/NAME; records know their choice by the name of an earlier folder.
    return {
        re.sub("^experiment/", "scale/", group): choice
        for group, choice in choices.items()
        if not group.startswith(("hydra", "/")) and "@" not in group
    }


def run_folder(config: DictConfig, hydra: Any) -> Path:
    """Where a run's record lives: results/STUDY/DATASET/ARM/seed-N.

    Args:
        config: The composed configuration, without Hydra's node.
        hydra: Hydra's node.

    Raises:
        InputError: the arm is too long for a folder's name.
    """
    choices = config_choices(hydra)
    study = Path(config.results).expanduser() / study_name(choices, config) / choices["dataset"]
    former = arm_name(hydra.overrides.task, choices, config, lengths=True)
    if (
        len(former) <= LONGEST_ARM and (study / former / f"seed-{config.seed}").exists()
    ):  # of a version that named lengths
        return study / former / f"seed-{config.seed}"
    arm = arm_name(hydra.overrides.task, choices, config)
    if len(arm) > LONGEST_ARM:
        raise InputError(f"the arm {arm[:40]}… has {len(arm)} characters, {LONGEST_ARM} at most; name it with arm=…")
    return study / arm / f"seed-{config.seed}"
