"""The YAML files that Hydra reads, a user's own among them: whatever is wrong with one is a line that names it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import yaml  # type: ignore[import-untyped]
from hydra.plugins.config_source import ConfigLoadError, ConfigResult
from omegaconf import Container, DictConfig, OmegaConf
from yaml import YAMLError

from al_bench.errors import InputError

MOST_NODES = 100_000
"""Values of a YAML file, those that aliases repeat counted each time."""


def read_yaml(load: Callable[[str], ConfigResult], file: Path, config_path: str) -> ConfigResult:
    """What Hydra reads from a YAML file.

    Args:
        load: Hydra's function.
        file: The file.
        config_path: What the function takes.

    Raises:
        InputError: the file is no YAML of keys that can be read; it names line and column where there are any.
        ConfigLoadError: there is no such file.
    """
    try:
        if file.is_file():
            check_aliases(file)
        return load(config_path)
    except (InputError, ConfigLoadError):
        raise
    except YAMLError as error:
        raise InputError(yaml_fault(error)) from error
    except UnicodeDecodeError as error:
        raise InputError(f"{file} is not UTF-8 (byte {error.start}: {error.reason}); save it as UTF-8") from error
    except RecursionError as error:
        raise InputError(f"{file} is nested too deeply; a configuration is keys with values") from error
    except Exception as error:  # whatever OmegaConf or Hydra stumble over in it
        if str(error).startswith("Invalid loaded object type"):
            raise InputError(f"{file} holds no keys with values") from error
        line = next((line for line in str(error).splitlines() if line.strip()), type(error).__name__)
        raise InputError(f"{file} cannot be read: {line}") from error


def check_aliases(file: Path) -> None:
    """Refuse a YAML file whose aliases stand for very many values, or for a value within itself.

    Raises:
        InputError: naming the file.
        YAMLError, UnicodeDecodeError, RecursionError: as of any faulty file.
    """
    text = file.read_text(encoding="utf-8")
    if "*" not in text or "&" not in text:
        return
    sizes: dict[int, int] = {}

    def size(node: Any) -> int:
        if id(node) not in sizes:
            sizes[id(node)] = MOST_NODES  # of a value within itself
            children = getattr(node, "value", None)
            parts = children if isinstance(children, list) else []
            flat = [part for pair in parts for part in (pair if isinstance(pair, tuple) else (pair,))]
            sizes[id(node)] = 1 + sum(map(size, flat))
        return sizes[id(node)]

    with file.open(encoding="utf-8") as stream:  # the stream has the name that a fault is said with
        root = yaml.compose(stream, Loader=yaml.SafeLoader)
    if root is not None and size(root) > MOST_NODES:
        raise InputError(f"{file} holds more than {MOST_NODES:,} values by its aliases; write them out")


def yaml_fault(error: YAMLError) -> str:
    """A syntax fault of a YAML file, with file, line and column."""
    mark = getattr(error, "problem_mark", None)
    problem = " ".join(str(getattr(error, "problem", None) or error).split())
    return f"{mark.name}, line {mark.line + 1}, column {mark.column + 1}: {problem}" if mark else problem


def check_content(content: Any, folder: str, path: str) -> DictConfig:
    """The content of a YAML file, which has to be keys with values, and `defaults` in it a list of options.

    Raises:
        InputError: naming the file.
    """
    file = f"{Path(folder, path)}.yaml"
    if not isinstance(content, DictConfig):
        raise InputError(f"{file} holds no keys with values")
    defaults = content._get_node("defaults")
    entries = OmegaConf.to_container(defaults) if isinstance(defaults, Container) else defaults and defaults._value()
    if defaults is None:
        return content
    if not isinstance(entries, list):
        raise InputError(f"{file}: defaults is {entries!r}; it must be a list, such as [override /strategy: random]")
    if faulty := [entry for entry in entries if not _is_default(entry)]:
        raise InputError(
            f"{file}: defaults has the entry {faulty[0]!r}; it must be a text or a group with an option, such as "
            "override /strategy: random"
        )
    return content


def _is_default(entry: Any) -> bool:
    """Whether Hydra takes an entry of a defaults list: a text, or a group with a text, null or a list of texts."""
    if isinstance(entry, str):
        return bool(entry.strip())
    if not isinstance(entry, dict) or len(entry) != 1:
        return False
    ((group, option),) = entry.items()
    options = option if isinstance(option, list) else [option]
    return isinstance(group, str) and (option is None or all(isinstance(name, str) for name in options))
