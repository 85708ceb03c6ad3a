"""The keys, options and commands that there are, read from al-bench itself, and values for each of them."""

from __future__ import annotations

import functools
import random
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import Any

import click
import yaml  # type: ignore[import-untyped]
from omegaconf import DictConfig, ListConfig, OmegaConf
from omegaconf.nodes import BooleanNode, EnumNode, FloatNode, IntegerNode, StringNode

from al_bench.cli.main import COMMANDS
from al_bench.cli.options import Number, OneOf, WholeNumber
from al_bench.config.compose import compose
from al_bench.config.implied import KEY, ORDER
from al_bench.config.load_class import load_class
from al_bench.config.registry import COMPONENTS, conf_dir
from al_bench.config.unused_keys import USED
from fuzzing.values import NUMBERS, any_text, any_value, typed

SMALL: dict[str, Any] = {
    "points": 60,
    "test_points": 30,
    "steps": 2,
    "draws": 2,
    "members": 2,
    "hidden": [8],
    "candidates": 20,
    "n_estimators": 5,
    "max_iter": 20,
}
"""The last word of a key that says how much is computed to a value with which it takes no time."""


CLASSES = (
    *(
        "os.system",
        "subprocess.Popen",
        "builtins.eval",
        "builtins.int",
        "x.y",
        "sklearn",
        "sklearn.naive_bayes.GaussianNB",
    ),
    *(
        "sklearn.dummy.DummyClassifier",
        "sklearn.cluster.KMeans",
        "sklearn.svm.SVC",
        "sklearn.linear_model.Ridge",
        "..",
        "",
    ),
    *(
        "sklearn.neighbors.KNeighborsClassifier",
        "al_bench.models.mlp.Mlp",
        "torch.nn.Linear",
        "numpy.load",
        "json.load",
    ),
)
"""What a key that names a class may be given."""


@dataclass(frozen=True)
class Key:
    """A key of the configuration.

    Args:
        name: With dots, as typed.
        kind: number, whole number, truth value, text, choice, list, keys or anything.
        default: Its value.
        choices: The values of a choice.
    """

    name: str
    kind: str
    default: Any = None
    choices: tuple[str, ...] = ()

    def value(self, generator: random.Random) -> Any:
        """A value: of the key's type as often as not, at the edges of the type, or of any."""
        if generator.random() < 0.15:
            return any_value(generator)
        if self.name.rpartition(".")[2] in ("target", "_target_"):
            return generator.choice(CLASSES)
        if self.kind == "choice":
            return generator.choice(self.choices)
        if self.kind == "whole number":
            return generator.choice([0, 1, 2, 3, 5, 1, 2, 3, *(n for n in NUMBERS if isinstance(n, int))])
        if self.kind == "number":
            return generator.choice([0.1, 0.5, 0.9, 1, 2, 0.01, *NUMBERS])
        if self.kind == "truth value":
            return generator.choice([True, False])
        if self.kind == "list":
            filled = [generator.choice([1, 8, 0.5, "x", any_value(generator)]) for _ in range(generator.randrange(4))]
            return generator.choice([filled, [1, 2], [4], self.default or [], "auto"])
        if self.kind == "keys":
            return generator.choice([{}, {"x": 1}, {generator.randrange(3): any_value(generator)}, self.default or {}])
        return generator.choice([self.default, any_text(generator), any_text(generator)])


KINDS: tuple[tuple[type, str], ...] = (
    (EnumNode, "choice"),
    (BooleanNode, "truth value"),
    (IntegerNode, "whole number"),
    (FloatNode, "number"),
    (StringNode, "text"),
    (ListConfig, "list"),
    (DictConfig, "keys"),
)


def _keys_below(node: DictConfig, prefix: str, but: Sequence[str] = ()) -> list[Key]:
    """The keys of a node and of those in it."""
    keys: list[Key] = []
    for name in map(str, node):
        if name in but:
            continue
        child: Any = node._get_node(name)
        if isinstance(child, DictConfig) and len(child):
            keys += _keys_below(child, f"{prefix}{name}.")
            continue
        kind = next((kind for cls, kind in KINDS if isinstance(child, cls)), "anything")
        choices = tuple(child.enum_type.__members__) if isinstance(child, EnumNode) else ()
        default = None if child._is_missing() or child._is_interpolation() else child._value()
        plain = default if isinstance(default, (int, float, str)) else None
        keys.append(Key(prefix + name, kind, plain, choices))
    return keys


@functools.cache
def groups() -> tuple[str, ...]:
    """The config groups that are folders of YAML files or have schemas."""
    folders = [path.name for path in Path(conf_dir()).iterdir() if path.is_dir()]
    return tuple(sorted({*folders, *COMPONENTS}))


@functools.cache
def options_of(group: str) -> tuple[str, ...]:
    """The options of a group, those in folders of their own included."""
    folder = Path(conf_dir(), group)
    return tuple(sorted(str(path.relative_to(folder).with_suffix("")) for path in folder.rglob("*.yaml")))


@functools.cache
def _content(group: str, option: str) -> dict[str, Any]:
    """The YAML of an option; empty where there is none."""
    path = Path(conf_dir(), group, f"{option}.yaml")
    content = yaml.safe_load(path.read_text()) if path.is_file() else {}
    return dict(content or {})


@functools.cache
def _component(group: str, option: str) -> type | None:
    """The class whose fields are the keys of an option; None where it is not a component's."""
    for entry in _content(group, option).get("defaults") or []:
        named = re.match(rf"/schema/{group}/(\w+)@", entry) if isinstance(entry, str) else None
        if named and named[1] in COMPONENTS.get(group, {}):
            return load_class(COMPONENTS[group][named[1]])
    return None


@functools.cache
def keys_of(group: str, option: str) -> tuple[Key, ...]:
    """The keys that an option of a group has."""
    if (component := _component(group, option)) is None:
        return ()
    own = {key: value for key, value in _content(group, option).items() if key not in ("defaults", KEY)}
    if "# @package _global_" in Path(conf_dir(), group, f"{option}.yaml").read_text():
        own = own.get(group) or {}
    node: Any = OmegaConf.merge(OmegaConf.structured(component), own)
    return tuple(_keys_below(node, f"{group}."))


@functools.cache
def defaults() -> dict[str, str]:
    """Group to the option that a run has where none is chosen."""
    content = yaml.safe_load(Path(conf_dir(), "config.yaml").read_text())
    pairs = [next(iter(entry.items())) for entry in content["defaults"] if isinstance(entry, dict)]
    return {group: option for group, option in pairs if option and " " not in group} | {"dataset": "synthetic"}


def implied(group: str, option: str) -> dict[str, str]:
    """The options of other groups that an option implies."""
    return dict(_content(group, option).get(KEY) or {})


def keys_of_all(chosen: Mapping[str, str]) -> list[Key]:
    """The keys that a run with these options has and uses.

    Args:
        chosen: Group to option, for some of the groups.
    """
    options = dict(chosen)
    for group in ORDER:
        for other, option in implied(group, options.get(group, "")).items():
            options.setdefault(other, option)
    options = defaults() | options
    used = getattr(_component("model", options["model"]), USED, None)
    keys = [key for group in COMPONENTS for key in keys_of(group, options.get(group, ""))]
    return [*common_keys(), *(key for key in keys if used is None or key.name.partition("training.")[2] in (*used, ""))]


@functools.cache
def datasets_of_files() -> tuple[str, ...]:
    """The options of dataset that read a file or a folder of the user's."""
    options = options_of("dataset")
    return tuple(name for name in options if any(key.name == "dataset.path" for key in keys_of("dataset", name)))


@functools.cache
def common_keys() -> tuple[Key, ...]:
    """The keys that belong to no group."""
    return tuple(_keys_below(compose([]).config, "", groups()))


@functools.cache
def hydra_keys() -> tuple[Key, ...]:
    """The keys of Hydra itself, but those that name the folders in which it writes."""
    keys = _keys_below(compose([]).hydra, "hydra.")
    return tuple(key for key in keys if not key.name.endswith(("dir", "filename")))


def small(keys: Sequence[Key]) -> dict[str, str]:
    """For those of some keys that say how much is computed, a value with which it takes no time."""
    lowered = {}
    for key in keys:
        value = SMALL.get(key.name.rpartition(".")[2])
        is_less = isinstance(value, list) or (
            isinstance(key.default, int) and value is not None and key.default > value
        )
        if is_less:
            lowered[key.name] = typed(value)
    return lowered


@functools.cache
def command(name: str) -> click.Command:
    """A command of al-bench by its name."""
    loaded: click.Command = import_module(f"al_bench.cli.{name}").command
    return loaded


def commands() -> tuple[str, ...]:
    """The names of the commands."""
    return tuple(COMMANDS)


def option_value(option: click.Option, generator: random.Random, known: Sequence[str]) -> str:
    """A value for an option of a command, as typed.

    Args:
        option: The option.
        generator: Draws.
        known: Names that such an option may take: of arms, metrics, targets.
    """
    kind = option.type
    text = any_text(generator)
    if isinstance(kind, OneOf):
        return str(generator.choice([*kind.choices, *kind.choices, *kind.choices, text]))
    if isinstance(kind, Number):
        return generator.choice(["0.5", "0.9", "1", "0.001", "0.3", "0", "1.5", "nan", "-0.1", "50%", "1e-320"])
    if isinstance(kind, WholeNumber):
        return str(generator.choice([1, 2, 3, 0, 10, 1, 2, 10**6, *NUMBERS]))
    if isinstance(kind, click.Path):
        endings = ("png", "svg", "pdf", "html", "csv", "json", "md", "tex", "PNG", "xyz")
        stem = generator.choice(["out/file", "out/file", "file", "new/folder/file", "a b ä'\"", "[x]", "${x}", "out/*"])
        named = f"{stem}.{generator.choice(endings)}"
        return generator.choice([named, named, text.replace("..", ".")])  # a file elsewhere would be asked for
    return generator.choice([*known, text]) if known else text
