"""Damage to files: of bytes, lines, cells and arrays, and files that unpack to very much."""

from __future__ import annotations

import gzip
import io
import os
import pickle
import random
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from fuzzing.values import CANARY, TEXTS

Damage = Callable[[bytes, random.Random], bytes]
MEGABYTE = 2**20


class Planted:
    """A pickle of this runs a command where it is loaded."""

    def __reduce__(self) -> tuple[Any, ...]:
        return os.system, (f"touch {CANARY}",)


def _spot(content: bytes, generator: random.Random) -> int:
    return generator.randrange(len(content) + 1)


def flip(content: bytes, generator: random.Random) -> bytes:
    """Some bits are another."""
    out = bytearray(content)
    for _ in range(min(len(out), generator.choice((1, 1, 3, 30)))):
        out[generator.randrange(len(out))] ^= 1 << generator.randrange(8)
    return bytes(out)


def cut(content: bytes, generator: random.Random) -> bytes:
    """The end is lost."""
    return content[: _spot(content, generator)]


def behead(content: bytes, generator: random.Random) -> bytes:
    """The beginning is lost."""
    return content[generator.choice((1, 3, _spot(content, generator))) :]


def insert(content: bytes, generator: random.Random) -> bytes:
    """Strange bytes somewhere, or at the beginning."""
    at = generator.choice((0, _spot(content, generator)))
    strange = generator.choice(
        [b"\0", b"\xff", b"\xef\xbb\xbf", b"\xff\xfe", b'"', b"'", b"\r", b"\n\n\n", b"\x1a", b"\0" * 999, b"\x1b[2J"]
    )
    return content[:at] + strange + content[at:]


def double(content: bytes, generator: random.Random) -> bytes:
    """A part of it is there twice, or all of it."""
    begin, end = sorted((_spot(content, generator), _spot(content, generator)))
    return generator.choice((content * 2, content[:end] + content[begin:]))


def nothing(content: bytes, generator: random.Random) -> bytes:
    """Nothing, or nearly so."""
    return generator.choice((b"", b"\n", b"\0", b"x", b"{}", b"[]", b"null", b"\xff\xfe", b"PK\x03\x04", b"PAR1"))


def encode(content: bytes, generator: random.Random) -> bytes:
    """Text in another encoding."""
    text = content.decode(errors="replace")
    name = generator.choice(("utf-16", "utf-16-le", "utf-32", "latin-1", "cp1252", "utf-8-sig", "utf-7", "cp037"))
    return text.encode(name, errors="replace")


def pack(content: bytes, generator: random.Random) -> bytes:
    """Packed, once or twice."""
    kind = generator.randrange(3)
    if kind == 2:
        out = io.BytesIO()
        with zipfile.ZipFile(out, "w") as archive:
            archive.writestr(generator.choice(("x.csv", "../../../x.csv", "/x.csv")), content)
        return out.getvalue()
    once = gzip.compress(content, mtime=0)
    return gzip.compress(once, mtime=0) if kind else once


BYTES: tuple[Damage, ...] = (flip, flip, cut, cut, behead, insert, insert, double, nothing, pack)


def change_lines(content: bytes, generator: random.Random) -> bytes:
    """Lines lost, doubled, moved, blank, longer or shorter, or with a separator of their own."""
    lines = content.split(b"\n")
    at = generator.randrange(len(lines))
    line = lines[at]
    kind = generator.randrange(12)
    if kind == 0:
        del lines[at]
    elif kind == 1:
        lines.insert(at, line)
    elif kind == 2:
        lines.insert(at, lines[0])
    elif kind == 3:
        lines[at : at + 1] = [b"", line, b"   "]
    elif kind == 4:
        lines[at] = line + generator.choice((b",", b",,,", b",x", b"\t", b";", b'"'))
    elif kind == 5:
        lines[at] = line.rpartition(b",")[0]
    elif kind == 6:
        lines[at] = line.replace(b",", generator.choice((b";", b"\t", b"|", b" ", b",,")))
    elif kind == 7:
        lines.insert(
            at, generator.choice((b"# a comment", b"% a comment", b"sep=;", b"A title", b"@relation x", b"<html>"))
        )
    elif kind == 8:
        generator.shuffle(lines)
    elif kind == 9:
        return content.replace(b"\n", generator.choice((b"\r\n", b"\r", b"\n\r", b"\x0b", b"\xe2\x80\xa8")))
    elif kind == 10:
        return content.replace(b",", generator.choice((b";", b"\t", b"|", b" ", b":", b"^", b"\x01", b"||")))
    else:
        lines = lines[1:]
    return b"\n".join(lines)


def change_cells(content: bytes, generator: random.Random) -> bytes:
    """Cells, or a whole column of them, with a strange text; or the header's."""
    rows = [line.split(b",") for line in content.split(b"\n")]
    strange = generator.choice((*TEXTS, "9" * 5_000, "1e999", "x" * 300_000, '{"a": [1, {"b": null}]}', "\0", "1.2.3"))
    cell = strange.encode(errors="surrogateescape")
    if generator.random() < 0.5:
        cell = b'"' + cell.replace(b'"', b'""') + b'"'
    column = generator.randrange(len(rows[0]))
    draw = generator.random()
    if draw < 0.15:
        rows[0][column] = cell
    elif draw < 0.25:
        for row in rows:
            row[column : column + 1] = [cell]
    elif draw < 0.35:
        for row in rows[1:]:
            if len(row) > column and generator.random() < 0.5:
                row[column] = generator.choice(
                    (b"", b"nan", b"?", row[column] + b" %", row[column].replace(b".", b","))
                )
    else:
        row = generator.choice(rows)
        row[generator.randrange(len(row))] = cell
    return b"\n".join(b",".join(row) for row in rows)


def change_json(content: bytes, generator: random.Random) -> bytes:
    """A line of JSON with something else in it, or in its place."""
    lines = content.split(b"\n")
    at = generator.randrange(len(lines))
    value = generator.choice(
        [b"NaN", b"null", b"[1]", b'{"a": 1}', b"1e999", b"9" * 5_000, b'"\\ud800"', b"true",
         b'"' + b"x" * 300_000 + b'"',
         b"[" * 100_000 + b"]" * 100_000, b'"${oc.env:AL_BENCH_FUZZ_SECRET}"', b"-0", b'"\\u0000"']
    )  # fmt: skip
    kind = generator.randrange(6)
    if kind == 0:
        lines[at] = value
    elif kind == 1:
        return b"[" + b",".join(line for line in lines if line) + generator.choice((b"]", b""))
    elif kind == 2:
        lines[at] = lines[at].replace(b'"colour"', generator.choice((b'"size"', b'""', b'"\\u0000"', b'"x"')))
    elif kind == 3:
        return value
    else:
        lines[at] = lines[at][: lines[at].find(b":") + 1] + b" " + value + b"}"
    return b"\n".join(lines)


TEXT: tuple[Damage, ...] = (*BYTES, *(change_lines,) * 8, *(change_cells,) * 12, encode, encode)
JSON: tuple[Damage, ...] = (*BYTES, *(change_json,) * 8, change_lines, encode)


def strange_array(values: np.ndarray, generator: random.Random) -> np.ndarray:
    """An array of another shape, type or order, or with values that are none."""
    draws = np.random.default_rng(generator.randrange(2**32))
    makers: list[Callable[[], np.ndarray]] = [
        lambda: values[:-3],
        lambda: values[:0],
        lambda: values[:1],
        lambda: values[..., None],
        lambda: values.reshape(-1),
        lambda: values.reshape(values.shape[0], -1)[:, :0],
        lambda: np.array(5),
        lambda: np.zeros_like(values),
        lambda: np.arange(values.size).reshape(values.shape),
        lambda: values.astype(object),
        lambda: values.astype(str),
        lambda: values.astype("S9"),
        lambda: draws.normal(size=values.shape) * 1e300,
        lambda: np.where(draws.random(values.shape) < 0.1, np.nan, 1.0),
        lambda: np.where(draws.random(values.shape) < 0.1, np.inf, 1.0),
        lambda: draws.normal(size=values.shape).astype(np.complex64),
        lambda: draws.random(values.shape) < 0.5,
        lambda: draws.integers(0, 9, values.shape).astype("datetime64[D]"),
        lambda: draws.integers(0, 9, values.shape).astype("timedelta64[s]"),
        lambda: np.zeros(values.shape, [("a", "f4"), ("b", "i4")]),
        lambda: draws.normal(size=values.shape).astype(">f8"),
        lambda: draws.normal(size=values.shape).astype(np.float16),
        lambda: draws.normal(size=values.shape).astype(np.longdouble),
        lambda: draws.integers(0, 2**63, values.shape).astype(np.uint64) * 2,
        lambda: draws.integers(-(2**62), 2**62, values.shape),
        lambda: np.full(values.shape, generator.choice(TEXTS)),
        lambda: np.zeros(values.shape, "V8"),
        lambda: np.asfortranarray(values),
    ]
    return np.asarray(generator.choice(makers)())


def strange_arrays(arrays: dict[str, np.ndarray], generator: random.Random) -> dict[str, np.ndarray]:
    """Arrays of which one is strange, lost, there twice, or of another name."""
    name = generator.choice(sorted(arrays))
    draw = generator.random()
    if draw < 0.7:
        return arrays | {name: strange_array(arrays[name], generator)}
    if draw < 0.8:
        return {other: values for other, values in arrays.items() if other != name}
    if draw < 0.9:
        return arrays | {generator.choice(("X", "y_test", "train_labels", "x_val", "a/b", "../x")): arrays[name]}
    return arrays | {name: np.array([Planted()] * len(arrays[name]), object)}


def array_with_header(header: str, data: bytes = b"") -> bytes:
    """An .npy file whose header says whatever it says."""
    text = header.encode("latin-1") + b"\n"
    return b"\x93NUMPY\x01\x00" + len(text).to_bytes(2, "little") + text + data


HEADERS = (
    "{'descr': '<f8', 'fortran_order': False, 'shape': (1099511627776, 4), }",
    "{'descr': '<f8', 'fortran_order': False, 'shape': (4294967296, 4294967296), }",
    "{'descr': '<f8', 'fortran_order': False, 'shape': (-1, 4), }",
    "{'descr': '<f8', 'fortran_order': False, 'shape': (40, 0), }",
    "{'descr': '|S1000000000', 'fortran_order': False, 'shape': (40, 4), }",
    "{'descr': '|O', 'fortran_order': False, 'shape': (40,), }",
    "{'descr': 'x', 'fortran_order': False, 'shape': (40,), }",
    "{'descr': __import__('os').system('touch ran'), 'fortran_order': False, 'shape': (40,), }",
    "{" * 5_000,
    "(" * 60_000,
    "null",
    "",
)
"""Headers of .npy files that are false, faulty or meant to be run."""


def pickled() -> bytes:
    """A pickle that runs a command where it is loaded."""
    return pickle.dumps(Planted())


def gzip_bomb(megabytes: int) -> bytes:
    """A file that unpacks to zeros, a thousand times its size: members one after the other, as gzip allows."""
    return gzip.compress(bytes(16 * MEGABYTE), mtime=0) * (megabytes // 16)


def write_archive_bomb(path: Path, megabytes: int) -> None:
    """Write an .npz file whose inputs unpack to zeros, a thousand times its size."""
    header = f"{{'descr': '<f4', 'fortran_order': False, 'shape': ({megabytes * MEGABYTE // 16}, 4), }}"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as archive:
        for name, count in (("x.npy", megabytes), ("y.npy", 1)):
            with archive.open(name, "w") as member:
                member.write(array_with_header(header))
                for _ in range(count):
                    member.write(bytes(MEGABYTE))


def damaged(content: bytes, kinds: tuple[Damage, ...], generator: random.Random) -> bytes:
    """A file damaged in none to three ways."""
    for _ in range(generator.choice((0, 1, 1, 1, 1, 2, 3))):
        content = generator.choice(kinds)(content, generator)
    return content


def any_name(generator: random.Random) -> str:
    """A name of a file that a shell or Hydra may take for something else."""
    return generator.choice(
        ["my table.csv", "[x].csv", "ä,b.csv", "a=b.csv", "$x.csv", "{a}.csv", "it's.csv", "*.csv", "-x.csv"]
    )
