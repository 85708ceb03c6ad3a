"""What al-bench takes from Hydra beyond its documented interface to compose; `hydra_sweeper` has what sweeps need.

`tests/config/test_hydra_adapter.py` says what of it a new release of Hydra has changed.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NoReturn

from hydra._internal import config_loader_impl
from hydra._internal import hydra as hydra_internal
from hydra._internal.core_plugins.file_config_source import FileConfigSource as HydraFileConfigSource
from hydra._internal.defaults_list import DefaultsList
from hydra._internal.defaults_list import create_defaults_list as hydras_defaults_list
from hydra._internal.sources_registry import SourcesRegistry
from hydra._internal.utils import get_args_parser
from hydra.core import utils as hydra_utils
from hydra.core.config_store import ConfigStore
from hydra.core.global_hydra import GlobalHydra
from hydra.core.override_parser.overrides_parser import OverridesParser
from hydra.core.plugins import Plugins
from hydra.errors import HydraException
from hydra.plugins.config_source import ConfigLoadError, ConfigResult
from hydra.types import RunMode
from omegaconf import DictConfig, open_dict
from omegaconf.errors import OmegaConfBaseException

from al_bench.config.implied import KEY, ORDER, PREFIX, follow, take_implied
from al_bench.config.messages import one_line
from al_bench.config.sources import OwnSearchPath, OwnSource, add_own_schemas
from al_bench.config.yaml_files import check_content, read_yaml
from al_bench.errors import InputError

COMPOSE_ERRORS = (HydraException, OmegaConfBaseException)
"""What Hydra and OmegaConf raise on a faulty configuration; `messages.one_line` puts it in one line for the user."""


def split_hydra_node(config: DictConfig) -> tuple[DictConfig, Any]:
    """A composed configuration without Hydra's own node, and that node."""
    hydra = config.hydra
    with open_dict(config):
        del config["hydra"]
    return config, hydra


class FileConfigSource(HydraFileConfigSource):
    """Hydra's source of YAML files, which merges the schema of a user's class before the keys of its file.

    It takes the place of Hydra's, which only a class of the same name can.
    """

    def load_config(self, config_path: str) -> ConfigResult:
        """The content of a YAML file.

        Raises:
            InputError: the file is no YAML of keys, or the class that it names is faulty.
        """
        file = Path(self.path, self._normalize_file_name(config_path))
        result = read_yaml(super().load_config, file, config_path)
        content = check_content(result.config, self.path, config_path)
        header: dict[str, Any] = result.header
        header[KEY] = take_implied(content, config_path)
        add_own_schemas(content, config_path, result.header.get("package"))
        return result


def create_defaults_list(
    repo: Any, config_name: str | None, overrides_list: list[Any], prepend_hydra: bool, skip_missing: bool
) -> DefaultsList:
    """Hydra's function of that name, repeated with the choices that the chosen options imply until no more follow.

    It takes the place of Hydra's in every composition: of a run, of the jobs of a sweep, and of what only prints.
    """

    def compose_with(words: list[str]) -> DefaultsList:
        parsed = OverridesParser.create().parse_overrides(words)
        try:
            return hydras_defaults_list(repo, config_name, [*overrides_list, *parsed], prepend_hydra, skip_missing)
        except (*COMPOSE_ERRORS, InputError, ConfigLoadError):
            raise
        except RecursionError as error:
            raise InputError("the defaults lists of the chosen options name each other without end") from error
        except Exception as error:  # Hydra's assertions, and values that it does not expect
            raise InputError(f"the chosen options do not go together: {error or type(error).__name__}") from error

    def declared(group: str, choice: str) -> dict[str, str]:
        loaded = repo.load_config(f"{group}/{choice}")
        return {} if loaded is None else loaded.header.get(KEY) or {}

    result = compose_with([])
    open_groups = set(ORDER) - chosen_groups(result, overrides_list)
    implied: dict[str, tuple[str, str]] = {}
    for _ in ORDER:
        following = follow(result.overrides.known_choices, open_groups, declared)
        if following == implied:
            break
        implied = following
        result = compose_with([f"{group}={option}" for group, (option, _) in implied.items()])
    result.overrides.known_choices |= {PREFIX + group: source for group, (_, source) in implied.items()}
    return result


def chosen_groups(result: DefaultsList, overrides_list: list[Any]) -> set[str]:
    """The groups that the user has chosen an option of: on the command line, or in an experiment's file."""
    typed = {override.key_or_group for override in overrides_list}
    by_files = {
        group
        for group, entry in result.overrides.override_metadata.items()
        if str(entry.containing_config_path).partition("/")[0] not in ORDER
    }
    return typed | by_files


def refusing(function: Callable[..., Any]) -> Callable[..., Any]:
    """A function of Hydra's, with InputError for what it does not expect in a configuration and stumbles over."""

    @functools.wraps(function)
    def called(*arguments: Any, **named: Any) -> Any:
        try:
            return function(*arguments, **named)
        except (AttributeError, RuntimeError, ImportError, TypeError, ValueError, AssertionError) as error:
            if isinstance(error, COMPOSE_ERRORS):
                raise
            raise InputError(f"hydra: {one_line(error) or type(error).__name__}") from error

    return called


def the_store(store: ConfigStore, memo: dict[int, Any]) -> ConfigStore:
    """The store itself in place of a copy, for `copy.deepcopy`.

    Hydra copies all schemas each time that it composes, and to list the options of each group: 65 times a tenth of a
    second for `run --help`. It has no need to, as the store copies what is loaded from it.
    """
    return store


for _owner, _names in (
    (Plugins, ("instantiate_sweeper", "instantiate_launcher")),
    (config_loader_impl.ConfigLoaderImpl, ("load_configuration", "load_sweep_config")),
    (hydra_utils, ("configure_log",)),
    (hydra_internal, ("configure_log",)),
):
    for _name in _names:
        setattr(_owner, _name, refusing(getattr(_owner, _name)))
config_loader_impl.create_defaults_list = create_defaults_list
ConfigStore.__deepcopy__ = the_store  # type: ignore[attr-defined]
"""On import: the workers of a launcher, which call nothing of al-bench before they compose, import this module."""


def register_sources() -> None:
    """Let Hydra read YAML files through `FileConfigSource`, and find users' classes and installed packages."""
    plugins = Plugins.instance()  # its first call registers Hydra's own sources
    plugins.register(OwnSource)
    plugins.register(OwnSearchPath)
    SourcesRegistry.instance().types[FileConfigSource.scheme()] = FileConfigSource


@contextmanager
def set_aside() -> Iterator[None]:
    """Inside, nothing is composed yet, so that another configuration may be; the one that was then goes on."""
    instance: Any = GlobalHydra.instance()
    held, instance.hydra = instance.hydra, None
    try:
        yield
    finally:
        instance.hydra = held


GLOBAL_GROUPS = ("experiment", "scale", "debug")
"""Config groups whose files set keys of every component."""


def file_that_chooses(group: str, hydra: Any) -> str | None:
    """The YAML file, below its folder, that chooses an option of a config group or sets its keys; None: none does.

    Args:
        group: Such as posterior.
        hydra: Hydra's node of the configuration that is composed.
    """
    instance = GlobalHydra.instance()
    if not instance.is_initialized():
        return None
    loader: Any = instance.config_loader()
    overrides = [*hydra.overrides.hydra, *hydra.overrides.task]
    composed = loader.compute_defaults_list(hydra.job.config_name, overrides=overrides, run_mode=RunMode.RUN)
    choice = composed.overrides.override_metadata.get(group)
    if choice is not None and not choice.external_override:
        return str(choice.containing_config_path)
    for entry in composed.defaults:
        path = str(entry.config_path)
        if path.partition("/")[0] in GLOBAL_GROUPS:
            content = loader.repository.load_config(path)
            if content is not None and group in content.config:
                return path
    return None


def options_first(argv: Sequence[str]) -> list[str]:
    """The words of a command with Hydra's options, and the values that they take, before the overrides.

    Hydra's parser knows no override behind an option; so the words may stand in any order.

    Raises:
        InputError: an option that there is not, one without its value, two of which only one can be, or one that runs
            code from a file.
    """
    parser = get_args_parser()
    options: list[str] = []
    overrides: list[str] = []
    waiting = list(argv)
    while waiting:
        word = waiting.pop(0)
        action = parser._option_string_actions.get(word.partition("=")[0])
        if not word.startswith("-") or action is None:
            (options if word.startswith("-") else overrides).append(word)
            continue
        if action.dest == "experimental_rerun":
            raise InputError(f"{word} runs code from a file; type the overrides again")
        options.append(word)
        optional = action.nargs == "?" and waiting and waiting[0] in (action.choices or ())
        if "=" not in word and (action.nargs is None or optional):
            if not waiting or "=" in waiting[0]:
                raise InputError(f"{word} needs a value; see al-bench run --help")
            options.append(waiting.pop(0))

    def refuse(message: str) -> NoReturn:
        text = message.replace("unrecognized arguments:", "there is no option")
        raise InputError(f"{text}; see al-bench run --help")

    parser.error = refuse  # type: ignore[method-assign]
    chosen = parser.parse_args([*options, *overrides])
    if chosen.resolve and chosen.cfg is None and not chosen.help:
        refuse("--resolve belongs to --cfg, as in --cfg job --resolve")
    asked = {"--run": chosen.run, "--multirun": chosen.multirun, "--cfg": chosen.cfg, "--info": chosen.info}
    if len(given := [name for name, value in asked.items() if value]) > 1:
        refuse(f"{' and '.join(given)} are given; give one of them")
    return [*options, *overrides]
