"""Files of arrays, one a round, added to while a run goes on: predictions.bin and stop_set.bin.

The file is a row of blocks, one that belongs to no round first. A block is a line of JSON and then an array's bytes:

    {"round":3,"dtype":"<f4","shape":[10000,10],"digest":"…"}
    (400,000 bytes, C order)

The first block has the round null. The digest is BLAKE2b over what the run is (as for rounds.jsonl), the line without
its digest, and the bytes. A block that a crash cut off is left out and overwritten; of two blocks of a round the last
counts.
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
from numpy.typing import NDArray

from al_bench.storage.rounds import DamagedRecordError

DTYPES = ("<f4", "<f8", "<i8", "|u1", "<u2", "<u4")
LINE = 1000
"""Bytes of the longest line before an array."""


@dataclass(frozen=True)
class _Block:
    """Where an array of the file lies: its line, and the byte at which the bytes begin and end."""

    fields: dict[str, Any]
    begin: int
    end: int


class ArrayFile:
    """A file of arrays in a run's folder.

    Args:
        folder: The run's folder.
        name: Of the file; there may be none yet.
        start: What the digests begin with: `rounds.chain_start` of the run's header.
        content: What the array without a round holds, for messages.

    Raises:
        DamagedRecordError: the file holds anything else.
    """

    def __init__(self, folder: Path, name: str, start: str, content: str) -> None:
        self.path = folder / name
        self._start, self._content = start, content
        self._blocks: dict[int | None, _Block] = {}
        self._end = 0
        if self.path.exists():
            with self.path.open("rb") as file:
                for block in _blocks(file, folder, name):
                    self._blocks[block.fields["round"]] = block
                    self._end = block.end

    @property
    def rounds(self) -> list[int]:
        """The rounds that have an array, ascending."""
        return sorted(number for number in self._blocks if number is not None)

    def append(self, round_: int, array: NDArray[Any], first: NDArray[Any]) -> None:
        """Add the array of a round, on disk before this returns.

        Args:
            round_: From 0.
            array: Of one or two dimensions.
            first: The array without a round, written where the file begins.
        """
        blocks = ([] if None in self._blocks else [(None, first)]) + [(round_, array)]
        with self.path.open("r+b" if self.path.exists() else "w+b") as file:
            file.truncate(self._end)
            file.seek(self._end)
            for number, values in blocks:
                little = np.ascontiguousarray(values, values.dtype.newbyteorder("<"))
                content = little.tobytes()
                fields = {"round": number, "dtype": little.dtype.str, "shape": list(little.shape)}
                fields["digest"] = self._digest(fields, content)
                line = _line(fields)
                self._blocks[number] = _Block(fields, self._end + len(line), self._end + len(line) + len(content))
                self._end = self._blocks[number].end
                file.write(line + content)
            file.flush()
            os.fsync(file.fileno())

    def read(self, number: int | None) -> NDArray[Any]:
        """The array of a round, or with None the one without.

        Raises:
            DamagedRecordError: There is none, or its bytes were changed.
        """
        name = self.path.name
        if number not in self._blocks:
            missing = f"no {self._content}" if number is None else "no such round"
            raise DamagedRecordError(self.path.parent, f"{name} has {missing}")
        block = self._blocks[number]
        with self.path.open("rb") as file:
            file.seek(block.begin)
            content = file.read(block.end - block.begin)
        if self._digest(block.fields, content) != block.fields["digest"]:
            where = f"the {self._content}" if number is None else f"round {number}"
            raise DamagedRecordError(self.path.parent, f"{where} of {name} do not fit their digest")
        return np.frombuffer(content, block.fields["dtype"]).reshape(block.fields["shape"])

    def _digest(self, fields: dict[str, Any], content: bytes) -> str:
        rest = {key: value for key, value in fields.items() if key != "digest"}
        digest = hashlib.blake2b(self._start.encode() + _line(rest), digest_size=16)
        digest.update(content)
        return digest.hexdigest()


def _blocks(file: BinaryIO, folder: Path, name: str) -> Iterator[_Block]:
    """The blocks of a file, none read; ends at one that was cut off."""
    size = os.fstat(file.fileno()).st_size
    while line := file.readline(LINE):
        begin = file.tell()
        if not line.endswith(b"\n") and begin == size:
            return
        fields = _fields(line, folder, name)
        end = begin + int(np.prod(fields["shape"], dtype=object)) * np.dtype(fields["dtype"]).itemsize
        if end > size:
            return
        yield _Block(fields, begin, end)
        file.seek(end)


def _fields(line: bytes, folder: Path, name: str) -> dict[str, Any]:
    """The line before an array, checked."""
    try:
        fields = json.loads(line)
        number, dtype, shape, digest = (fields[key] for key in ("round", "dtype", "shape", "digest"))
        fits = (
            (number is None or (type(number) is int and number >= 0))
            and dtype in DTYPES
            and len(shape) in (1, 2)
            and all(type(length) is int and 0 < length < 2**40 for length in shape)
            and isinstance(digest, str)
            and len(fields) == 4
        )
    except (ValueError, TypeError, KeyError, RecursionError):
        fits = False
    if not fits:
        raise DamagedRecordError(folder, f"{name} holds what is no block of an array")
    return dict(fields)


def _line(fields: dict[str, Any]) -> bytes:
    return json.dumps(fields, separators=(",", ":")).encode() + b"\n"
