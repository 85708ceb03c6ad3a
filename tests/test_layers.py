"""The order of the house: a module imports only from rooms below its own, `TYPE_CHECKING` imports included."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

PACKAGE = Path(__file__).resolve().parents[1] / "al_bench"

FLOORS = (
    {"vocabulary"},
    {"kernels", "models", "storage", "health"},
    {"config", "data", "metrics", "stopping"},
    {"learners", "analysis", "annotators", "conditions"},
    {"strategies", "trackers"},
    {"experiment"},
    {"labelling"},
    {"reproduce", "decide", "benchmark"},
    {"cli"},
)
"""Folders of al_bench, lowest first; those of one floor do not import each other. `vocabulary` is the top level."""

FLOOR = {room: floor for floor, rooms in enumerate(FLOORS) for room in rooms}


def room(module: str) -> str:
    """The folder that a module lies in, or `vocabulary`."""
    parts = module.split(".")
    return parts[1] if len(parts) > 1 and (PACKAGE / parts[1]).is_dir() else "vocabulary"


def imports(source: str) -> Iterator[str]:
    """The al_bench modules that a module imports, wherever the statement stands."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.ImportFrom) and node.module == "al_bench":
            yield from (f"al_bench.{alias.name}" for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and (node.module or "").startswith("al_bench."):
            yield str(node.module)
        elif isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names if alias.name.startswith("al_bench"))


MODULES = sorted(path for path in PACKAGE.rglob("*.py") if path != PACKAGE / "__main__.py")


@pytest.mark.parametrize("path", MODULES, ids=lambda path: str(path.relative_to(PACKAGE)))
def test_a_module_imports_only_from_lower_rooms(path):
    here = room(f"al_bench.{'.'.join(path.relative_to(PACKAGE).with_suffix('').parts)}")
    upward = [
        module
        for module in imports(path.read_text())
        if room(module) != here and FLOOR[room(module)] >= FLOOR[here] and module != "al_bench.__version__"
    ]
    assert not upward, f"{path.relative_to(PACKAGE)} ({here}) imports {', '.join(upward)}, which are not below it"


def test_every_folder_has_its_floor():
    assert {path.name for path in PACKAGE.iterdir() if (path / "__init__.py").exists()} == set(FLOOR) - {"vocabulary"}


def test_an_import_that_goes_up_is_seen_wherever_it_stands():
    source = (
        "from typing import TYPE_CHECKING\n"
        "if TYPE_CHECKING:\n    from al_bench.cli.main import main\n"
        "def f():\n    import al_bench.experiment.loop\n    from al_bench import cli\n"
    )
    assert sorted(map(room, imports(source))) == ["cli", "cli", "experiment"]


def test_at_most_eight_modules_lie_at_the_top():
    top = {path.name for path in PACKAGE.glob("*.py")} - {"__init__.py", "__main__.py"}
    assert len(top) <= 8, sorted(top)


def libraries(source: str) -> set[str]:
    """The top-level names of the modules that a module imports, wherever the statement stands."""
    names: set[str] = set()
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.ImportFrom) and not node.level:
            names.add((node.module or "").partition(".")[0])
        elif isinstance(node, ast.Import):
            names |= {alias.name.partition(".")[0] for alias in node.names}
    return names


@pytest.mark.parametrize("path", MODULES, ids=lambda path: str(path.relative_to(PACKAGE)))
def test_only_config_knows_hydra_and_omegaconf(path):
    if path.relative_to(PACKAGE).parts[0] != "config":
        assert not libraries(path.read_text()) & {"hydra", "omegaconf", "hydra_plugins"}


def test_hydras_internals_are_used_in_two_modules_alone():
    users = {path.name for path in MODULES if "hydra._internal" in path.read_text()}
    assert users == {"hydra_adapter.py", "hydra_sweeper.py"}
