"""A composed configuration, and what is read from it: the run's folder, its identity and its typed form."""

from __future__ import annotations

from dataclasses import dataclass, field, fields, is_dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, cast

from hydra.core.hydra_config import HydraConfig
from hydra.types import RunMode
from omegaconf import DictConfig, ListConfig, OmegaConf, open_dict
from omegaconf.errors import OmegaConfBaseException

from al_bench.config import run_names
from al_bench.config.hydra_adapter import file_that_chooses
from al_bench.config.implied import implied_choices, implied_line
from al_bench.config.messages import one_line, own_unknown_key, unknown_key
from al_bench.config.options import check_names
from al_bench.config.own_schema import TARGET, from_node, is_own, merge_own, own_class, values
from al_bench.config.registry import COMPONENTS
from al_bench.config.schema import InitialKind, RunConfig, default_kind
from al_bench.config.search_spaces import resolve_space
from al_bench.config.unused_keys import check_training_keys
from al_bench.errors import InputError

LARGEST = 2**63 - 1
"""The largest whole number that a record and PyTorch can hold."""


@dataclass(frozen=True, eq=False)
class Composed:
    """A configuration as Hydra composed it.

    Args:
        config: The configuration without Hydra's own node.
        hydra: That node.
        parallel: The run is one of several at a time.
    """

    config: DictConfig
    hydra: Any
    parallel: bool = False
    has_default_start: bool = field(init=False, default=False)
    """Whether `initial.kind` was auto, which is replaced here by what it stands for."""

    def __post_init__(self) -> None:
        complete_own(self.config)
        resolve_space(self.config)
        object.__setattr__(self, "has_default_start", resolve_start(self.config))

    @cached_property
    def choices(self) -> dict[str, str]:
        """Config group to chosen option."""
        return run_names.config_choices(self.hydra)

    @cached_property
    def implied(self) -> dict[str, str]:
        """Config group to the option that implied its choice, such as "encoder=tfidf"."""
        return implied_choices(self.hydra.runtime.choices)

    @property
    def implied_line(self) -> str:
        """What was chosen for the user, in one line; empty where nothing was."""
        return implied_line(self.choices, self.implied)

    @property
    def overrides(self) -> list[str]:
        """The overrides as typed."""
        return list(self.hydra.overrides.task)

    @property
    def folder(self) -> Path:
        """Where the run's record lives."""
        return run_names.run_folder(self.config, self.hydra)

    @property
    def identity(self) -> dict[str, Any]:
        """The keys that may not differ between two runs in one folder, flat."""
        return run_names.identity(self.config)

    @property
    def components(self) -> dict[str, str]:
        """Component to chosen option: the rest of the run's identity."""
        return run_names.components(self.choices, self.config)

    def defaults(self, run: RunConfig) -> dict[str, Any]:
        """The present default of every key that has one, flat.

        Args:
            run: What `build` gives.
        """
        defaults = run_names.defaults(run)
        for group in COMPONENTS:
            if is_own(self.config[group]):
                schema = OmegaConf.structured(OmegaConf.get_type(self.config[group]))
                own = run_names.flatten(run_names.as_dict(schema), f"{group}.")
                defaults = {key: value for key, value in defaults.items() if not key.startswith(f"{group}.")} | own
        return defaults

    def file_that_chooses(self, group: str) -> str | None:
        """The YAML file that chooses an option of a config group or sets its keys; None where none does."""
        return None if group in self.implied else file_that_chooses(group, self.hydra)

    def as_yaml(self) -> str:
        """The resolved configuration."""
        return OmegaConf.to_yaml(self.config, resolve=True)

    def keys(self) -> list[str]:
        """Every dotted key."""
        return sorted(run_names.flatten(run_names.as_dict(self.config)))

    def set(self, key: str, value: Any) -> None:
        """Give a key another value."""
        OmegaConf.update(self.config, key, value)

    def build(self) -> RunConfig:
        """The typed configuration.

        Raises:
            InputError: a key that no component has or that the model does not use, a value that one refuses, or an
                option whose name is taken twice.
        """
        sources = [source for source in self.hydra.runtime.config_sources if source["schema"] == "file"]
        check_names(self.choices, [Path(source["path"]) for source in sources])
        try:
            run = build(self.config)
        except OmegaConfBaseException as error:  # an interpolation that cannot be resolved
            raise InputError(one_line(error)) from error
        check_training_keys(run.model, self.choices.get("model", ""), self.overrides)
        return run


def current(config: DictConfig) -> Composed:
    """The configuration that Hydra calls a task with."""
    hydra = HydraConfig.get()
    parallel = is_sweep() and "basic" not in str(hydra.runtime.choices["hydra/launcher"])
    return Composed(config, hydra, parallel)


def is_sweep() -> bool:
    """Whether the task that Hydra has called is a job of a sweep."""
    return HydraConfig.get().mode is RunMode.MULTIRUN


def build(config: DictConfig) -> RunConfig:
    """The typed configuration, every check of its own fields done.

    Raises:
        InputError: a key that no component has, or a value that one refuses.
    """
    check_groups(config)
    check_interpolations(config)
    check_keys(config)
    check_numbers(config)
    own = [group for group in COMPONENTS if is_own(config[group])]
    plain = config.copy()
    with open_dict(plain):
        for group in own:
            plain[group] = values(config[group])
    run = cast(RunConfig, OmegaConf.to_object(plain))
    for group in COMPONENTS:
        if group in own:
            setattr(run, group, from_node(config[group], group))
        elif isinstance(getattr(run, group), dict):
            raise InputError(f"{group} has no schema: name one in its defaults list, or give {TARGET}")
    return run


def complete_own(config: DictConfig) -> None:
    """Give a node whose `_target_` was typed on the command line the fields of that class as keys, too.

    Raises:
        InputError: the class is faulty.
    """
    for group in COMPONENTS:
        node = OmegaConf.select(config, group, throw_on_missing=False)
        if isinstance(node, DictConfig) and TARGET in node and not is_own(node):
            with open_dict(config):
                config[group] = merge_own(node, group)


def resolve_start(config: DictConfig) -> bool:
    """Replace `initial.kind=auto` by what it stands for, so that records have no auto; return whether it was auto.

    A configuration whose groups are no keys with values stays as it is: `check_groups` refuses it.
    """
    initial, dataset = (config.get(group) for group in ("initial", "dataset"))
    if not isinstance(initial, DictConfig) or not isinstance(dataset, DictConfig):
        return False
    if initial.get("kind") is not InitialKind.auto:
        return False
    schema: Any = OmegaConf.get_type(dataset)
    initial.kind = default_kind(own_class(schema) or schema)
    return True


def check_groups(config: DictConfig) -> None:
    """Refuse a component or a part of the configuration that is no keys with values.

    Raises:
        InputError: naming it.
    """
    parts = {entry.name for entry in fields(RunConfig) if is_dataclass(entry.type) or entry.name in COMPONENTS}
    for name in sorted(parts | {"initial", "schedule", "evaluation"}):
        if name in config and not isinstance(config[name], DictConfig):
            what = "choose an option, see al-bench list" if name in COMPONENTS else f"set its keys, as in {name}.KEY=…"
            raise InputError(f"{name} is {config[name]!r}; it must be keys with values: {what}")


def check_numbers(config: DictConfig) -> None:
    """Refuse a whole number that no computer counts with.

    Raises:
        InputError: naming the key.
    """

    def visit(key: str, value: Any) -> None:
        if isinstance(value, list):
            for entry in value:
                visit(key, entry)
        elif isinstance(value, int) and not -LARGEST <= value <= LARGEST:
            raise InputError(f"{key} is {value}; it must be between {-LARGEST} and {LARGEST}")

    for key, value in run_names.flatten(run_names.as_dict(config)).items():
        visit(key, value)


def check_interpolations(config: DictConfig) -> None:
    """Refuse an interpolation that gives a value where a list or keys belong, which OmegaConf does not check.

    Raises:
        InputError: naming the key, the interpolation and the value.
    """

    def visit(node: Any, prefix: str) -> None:
        for key in range(len(node)) if isinstance(node, ListConfig) else list(node):
            child = node._get_node(key)
            name = f"{prefix}[{key}]" if isinstance(node, ListConfig) else f"{prefix}{'.' * bool(prefix)}{key}"
            if not isinstance(child, (DictConfig, ListConfig)) or child._is_none() or child._is_missing():
                continue
            if not child._is_interpolation():
                visit(child, name)
            elif not isinstance(value := node[key], type(child)) and value is not None:
                what = "a list" if isinstance(child, ListConfig) else "keys with values"
                raise InputError(f"{name} is {child._value()}, which is {value!r}; it must be {what}")

    visit(config, "")


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
        group = unknown[0].partition(".")[0]
        own = own_class(OmegaConf.get_type(config[group])) if is_own(config.get(group)) else None
        raise InputError(unknown_key(unknown[0], known) if own is None else own_unknown_key(unknown[0], own))
