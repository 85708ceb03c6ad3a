"""A page for each strategy: what `al-bench list strategies --verbose` prints.

It is generated from the first line of the YAML file, the docstring of the class (formula, cost, source, departures),
the products that the strategy needs, and its keys with the values that the file gives them. Nothing imports torch.
"""

from __future__ import annotations

import inspect
import re
import shutil
import textwrap
from dataclasses import dataclass, field, fields, is_dataclass
from enum import Enum
from pathlib import Path
from typing import Any

from al_bench.errors import InputError
from al_bench.evidence import Product

SECTIONS = ("Cost", "Source", "Departures")
LETTERS = (
    "N candidate rows, L labelled points, B batch, C classes, D features, K draws of the posterior, M members of it, "
    "T target points. One pass is one forward pass."
)


def files(folders: list[Path], group: str) -> dict[str, Path]:
    """Option to its YAML file, for every runnable one of a group (partials start with _); a later folder wins."""
    found = {path.stem: path for folder in folders for path in sorted((folder / group).glob("*.yaml"))}
    return {name: path for name, path in found.items() if not name.startswith("_")}


def first_line(path: Path) -> str:
    """What a YAML file says of itself in its first comment."""
    comments = [line.lstrip("# ") for line in path.read_text().splitlines() if line.startswith("#")]
    return next((line for line in comments if "@package" not in line), "")


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
    found: dict[str, str] = {}
    for base in reversed(cls.__mro__):
        _, *rest = re.split(r"^(\w[\w, ]*): ", docstring(base)[1].get("Args", ""), flags=re.MULTILINE)
        for names, text in zip(rest[::2], rest[1::2], strict=True):
            found |= dict.fromkeys(names.split(", "), " ".join(text.split()))
    return found


def component(path: Path, folders: list[Path]) -> tuple[type, dict[str, Any], list[str]]:
    """The class of a strategy's YAML file, the values that the file gives, and the groups it overrides.

    Raises:
        InputError: it names no class, or one that cannot be loaded.
    """
    from omegaconf import OmegaConf

    from al_bench.config.components import load_class
    from al_bench.config.registry import COMPONENTS

    node: Any = OmegaConf.to_container(OmegaConf.load(path))
    defaults, brings = node.pop("defaults", []), []
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
    if target := values.pop("_target_", None):
        cls = load_class(target)
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
    found = []
    for product in both:
        only = " (where the posterior gives draws)" if product not in on_point else ""
        only = " (on a point prediction)" if product not in with_draws else only
        found.append(f"`{product.name}` {product.value}{only}")
    if not found:
        found.append("nothing: the pool is not scored")
    if strategy.minimum_draws > 1:
        found.append(f"at least {strategy.minimum_draws} distinct draws of the posterior")
    if strategy.minimum_members > 1:
        found.append(f"at least {strategy.minimum_members} members of the posterior")
    if strategy.oracle:
        found.append("the mark of an oracle, which the run's header shows")
    return found + [f"brings {choice}" for choice in brings]


def page(name: str, path: Path, folders: list[Path]) -> Page:
    """The page of one strategy; only its line and the reason where its class cannot be loaded."""
    from omegaconf import OmegaConf

    try:
        cls, values, brings = component(path, folders)
        texts, (head, sections) = arguments(cls), docstring(cls)
        given = tuple(f"{key}={value}" for key, value in values.items())
        if is_dataclass(cls):
            strategy: Any = OmegaConf.to_object(OmegaConf.merge(OmegaConf.structured(cls), values))
            values = {entry.name: getattr(strategy, entry.name) for entry in fields(cls)}
        else:
            strategy = cls(**values)
    except Exception as error:  # a user's class may raise anything, and the other pages are still wanted
        return Page(name, first_line(path), text=f"There is no more to say: {' '.join(str(error).split())}")
    keys = [
        Key(key, typed(value), tuple(map(typed, type(value))) if isinstance(value, Enum) else (), texts.get(key, ""))
        for key, value in values.items()
    ]
    return Page(
        name,
        first_line(path),
        head[0] if head else "",
        "\n\n".join(head[1:]),
        given,
        tuple(needs(strategy, brings)),
        tuple(keys),
        {title: " ".join(sections[title].split()) for title in SECTIONS if title in sections},
    )


def described(key: Key) -> str:
    """A key's text, with the values it may have."""
    return f"{key.text} ({', '.join(key.choices)})".strip() if key.choices else key.text


def as_text(pages: list[Page]) -> str:
    """The pages for a terminal."""
    width = max(60, min(100, shutil.get_terminal_size().columns))
    lines = [*textwrap.wrap(f"Letters: {LETTERS}", width), ""]

    def entry(label: str, text: str, indent: int = 2, hang: int = 14) -> None:
        lines.extend(
            textwrap.wrap(
                text,
                width,
                initial_indent=f"{'':{indent}}{label:<{hang - indent}}",
                subsequent_indent=" " * hang,
                break_on_hyphens=False,
            )
        )

    for each in pages:
        lines += [each.name, *textwrap.wrap(each.line, width, initial_indent="  ", subsequent_indent="  ")]
        for paragraph in filter(None, [each.formula, *each.text.split("\n\n")]):
            lines += ["", *textwrap.wrap(paragraph, width, initial_indent="  ", subsequent_indent="  ")]
        lines.append("")
        for place, need in enumerate(each.needs):
            entry("" if place else "needs", need.replace("`", ""))
        for place, key in enumerate(each.keys):
            entry("" if place else "keys", f"strategy.{key.name}={key.value}")
            entry("", described(key), hang=16)
        for title, text in each.sections.items():
            entry(title.lower(), text)
        lines += [""] if each.needs else []
    return "\n".join(lines)


def escaped(text: str) -> str:
    """Text for Markdown: what is in backticks stays."""
    parts = text.split("`")
    return "`".join(part if place % 2 else re.sub(r"([*_<|\\])", r"\\\1", part) for place, part in enumerate(parts))


def as_markdown(pages: list[Page]) -> str:
    """A table of the strategies, and a section for each."""
    lines = [
        "# Strategies",
        "",
        escaped(LETTERS),
        "",
        "| strategy | formula | needs | cost |",
        "| --- | --- | --- | --- |",
    ]
    for each in pages:
        products = ", ".join(part for need in each.needs for part in re.findall(r"^`\w+` \[[^]]*\]", need)) or "nothing"
        formula = " ".join([each.formula or each.line, *(f"`{setting}`" for setting in each.given)])
        cells = (formula, products, each.sections.get("Cost", ""))
        lines.append(f"| [{escaped(each.name)}](#{each.name}) | " + " | ".join(map(escaped, cells)) + " |")
    for each in pages:
        lines += ["", f"## {escaped(each.name)}", "", escaped(each.line)]
        for paragraph in filter(None, [each.formula, *each.text.split("\n\n")]):
            lines += ["", escaped(paragraph)]
        if each.needs:
            lines += ["", "Needs:", "", *(f"- {escaped(need)}" for need in each.needs)]
        if each.keys:
            lines += [
                "",
                "Keys:",
                "",
                *(f"- `strategy.{k.name}={k.value}` {escaped(described(k))}".rstrip() for k in each.keys),
            ]
        for title, text in each.sections.items():
            lines += ["", f"{title}: {escaped(text)}"]
    return "\n".join(lines)
