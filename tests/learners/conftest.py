"""A user's own components, by name from a folder that is not al-bench's."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

OWN = Path(__file__).parent / "own"
"""The files of the guide's examples, as a user has them."""


@pytest.fixture
def add_component(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[..., None]]:
    """`add_component("posterior", "laplace", "laplace.LastLayerGaussian", source)`: a module and its YAML under conf/.

    The source is that of the guide's example unless given. The modules are forgotten after the test.
    """
    monkeypatch.setattr(sys, "path", list(sys.path))
    before = set(sys.modules)

    def add(group: str, name: str, target: str, source: str | None = None, **keys: object) -> None:
        module = target.partition(".")[0]
        (tmp_path / f"{module}.py").write_text((OWN / f"{module}.py").read_text() if source is None else source)
        folder = tmp_path / "conf" / group
        folder.mkdir(parents=True, exist_ok=True)
        lines = [f"_target_: {target}", *(f"{key}: {value}" for key, value in keys.items())]
        (folder / f"{name}.yaml").write_text("\n".join(lines) + "\n")

    yield add
    for name in set(sys.modules) - before:
        if getattr(sys.modules[name], "__file__", None) and str(tmp_path) in str(sys.modules[name].__file__):
            del sys.modules[name]


@pytest.fixture
def install_package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[..., None]]:
    """`install_package("laplace", "al_bench.posteriors", "laplace = laplace:LastLayerGaussian")`: as pip leaves it."""
    site = tmp_path / "site-packages"
    before = set(sys.modules)

    def install(module: str, group: str, entry_point: str) -> None:
        info = site / f"{module}_toy-1.0.dist-info"
        info.mkdir(parents=True)
        (site / f"{module}.py").write_text((OWN / f"{module}.py").read_text())
        (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {module}-toy\nVersion: 1.0\n")
        (info / "entry_points.txt").write_text(f"[{group}]\n{entry_point}\n")
        monkeypatch.syspath_prepend(str(site))

    yield install
    for name in set(sys.modules) - before:
        if str(site) in str(getattr(sys.modules[name], "__file__", None)):
            del sys.modules[name]
