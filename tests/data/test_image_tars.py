"""Images in tar shards: what the same files in a folder give, wherever one shard ends; and what is refused."""

from __future__ import annotations

import io
import json
import os
import pickle
import tarfile
from itertools import pairwise
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from al_bench.data import image_decoding
from al_bench.data.image_folder import ImageFolder
from al_bench.data.mapped import MappedRows
from al_bench.data.table_choices import Damaged, MissingLabels
from al_bench.data.tar_samples import Fields, read_samples
from al_bench.errors import InputError

COUNT = 24
PIXELS = np.random.default_rng(0).integers(0, 256, (COUNT, 8, 8, 3), dtype=np.uint8)
NAMES = ("cat", "dog", "fox")


@pytest.fixture(autouse=True)
def _elsewhere(empty_root: Path) -> None:
    """Every test has a current folder of its own."""


def png(number: int, ending: str = "PNG") -> bytes:
    buffer = io.BytesIO()
    Image.fromarray(PIXELS[number]).save(buffer, ending, **({"lossless": True} if ending == "WEBP" else {}))
    return buffer.getvalue()


def members(numbers: range = range(COUNT)) -> list[tuple[str, bytes]]:
    """The members of some samples in their order."""
    pairs = [(f"{number:04d}.png", png(number)) for number in numbers]
    return [entry for name, image in pairs for entry in ((name, image), (name[:-3] + "cls", label_of(name).encode()))]


def label_of(name: str) -> str:
    return NAMES[int(name[:4]) % 3]


def tar(path: str | Path, content: list[tuple[str, bytes]], mode: str = "w") -> Path:
    path = Path(path)
    path.parent.mkdir(exist_ok=True, parents=True)
    with tarfile.open(path, mode) as file:  # type: ignore[call-overload]
        for name, value in content:
            entry = tarfile.TarInfo(name)
            entry.size = len(value)
            file.addfile(entry, io.BytesIO(value))
    return path


def write(folder: str | Path, cuts: Any = (), numbers: range = range(COUNT)) -> Path:
    edges = [numbers.start, *sorted(set(cuts)), numbers.stop]
    for shard, (start, end) in enumerate(pairwise(edges)):
        tar(Path(folder) / f"x-{shard:06d}.tar", members(range(start, end)))
    return Path(folder)


def load(path: str | Path, validation: bool = False, cache: str | None = None, **keys: Any) -> Any:
    return ImageFolder(path=str(path), **keys).load(validation=validation, cache=cache)


@settings(deadline=None, max_examples=10)
@given(st.lists(st.integers(1, COUNT - 1), max_size=6))
def test_the_data_are_those_of_the_files_in_a_folder_wherever_a_shard_ends(cuts: list[int]) -> None:
    with TemporaryDirectory() as path:
        folder = Path(path) / "files"
        folder.mkdir()
        for number in range(COUNT):
            (folder / f"{number:04d}.png").write_bytes(png(number))
        rows = "".join(f"{number:04d}.png,{label_of(f'{number:04d}')}\n" for number in range(COUNT))
        (Path(path) / "labels.csv").write_text("file,label\n" + rows)
        one = load(folder, label_file=str(Path(path) / "labels.csv"))
        many = load(write(Path(path) / "tars", cuts), cache=str(Path(path) / "cache"))
        again = load(Path(path) / "tars", cache=str(Path(path) / "cache"))
        assert many.fingerprint() == again.fingerprint() == one.fingerprint()
        assert [f"{key}.png" for key in many.items(range(many.size))] == one.items(range(one.size))
        assert (many.class_names, many.shape) == (NAMES, (3, 8, 8))


def test_what_is_read_is_said() -> None:
    folder = write("t", [9])
    (folder / "_SUCCESS").touch()
    (folder / "sizes.json").touch()
    data = load(folder)
    assert data.name == "t"
    assert data.reading.line() == (
        "t: 24 images; shape 3×8×8 (RGB); label the .cls members; 3 classes (cat 8, dog 8, fox 8); 19 training rows, 5 "
        "test rows split off by label; not used: 1 file (no tar); 2 tar files"
    )
    for index, key in enumerate(data.items(range(data.size))):
        np.testing.assert_array_equal(data.inputs[index].numpy(), PIXELS[int(key)].transpose(2, 0, 1))


def test_one_tar_file_is_a_pool_too() -> None:
    tar("one.tar", members())
    data = load("one.tar")
    assert data.name == "one"
    assert data.fingerprint() == load(write("t", [5])).fingerprint()


def test_keys_end_at_the_first_point_and_may_have_folders() -> None:
    entries = [("./d.1/cat.7.PNG", png(0)), ("./d.1/cat.cls", b"0"), ("./d.1/dog.png", png(1)), ("./d.1/dog.cls", b"1")]
    samples = list(read_samples(tar("t.tar", entries), fields := Fields()))
    assert [(sample.key, sample.image is None, sample.label) for sample in samples] == [
        ("d.1/cat", True, "0"),  # 7.png is an image of another kind, such as a mask
        ("d.1/dog", False, "1"),
    ]
    assert fields.others == {".7.png": 1}


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP"])
def test_images_of_every_kind_are_decoded(kind: str) -> None:
    ending = {"JPEG": "jpg", "PNG": "png", "WEBP": "webp"}[kind]
    entries = [
        entry
        for number in range(COUNT)
        for entry in ((f"{number}.{ending}", png(number, kind)), (f"{number}.cls", str(number % 2).encode()))
    ]
    data = load(tar("t.tar", entries))
    key = int(data.items([0])[0])
    apart = np.abs(data.inputs[0].numpy().astype(int) - PIXELS[key].transpose(2, 0, 1)).mean()
    assert apart < 60 if kind == "JPEG" else apart == 0


def test_images_are_resized_and_mapped_as_those_of_a_folder(monkeypatch: pytest.MonkeyPatch) -> None:
    data = load(write("t", [7]), size=4, cache="cache")
    assert data.shape == (3, 4, 4)
    monkeypatch.setattr(image_decoding, "IN_MEMORY", 100)
    mapped = load("t", size=4, cache="other")
    assert isinstance(mapped.inputs, MappedRows)
    assert mapped.fingerprint() == data.fingerprint()


@pytest.mark.parametrize(
    ("value", "classes"),
    [("{n}", ("0", "1")), (" {n}\n", ("0", "1")), ("\ufeffk{n}", ("k0", "k1")), ("{n}.0", ("0", "1"))],
)
def test_a_label_is_a_number_or_a_name(value: str, classes: tuple[str, ...]) -> None:
    entries = members()
    entries = [(k, value.format(n=int(k[:4]) % 2).encode() if k.endswith("cls") else v) for k, v in entries]
    assert load(tar("t.tar", entries)).class_names == classes


def as_json(**more: Any) -> list[tuple[str, bytes]]:
    """Samples with a .json member in place of a label's."""
    out = []
    for name, content in members():
        number = int(name[:4])
        value = {"label": NAMES[number % 3], "kind": number % 2, "patient": f"p{number // 4}", **more}
        out.append((name, content) if name.endswith("png") else (f"{name[:4]}.json", json.dumps(value).encode()))
    return out


def test_labels_and_groups_are_fields_of_json_members() -> None:
    tar("t.tar", as_json())
    data = load("t.tar")
    assert data.class_names == NAMES
    assert "label the .json members" in data.reading.line()
    assert load("t.tar", label="kind").class_names == ("0", "1")
    grouped = load("t.tar", group="patient")
    parts = [{int(key) // 4 for key in keys} for keys in (grouped.origins, grouped.test_origins)]
    assert not parts[0] & parts[1]
    with pytest.raises(InputError, match=r"dataset\.group=ward is no field of its \.json member"):
        load("t.tar", group="ward")
    tar("u.tar", as_json(y=1))
    with pytest.raises(InputError, match=r"the fields label and y; name the label's: dataset\.label=label"):
        load("u.tar")
    tar("v.tar", as_json(label=[1]))
    with pytest.raises(InputError, match=r"'label' is \[1\]; a whole number or a word is expected"):
        load("v.tar")
    with pytest.raises(InputError, match=r"has no label \(24 of 24 images\).*dataset\.label=FIELD"):
        load("t.tar", label="colour")


def test_a_json_member_beside_a_label_is_a_description() -> None:
    entries = []
    for name, value in members():
        entries += [(name, value)] if name.endswith("png") else [(f"{name[:4]}.json", b'{"label": 5}'), (name, value)]
    assert load(tar("t.tar", entries)).class_names == NAMES


def test_images_without_a_label_are_refused_dropped_or_a_class_and_the_unlabelled_items_of_a_pool() -> None:
    entries = [(name, value) for name, value in members() if name not in ("0003.cls", "0010.cls")]
    entries = [(name, b"" if name == "0004.cls" else value) for name, value in entries]
    tar("t.tar", entries)
    with pytest.raises(InputError, match=r"t\.tar: 0003\.png has no label \(3 of 24 images\); set dataset\.missing_la"):
        load("t.tar")
    data = load("t.tar", missing_labels=MissingLabels.drop)
    assert not {"0003", "0004", "0010"} & {*data.origins, *data.test_origins}
    assert load("t.tar", missing_labels=MissingLabels["class"]).class_names == (*NAMES, "missing")
    pool = ImageFolder(path="t.tar").load_pool()
    assert [key for key, label in zip(pool.origins, pool.hidden_labels.tolist(), strict=True) if label < 0] == [
        "0003",
        "0004",
        "0010",
    ]


def test_parts_of_their_own() -> None:
    write("t", [3], range(12))
    write("test", [], range(12, 18))
    write("val", [], range(18, 24))
    data = load("t", test_path="test")
    assert (data.size, len(data.test_labels)) == (12, 6)
    held_out = ImageFolder(path="t", test_path="test", validation="val").load(validation=True)
    assert held_out.origins[-1] == "val/0023"
    assert len(held_out.validation) == 6
    with pytest.raises(InputError, match="the same as dataset"):
        load("t", test_path="t")
    with pytest.raises(InputError, match="validation=100"):
        load("t", validation=True)
    Path("plain").mkdir()
    with pytest.raises(InputError, match=r"dataset\.test_path: plain is no tar file"):
        load("t", test_path="plain")
    write("parts/train", [], range(12))
    write("parts/test", [], range(12, 18))
    with pytest.raises(InputError, match=r"dataset\.path=\S+parts/train dataset\.test_path=\S+parts/test"):
        load("parts")


def test_a_tar_file_beside_images_is_no_pool_as_before() -> None:
    for number in range(COUNT):
        path = Path("photos", NAMES[number % 3], f"{number}.png")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(png(number))
    tar("photos/all.tar", members())
    assert load("photos").reading.unused == {"1 file": "no images: 1 .tar"}


def without(*names: str) -> list[tuple[str, bytes]]:
    return [entry for entry in members() if entry[0] not in names]


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (without("0005.png"), r"t\.tar: the key '0005' has a label and no image"),
        ([*without("0005.cls"), ("0005.cls", b"1")], r"0005\.cls stands apart from the other members of '0005'"),
        (members() + members(range(1)), r"0000\.png stands apart .* or two samples have that key"),
        ([*members(), ("0023.cls", b"1")], r"has two members 0023\.cls"),
        ([*members(), ("0023.jpg", png(1, "JPEG"))], r"two images of the key '0023', 0023\.png and 0023\.jpg"),
        ([*members()[:-1], ("0023.cls", b"\xff\xfe\x00")], r"0023\.cls is no UTF-8"),
        ([*members()[:-1], ("0023.cls", b"x" * 5000)], r"0023\.cls has 5,000 bytes"),
        ([*members()[:-1], ("0023.json", b"{")], r"0023\.json is no JSON"),
        ([*members()[:-1], ("0023.json", b"[1]")], r"0023\.json holds no JSON object"),
        ([("a.txt", b"x")], r"holds no sample with an image; it has \.txt 1"),
        ([(name, value) for name, value in members() if name.endswith("png")], r"KEY\.cls .* is expected beside each"),
        ([*members()[:-2], ("0023.png", png(23)[:60]), ("0023.cls", b"fox")], r"t\.tar: 0023\.png cannot be read"),
    ],
)
def test_samples_that_are_not_whole_are_refused(content: list[tuple[str, bytes]], said: str) -> None:
    tar("t/t.tar", content)
    with pytest.raises(InputError, match=said) as caught:
        load("t")
    assert "\n" not in str(caught.value)


def test_a_damaged_image_is_left_out_where_told() -> None:
    tar("t.tar", [*members()[:-2], ("0023.png", png(23)[:60]), ("0023.cls", b"fox")])
    data = load("t.tar", damaged=Damaged.skip)
    assert "0023" not in {*data.origins, *data.test_origins}
    assert "0023 (" in data.reading.line()


def test_two_shards_of_one_key_are_refused() -> None:
    write("t", [12])
    tar("t/x-000002.tar", members(range(3, 4)))
    with pytest.raises(InputError, match=r"x-000002\.tar has the key '0003', and so has .*x-000000\.tar"):
        load("t")


def test_a_missing_shard_is_refused() -> None:
    write("t", [6, 12])
    Path("t/x-000001.tar").unlink()
    with pytest.raises(InputError, match=r"the shard 1 is missing \(1 of 3 are\)"):
        load("t")


@pytest.mark.parametrize("kind", ["gz", "bz2", "xz"])
def test_packed_tar_files_are_refused(kind: str) -> None:
    tar(f"t/x.tar.{kind}", members(), f"w:{kind}")
    with pytest.raises(InputError, match=rf"x\.tar\.{kind} is a packed tar file; plain ones are expected"):
        load("t")
    with pytest.raises(InputError, match="packed tar file"):
        load(f"t/x.tar.{kind}")
    Path(f"t/x.tar.{kind}").rename("t/x.tar")
    with pytest.raises(InputError, match=r"x\.tar is packed; plain tar files are expected"):
        load("t")


@pytest.mark.parametrize("keep", [0, 300, 512, 700, 1024, 4096, -512, -1])
def test_a_tar_file_cut_short_is_refused_wherever_it_is_cut(keep: int) -> None:
    path = tar("t.tar", members())
    with tarfile.open(path) as file:
        end = len(file.getmembers()) and file.offset if keep < 0 else 0
    path.write_bytes(path.read_bytes()[: end + keep + (keep == -1)])  # -1: where the last member ends
    with pytest.raises(InputError, match=r"t\.tar (cannot be read as a tar file|has no end mark|is empty)"):
        load("t.tar")


def test_bytes_that_are_no_header_in_the_middle_are_refused() -> None:
    path = tar("t.tar", members())
    content = bytearray(path.read_bytes())
    with tarfile.open(path) as file:
        offset = file.getmember("0010.png").offset
    content[offset : offset + 512] = b"\xab" * 512
    path.write_bytes(content)
    with pytest.raises(InputError, match=rf"no end mark after byte {offset:,}"):
        load("t.tar")


def test_nothing_is_unpacked_and_no_other_member_is_read(tmp_path: Path) -> None:
    class Bomb:
        def __reduce__(self) -> Any:
            return os.mkdir, (str(tmp_path / "exploded"),)

    outside = [("../outside.png", png(0)), ("../outside.cls", b"cat"), ("/tmp/al-bench-absolute.pickle", b"x")]
    path = tar("t.tar", [*members(), ("0023.pyd", pickle.dumps(Bomb())), ("0023.pth", pickle.dumps(Bomb())), *outside])
    with tarfile.open(path, "a") as file:
        for kind in (tarfile.SYMTYPE, tarfile.LNKTYPE, tarfile.FIFOTYPE, tarfile.CHRTYPE):
            entry = tarfile.TarInfo(f"link{kind!r}.png")
            entry.type, entry.linkname = kind, "/etc/passwd"
            file.addfile(entry)
    before = sorted(Path.cwd().parent.rglob("*"))
    data = load("t.tar")
    assert sorted(Path.cwd().parent.rglob("*")) == before
    assert not (tmp_path / "exploded").exists()
    assert not Path("/tmp/al-bench-absolute.pickle").exists()
    assert "../outside" in {*data.origins, *data.test_origins}
    assert "not read: .png 4, .pickle 1, .pth 1, .pyd 1" in data.reading.line()


def test_images_are_decoded_anew_when_a_shard_changes_and_only_then(monkeypatch: pytest.MonkeyPatch) -> None:
    write("t", [9])
    first = load("t", cache="cache").fingerprint()
    counted: list[Any] = []
    read = image_decoding.image_reading.read_picture
    monkeypatch.setattr(
        image_decoding.image_reading, "read_picture", lambda *given: counted.append(given) or read(*given)
    )
    assert load("t", cache="cache").fingerprint() == first
    assert not counted
    os.utime("t/x-000001.tar", ns=(1, 1))
    assert load("t", cache="cache").fingerprint() == first
    assert len(counted) == COUNT


def test_a_shard_that_is_written_meanwhile_is_a_fault() -> None:
    sample = next(read_samples(tar("t.tar", members()), Fields()))
    assert sample.image is not None
    assert sample.image.open().read() == png(0)
    os.utime("t.tar", ns=(1, 1))
    with pytest.raises(OSError, match="was written while it was read"):
        sample.image.open()


def test_keys_without_effect_are_those_of_tables() -> None:
    write("t")
    assert set(ImageFolder(path="t", size=4).keys_without_effect()) == {"separator", "header", "encoding", "nested"}
    with pytest.raises(InputError, match=r"leave dataset\.label_file and dataset\.file out"):
        load("t", label_file="labels.csv")
