"""What the cache holds, for who looks at it or empties it."""

from __future__ import annotations

import shutil
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from filelock import FileLock, Timeout

from al_bench.storage.features import FOLDER, FeatureStore, stores


@dataclass(frozen=True)
class Entry:
    """Something in the cache that is listed, and deleted, as a whole.

    Args:
        kind: features, or the folder's name of other entries.
        what: What it is, in words.
        path: The folder of the store; the folder of all entries of other kinds.
        bytes: What it takes on disk.
        used: When it was used last, in seconds since 1970.
    """

    kind: str
    what: str
    path: Path
    bytes: int
    used: float

    @property
    def last_used(self) -> str:
        """The day."""
        return time.strftime("%Y-%m-%d", time.localtime(self.used))


def contents(folder: Path) -> list[Entry]:
    """The entries of a cache: each store of features by itself, other kinds as a whole.

    Args:
        folder: The folder of what runs share.
    """
    kinds = [path for path in sorted(folder.glob("*")) if path.is_dir() and path.name != FOLDER]
    entries = [entry for path in kinds if (entry := whole_folder(path, path.name)) is not None]
    features = folder / FOLDER
    known = {store.path for store in stores(features)}
    entries += [of_store(store) for store in reversed(stores(features))]
    others = [path for path in sorted(features.glob("*")) if path.is_dir() and path not in known]
    return entries + [entry for path in others if (entry := whole_folder(path, FOLDER)) is not None]


def of_store(store: FeatureStore) -> Entry:
    """The entry of a store of features: its encoder, and how many items it has."""
    about, rows = store.about or {}, store.rows()
    encoder = str(about.get("encoder", store.path.name)).rpartition(".")[2]
    count = 0 if rows is None else len(rows)
    what = f"{encoder}: {count:,} items of {about.get('dimension')} numbers, {about.get('device', 'cpu')}"
    return Entry(FOLDER, what, store.path, store.size, store.used)


def whole_folder(path: Path, kind: str) -> Entry | None:
    """The entry of a folder of files (.pt, .npy, halves of them) or of folders; None where it has none."""
    count = sum(child.is_dir() or child.suffix in (".pt", ".npy", ".part") for child in path.iterdir())
    statuses = [file.stat() for file in path.rglob("*") if file.is_file() and file.suffix != ".lock"]
    if not count or not statuses:
        return None
    size, used = sum(status.st_size for status in statuses), max(status.st_mtime for status in statuses)
    what = f"{count} {'entry' if count == 1 else 'entries'}"
    return Entry(kind, what if kind == path.name else f"{path.name}: {what}", path, size, used)


def delete(entries: Sequence[Entry]) -> list[Entry]:
    """Delete entries; returns those that stayed, as a run is computing them."""
    left = []
    for entry in entries:
        locks = [file for file in entry.path.iterdir() if file.name == "lock" or file.suffix == ".lock"]
        held = [lock for lock in locks if is_held(lock)]
        if held:
            left.append(entry)
        else:
            shutil.rmtree(entry.path, ignore_errors=True)
    return left


def is_held(lock: Path) -> bool:
    """Whether a process holds a lock."""
    try:
        with FileLock(lock, timeout=0):
            return False
    except Timeout:
        return True
