"""TOML files as typed structures: what is wrong is said in one line with the file and the key."""

from __future__ import annotations

import msgspec
import pytest

from al_bench.errors import InputError
from al_bench.storage.typed_toml import read_toml


class Entry(msgspec.Struct, forbid_unknown_fields=True):
    name: str
    labels: tuple[int, ...] = ()


class File(msgspec.Struct, forbid_unknown_fields=True):
    title: str
    entry: tuple[Entry, ...] = ()


def test_a_file_is_read_as_its_type(tmp_path):
    path = tmp_path / "file.toml"
    path.write_text('title = "Größen"\n[[entry]]\nname = "a"\nlabels = [1, 2]\n', encoding="utf-8")
    assert read_toml(path, File) == File("Größen", (Entry("a", (1, 2)),))


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("title = ", "not TOML: Invalid value (at end of document)"),
        ("", "$.title: missing"),
        ('title = "t"\nname = 1', "$.name: unknown field"),
        ("title = 3", "$.title: expected str, got int"),
        ('title = "t"\n[[entry]]\nname = "a"\n[[entry]]\nlabels = []', "$.entry[1].name: missing"),
        ('title = "t"\n[[entry]]\nname = "a"\nlables = [1]', "$.entry[0].lables: unknown field"),
        ('title = "t"\n[[entry]]\nname = "a"\nlabels = [1, 2.5]', "$.entry[0].labels[1]: expected int, got float"),
    ],
    ids=["no-toml", "missing", "unknown", "type", "missing-in-a-table", "unknown-in-a-table", "type-in-a-list"],
)
def test_a_faulty_file_is_refused_with_its_key(tmp_path, text, fault):
    path = tmp_path / "file.toml"
    path.write_text(text)
    with pytest.raises(InputError) as refused:
        read_toml(path, File)
    assert str(refused.value) == f"{path}: {fault}"
