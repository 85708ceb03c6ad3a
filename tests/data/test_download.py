"""Files that are downloaded once, completely and without printing."""

from __future__ import annotations

import socket
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from al_bench.data import download
from al_bench.data.download import ensure_downloaded
from al_bench.errors import InputError

FILES = ("toy/a", "toy/b")


def get(root: Path, fetch: Callable[[Path], None]) -> str:
    """The contents of Toy's two files, downloaded by `fetch` if need be."""
    ensure_downloaded(root, "toy", "Toy", FILES, fetch, "put toy/a and toy/b there")
    return "".join((root / file).read_text() for file in FILES)


def fetch_all(folder: Path) -> None:
    (folder / "toy").mkdir()
    for name in "ab":
        (folder / "toy" / name).write_text(name)
    (folder / "archive.gz").write_text("not wanted")


def refuse(folder: Path) -> None:
    raise AssertionError("nothing should have been fetched")


def test_files_go_into_place_and_nothing_else(tmp_path: Path) -> None:
    root = tmp_path / "new" / "root"
    assert get(root, fetch_all) == "ab"
    assert sorted(str(file.relative_to(root)) for file in root.rglob("*") if file.suffix != ".lock") == [
        "toy",
        "toy/a",
        "toy/b",
    ]
    assert get(root, refuse) == "ab"


def test_present_files_need_neither_lock_nor_download(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    fetch_all(tmp_path)
    monkeypatch.setattr("filelock.FileLock", refuse)
    before = sorted(tmp_path.rglob("*"))
    assert get(tmp_path, refuse) == "ab"
    assert sorted(tmp_path.rglob("*")) == before


def test_a_download_that_fails_leaves_nothing(tmp_path: Path) -> None:
    def half(folder: Path) -> None:
        (folder / "toy").mkdir()
        (folder / "toy/a").write_text("a")
        raise OSError("the line\nwent dead")

    with pytest.raises(InputError) as caught:
        get(tmp_path, half)
    assert str(caught.value) == (
        f"Toy is not in {tmp_path} and could not be downloaded (the line went dead): put toy/a and toy/b there"
    )
    assert [file.name for file in tmp_path.iterdir()] == [".toy.lock"]


def test_a_download_that_lacks_a_file_is_no_success(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="lacks some of its files"):
        get(tmp_path, lambda folder: None)
    assert not (tmp_path / "toy").exists()


def test_what_a_killed_run_left_is_removed(tmp_path: Path) -> None:
    left = tmp_path / ".toy.download" / "toy"
    left.mkdir(parents=True)
    (left / "a").write_text("half an a")
    assert get(tmp_path, fetch_all) == "ab"


def test_a_root_that_cannot_be_made(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(InputError, match="put toy/a and toy/b there"):
        get(tmp_path / "file" / "root", fetch_all)


def test_downloads_print_nothing(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    def noisy(folder: Path) -> None:
        print("100%")
        print("9.91M/9.91M", file=sys.stderr)
        fetch_all(folder)

    get(tmp_path, noisy)
    assert capfd.readouterr() == ("", "")


def test_a_mirror_that_never_answers_costs_seconds(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(download, "SECONDS_WITHOUT_A_BYTE", 0.2)
    with socket.socket() as mirror:
        mirror.bind(("127.0.0.1", 0))
        mirror.listen()

        def listen(folder: Path) -> None:
            with socket.create_connection(mirror.getsockname()) as line:
                line.recv(1)

        start = time.monotonic()
        with pytest.raises(InputError, match="timed out"):
            get(tmp_path, listen)
        assert time.monotonic() - start < 12  # without the limit above 15, without any minutes
    assert socket.getdefaulttimeout() is None


SCRIPT = """
import sys, time
from pathlib import Path
from al_bench.data.download import ensure_downloaded

def fetch(folder):
    with open(Path(sys.argv[1]) / "fetches", "a") as file:
        file.write("one\\n")
    time.sleep(0.5)
    (folder / "toy").write_text("whole")

root = Path(sys.argv[1]) / "root"
ensure_downloaded(root, "toy", "Toy", ["toy"], fetch, "")
print((root / "toy").read_text())
"""


def test_two_processes_download_once(tmp_path: Path) -> None:
    command = [sys.executable, "-c", SCRIPT, str(tmp_path)]
    both = [subprocess.Popen(command, stdout=subprocess.PIPE, text=True) for _ in range(2)]
    assert [process.communicate(timeout=60)[0] for process in both] == ["whole\n", "whole\n"]
    assert (tmp_path / "fetches").read_text() == "one\n"
