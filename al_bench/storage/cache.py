"""What runs share on disk: entries named by a hash of all that went into them.

The folder is `cache`, else the environment variable AL_BENCH_CACHE, else the user's cache folder; `off` in either, or
`cache=null`, is none. An entry is one file: a digest of its bytes, then the bytes. It is written beside its place and
renamed, so a reader sees all of it or nothing; one that does not fit its digest is dropped and computed again. Past
`LIMIT` bytes in all, entries are dropped, the one unused for longest first. The folder may be deleted at any time.
A cache never fails a run: what cannot be read or written is a line in the log.
"""

from __future__ import annotations

import hashlib
import io
import json
import logging
import os
import platform
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

from filelock import FileLock, Timeout

from al_bench.storage.environment import cpu_info
from al_bench.storage.files import atomic_write, read_regular
from al_bench.storage.lock import why_no_lock

LIMIT = 2 * 2**30
"""Bytes that all entries may take: two gigabytes."""
WAIT = 3600.0
"""Seconds to wait for another process that computes the same entry, before computing it here, too."""
STALE = 86_400.0
"""Seconds after which a file half written is taken for a dead process's."""
DIGEST = 32
ROUNDING = ("MKL_CBWR", "DNNL_MAX_CPU_ISA", "ONEDNN_MAX_CPU_ISA", "DNNL_DEFAULT_FPMATH_MODE")
"""Environment variables that choose among matrix products of different rounding."""
OFF = ("off", "none", "null", "false", "")

logger = logging.getLogger("al_bench")


def cache_folder(setting: str | None) -> Path | None:
    """The folder that the key `cache` means, or None where there is to be no cache."""
    chosen = os.environ.get("AL_BENCH_CACHE") or "auto" if setting == "auto" else setting
    if chosen is None or chosen.strip().lower() in OFF:
        return None
    if chosen == "auto":
        import platformdirs

        return Path(platformdirs.user_cache_dir("al-bench", appauthor=False)).absolute() / "shared"
    return Path(chosen).expanduser().absolute()


def key(parts: Mapping[str, Any]) -> str:
    """32 hex digits over everything named; the order of the names does not count."""
    return hashlib.blake2b(json.dumps(parts, sort_keys=True, default=str).encode(), digest_size=16).hexdigest()


@lru_cache(maxsize=1)
def source() -> str:
    """32 hex digits over the source of the package: other code may compute something else."""
    digest = hashlib.blake2b(digest_size=16)
    root = Path(__file__).parents[1]
    for path in sorted(root.rglob("*.py")):
        digest.update(f"\0{path.relative_to(root).as_posix()}\0".encode() + path.read_bytes())
    return digest.hexdigest()


@lru_cache(maxsize=1)
def processor() -> str:
    """The kind of CPU: sums have another order, and so other last bits, on another kind."""
    told = cpu_info()
    if not told:
        return f"{platform.machine()} {platform.processor()}"
    return " ".join([platform.machine(), *(told.get(name, "") for name in ("model name", "model", "flags"))])


def entry_digest(kind: str, name: str, content: bytes | memoryview) -> bytes:
    """The digest that an entry begins with: over its name, so that no other entry takes its place, and its bytes."""
    digest = hashlib.blake2b(f"{kind}/{name}\0".encode(), digest_size=DIGEST)
    digest.update(content)
    return digest.digest()


@dataclass(frozen=True)
class Cache:
    """A folder of entries."""

    folder: Path

    def path(self, kind: str, name: str) -> Path:
        """Where an entry is, or would be."""
        return self.folder / kind / f"{name}.pt"

    @contextmanager
    def hold(self, kind: str, name: str) -> Iterator[None]:
        """Inside, no other process computes the entry, as far as the file system can lock and for `WAIT` seconds."""
        path = self.path(kind, name)
        lock = FileLock(path.with_suffix(".lock"))
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            if fault := why_no_lock(path.with_suffix(".lock")):
                raise NotImplementedError(fault)
            try:
                lock.acquire(timeout=0)
            except Timeout:
                logger.info("waiting for another run that computes %s", path)
                lock.acquire(timeout=WAIT)
        except Timeout:
            logger.warning("another run has held %s for %.0f seconds; computing it here, too", path, WAIT)
        except (OSError, NotImplementedError) as error:
            logger.warning("the cache cannot be locked, which only costs time: %s", error)
        try:
            yield
        finally:
            lock.release()

    def load(self, kind: str, name: str) -> Any | None:
        """The value of an entry: tensors, numbers, words, and lists and dicts of them; None where there is none."""
        from al_bench.storage.tensors import load_tensors

        path = self.path(kind, name)
        try:
            content = memoryview(read_regular(path, LIMIT))
            if entry_digest(kind, name, content[DIGEST:]) != content[:DIGEST]:
                raise ValueError("its bytes do not fit its digest, or it is another entry's")
            value = load_tensors(content[DIGEST:], "cpu")
            os.utime(path)  # used just now
            return value
        except FileNotFoundError:
            return None
        except (OSError, ValueError) as error:
            self.reject(kind, name, error)
            return None

    def reject(self, kind: str, name: str, reason: object) -> None:
        """Say in the log that an entry is not what it should be; whoever asked for it computes it again."""
        logger.warning("the cache's entry %s cannot be used and is computed again: %s", self.path(kind, name), reason)

    def store(self, kind: str, name: str, value: Any) -> None:
        """Write an entry, whole or not at all, and drop others where there are too many bytes."""
        import torch

        path = self.path(kind, name)
        try:
            buffer = io.BytesIO()
            torch.save(value, buffer)
            content = buffer.getbuffer()
            if DIGEST + len(content) > LIMIT:
                logger.info("not kept in the cache: %d bytes, more than %d", len(content), LIMIT)
                return
            path.parent.mkdir(parents=True, exist_ok=True)
            with atomic_write(path, shared=True) as file:
                file.write(entry_digest(kind, name, content))
                file.write(content)
            self.prune()
        except OSError as error:
            logger.warning("nothing is kept in the cache: %s", error)

    def prune(self) -> None:
        """Drop the entries unused for longest until the rest takes no more than `LIMIT` bytes."""
        entries = []
        for path in self.folder.glob("*/*"):
            try:
                status = path.stat()
                if path.suffix == ".part" and time.time() - status.st_mtime > STALE:
                    path.unlink()
            except FileNotFoundError:  # another process was faster
                continue
            if path.suffix == ".pt":
                entries.append((status.st_mtime_ns, status.st_size, path))
        total = sum(size for _, size, _ in entries)
        for _, size, path in sorted(entries):
            if total <= LIMIT:
                return
            for file in (path, path.with_suffix(".lock")):
                file.unlink(missing_ok=True)
            total -= size
