"""Files that the user names for a command's output."""

from __future__ import annotations

from pathlib import Path

import pytest

from al_bench.errors import InputError
from al_bench.storage.files import write_output


def test_a_file_is_written_whole_into_a_folder_that_is_made(tmp_path):
    write_output(tmp_path / "new" / "a.txt", "größer\n")
    write_output(tmp_path / "new" / "a.txt", "again\n")
    assert (tmp_path / "new" / "a.txt").read_bytes() == b"again\n"
    assert [path.name for path in (tmp_path / "new").iterdir()] == ["a.txt"]


def test_a_link_stays_a_link_and_its_target_is_written(tmp_path):
    (tmp_path / "link.txt").symlink_to(tmp_path / "target.txt")
    write_output(tmp_path / "link.txt", "text")
    assert (tmp_path / "link.txt").is_symlink()
    assert (tmp_path / "target.txt").read_text() == "text"


def test_a_device_is_written_as_it_is():
    write_output(Path("/dev/null"), "text")
    assert Path("/dev/null").is_char_device()


@pytest.mark.parametrize(
    ("name", "reason"), [("file/a.txt", "File exists"), (".", "Is a directory")], ids=["below a file", "a folder"]
)
def test_a_file_that_cannot_be_written_is_named(tmp_path, name, reason):
    (tmp_path / "file").write_text("")
    with pytest.raises(InputError, match=rf"cannot be written: {reason}; choose another file"):
        write_output(tmp_path / name, "text")
