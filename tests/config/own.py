"""Components of a user's own, written into the test's folder for one test each."""

from __future__ import annotations

import itertools
from pathlib import Path

MODULES = itertools.count()


class OwnFolder:
    """A folder with a module of a user's own and options in own/GROUP/NAME.yaml that name its classes.

    Args:
        folder: Where both are written; the current folder of the test.
        monkeypatch: pytest's, to find the module.
    """

    def __init__(self, folder: Path, monkeypatch) -> None:
        self.folder = folder
        self.module = f"own_module_{next(MODULES)}"
        monkeypatch.syspath_prepend(str(folder))

    @property
    def source(self) -> Path:
        """The file of the module."""
        return self.folder / f"{self.module}.py"

    def write(self, source: str, **options: str) -> None:
        """Write the module, and an option "GROUP__NAME" for each keyword; MODULE stands for the module's name."""
        self.source.write_text(source)
        for name, text in options.items():
            path = self.folder / "own" / f"{name.replace('__', '/')}.yaml"
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text.replace("MODULE", self.module))


STRATEGY = '''
from dataclasses import dataclass, field
from enum import Enum

from al_bench.strategies.uncertainty import Entropy


class Colour(Enum):
    red = "red"
    blue = "blue"


@dataclass
class Inner:
    depth: int = 2


@dataclass
class Mine(Entropy):
    """Entropy, with keys of every type."""

    power: float = 1.0
    colour: Colour = Colour.red
    inner: Inner = field(default_factory=Inner)
    layers: list[int] = field(default_factory=lambda: [1, 2])
    pair: tuple[int, ...] = (3, 4)
    name: str | None = None
    anything: object = field(default_factory=object)

    def __post_init__(self):
        super().__post_init__()
        assert isinstance(self.colour, Colour) and isinstance(self.inner, Inner) and isinstance(self.pair, tuple)
'''
"""A strategy whose file lists no keys."""

MOONS = '''
from dataclasses import dataclass

import torch

from al_bench.data.dataset import Dataset


@dataclass
class Moons:
    """Two half circles."""

    points: int = 120
    noise: float = 0.1

    def load(self):
        generator = torch.Generator().manual_seed(0)
        labels = torch.arange(self.points) % 2
        inputs = torch.randn(self.points, 16, generator=generator) * self.noise + labels[:, None]
        return Dataset("moons", inputs, labels, inputs[:40], labels[:40], ("a", "b"))
'''
"""A data set of two classes; what a test changes of it is replaced in the text."""

MODEL = '''
from dataclasses import dataclass

from torch import nn


@dataclass
class Net:
    """A network of one hidden layer."""

    units: int = 8

    def build(self, shape, classes):
        return nn.Sequential(nn.Flatten(), nn.Linear(16, self.units), nn.ReLU(), nn.Linear(self.units, classes))
'''
"""A network for inputs of 16 numbers."""
