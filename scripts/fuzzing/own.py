"""Cases of a user's own: options in YAML, valid, faulty or malicious, and components in Python with faults."""

from __future__ import annotations

import json
import random
from pathlib import Path
from typing import Any

import yaml  # type: ignore[import-untyped]

from al_bench.config.registry import conf_dir
from fuzzing import grammar
from fuzzing.commands import run_overrides
from fuzzing.damage import BYTES, damaged
from fuzzing.values import CANARY, INTERPOLATION, any_text, any_value

FOLDER = "own"
"""The folder of options that a case has."""
MODULE = "own_parts"
"""The module of components that a case has."""

YAML_TEXTS = (
    *("", "\n", "null", "3", "x", "[]", "- 1\n- 2", "{}", "---\na: 1\n---\nb: 2\n", "a: 1\na: 2\n", "? [1]\n: 2\n"),
    *("a: [1\n", "a: {b: 1\n", "\ta: 1\n", "a: 'b\n", "a: *b\n", "a: &b [*b]\n", "<<: 1\n", "<<: {steps: 1}\n"),
    f"x: !!python/object/apply:os.system ['touch {CANARY}']\n",
    f"!!python/object/apply:os.system ['touch {CANARY}']\n",
    f"x: !!python/name:os.system\ny: !!python/module:os\nz: !!python/object/new:os.system ['touch {CANARY}']\n",
    f"_target_: os.system\ncommand: touch {CANARY}\n",
    f"_target_: subprocess.Popen\nargs: [touch, {CANARY}]\n",
    "_target_: 3\n",
    "_target_: null\n",
    "_target_: ''\n",
    "_target_: no_such.Class\n",
    "_target_: ..x\n",
    "_target_: al_bench.strategies.base.Strategy\n",
    "_target_: builtins.eval\n",
    "_target_: ${oc.env:HOME}\n",
    f"_target_: al_bench.strategies.uncertainty.Random\ncommand: {INTERPOLATION}\n",
    f"hydra:\n  callbacks:\n    x:\n      _target_: os.system\n      command: touch {CANARY}\n",
    f"hydra:\n  launcher:\n    _target_: os.system\n    command: touch {CANARY}\n",
    f"hydra:\n  sweeper:\n    _target_: os.system\n    command: touch {CANARY}\n",
    "hydra: 3\n",
    "hydra:\n  run:\n    dir: ../../../../../elsewhere\n  output_subdir: x\n",
    "hydra:\n  job:\n    chdir: true\n",
    "hydra:\n  searchpath: [pkg://os]\n",
    "a: &a0 [x]\n" + "".join(f"b{n}: &a{n + 1} [*a{n}, *a{n}, *a{n}, *a{n}]\n" for n in range(15)),
    "[" * 3_000 + "]" * 3_000,
    "a: " + "{b: " * 800 + "1" + "}" * 800,
    "x" * 100_000 + ": 1\n",
    "x: " + "9" * 100_000 + "\n",
    "x: 2024-01-01\ny: 1:30:00\nz: 0b11\nw: .inf\nv: !!binary aGk=\nu: !!set {a}\n",
    "\ufeffseed: 1\n",
)
"""Contents of a YAML file by which parsers of YAML, Hydra or a user stumble."""

DEFAULTS: tuple[Any, ...] = (
    *([{"override /strategy": "random"}], [{"strategy": "random"}], [{"/strategy": "random"}, "_self_"], [3], "x"),
    *([{"override /strategy": "no_such"}], [{"override /no_such": "x"}], ["no_such"], ["_self_", "_self_"], None),
    *([None], [[]]),
    *([{"override /strategy": None}], [{"override /strategy": ["random", "bald"]}], [{"optional /x": "y"}], [{}], {}),
    *([{"/experiment": "mine"}], ["mine"], [{"override /dataset": "synthetic"}, "_self_"], [{"/debug": "smoke"}]),
    *([{"override hydra/launcher": "joblib"}], [{"/schema/strategy": "bald"}], [{"override /strategy": "${seed}"}]),
)
"""Defaults lists, right and wrong."""


def _nested(keys: dict[str, Any]) -> dict[str, Any]:
    """Dotted keys as keys within keys."""
    out: dict[str, Any] = {}
    for name, value in keys.items():
        node = out
        *above, last = name.split(".")
        for part in above:
            child = node.setdefault(part, {})
            node = child if isinstance(child, dict) else node
        node[last] = value
    return out


def _dumped(content: Any, generator: random.Random) -> bytes:
    """Content as YAML, or as JSON, which is YAML, too."""
    if generator.random() < 0.1:
        return json.dumps(content, default=str, skipkeys=True).encode(errors="replace")
    return yaml.safe_dump(content, allow_unicode=True, sort_keys=False).encode(errors="surrogateescape")


def _yaml(group: str, generator: random.Random) -> bytes:
    """The content of an option of a group."""
    is_global = group == "experiment"
    if generator.random() < 0.3:
        return (("# @package _global_\n" if is_global else "") + generator.choice(YAML_TEXTS)).encode()
    option = generator.choice([name for name in grammar.options_of(group) if "/" not in name])
    keys = list(grammar.common_keys() if is_global else grammar.keys_of(group, option))
    picked = generator.sample(keys, min(len(keys), generator.choice((0, 1, 2, 3))))
    prefix = "" if is_global else f"{group}."
    content = _nested({key.name.removeprefix(prefix): key.value(generator) for key in picked})
    if generator.random() < 0.1:
        content[any_text(generator)] = any_value(generator)
    if is_global:
        content = {"defaults": generator.choice(DEFAULTS), **content} if generator.random() < 0.5 else content
    else:
        valid = yaml.safe_load(Path(conf_dir(), group, f"{option}.yaml").read_text()) or {}
        content = {**valid, **content}
        if generator.random() < 0.1:
            content["defaults"] = generator.choice(DEFAULTS)
    try:
        text = _dumped(content, generator)
    except (UnicodeError, yaml.YAMLError, TypeError, ValueError):  # what YAML cannot hold
        text = b"x: 1\n"
    header = generator.choice(("# @package _global_", "# @package _global_", "# @package x", "# @package", ""))
    if is_global:
        text = header.encode() + b"\n" + text
    return damaged(text, BYTES, generator) if generator.random() < 0.15 else text


def yaml_words(folder: Path, generator: random.Random) -> list[str]:
    """Write an option in YAML and return a command that chooses it."""
    group = generator.choice(("experiment", "experiment", *(name for name in grammar.groups() if name != "debug")))
    (folder / FOLDER / group).mkdir(parents=True)
    (folder / FOLDER / group / "mine.yaml").write_bytes(_yaml(group, generator))
    chosen = [f"{group}=mine", "--config-dir", FOLDER]
    if generator.random() < 0.12:
        return ["list", "--config-dir", FOLDER, *generator.choice([[], ["strategies", "--verbose"]])]
    overrides = [item for item in run_overrides(generator, 0) if not item.startswith(f"{group}=")]
    if group in ("dataset", "model", "posterior", "training"):  # keys of the options that this one takes the place of
        overrides = [item for item in overrides if not item.startswith(f"{group}.")]
    if generator.random() < 0.1:
        overrides += generator.choice([["--cfg", "job"], ["--info"], ["-m", "seed=0,1"], ["--cfg", "job", "--resolve"]])
    return ["run", *overrides, *chosen]


STRATEGY = """
from dataclasses import dataclass

import torch

from al_bench.strategies.base import Selection
from al_bench.strategies.uncertainty import Entropy


@dataclass
class Mine(Entropy):
    power: float = 1.0

    def select(self, evidence, batch, generator):
        BODY
"""
DATASET = """
from dataclasses import dataclass

import torch

from al_bench.data.dataset import Dataset


@dataclass
class Mine:
    points: int = 60

    def load(self):
        labels = torch.arange(self.points) % 2
        inputs = torch.randn(self.points, 16) + labels[:, None]
        BODY
"""
MODEL = """
from dataclasses import dataclass

import torch
from torch import nn


@dataclass
class Mine:
    units: int = 8

    def build(self, shape, classes):
        BODY
"""
RAISED = (
    *("raise ValueError('no')", "raise KeyError", "raise SystemExit(3)", "raise RuntimeError('a\\nb')", "return None"),
    *("return {}", "return 3", "assert False", "return 1 / 0", "import no_such", "return self.load", "print('said')"),
    *("import warnings; warnings.warn('heard')", "raise MemoryError", "return ..."),
    *("def deeper(): return deeper()\n        return deeper()", "raise Exception(chr(27) + '[2J' + 'x' * 9999)"),
    *("raise UnicodeDecodeError('utf-8', b'', 0, 1, 'x')", "raise StopIteration", "raise NotImplementedError", "pass"),
    "raise OSError(28, 'No space left')",
)
"""Bodies of methods that raise, or return what they should not."""
BODIES = {
    "strategy": (STRATEGY, ("return super().select(evidence, batch, generator)", "return [0] * batch",
                            "return Selection(torch.arange(batch))", "return Selection(torch.zeros(batch).long())",
                            "return Selection(torch.arange(batch) - 1)", "return Selection(torch.ones(batch))",
                            "return Selection(torch.arange(batch + 1))", "return Selection(torch.arange(0))",
                            "return Selection(torch.arange(batch) + 10**9)", "return Selection(list(range(batch)))",
                            "return Selection(torch.arange(batch), torch.full((batch,), float('nan')))",
                            "return Selection(torch.arange(batch), notes={'x': torch.zeros(3), 'y': float('inf')})",
                            "return Selection(torch.arange(batch), notes=3)",
                            "return Selection(torch.arange(batch), torch.zeros(batch + 1))",
                            "return torch.arange(batch)")),
    "dataset": (DATASET, ("return Dataset('mine', inputs, labels, inputs[:20], labels[:20], ('a', 'b'))",
                          "return Dataset('../../../x', inputs, labels, inputs[:20], labels[:20], ('a', 'b'))",
                          "return Dataset('', inputs * float('nan'), labels, inputs[:20], labels[:20], ('a', 'b'))",
                          "return Dataset('m', inputs[:0], labels[:0], inputs[:0], labels[:0], ('a', 'b'))",
                          "return Dataset('m', inputs.half(), labels, inputs[:9], labels[:9], ('$', '\\x1b'))",
                          "return Dataset('m', inputs, labels * 7, inputs[:9], labels[:9], ('a', 'b'))",
                          "return inputs, labels")),
    "model": (MODEL, ("return nn.Sequential(nn.Flatten(), nn.Linear(16, self.units), nn.ReLU(), nn.Linear(8, classes))",
                      "return nn.Sequential(nn.Flatten(), nn.Linear(16, classes), nn.Softmax(1))",
                      "return nn.Sequential(nn.Flatten(), nn.Linear(3, classes))", "return nn.Identity()",
                      "return nn.Sequential(nn.Flatten(), nn.BatchNorm1d(16), nn.Linear(16, classes), nn.Dropout(1.0))",
                      "return nn.Sequential(nn.Flatten(), nn.Linear(16, 1))", "return lambda x: x",
                      "return nn.Sequential(nn.Flatten(), nn.Linear(16, classes).double())",
                      "return nn.ModuleList([nn.Linear(16, classes)])")),
}  # fmt: skip
"""Config group to a component's source, and what the method in it may do."""


def component_words(folder: Path, generator: random.Random) -> list[str]:
    """Write a component in Python, mostly faulty, and return a command that uses it."""
    group = generator.choice(sorted(BODIES))
    source, bodies = BODIES[group]
    body = generator.choice((*bodies, *generator.sample(RAISED, 3)))
    text = source.replace("BODY", body)
    draw = generator.random()
    if draw < 0.04:
        text = text.replace("@dataclass\n", "")
    elif draw < 0.08:
        text = text.replace("self, ", "self, other, ")
    elif draw < 0.12:
        text = text.replace("def ", "def x", 1)
    elif draw < 0.25:
        text = damaged(text.encode(), BYTES, generator).decode("latin-1")
    (folder / f"{MODULE}.py").write_text(text, encoding="utf-8", errors="surrogateescape")
    (folder / FOLDER / group).mkdir(parents=True)
    keys = generator.choice(
        ("", "", "", "", "", "power: x\n", "points: 5\n", "units: 0\n", "no_such: 1\n", "points: null\n")
    )
    (folder / FOLDER / group / "mine.yaml").write_text(f"_target_: {MODULE}.Mine\n{keys}")
    overrides = run_overrides(generator, 0, [f"{group}=mine"] if group == "dataset" else [])
    dropped = (f"{group}=", f"{group}.")
    overrides = [item for item in overrides if not item.startswith(dropped)]
    return ["run", *overrides, f"{group}=mine", "--config-dir", FOLDER]
