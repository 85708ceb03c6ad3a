"""Files that are got once, whole and quietly."""

from __future__ import annotations

import socket
import subprocess
import sys
import time
from pathlib import Path

import pytest

from al_bench.data import download
from al_bench.data.download import Parcel, obtain
from al_bench.errors import InputError

PARCEL = Parcel("toy", "Toy", ("toy/a", "toy/b"), "put toy/a and toy/b there")


def read(root: Path) -> str:
    return (root / "toy/a").read_text() + (root / "toy/b").read_text()


def bring(folder: Path) -> None:
    (folder / "toy").mkdir()
    for name in "ab":
        (folder / "toy" / name).write_text(name)
    (folder / "archive.gz").write_text("not wanted")


def refuse(folder: Path) -> None:
    raise AssertionError("nothing should have been fetched")


def test_files_go_into_place_and_nothing_else(tmp_path: Path) -> None:
    root = tmp_path / "new" / "root"
    assert obtain(root, PARCEL, read, bring) == "ab"
    assert sorted(str(file.relative_to(root)) for file in root.rglob("*") if file.suffix != ".lock") == [
        "toy",
        "toy/a",
        "toy/b",
    ]
    assert obtain(root, PARCEL, read, refuse) == "ab"


def test_present_files_need_neither_lock_nor_download(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    bring(tmp_path)
    monkeypatch.setattr("filelock.FileLock", refuse)
    before = sorted(tmp_path.rglob("*"))
    assert obtain(tmp_path, PARCEL, read, refuse) == "ab"
    assert sorted(tmp_path.rglob("*")) == before


def test_a_download_that_fails_leaves_nothing(tmp_path: Path) -> None:
    def half(folder: Path) -> None:
        (folder / "toy").mkdir()
        (folder / "toy/a").write_text("a")
        raise OSError("the line\nwent dead")

    with pytest.raises(InputError) as caught:
        obtain(tmp_path, PARCEL, read, half)
    assert str(caught.value) == (
        f"Toy is not in {tmp_path} and could not be downloaded (the line went dead): put toy/a and toy/b there"
    )
    assert [file.name for file in tmp_path.iterdir()] == [".toy.lock"]


def test_a_download_that_lacks_a_file_is_no_success(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="lacks some of its files"):
        obtain(tmp_path, PARCEL, read, lambda folder: None)
    assert not (tmp_path / "toy").exists()


def test_rests_of_a_killed_run_are_cleared(tmp_path: Path) -> None:
    rest = tmp_path / ".toy.download" / "toy"
    rest.mkdir(parents=True)
    (rest / "a").write_text("half an a")
    assert obtain(tmp_path, PARCEL, read, bring) == "ab"


def test_a_root_that_cannot_be_made(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(InputError, match="put toy/a and toy/b there"):
        obtain(tmp_path / "file" / "root", PARCEL, read, bring)


def test_downloads_print_nothing(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    def noisy(folder: Path) -> None:
        print("100%")
        print("9.91M/9.91M", file=sys.stderr)
        bring(folder)

    obtain(tmp_path, PARCEL, read, noisy)
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
            obtain(tmp_path, PARCEL, read, listen)
        assert time.monotonic() - start < 12  # without the limit above 15, without any minutes
    assert socket.getdefaulttimeout() is None


SCRIPT = """
import sys, time
from pathlib import Path
from al_bench.data.download import Parcel, obtain

def fetch(folder):
    with open(Path(sys.argv[1]) / "fetches", "a") as file:
        file.write("one\\n")
    time.sleep(0.5)
    (folder / "toy").write_text("whole")

print(obtain(Path(sys.argv[1]) / "root", Parcel("toy", "Toy", ("toy",), ""), lambda r: (r / "toy").read_text(), fetch))
"""


def test_two_processes_download_once(tmp_path: Path) -> None:
    command = [sys.executable, "-c", SCRIPT, str(tmp_path)]
    both = [subprocess.Popen(command, stdout=subprocess.PIPE, text=True) for _ in range(2)]
    assert [process.communicate(timeout=60)[0] for process in both] == ["whole\n", "whole\n"]
    assert (tmp_path / "fetches").read_text() == "one\n"
