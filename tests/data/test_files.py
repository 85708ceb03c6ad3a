"""The data root and the search for a file."""

from __future__ import annotations

from pathlib import Path

import pytest

from al_bench.data.files import data_root, find_file, one_line
from al_bench.errors import InputError


def test_root_order(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("AL_BENCH_DATA", str(tmp_path / "from env"))
    assert data_root("/from/key") == Path("/from/key")
    assert data_root() == tmp_path / "from env"
    monkeypatch.setenv("AL_BENCH_DATA", "")  # set to nothing is not set
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.setattr("platformdirs.user_cache_dir", lambda name, appauthor: str(tmp_path / name))
    assert data_root() == tmp_path / "al-bench"


def test_root_expands_home(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    assert data_root("~/data") == tmp_path / "data"


def test_current_folder_first_then_root(empty_root: Path) -> None:
    (empty_root / "a.csv").write_text("under the root")
    assert find_file("a.csv", "dataset.path") == empty_root / "a.csv"
    Path("a.csv").write_text("here")
    assert find_file("a.csv", "dataset.path").read_text() == "here"
    assert find_file(str(empty_root / "a.csv"), "dataset.path").read_text() == "under the root"


def test_missing_file_says_where_it_looked(empty_root: Path) -> None:
    with pytest.raises(InputError) as caught:
        find_file("tabular/none.csv", "dataset.path")
    message = str(caught.value)
    assert message.startswith("dataset.path: there is no file ")
    assert str(Path.cwd() / "tabular/none.csv") in message
    assert str(empty_root / "tabular/none.csv") in message
    assert "AL_BENCH_DATA" in message
    assert "\n" not in message


def test_a_folder_is_no_file(empty_root: Path) -> None:
    with pytest.raises(InputError, match="is a folder; name the file in it"):
        find_file(str(empty_root), "dataset.path")


def test_one_line() -> None:
    assert one_line(ValueError("a\n  b")) == "a b"
    assert one_line(EOFError()) == "EOFError"
    assert len(one_line(ValueError("x" * 1000))) == 240
