"""A page for each strategy: what `al-bench list strategies --verbose` prints.

It is generated from the first line of the YAML file, the docstring of the class (formula, cost, source, departures),
the products that the strategy needs, and its keys with the values that the file gives them. Nothing imports torch.
"""

from __future__ import annotations

import inspect
import re
import textwrap
from dataclasses import dataclass, field
from enum import Enum
from pathlib import Path
from typing import Any

from al_bench.config.options import Option, files, first_line
from al_bench.errors import InputError
from al_bench.evidence import Product

SECTIONS = ("Cost", "Source", "Departures")


@dataclass(frozen=True)
class Key:
    """A hyper-parameter.

    Args:
        name: As typed after `strategy.`.
        value: What it is unless told otherwise, as typed.
        choices: The values that an enumeration has.
        text: What its docstring says.
    """

    name: str
    value: str
    choices: tuple[str, ...]
    text: str


@dataclass(frozen=True)
class Page:
    """What there is to say of one strategy.

    Args:
        name: Its option.
        line: The first line of its YAML file.
        formula: The first sentence of its class's docstring.
        text: The paragraphs after it.
        given: The keys that the YAML file itself gives a value, as typed.
        needs: Products with shapes, and what the posterior must have.
        sections: Title to text, of `SECTIONS`.
    """

    name: str
    line: str
    formula: str = ""
    text: str = ""
    given: tuple[str, ...] = ()
    needs: tuple[str, ...] = ()
    keys: tuple[Key, ...] = ()
    sections: dict[str, str] = field(default_factory=dict)


def docstring(cls: type) -> tuple[list[str], dict[str, str]]:
    """Paragraphs before the first section, and title to the lines of each section; of a class's own docstring."""
    doc = inspect.cleandoc(cls.__dict__.get("__doc__") or "")
    if doc.startswith(f"{cls.__name__}("):  # written by @dataclass
        return [], {}
    head, *rest = re.split(r"^([A-Z]\w+):\n", doc, flags=re.MULTILINE)
    sections = {title: textwrap.dedent(text) for title, text in zip(rest[::2], rest[1::2], strict=True)}
    return [" ".join(paragraph.split()) for paragraph in head.split("\n\n") if paragraph.strip()], sections


def arguments(cls: type) -> dict[str, str]:
    """Name to text, from the Args of a class and its bases."""
    texts: dict[str, str] = {}
    for base in reversed(cls.__mro__):
        _, *rest = re.split(r"^(\w[\w, ]*): ", docstring(base)[1].get("Args", ""), flags=re.MULTILINE)
        for names, text in zip(rest[::2], rest[1::2], strict=True):
            texts |= dict.fromkeys(names.split(", "), " ".join(text.split()))
    return texts


def component(path: Path, folders: list[Path]) -> tuple[type, dict[str, Any], list[str]]:
    """The class of a strategy's YAML file, the values that the file gives, and the groups it overrides.

    Raises:
        InputError: it names no class, or one that cannot be loaded.
    """
    from omegaconf import OmegaConf

    from al_bench.config.implied import KEY as IMPLIES
    from al_bench.config.load_class import load_class
    from al_bench.config.own_schema import TARGET, load_own_class
    from al_bench.config.registry import COMPONENTS

    node: Any = OmegaConf.to_container(OmegaConf.load(path))
    defaults, brings = node.pop("defaults", []), []
    node.pop(IMPLIES, None)
    own = node.get("strategy", {}) if "@package _global_" in path.read_text() else node
    cls: type | None = None
    values: dict[str, Any] = {}
    for default in defaults:
        name = "/".join(map(str, *default.items())) if isinstance(default, dict) else str(default)
        if name.startswith("override /"):
            brings.append(name.removeprefix("override /").replace("/", "="))
            continue
        name = name.partition("@")[0].removeprefix("/strategy/")
        schema = name.removeprefix("/schema/strategy/")
        if schema in COMPONENTS["strategy"] and schema != name:
            cls = load_class(COMPONENTS["strategy"][schema])
        elif name in (options := files(folders, "strategy")) and options[name] != path:
            cls, values, _ = component(options[name], folders)
    values |= own
    if target := values.pop(TARGET, None):
        cls = load_own_class(target, "strategy")
    if cls is None:
        raise InputError("the file names no schema and no _target_")
    return cls, values, brings


def typed(value: Any) -> str:
    """A value as it is typed on the command line."""
    if isinstance(value, Enum):
        return str(value.value)
    if isinstance(value, bool) or value is None:
        return {True: "true", False: "false", None: "null"}[value]
    if isinstance(value, list):
        return f"[{','.join(map(typed, value))}]"
    return str(value)


def needs(strategy: Any, brings: list[str]) -> list[str]:
    """The products that a strategy reads, and what it asks of the posterior and of the run."""
    with_draws, on_point = strategy.needs(True), strategy.needs(False)
    both = [product for product in Product if product in with_draws | on_point]
    lines = []
    for product in both:
        only = " (where the posterior gives draws)" if product not in on_point else ""
        only = " (on a point prediction)" if product not in with_draws else only
        lines.append(f"`{product.name}` {product.value}{only}")
    if not lines:
        lines.append("nothing: the pool is not scored")
    if strategy.minimum_draws > 1:
        lines.append(f"at least {strategy.minimum_draws} distinct draws of the posterior")
    if strategy.minimum_members > 1:
        lines.append(f"at least {strategy.minimum_members} members of the posterior")
    if strategy.oracle:
        lines.append("the mark of an oracle, which the run's header shows")
    return lines + [f"brings {choice}" for choice in brings]


def page(name: str, path: Path, folders: list[Path]) -> Page:
    """The page of the strategy of a YAML file; see `page_of`."""
    return page_of(Option(name, first_line(path), path), folders)


def page_of(option: Option, folders: list[Path]) -> Page:
    """The page of one strategy; only its line and the reason where its class cannot be loaded."""
    from al_bench.config.components import from_target
    from al_bench.config.own_schema import key_fields, load_own_class

    try:
        if option.path is not None:
            cls, values, brings = component(option.path, folders)
        elif option.offer is not None:
            cls, values, brings = load_own_class(option.offer.target, "strategy"), {}, []
        else:
            return Page(option.name, option.line)
        texts, (head, sections) = arguments(cls), docstring(cls)
        given = tuple(f"{key}={value}" for key, value in values.items())
        strategy = from_target(f"{cls.__module__}:{cls.__qualname__}", values, "strategy")
        keys = {entry.name: getattr(strategy, entry.name) for entry in key_fields(cls)}
    except Exception as error:  # a user's class may raise anything, and the other pages are still wanted
        return Page(option.name, option.line, text=f"There is no more to say: {' '.join(str(error).split())}")
    described_keys = [
        Key(key, typed(value), tuple(map(typed, type(value))) if isinstance(value, Enum) else (), texts.get(key, ""))
        for key, value in keys.items()
    ]
    return Page(
        option.name,
        option.line,
        head[0] if head else "",
        "\n\n".join(head[1:]),
        given,
        tuple(needs(strategy, brings)),
        tuple(described_keys),
        {title: " ".join(sections[title].split()) for title in SECTIONS if title in sections},
    )
