"""The folder of a study that people label: results/labelling/STUDY. It is the record, and nothing in it is overwritten.

    batch-NNN.csv     a batch, which people fill; read again at every call, written once
    batch-NNN.html    the same to look at
    label-studio-NNN.*, doccano-NNN*, cvat-NNN*, files-NNN.txt   the same for labelling tools (--tasks)
    labels-NNN-NAME   a copy of a further file of labels (--labels NAME), the newest of each name counts;
                      or of what people said in a project of Label Studio
    predictions-NNN.csv, learner-NNN.*   what --predict wrote
    record/NNN.json   how batch NNN came about, and all labels that were known then; never changed
    record/label-studio.json   the project of Label Studio whose tasks are the batches (--label-studio)
    record/pool-NNN.txt   the items of the pool, one a line, where they are others than those of the record before
    .lock             held by the process that is at work

A batch exists once its record does: what people get is written after it, and again from it where it is missing. So a
kill at any instant leaves either the batch before or this one.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import msgspec

from al_bench.errors import InputError
from al_bench.labelling.batch import BatchRecord
from al_bench.storage.files import MEGABYTE, read_regular, write_text
from al_bench.storage.holder import NAME as HOLDER
from al_bench.storage.lock import LOCK, locked

LIMIT = 1024 * MEGABYTE
"""Bytes of a file of a labelling folder that is read."""
IMPORT = re.compile(r"labels-(\d{3,})-(.+)")
BATCH = re.compile(r"batch-\d{3,}")


@dataclass(frozen=True)
class LabellingFolder:
    """The folder of a study that people label.

    Args:
        path: The folder; there may be none yet.
    """

    path: Path

    @classmethod
    @contextmanager
    def hold(cls, path: Path) -> Iterator[LabellingFolder]:
        """Make the folder, and hold it for one process; where nothing was written in it, it is gone afterwards.

        Raises:
            InputError: another process holds it.
        """
        made = [folder for folder in (path, *path.parents) if not folder.exists()]
        with locked(path, "another al-bench query is at work on it"):
            try:
                for part in [*path.glob(".*.part"), *path.glob("record/*.part")]:  # of a process that was killed
                    part.unlink(missing_ok=True)
                yield cls(path)
            finally:
                if made and {entry.name for entry in path.iterdir()} <= {LOCK, HOLDER}:
                    for name in (LOCK, HOLDER):
                        (path / name).unlink(missing_ok=True)
                    with contextlib.suppress(OSError):
                        for folder in made:
                            folder.rmdir()

    def batch_path(self, number: int) -> Path:
        """The file of a batch that people fill."""
        return self.path / f"batch-{number:03d}.csv"

    def page_path(self, number: int) -> Path:
        """The page of a batch."""
        return self.path / f"batch-{number:03d}.html"

    def record_path(self, number: int) -> Path:
        """The record of a batch."""
        return self.path / "record" / f"{number:03d}.json"

    @cached_property
    def records(self) -> list[BatchRecord]:
        """The records of all batches, in their order.

        Raises:
            InputError: one is missing or damaged.
        """
        numbers = sorted(int(path.stem) for path in self.path.glob("record/*.json") if path.stem.isdigit())
        records = []
        for number in range(len(numbers)):
            path = self.record_path(number)
            try:
                record = msgspec.json.decode(read_regular(path, LIMIT), type=BatchRecord)
            except FileNotFoundError:
                raise InputError(
                    f"{path} is missing and record/{numbers[-1]:03d}.json is there; put it back from a copy"
                ) from None
            except (OSError, msgspec.MsgspecError, UnicodeDecodeError) as error:
                raise InputError(f"{path} cannot be read ({error}); put it back from a copy") from error
            if record.number != number:
                raise InputError(f"{path} is the record of batch {record.number}; put it back from a copy")
            records.append(record)
        return records

    def add_record(self, record: BatchRecord, pool: Sequence[str]) -> None:
        """Write the record of the next batch; the batch exists from then on.

        Args:
            record: Its number is one more than the last one's.
            pool: The items of the pool.
        """
        (self.path / "record").mkdir(exist_ok=True)
        if not self.records or self.records[-1].pool != record.pool:
            # One of a batch whose record was never written gives way.
            write_text(
                self.path / "record" / f"pool-{record.number:03d}.txt", "".join(f"{_escaped(item)}\n" for item in pool)
            )
        self.write_new(self.record_path(record.number), msgspec.json.format(msgspec.json.encode(record), indent=1))
        self.records.append(record)

    def pool_of(self, number: int) -> list[str]:
        """The items of the pool when a batch was written, by its number; nothing where no list is there."""
        for record in reversed(self.records[: number + 1]):
            path = self.path / "record" / f"pool-{record.number:03d}.txt"
            if path.exists():
                return [_unescaped(line) for line in read_regular(path, LIMIT).decode().splitlines()]
        return []

    def pools(self) -> set[str]:
        """The items of all pools on record."""
        numbers = [record.number for record in self.records]
        paths = [self.path / "record" / f"pool-{number:03d}.txt" for number in numbers]
        return {
            _unescaped(line)
            for path in paths
            if path.exists()
            for line in read_regular(path, LIMIT).decode().splitlines()
        }

    def write_new(self, path: Path, content: bytes) -> None:
        """Write a file whole, or not at all; one that is there is left alone.

        Args:
            path: In the folder.
            content: Its bytes.

        Raises:
            FileExistsError: it is there.
        """
        part = path.with_name(f".{path.name}.part")
        try:
            with open(part, "wb") as file:
                file.write(content)
                file.flush()
                os.fsync(file.fileno())
            try:
                os.link(part, path)  # fails where the file is there, unlike a rename
            except FileExistsError:
                raise
            except OSError:  # a file system without hard links; the folder is held
                if path.exists():
                    raise FileExistsError(str(path)) from None
                os.rename(part, path)
        finally:
            part.unlink(missing_ok=True)

    def imports(self) -> list[tuple[int, str, Path]]:
        """The copies of further files of labels that count, in the order they came: the newest of each name.

        Returns:
            Number, name and path of each.
        """
        newest: dict[str, tuple[int, str, Path]] = {}
        for path in self.path.glob("labels-*"):
            if (match := IMPORT.fullmatch(path.name)) is not None:
                number, name = int(match[1]), match[2]
                if name not in newest or newest[name][0] < number:
                    newest[name] = (number, name, path)
        return sorted(newest.values())

    @property
    def next_import(self) -> int:
        """The number of the next copy of a further file of labels."""
        return max((number + 1 for number, _, _ in self.imports()), default=0)

    def add_import(self, name: str, content: bytes) -> Path:
        """Copy a further file of labels into the folder."""
        path = self.path / f"labels-{self.next_import:03d}-{name}"
        self.write_new(path, content)
        return path

    def next_free(self, pattern: str) -> int:
        """The lowest number that no file of a pattern such as `predictions-{:03d}.csv` has, nor a later one."""
        number = 0
        names = {entry.name for entry in self.path.iterdir()} if self.path.exists() else set()
        stem, _, ending = pattern.partition("{:03d}")
        for name in names:
            middle = name.removeprefix(stem).removesuffix(ending)
            if name.startswith(stem) and name.endswith(ending) and middle.isdigit():
                number = max(number, int(middle) + 1)
        return number

    def check_names(self) -> None:
        """Refuse a second file of a batch, as a copy that somebody filled: nothing says which of both counts.

        Raises:
            InputError: naming it.
        """
        known = {path.name for record in self.records for path in self._files(record.number)}
        for entry in sorted(self.path.iterdir()) if self.path.exists() else []:
            if BATCH.match(entry.name) and entry.name not in known:
                first = BATCH.match(entry.name)
                assert first is not None
                own = f"{first[0]}.csv"
                if own not in known:
                    raise InputError(f"{entry} is no file of a batch on record; move it out of the folder")
                raise InputError(
                    f"{entry} is beside {own}, and labels are read from {own} alone: save the filled one as {own} (as "
                    f"CSV), and move {entry.name} out of the folder; or give it by --labels from elsewhere"
                )

    def _files(self, number: int) -> tuple[Path, Path]:
        return self.batch_path(number), self.page_path(number)


def pool_digest(items: Sequence[str]) -> str:
    """16 hex digits over the items of a pool, in their order."""
    digest = hashlib.blake2b(digest_size=8)
    for item in items:
        digest.update(f"{_escaped(item)}\n".encode("utf-8", "surrogatepass"))
    return digest.hexdigest()


def _escaped(item: str) -> str:
    """An item on one line."""
    return item.encode("unicode_escape").decode() if not item.isprintable() or "\\" in item else item


def _unescaped(line: str) -> str:
    return line.encode("latin-1", "backslashreplace").decode("unicode_escape") if "\\" in line else line
