"""Where Hydra finds options beyond its YAML files: in classes of a user's own, and in installed packages.

An option with `_target_: module.Class` gets the schema of that class as the first entry of its defaults list, so that
all fields of the class are keys. An entry point `name = "module:Class"` is an option without a file. Both are served by
a config source, Hydra's documented kind of plugin.
"""

from __future__ import annotations

from typing import Any, cast

from hydra.core.config_search_path import ConfigSearchPath
from hydra.core.object_type import ObjectType
from hydra.plugins.config_source import ConfigLoadError, ConfigResult, ConfigSource
from hydra.plugins.search_path_plugin import SearchPathPlugin
from omegaconf import DictConfig, OmegaConf

from al_bench.config.options import KIND_GROUPS, group_offers
from al_bench.config.own_schema import TARGET, load_own_class, make_schema
from al_bench.config.registry import COMPONENTS
from al_bench.entry_points import the_offer

OWN_SCHEMA = "own_schema"
"""The folder, which is on no disk, of the schemas of users' classes: own_schema/GROUP/module.Class."""


class OwnSource(ConfigSource):
    """Serves the schemas of users' classes, and the options that installed packages offer."""

    @staticmethod
    def scheme() -> str:
        return "al-bench"

    def available(self) -> bool:
        return True

    def is_group(self, config_path: str) -> bool:
        return config_path.strip("/") in COMPONENTS

    def is_config(self, config_path: str) -> bool:
        group, _, name = config_path.partition("/")
        if group == OWN_SCHEMA:
            return name.count("/") == 1
        return group in KIND_GROUPS.values() and name in group_offers(group)

    def load_config(self, config_path: str) -> ConfigResult:
        """A schema, or an option whose defaults list names its schema.

        Raises:
            InputError: the class is faulty, or two packages offer the option.
        """
        if not self.is_config(config_path):
            raise ConfigLoadError(f"Config not found: {config_path}")
        group, _, name = config_path.partition("/")
        if group == OWN_SCHEMA:
            group, _, target = name.partition("/")
            config: Any = OmegaConf.structured(cast(Any, make_schema(load_own_class(target, group), target)))
        else:
            target = the_offer(group_offers(group)[name], built_in=False).target
            config = OmegaConf.create({TARGET: target})
            add_own_schemas(config, config_path, None)
        return ConfigResult(provider=self.provider, path=self.full_path(), config=config, header={"package": None})

    def list(self, config_path: str, results_filter: ObjectType | None) -> list[str]:
        return sorted(group_offers(config_path.strip("/"))) if results_filter is not ObjectType.GROUP else []


class OwnSearchPath(SearchPathPlugin):
    """Puts `OwnSource` behind the folders of YAML files."""

    def manipulate_search_path(self, search_path: ConfigSearchPath) -> None:
        search_path.append(provider="al-bench", path=f"{OwnSource.scheme()}://")


def add_own_schemas(config: DictConfig, path: str, package: str | None) -> None:
    """Put the schema of every class that an option names by `_target_` first in its defaults list.

    Args:
        config: The content of the option, changed in place.
        path: The option below its folder, such as strategy/mine.
        package: Where the content goes, as the file's header says.

    Raises:
        InputError: a class is faulty.
    """
    if package == "_global_":
        nodes = {group: (config[group], group) for group in COMPONENTS if group in config}
    elif (group := path.partition("/")[0]) in COMPONENTS:
        nodes = {group: (config, "_here_")}
    else:
        return
    schemas = []
    for group, (node, where) in nodes.items():
        if isinstance(node, DictConfig) and TARGET in node:
            target = as_written(node)[TARGET]
            load_own_class(target, group)  # here, where no error of Hydra's is put around it
            schemas.append(f"/{OWN_SCHEMA}/{group}/{target}@{where}")
    if schemas:
        defaults = list(config.get("defaults") or [])
        if "_self_" not in defaults:  # Hydra would put it last, after what overrides the defaults of others
            others = [entry for entry in defaults if not is_override(entry)]
            defaults = [*others, "_self_", *(entry for entry in defaults if is_override(entry))]
        config.defaults = [*schemas, *defaults]


def as_written(node: DictConfig) -> dict[str, Any]:
    """The content of a node, interpolations as written."""
    return cast(dict[str, Any], OmegaConf.to_container(node))


def is_override(entry: Any) -> bool:
    """Whether an entry of a defaults list changes the choice of another entry."""
    return isinstance(entry, DictConfig) and str(next(iter(entry))).startswith("override ")
