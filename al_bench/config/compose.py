"""Composing: from overrides to a configuration, by Hydra, from the YAML files of conf/ and the schemas."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import fields
from pathlib import Path
from typing import Any

import hydra
from hydra.core.config_store import ConfigStore

from al_bench.config.components import load_class
from al_bench.config.composed import Composed
from al_bench.config.hydra_adapter import COMPOSE_ERRORS, register_sources, split_hydra_node
from al_bench.config.launcher import LAUNCHES
from al_bench.config.messages import one_line
from al_bench.config.registry import COMPONENTS, conf_dir
from al_bench.config.schema import RunConfig
from al_bench.config.shell_words import quote_values, rules_by_names
from al_bench.errors import InputError

VERSION_BASE = "1.3"
"""The behaviour that al-bench asks of Hydra."""


def register() -> None:
    """Store the schemas where the YAML files find them, and let files name classes of a user's own."""
    register_sources()
    store = ConfigStore.instance()
    store.store(name="run_schema", node=RunConfig)
    for name, launch in LAUNCHES.items():
        store.store(group="hydra/launcher", name=name, node=launch)
    for group, schemas in COMPONENTS.items():
        for name, path in schemas.items():
            store.store(group=f"schema/{group}", name=name, node=load_class(path))


def compose(overrides: Sequence[str], schema: type[RunConfig] = RunConfig) -> Composed:
    """The configuration that overrides such as "strategy=bald" give.

    Args:
        overrides: As Hydra takes them.
        schema: What a configuration may have beside its components.

    Raises:
        COMPOSE_ERRORS: an override is faulty.
    """
    store = ConfigStore.instance()
    store.store(name="run_schema", node=schema)
    try:
        with hydra.initialize_config_dir(conf_dir(), version_base=VERSION_BASE):
            config = hydra.compose("config", overrides=list(overrides), return_hydra_config=True)
    finally:
        store.store(name="run_schema", node=RunConfig)
    return Composed(*split_hydra_node(config))


def compose_dataset(
    words: Sequence[str], config_dir: str | None = None, schema: type[RunConfig] = RunConfig
) -> Composed:
    """The configuration that overrides as typed give, `--config-dir` included; nothing else is done.

    Args:
        words: The overrides.
        config_dir: A folder of options of the user's own.
        schema: As in `compose`.

    Raises:
        InputError: a word is faulty.
    """
    own = [f"hydra.searchpath=[file://{Path(config_dir).resolve()}]"] if config_dir else []
    register()
    typed = quote_values(rules_by_names(words))
    try:
        return compose([*own, *typed], schema)
    except (*COMPOSE_ERRORS, OverflowError) as error:
        raise InputError(one_line(error, known_keys(typed, schema))) from error


def application(task: Callable[[Any], Any]) -> Callable[[], None]:
    """Hydra's command line, which reads sys.argv, composes, and calls `task` with the configuration of every run."""
    return hydra.main(version_base=VERSION_BASE, config_path=conf_dir(), config_name="config")(task)


def config_dir(argv: Sequence[str]) -> str | None:
    """The folder of options that the arguments of `al-bench run` name by `--config-dir` or `-cd`, if they do."""
    for index, word in enumerate(argv):
        name, equals, value = word.partition("=")
        if name in ("--config-dir", "-cd"):
            return value if equals else next(iter(argv[index + 1 :]), None)
    return None


def known_keys(argv: Sequence[str], schema: type[RunConfig] = RunConfig) -> Iterator[str]:
    """Dotted keys of the options chosen (of a sweep: of each), else of the default ones; composed when asked for.

    Args:
        argv: The arguments of `al-bench run`.
        schema: As in `compose`.
    """
    folder = config_dir(argv)
    own = [f"hydra.searchpath=[file://{Path(folder).resolve()}]"] if folder else []
    groups = Path(conf_dir())
    pairs = [word.split("=", 1) for word in argv if "=" in word and (groups / word.partition("=")[0]).is_dir()]
    options = [(group, values.split(",")) for group, values in pairs]
    turns = range(max((len(values) for _, values in options), default=1))
    choices = [
        [*own, *(f"{group}={values[min(turn, len(values) - 1)]}" for group, values in options)] for turn in turns
    ]
    keys: set[str] = set()
    for overrides in [*choices, []]:
        if keys and not overrides:
            break
        try:
            keys |= set(compose(overrides, schema).keys())
        except Exception:
            continue
    if any(word.lstrip("+~").startswith("hydra.launcher.") for word in argv):
        keys |= {f"hydra.launcher.{key.name}" for launch in LAUNCHES.values() for key in fields(launch)}
    yield from sorted(keys)
