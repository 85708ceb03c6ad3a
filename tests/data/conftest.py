"""Where real data may be, and a data root that has none."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest

REPOSITORY = Path(__file__).resolve().parents[2]


DATA_ROOTS = [
    os.environ.get("AL_BENCH_DATA"),  # of the shell: some tests set another
    REPOSITORY.parent / "data",
    REPOSITORY.parent / "shared" / "data",
]


@pytest.fixture
def real_root() -> Callable[[str], str]:
    """A function from a file to the first root that has it; skips the test where none has."""

    def find(file: str) -> str:
        for root in DATA_ROOTS:
            if root and (Path(root) / file).is_file():
                return str(root)
        pytest.skip(f"no {file} under AL_BENCH_DATA, ../data or ../shared/data")

    return find


@pytest.fixture
def empty_root(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """AL_BENCH_DATA is an empty folder, the current folder another."""
    root, here = tmp_path / "root", tmp_path / "here"
    root.mkdir()
    here.mkdir()
    monkeypatch.setenv("AL_BENCH_DATA", str(root))
    monkeypatch.chdir(here)
    return root
