"""What goes to a process that was not forked from this one: a round's work, with the trained learner and the data set.

Functions go by value, as cloudpickle sends them. Arrays that are mapped from files, shards among them, go by the paths
of these files: whoever opens them must find the same bytes' size and time of the last change, or is refused. Large
arrays and the data set's tensors are set apart from the rest, so that processes of one machine can share them: nothing
writes to them, as a chunk's result does not depend on the chunks before. Everything on a GPU comes to the device of
the process that opens the parcel.
"""

from __future__ import annotations

import importlib
import io
import pickle
import platform
import sys
import warnings
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType
from typing import Any

import cloudpickle
import numpy as np
import torch
from torch import Tensor

from al_bench.data.dataset import Dataset
from al_bench.data.shapes import Layout
from al_bench.data.shards import ShardedArray, memory_map, stamp
from al_bench.errors import InputError

LARGE_BYTES = 2**20
"""Of an array that is set apart; joblib shares those of this size, too."""
Stamp = tuple[int, int]


@dataclass(frozen=True)
class Parcel:
    """A packed object.

    Args:
        content: All but the large arrays.
        large: [bytes] uint8 each of them, in their order.
    """

    content: bytes
    large: Sequence[np.ndarray]


def pack(value: Any) -> Parcel:
    """An object as bytes; the large arrays are views of its own."""
    large: list[np.ndarray] = []

    def stays(buffer: pickle.PickleBuffer) -> bool:
        view = buffer.raw()
        if view.nbytes < LARGE_BYTES:
            return True
        large.append(np.frombuffer(view, np.uint8))
        return False

    file = io.BytesIO()
    _Pickler(file, protocol=5, buffer_callback=stays).dump(value)
    return Parcel(file.getvalue(), large)


def unpack(parcel: Parcel) -> Any:
    """What was packed, by a process of the same run.

    Raises:
        InputError: A file of the data is not there, or another; the message names it and this machine.
    """
    return pickle.loads(parcel.content, buffers=parcel.large)


class _Pickler(cloudpickle.Pickler):
    """Pickles what cloudpickle does, files by their paths."""

    def __init__(self, *arguments: Any, **options: Any) -> None:
        super().__init__(*arguments, **options)
        self._of_data: set[int] = set()  # ids of the data set's tensors, which are never written to

    def reducer_override(self, value: Any) -> Any:
        if isinstance(value, Dataset):
            self._of_data |= {id(part) for part in vars(value).values() if isinstance(part, Tensor)}
        elif isinstance(value, ShardedArray):
            shards = (value.lengths, value.shape, value.dtype, value.stamps, value.layout)
            return _open_shards, (_absolute(value.paths), platform.node(), *shards)
        elif isinstance(value, np.ndarray) and (mapped := _by_path(value)) is not None:
            return _open_mapped, mapped
        elif isinstance(value, ModuleType) and sys.modules.get(value.__name__) is value:
            return importlib.import_module, (value.__name__,)  # torch.classes is a module that cloudpickle refuses
        elif isinstance(value, torch.device):
            return torch.device, (value.type,)
        elif isinstance(value, Tensor) and value.device.type != "cpu":
            return (_on_device, (value.detach().cpu(), value.device.type)) if type(value) is Tensor else NotImplemented
        elif id(value) in self._of_data and value.is_contiguous():
            return _shared, (value.numpy(),)
        return super().reducer_override(value)


def _on_device(tensor: Tensor, device: str) -> Tensor:
    return tensor.to(device)


def _shared(array: np.ndarray) -> Tensor:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)  # that it may not be written to, which nobody does
        return torch.from_numpy(array)


def _absolute(paths: Sequence[Path]) -> tuple[Path, ...]:
    return tuple(path.absolute() for path in paths)


def _open_shards(
    paths: tuple[Path, ...],
    of: str,
    lengths: tuple[int, ...],
    shape: tuple[int, ...],
    dtype: np.dtype,
    stamps: tuple[Stamp, ...],
    layout: Layout | None,
) -> ShardedArray:
    for path, expected in zip(paths, stamps, strict=True):
        _check(path, expected, of)
    return ShardedArray(paths, lengths, shape, dtype, stamps, layout)


def _by_path(array: np.ndarray) -> tuple[Any, ...] | None:
    """How an array that is mapped from a file is opened elsewhere; None for one in memory."""
    if memory_map(array) is None:
        return None
    root: Any = array
    while isinstance(root.base, np.ndarray):
        root = root.base
    if not isinstance(root, np.memmap) or root.filename is None or not Path(root.filename).exists():
        return None
    path = Path(root.filename).absolute()
    start = root.offset + array.__array_interface__["data"][0] - root.__array_interface__["data"][0]
    return path, platform.node(), stamp(path), start, array.shape, array.strides, array.dtype


def _open_mapped(
    path: Path, of: str, expected: Stamp, start: int, shape: Any, strides: Any, dtype: np.dtype
) -> np.ndarray:
    _check(path, expected, of)
    return np.ndarray(shape, dtype, np.memmap(path, np.uint8, mode="r"), start, strides)


def _check(path: Path, expected: Stamp, of: str) -> None:
    """Refuse a file that is not the one that the run reads.

    Args:
        path: Where it is looked for.
        expected: Its stamp where the run reads it.
        of: The machine where it does.

    Raises:
        InputError: naming it and this machine.
    """
    here = f"{platform.node()}, which scores a part of the pool of {of}, has"
    advice = "give the data a path that both see, or type engine=local"
    if not path.exists():
        raise InputError(f"{here} no {path}; {advice}")
    if stamp(path) != expected:
        raise InputError(f"{here} another {path} (its size or the time of its last change differs); {advice}")
