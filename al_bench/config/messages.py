"""Faults of the configuration in the user's words: one line each."""

from __future__ import annotations

import difflib
import re
import typing
from collections.abc import Iterable
from dataclasses import fields, is_dataclass
from enum import Enum
from pathlib import Path
from typing import Any

from omegaconf import (
    BooleanNode,
    BytesNode,
    DictConfig,
    EnumNode,
    FloatNode,
    IntegerNode,
    ListConfig,
    OmegaConf,
    PathNode,
    StringNode,
)
from omegaconf.errors import ConfigKeyError, OmegaConfBaseException, ValidationError

from al_bench.config.defaults_lists import GLOBAL, choose_there, defaults_fault
from al_bench.config.other_tools import key_suggestions, option_suggestions
from al_bench.config.own_schema import TARGET, key_fields, own_class
from al_bench.config.registry import COMPONENTS
from al_bench.config.shell_words import PACKAGES, override_fault
from al_bench.errors import plain_line

EXTENSIBLE = (
    *("training.layer_weight_decay", "posterior.vary"),
    *("strategy.first_keys", "strategy.then_keys", "strategy.of_keys"),
)
"""Keys that hold entries of the user's choice."""

EXPECTED: dict[type, str] = {
    IntegerNode: "an integer",
    FloatNode: "a number",
    BooleanNode: "true or false",
    StringNode: "a text",
    PathNode: "a path",
    BytesNode: "bytes",
    ListConfig: "a list",
    DictConfig: "keys with values",
}
"""Type of a node to what it holds."""
EXPECTED_ELEMENT = {int: "integers", float: "numbers", bool: "true or false", str: "texts"}
"""Type of a list's elements to what the list holds."""
EXPECTED_VALUE = {int: "an integer", float: "a number", bool: "true or false", str: "a text"}
"""Type of the values of a table to what each of them is."""


def unknown_key(key: str, known: Iterable[str]) -> str:
    """That there is no such key, and which are meant: those that end in its last word, else those spelt nearly so."""
    keys = set(known)
    if key in keys:
        return f"{key} is a key of some of the options that are swept, not of all; sweep them apart"
    keys |= {other.partition(".")[0] for other in keys}
    if key in PACKAGES:
        return (
            f"there is no key '{key}': an option of your own in {key}/ lacks its first line, {GLOBAL}, or "
            f"{key} is written as a key; choose the option on the command line: {key}=NAME"
        )
    word = key.rpartition(".")[2]
    near = key_suggestions(key, keys)
    near = near or sorted(other for other in keys if other.rpartition(".")[2] == word)[:3]
    near = near or difflib.get_close_matches(key, sorted(keys), n=3, cutoff=0.5)
    return f"there is no key '{key}'" + (f"; did you mean {' or '.join(near)}?" if near else "")


def is_unknown_key(error: BaseException) -> bool:
    """Whether an error of Hydra or OmegaConf is about a key that the composed configuration lacks."""
    return re.search(r"Could not override '[^']+'|Key '[^']+' (?:is )?not in ", str(innermost(error))) is not None


def own_unknown_key(key: str, cls: type) -> str:
    """That a user's class has no such field, and which it has."""
    names = ", ".join(entry.name for entry in key_fields(cls)) or "no fields"
    return f"{key} is no key of {cls.__module__}.{cls.__qualname__}; it has {names}"


def one_line(error: BaseException, known: Iterable[str] = ()) -> str:
    """An error of Hydra or OmegaConf as one line in the user's words.

    Args:
        error: The exception.
        known: The dotted keys that exist, to suggest the nearest.
    """
    return plain_line(_in_users_words(innermost(error), known))


def _in_users_words(error: BaseException, known: Iterable[str]) -> str:
    """`one_line`, which may hold anything that was typed."""
    if isinstance(error, OmegaConfBaseException) and (text := own_fault(error) or wrong_value(error)):
        return text
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    lines = [line for line in lines if not re.match(r"(object_type|reference_type|To append to your config)", line)]
    text = re.sub(r"\s+", " ", "; ".join(lines))
    if match := re.search(r"Key '[^']+' (?:is )?not in .*full_key: ([^\s;]+)", text):
        parent = match[1].rpartition(".")[0]
        if parent in EXTENSIBLE:
            return f"{parent} has no entry for '{match[1].removeprefix(parent + '.')}' yet; add it with +{match[1]}=…"
        return unknown_key(match[1], known)
    if (fault := override_fault(error)) or (fault := defaults_fault(text)):
        return fault
    if match := re.search(r"Could not override '([^']+)'", text):
        return unknown_key(match[1], known)
    if match := re.search(
        r"Could not find '([^/']+(?:/[^/']+)*)/([^/']+)'.*Available options in '[^']+':;?(.*?)(; Config|$)", text
    ):
        if Path("conf", match[1], f"{match[2]}.yaml").is_file():  # where `al-bench new` writes options
            return f"{match[1]} is '{match[2]}', which conf/{match[1]}/{match[2]}.yaml describes: add --config-dir conf"
        options = [option for option in re.split(r"[;\s]+", match[3]) if option and not option.startswith("_")]
        meant = option_suggestions(match[1], match[2], options)
        question = f"did you mean {' or '.join(f'{match[1]}={option}' for option in meant)}? " if meant else ""
        return f"{match[1]} is '{match[2]}'; {question}choose one of {', '.join(options)}"
    if match := re.search(r"In '([^']+)': .*: \w+ is not a subclass of (\w+)\. value: (.*?); full_key:", text):
        classes = {path.rpartition(":")[2]: group for group, paths in COMPONENTS.items() for path in paths.values()}
        key = classes.get(match[2], match[2].lower())
        if key in COMPONENTS and re.fullmatch(r"[\w-]+", match[3]):
            return (
                f"{key} is {match[3]} in {match[1]}.yaml, where its keys with values belong; to choose an option, "
                f"write in the file's defaults list: {choose_there(key, match[3])}"
            )
        return f"{key} is {match[3]} in {match[1]}.yaml; it must be keys with values"
    if match := re.search(r"full_key: (\S+)", text):
        reason = text[: match.start()].rstrip("; ")
        return f"{match[1]}: {reason}"
    return text


def innermost(error: BaseException) -> BaseException:
    """The error of OmegaConf with a key that an error of Hydra was raised for, else the error itself."""
    cause = error.__cause__ or error.__context__
    while isinstance(cause, OmegaConfBaseException) and cause.full_key:
        error, cause = cause, cause.__cause__ or cause.__context__
    return error


def own_fault(error: OmegaConfBaseException) -> str | None:
    """What is wrong with a key of a user's class that does not exist; None for any other error."""
    schema = error.object_type
    if not isinstance(error, (ConfigKeyError, AttributeError)) or not is_dataclass(schema):
        return None
    if (cls := own_class(schema)) is not None:
        return own_unknown_key(str(error.full_key), cls)
    if schema.__module__.partition(".")[0] != "al_bench":  # a dataclass in a field of a user's class
        names = ", ".join(entry.name for entry in fields(schema) if entry.name != TARGET)
        return f"{error.full_key} is no key of {schema.__module__}.{schema.__qualname__}; it has {names}"
    return None


def wrong_value(error: OmegaConfBaseException) -> str | None:
    """A value of another type than its field's, and what the field holds; None for any other error."""
    if not isinstance(error, ValidationError) or not error.full_key:
        return None
    value = "null" if error.value is None else plain(error.value)
    if isinstance(error.child_node, EnumNode):
        names = ", ".join(error.child_node.enum_type.__members__)
        return f"{error.full_key} is {value}; choose one of {names}"
    expected = EXPECTED.get(type(error.child_node))
    key, parent = str(error.full_key), error.parent_node
    element = typing.get_args(error.ref_type)[-1] if typing.get_args(error.ref_type) else None
    if isinstance(parent, ListConfig):
        element = typing.get_args(error.ref_type)[0] if element is ... else element
        if isinstance(element, type) and issubclass(element, Enum):
            return f"{key} is {value}; choose one of {', '.join(element.__members__)}"
        expected = f"a list of {EXPECTED_ELEMENT[element]}" if element in EXPECTED_ELEMENT else None
        key, parent = key.rpartition("[")[0], parent._get_parent()
    elif expected is None:
        expected = EXPECTED_VALUE.get(element) if isinstance(element, type) else None
    if expected is None:
        return None
    schema: Any = OmegaConf.get_type(parent) if parent is not None else None
    own = is_dataclass(schema) and schema.__module__.partition(".")[0] != "al_bench"
    who = f"{schema.__name__} expects" if own else "it must be"
    where = f"{key} holds" if key != error.full_key else f"{key} is"
    return f"{where} {value}; {who} {expected}"


def plain(value: Any) -> str:
    """A value as typed, texts in quotes."""
    if OmegaConf.is_config(value):
        value = OmegaConf.to_container(value)
    return {True: "true", False: "false"}[value] if isinstance(value, bool) else repr(value)
