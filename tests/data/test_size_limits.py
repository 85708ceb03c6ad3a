"""Small files that stand for very much are refused by their size, in one line and before they are unpacked."""

from __future__ import annotations

import bz2
import gzip
import io
import lzma
import time
import zipfile
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from al_bench.data.arrays import NpzDataset
from al_bench.data.csv_table import CsvDataset
from al_bench.data.size_limits import check_size, memory_left
from al_bench.errors import InputError

ZEROS = bytes(2**20)
SECONDS = 20.0
"""After which a refusal is no fast one, on a busy machine."""


@pytest.fixture(autouse=True)
def _elsewhere(empty_root: Path) -> None:
    """Every test has a current folder of its own."""


def refusal(load: Callable[[], object]) -> str:
    began = time.perf_counter()
    with pytest.raises(InputError) as caught:
        load()
    assert time.perf_counter() - began < SECONDS
    assert "\n" not in str(caught.value)
    return str(caught.value)


def packed(open_file: Callable[..., object], megabytes: int = 300) -> bytes:
    out = io.BytesIO()
    with open_file(out, "wb") as file:  # type: ignore[attr-defined]
        file.write(b"a,b,label\n")
        for _ in range(megabytes):
            file.write(ZEROS)
    return out.getvalue()


def zipped(megabytes: int = 300) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive, archive.open("t.csv", "w") as file:
        for _ in range(megabytes):
            file.write(ZEROS)
    return out.getvalue()


BOMBS: dict[str, Callable[[], bytes]] = {
    "gzip": lambda: packed(gzip.open),
    "bzip2": lambda: packed(bz2.open),
    "xz": lambda: packed(lzma.open),
    "zip": zipped,
}


@pytest.mark.slow
@pytest.mark.parametrize("kind", BOMBS)
def test_a_packed_table_that_is_nearly_nothing_is_refused(kind: str) -> None:
    Path("t.csv").write_bytes(BOMBS[kind]())
    assert "unpacks to more than 100 times its size" in refusal(CsvDataset(path="t.csv").load)


def archive(name: str, header: bytes, data_megabytes: int) -> None:
    with zipfile.ZipFile("t.npz", "w", zipfile.ZIP_DEFLATED) as file:
        with file.open(f"{name}.npy", "w") as member:
            member.write(header)
            for _ in range(data_megabytes):
                member.write(ZEROS)
        other = "y" if name == "x" else "x"
        content = io.BytesIO()
        np.save(content, np.zeros(3))
        file.writestr(f"{other}.npy", content.getvalue())


def header(shape: tuple[int, ...], kind: str = "|u1") -> bytes:
    out = io.BytesIO()
    np.lib.format.write_array_header_1_0(out, {"descr": kind, "fortran_order": False, "shape": shape})  # type: ignore[arg-type]
    return out.getvalue()


@pytest.mark.parametrize("name", ["x", "y"])
def test_an_array_of_zeros_that_fills_the_memory_is_refused(name: str) -> None:
    archive(name, header((300 * 2**20, 1)), 300)
    assert "unpacks to more than 100 times its size" in refusal(NpzDataset(path="t.npz").load)


@pytest.mark.parametrize("shape", [(10**15,), (10**6, 10**6), (2**62, 2**62)], ids=["long", "wide", "beyond 64 bits"])
@pytest.mark.parametrize("name", ["x", "y"])
def test_a_header_that_announces_more_than_there_is_is_refused(name: str, shape: tuple[int, ...]) -> None:
    archive(name, header(shape, "<f8"), 1)
    assert "t.npz cannot be read as .npz (its header announces" in refusal(NpzDataset(path="t.npz").load)
    Path("folder").mkdir()
    np.save("folder/x.npy", np.zeros((3, 2)))
    np.save("folder/y.npy", np.arange(3) % 2)
    Path(f"folder/{name}.npy").write_bytes(header(shape, "<f8") + ZEROS)
    assert f"{name}.npy cannot be read as .npy (its header announces" in refusal(NpzDataset(path="folder").load)


@pytest.mark.parametrize(
    "content",
    [b"\x93NUMPY\x01\x00\xff\xff" + b"(" * 65535, b"\x93NUMPY\x02\x00\xff\xff\xff\x7f", b"\x93NUMPY\x09\x00", b"\x93"],
    ids=["a header of brackets", "a header of two gigabytes", "another version", "cut off"],
)
def test_a_header_that_is_none_is_refused_and_no_pickle_is_advised(content: bytes) -> None:
    archive("x", content, 0)
    message = refusal(NpzDataset(path="t.npz").load)
    assert "pickle" not in message
    assert "t.npz" in message


def test_a_member_that_is_encrypted_or_stored_by_an_unknown_method_is_refused() -> None:
    np.savez("t.npz", x=np.zeros((9, 2)), y=np.arange(9) % 2)
    whole = bytearray(Path("t.npz").read_bytes())
    for offset, value in ((6, 1), (8, 99)):  # flags and method of a local header; the directory's are 2 further on
        changed = bytearray(whole)
        at = changed.index(b"PK\x01\x02")
        changed[at + offset + 2] = value
        changed[offset] = value
        Path("t.npz").write_bytes(changed)
        assert "t.npz cannot be read as .npz" in refusal(NpzDataset(path="t.npz").load)


@pytest.mark.parametrize("size", [10**13, 10**16, 2**80], ids=["10 TB", "10 PB", "beyond 64 bits"])
def test_what_the_memory_does_not_hold_is_refused_with_both_sizes(size: int) -> None:
    with pytest.raises(
        InputError, match=r"t\.csv takes [\d,]+\.\d GB of memory, and [\d,.]+ GB are left here; go away"
    ):
        check_size(Path("t.csv"), size, "go away")


def test_a_file_beyond_the_memory_is_not_read() -> None:
    with Path("t.csv").open("wb") as file:
        file.truncate(memory_left())  # a sparse file: no byte of it is on the disk
    assert "GB of memory" in refusal(CsvDataset(path="t.csv").load)


def test_ordinary_compression_is_no_bomb() -> None:
    rows = "".join(f"{n % 13},{n % 7},{'xy'[n % 2]}\n" for n in range(200_000))
    Path("t.csv").write_bytes(gzip.compress(f"a,b,label\n{rows}".encode()))
    assert CsvDataset(path="t.csv").load().size == 160_000
    np.savez_compressed("t.npz", x=np.zeros((2000, 1000)), y=np.arange(2000) % 2)
    assert NpzDataset(path="t.npz").load().size == 1600
