"""An array in several .npy files, x-00000.npy and so on, that is read as if it were mapped from one.

A pool of ten million rows is seldom one file. Nothing that is read depends on where one file ends: the rows of all are
counted through, and whoever reads them (`mapped`) cuts them into pieces of its own.
"""

from __future__ import annotations

import mmap
import re
from collections import OrderedDict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np

from al_bench.data.shapes import Layout, view_inputs
from al_bench.errors import InputError

SHARD = re.compile(r"(?P<name>.+?)-(?P<number>\d+)(-of-(?P<total>\d+))?")
"""The name of a shard without its ending: the array, the shard's number from 0 and, if it is known, how many."""
OPEN_FILES = 64
"""Files that are mapped at one time: a process may have 1,024 open on many systems."""


def sharded_names(stems: Iterable[str], names: Collection[str]) -> dict[str, dict[int, str]]:
    """Array to shard's number to the name of the file without its ending.

    Args:
        stems: Names of files without their endings.
        names: Of the arrays; files of others are left out.
    """
    arrays: dict[str, dict[int, str]] = {}
    for stem in sorted(stems):
        if (match := SHARD.fullmatch(stem)) and match["name"] in names:
            arrays.setdefault(match["name"], {}).setdefault(int(match["number"]), stem)
    return {name: dict(sorted(shards.items())) for name, shards in arrays.items()}


def shard_files(folder: Path, name: str, numbered: Mapping[int, str], there: Sequence[str]) -> list[Path]:
    """The files of a sharded array in their order.

    Args:
        folder: Where they are.
        name: The array.
        numbered: Its shards, see `sharded_names`.
        there: All names in the folder, without their endings.

    Raises:
        InputError: A number is missing or there twice, or the files' names tell different numbers of shards.
    """
    matches = [match for stem in there if (match := SHARD.fullmatch(stem)) and match["name"] == name]
    if len(matches) > len(numbered):
        twice = next(match[0] for match in matches if match[0] not in numbered.values())
        raise InputError(f"{folder}: {twice}.npy is a second shard of its number; one file a number is expected")
    totals = sorted({match["total"] or "" for match in matches})
    if len(totals) > 1:
        names = " and ".join(f"{name}-…{f'-of-{total}' if total else ''}.npy" for total in totals)
        raise InputError(f"{folder} has {names}, of which one may be left from before; shards of one set are expected")
    count = int(totals[0]) if totals[0] else max(numbered) + 1
    if extra := [number for number in numbered if number >= count]:
        raise InputError(
            f"{folder}: {numbered[extra[0]]}.npy is beyond the last shard, {count - 1}; numbers begin at 0"
        )
    if missing := [number for number in range(count) if number not in numbered]:
        first, last = next(iter(numbered.values())), list(numbered.values())[-1]
        width = len(matches[0]["number"])
        raise InputError(
            f"{folder}: the shard {name}-{missing[0]:0{width}d} is missing ({len(missing)} of {count} are), and there "
            f"are {first}.npy and {last}.npy; shards are numbered from 0 without a gap"
        )
    return [folder / f"{numbered[number]}.npy" for number in range(count)]


def copy_rows(array: np.ndarray, rows: slice | np.ndarray) -> np.ndarray:
    """A copy of some rows of an array, whose pages are given back to the system if it is mapped from a file."""
    chunk = np.array(array[rows])
    if (file := memory_map(array)) is not None and hasattr(mmap, "MADV_DONTNEED"):
        file.madvise(mmap.MADV_DONTNEED)
    return chunk


def memory_map(array: np.ndarray) -> mmap.mmap | None:
    """The file that an array is a view of, if it is one of a file."""
    owner = array.base
    while isinstance(owner, np.ndarray):
        owner = owner.base
    return owner if isinstance(owner, mmap.mmap) else None


@dataclass(frozen=True, eq=False)
class ShardedArray:
    """The arrays of several .npy files, one after another.

    Args:
        paths: The files.
        lengths: Rows of each.
        shape: (N, ...) of the whole, as the files have it.
        dtype: Of all of them.
        stamps: Size and time of the last change of each when its header was read.
        layout: Which axis of images holds the channels, once that is known; see `view`.
    """

    paths: tuple[Path, ...]
    lengths: tuple[int, ...]
    shape: tuple[int, ...]
    dtype: np.dtype
    stamps: tuple[tuple[int, int], ...]
    layout: Layout | None = None
    _open: OrderedDict[int, np.ndarray] = field(default_factory=OrderedDict, init=False, repr=False)
    _starts: np.ndarray = field(init=False, repr=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "_starts", np.concatenate([[0], np.cumsum(self.lengths)]))

    def __len__(self) -> int:
        return self.shape[0]

    @property
    def ndim(self) -> int:
        """Axes, that of the rows among them."""
        return len(self.shape)

    @property
    def _longest(self) -> int:
        """The longest shard: of a single row nobody sees in which order the values lie."""
        return int(np.argmax(self.lengths))

    def view(self, layout: Layout) -> ShardedArray:
        """The same rows as [N, D] or [N, C, H, W]; see `shapes.view_inputs`, which says what is refused."""
        first = view_inputs(str(self.paths[0]), self._mapped(0), layout)
        return replace(self, shape=(len(self), *first.shape[1:]), layout=layout)

    def row_name(self, row: int) -> str:
        """What a row is called in messages: its file, and its place there."""
        shard = int(np.searchsorted(self._starts, row, side="right")) - 1
        return f"{self.paths[shard]}, row {row - int(self._starts[shard])}"

    def copy_rows(self, rows: slice | np.ndarray) -> np.ndarray:
        """A copy of some rows, in their order.

        Raises:
            InputError: A file was written since its header was read.
        """
        if isinstance(rows, slice):
            start, stop, step = rows.indices(len(self))
            if step == 1:
                return self._copy_slice(start, max(start, stop))
            rows = np.arange(start, stop, step)
        rows = np.asarray(rows, dtype=np.int64)
        shards = np.searchsorted(self._starts, rows, side="right") - 1
        out = self._empty(self._mapped(self._longest)[np.zeros(2, np.int64)], len(rows))
        for shard in np.unique(shards):
            at = np.flatnonzero(shards == shard)
            out[at] = copy_rows(self._mapped(int(shard)), rows[at] - self._starts[shard])
        return out

    def _copy_slice(self, start: int, stop: int) -> np.ndarray:
        out = self._empty(self._mapped(self._longest)[:2], stop - start)
        first, after = np.searchsorted(self._starts, [start, stop], side="right") - 1
        for shard in range(int(first), min(int(after) + 1, len(self.paths))):
            begin, end = int(self._starts[shard]), int(self._starts[shard + 1])
            low, high = max(start, begin), min(stop, end)
            if low < high:
                out[low - start : high - start] = copy_rows(self._mapped(shard), slice(low - begin, high - begin))
        return out

    @staticmethod
    def _empty(like: np.ndarray, rows: int) -> np.ndarray:
        """Room for some rows, in the order of memory that they would have from a single file: sums depend on it."""
        return np.empty_like(like, shape=(rows, *like.shape[1:]), subok=False)

    def _mapped(self, shard: int) -> np.ndarray:
        """The rows of a shard, mapped from its file."""
        if shard in self._open:
            self._open.move_to_end(shard)
            return self._open[shard]
        path = self.paths[shard]
        if not path.exists() or stamp(path) != self.stamps[shard]:
            raise InputError(f"{path} was written or moved while it was read; leave the shards alone, and run it again")
        array: np.ndarray = np.load(path, mmap_mode="r", allow_pickle=False)
        self._open[shard] = array if self.layout is None else view_inputs(str(path), array, self.layout)
        if len(self._open) > OPEN_FILES:
            self._open.popitem(last=False)
        return self._open[shard]


def stamp(path: Path) -> tuple[int, int]:
    """What changes when a file is written: its size and the time of the last change, in nanoseconds."""
    status = path.stat()
    return status.st_size, status.st_mtime_ns


def join_inputs(files: Sequence[tuple[Path, tuple[int, ...], np.dtype]]) -> ShardedArray:
    """Shards of inputs as one array, of which nothing is read yet.

    Args:
        files: Each with the shape and the type that its header gives.

    Raises:
        InputError: One has no rows, or rows of another width or type than the first; the message names it.
    """
    first, shape, dtype = files[0]
    for path, other, other_dtype in files:
        if not other or 0 in other:
            raise InputError(f"{path} has the shape {other}; a shard of at least one row is expected")
        if other[1:] != shape[1:] or other_dtype != dtype:
            raise InputError(
                f"{path} has rows of {_row(other, other_dtype)}, and {first.name} of {_row(shape, dtype)}; the shards "
                "of one array must agree"
            )
    paths, lengths = tuple(path for path, *_ in files), tuple(shape[0] for _, shape, _ in files)
    return ShardedArray(paths, lengths, (sum(lengths), *shape[1:]), dtype, tuple(stamp(path) for path in paths))


def _row(shape: tuple[int, ...], dtype: np.dtype) -> str:
    return f"shape {'×'.join(map(str, shape[1:])) or 'one number'}, {dtype}"


def join_labels(files: Sequence[tuple[Path, np.ndarray]], inputs: ShardedArray | None) -> np.ndarray:
    """Shards of labels, or of groups, as one array.

    Args:
        files: Each with its array.
        inputs: The shards of the inputs that they belong to; None where these are in one file.

    Raises:
        InputError: A shard has another length than the inputs' of its number, or labels of another kind or shape than
            the first; the message names it.
    """
    first, labels = files[0]
    if inputs is not None and len(files) != len(inputs.paths):
        raise InputError(
            f"{first.parent} has {len(inputs.paths)} shards of inputs, {inputs.paths[0].name} and so on, and "
            f"{len(files)} of labels, {first.name} and so on; one a shard, or all labels in one file, are expected"
        )
    for number, (path, other) in enumerate(files):
        if other.shape[1:] != labels.shape[1:] or _kind(other) != _kind(labels):
            raise InputError(
                f"{path} has labels of {_row(other.shape, other.dtype)}, and {first.name} of "
                f"{_row(labels.shape, labels.dtype)}; the shards of one array must agree"
            )
        if inputs is not None and len(other) != inputs.lengths[number]:
            raise InputError(
                f"{path} has {len(other)} labels for the {inputs.lengths[number]} rows of "
                f"{inputs.paths[number].name}; they must be as many"
            )
    return np.concatenate([array for _, array in files])


def _kind(labels: np.ndarray) -> str:
    return labels.dtype.kind.replace("u", "i")
