"""The order within analysis/: statistics below studies, these below tables and figures, report and summary on top."""

from __future__ import annotations

from pathlib import Path

import pytest

import al_bench.analysis
from tests.test_layers import imports

ROOT = Path(al_bench.analysis.__file__).parent
FLOORS = ({"statistics"}, {"studies", "papers"}, {"tables", "figures", "advice"}, {"report", "summary"})
"""Folders, lowest first; those of one floor do not import each other. `studies` is the top level of analysis/."""

FLOOR = {room: floor for floor, rooms in enumerate(FLOORS) for room in rooms}


def room(module: str) -> str:
    parts = module.removeprefix("al_bench.analysis").strip(".").split(".")
    return parts[0] if (ROOT / parts[0]).is_dir() and parts[0] else "studies"


@pytest.mark.parametrize("path", sorted(ROOT.rglob("*.py")), ids=lambda path: str(path.relative_to(ROOT)))
def test_a_module_imports_only_from_lower_rooms(path: Path) -> None:
    here = room(".".join(("al_bench", "analysis", *path.relative_to(ROOT).with_suffix("").parts)))
    inside = [module for module in imports(path.read_text()) if module.startswith("al_bench.analysis")]
    upward = [module for module in inside if room(module) != here and FLOOR[room(module)] >= FLOOR[here]]
    assert not upward, f"{path.relative_to(ROOT)} imports {', '.join(upward)}, which are not below it"


def test_every_folder_has_its_floor() -> None:
    assert {path.parent.name for path in ROOT.glob("*/__init__.py")} == set(FLOOR) - {"studies"}
