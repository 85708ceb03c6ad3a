"""The data and the features of a process's last run, which the next run takes over where it would read the same.

A study runs many strategies and seeds in one process, and all of them read the same files and encode the same items. A
data set is never changed once it is made, so that runs can share one. What identifies it: the class and the keys of the
component, the files it reads (name, size, time of the last change, inode; of a folder of arrays or of Parquet files all
of them), the initial rows and the validation part that the run names, the data root and the cache. Data of a user's own
class, and of folders of images or texts, are read anew by every run. Only one data set is kept, and one of features
made from it.
"""

from __future__ import annotations

import os
import weakref
from collections.abc import Hashable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch

from al_bench.config.own_schema import is_own_class
from al_bench.config.schema import RunConfig
from al_bench.data.arrays import NpzDataset
from al_bench.data.csv_table import CsvDataset
from al_bench.data.dataset import Dataset
from al_bench.data.digits import Digits
from al_bench.data.encoders.encoder import Encoder, NoEncoder
from al_bench.data.files import find_file
from al_bench.data.images import TorchvisionDataset
from al_bench.data.synthetic import Synthetic
from al_bench.data.user_data import VALIDATION_FILE
from al_bench.errors import InputError
from al_bench.experiment.own_components import encode_checked, load_checked

FILE_KEYS = ("path", "test_path", "validation", "weights")
"""The keys of a component that may name files."""
PACKAGE = "package:"
"""What a name of weights begins with that are part of an installed package."""


Files = tuple[tuple[str, int, int, int], ...]
"""Name, size, time of the last change in nanoseconds, and inode of each file."""


@dataclass
class _Last:
    """What the last run read and encoded, each with what identifies it."""

    read_from: Hashable = None
    raw: Dataset | None = None
    encoded_with: Hashable = None
    encoded: Dataset | None = None
    source: weakref.ref[Dataset] | None = None


_LAST = _Last()


def load_shared(config: RunConfig) -> Dataset:
    """The data set of a run, from the run before where that read the same.

    Raises:
        InputError: it cannot be read.
    """
    wants_validation = config.validation == VALIDATION_FILE
    rows = tuple(config.initial.rows or ())
    files = _files(config.dataset)
    identity = None
    if files is not None:
        root = os.environ.get("AL_BENCH_DATA")
        identity = (_keys(config.dataset), files, rows, wants_validation, root, config.cache)
    if identity is not None and _LAST.raw is not None and identity == _LAST.read_from:
        return _LAST.raw
    _LAST.raw = _LAST.encoded = None  # before another is read: two may be more than memory holds
    raw = load_checked(config.dataset, config.cache, rows, wants_validation)
    if identity is not None and files == _files(config.dataset):
        _LAST.read_from, _LAST.raw = identity, raw
    return raw


def encode_shared(config: RunConfig, raw: Dataset, device: torch.device) -> Dataset:
    """A data set with an encoder's features, from the run before where that encoded this very data set in the same way.

    Raises:
        InputError: the encoder cannot read it.
    """
    if isinstance(config.encoder, NoEncoder) or raw is not _LAST.raw:
        return encode_checked(config.encoder, raw, device, config.cache)
    files = _files(config.encoder)
    identity = None if files is None else (_keys(config.encoder), files, str(device), config.cache)
    source = None if _LAST.source is None else _LAST.source()
    if identity is not None and _LAST.encoded is not None and source is raw and identity == _LAST.encoded_with:
        return _LAST.encoded
    _LAST.encoded = None
    encoded = encode_checked(config.encoder, raw, device, config.cache)
    if identity is not None and files == _files(config.encoder):
        _LAST.encoded_with, _LAST.encoded, _LAST.source = identity, encoded, weakref.ref(raw)
    return encoded


def _keys(component: Any) -> str:
    return f"{type(component).__module__}.{type(component).__qualname__} {component!r}"


def _files(component: Any) -> Files | None:
    """The files that a component reads, each with what changes when it is written; None where they are not known."""
    if is_own_class(type(component)):
        return None
    if isinstance(component, Encoder):
        name = getattr(component, "name", None)  # of a model: on the hub, or a folder
        return None if isinstance(name, str) and Path(name).expanduser().exists() else _stated(component, [])
    if isinstance(component, TorchvisionDataset):
        files = component.files()
        return _stated(component, files) if files else None
    return _stated(component, []) or (() if isinstance(component, (Synthetic, Digits)) else None)


def _stated(component: Any, paths: list[Path]) -> Files | None:
    """Facts of some files and of those that the component's keys name; None where one cannot be read as a file."""
    names = {key: getattr(component, key, None) for key in FILE_KEYS}
    try:
        for key, name in names.items():
            if isinstance(name, str) and not name.startswith(PACKAGE):
                folders = isinstance(component, (NpzDataset, CsvDataset))
                path = find_file(name, key, getattr(component, "root", None), folders=folders)
                paths += sorted(file for file in path.iterdir() if file.is_file()) if path.is_dir() else [path]
        facts = [(path, path.stat()) for path in paths]
    except (InputError, OSError):  # a folder, a name on the hub, or nothing
        return None
    return tuple((str(path), status.st_size, status.st_mtime_ns, status.st_ino) for path, status in facts)
