"""A study as one file: an archive is a Parquet file whose rows are the lines of the files of runs.

    folder    the run, below the folder that was archived: mnist/bald/seed-0
    file      header.json, config.yaml, status.json, rounds.jsonl
    line      of the file, from 0
    text      the line
    study, dataset, arm, seed, strategy    of the run, for whoever reads the table by other means
    round, labelled, accuracy              of a line of rounds.jsonl

A study that `al-bench decide` looked at has its decide.json, too, in the folder of its arms ("." where that is the
folder that was archived). The last row has an empty folder, the file archive.json, and the digest of the rows before
it. Readers of records take `study.parquet/mnist/bald/seed-0/rounds.jsonl` for a file: `read_record` reads it out of the
archive. What an archive leaves out is in `al_bench.storage.archiving`, which writes it.
"""

from __future__ import annotations

import errno
import hashlib
import json
import os
import tempfile
from collections.abc import Iterable, Mapping
from functools import lru_cache
from pathlib import Path, PurePosixPath

from al_bench.errors import InputError
from al_bench.storage.files import MEGABYTE, read_regular
from al_bench.storage.parquet import connect

SUFFIX = ".parquet"
SCHEMA = 1
FILES = ("header.json", "config.yaml", "status.json", "rounds.jsonl")
DECISION = "decide.json"
"""Beside the arms of a study: what the looks at it were (see `al_bench.storage.decision_plan`)."""
END = "archive.json"
"""What the last row calls its file."""
LIMIT = 256 * MEGABYTE
"""Bytes of an archive."""
TEXT_LIMIT = 2048 * MEGABYTE
"""Bytes of all its lines."""
MEMORY = 4096
"""MiB that reading may take."""

Members = Mapping[str, Mapping[str, bytes]]
"""Folder to file to content."""


def read_record(path: Path, limit: int) -> bytes:
    """The bytes of a file of a run's folder, which may lie in an archive.

    Args:
        path, limit: As of `al_bench.storage.files.read_regular`.

    Raises:
        FileNotFoundError: There is no such file.
        OSError: It cannot be read; `strerror` says why.
    """
    if (inside := _inside(path)) is None:
        return read_regular(path, limit)
    archive, folder, name = inside
    try:
        members = read_archive(archive)
    except InputError as error:
        raise OSError(errno.EIO, str(error), str(path)) from error
    if folder not in members or name not in members[folder]:
        raise FileNotFoundError(errno.ENOENT, os.strerror(errno.ENOENT), str(path))
    content = members[folder][name]
    if len(content) > limit:
        raise OSError(errno.EFBIG, f"it has {len(content):,} bytes, and {limit:,} are the limit", str(path))
    return content


def has_record(path: Path) -> bool:
    """Whether there is a file of a run's folder, of whatever kind; it may lie in an archive."""
    if (inside := _inside(path)) is None:
        return os.path.lexists(path)
    archive, folder, name = inside
    return name in read_archive(archive).get(folder, {})


def is_archive(path: Path) -> bool:
    """Whether a path is a file that is called like an archive."""
    return path.suffix == SUFFIX and path.is_file()


def archived_folders(archive: Path) -> list[Path]:
    """The folders of the runs in an archive, below the archive's own path.

    Raises:
        InputError: The archive is damaged, or is none.
    """
    return [archive / folder for folder, files in read_archive(archive).items() if set(files) - {DECISION}]


def stand_in(folder: Path) -> Path:
    """Where the record of a run is: its folder, or where that is missing the same folder in the archive of its study.

    The archive of `results/runs/digits` is `results/runs/digits.parquet`.
    """
    if folder.exists():
        return folder
    for parent in folder.parents:
        archive = parent.with_name(parent.name + SUFFIX) if parent.name else None
        if archive is not None and archive.is_file():
            return archive / folder.relative_to(parent)
    return folder


def read_archive(archive: Path) -> Members:
    """The files of every run in an archive, in its order.

    Raises:
        InputError: It cannot be read, is no archive of runs, or was changed.
    """
    try:
        status = archive.stat()
    except OSError as error:
        raise InputError(f"{archive} cannot be read: {error.strerror}") from error
    return _read(archive, status.st_size, status.st_mtime_ns)


def digest(rows: Iterable[tuple[str, str, int, str]]) -> str:
    """32 hex digits over rows of folder, file, line and text, in order."""
    state = hashlib.blake2b(digest_size=16)
    for row in rows:
        state.update(json.dumps(row).encode())
    return state.hexdigest()


@lru_cache(maxsize=8)
def _read(archive: Path, size: int, changed: int) -> Members:
    """`read_archive`; a file of another size or time is read again."""
    try:
        rows = _rows(read_regular(archive, LIMIT))
    except OSError as error:
        raise InputError(f"{archive} cannot be read: {error.strerror}") from error
    except ValueError as error:
        raise InputError(
            f"{archive} is no archive that al-bench can read: {error}; restore it, or make it again: al-bench archive"
        ) from error
    members: dict[str, dict[str, list[str]]] = {}
    for folder, name, _, text in rows:
        members.setdefault(folder, {}).setdefault(name, []).append(text)
    return {
        folder: {name: "".join(f"{line}\n" for line in lines).encode() for name, lines in files.items()}
        for folder, files in members.items()
    }


def _rows(raw: bytes) -> list[tuple[str, str, int, str]]:
    """The rows of an archive less the last; ValueError, with the end of a sentence, where they are no archive's."""
    import duckdb

    with tempfile.TemporaryDirectory() as folder:
        copy = Path(folder, "archive.parquet")  # a plain name, where the user's may be a pattern
        copy.write_bytes(raw)
        columns = "folder::VARCHAR, file::VARCHAR, line::BIGINT, text::VARCHAR"
        try:
            with connect(copy, MEMORY) as connection:
                query = "SELECT count(*), coalesce(sum(strlen(folder) + strlen(text)), 0) FROM read_parquet(?)"
                count, length = connection.execute(query, [str(copy)]).fetchone() or (0, 0)
                if max(16 * int(count), int(length)) > TEXT_LIMIT:
                    raise ValueError(f"it stands for more than {TEXT_LIMIT:,} bytes")
                rows = connection.execute(f"SELECT {columns} FROM read_parquet(?)", [str(copy)]).fetchall()
        except duckdb.Error as error:
            reason = str(error).replace(str(copy), "the file").split("\n")[0]
            raise ValueError(reason) from error
    if not rows or rows[-1][:2] != ("", END):
        raise ValueError("its last row is not that of an archive")
    _check(rows)
    return rows[:-1]


def _check(rows: list[tuple[str, str, int, str]]) -> None:
    *lines, (_, _, _, text) = rows
    try:
        end = json.loads(text)
        schema, recorded = end["schema"], end["digest"]
    except (TypeError, ValueError, KeyError, RecursionError) as error:
        raise ValueError("its last row is damaged") from error
    if schema != SCHEMA:
        raise ValueError(f"it has schema {schema!r:.80}, this al-bench reads {SCHEMA}")
    if None in {cell for row in lines for cell in row} or recorded != digest(lines):
        raise ValueError("it does not fit its digest: it was changed")
    for folder, name in {(folder, name) for folder, name, *_ in lines}:
        parts = PurePosixPath(folder).parts
        if name == DECISION and (folder == "." or parts) and ".." not in parts and parts[:1] != ("/",):
            continue
        if not parts or folder.startswith("/") or ".." in parts or not folder.isprintable() or name not in FILES:
            raise ValueError(f"it holds {f'{folder}/{name}'!r:.100}, which is no file of a run")


def _inside(path: Path) -> tuple[Path, str, str] | None:
    """The archive, the folder and the file of a path that leads into an archive; None for any other."""
    if SUFFIX not in str(path):
        return None
    for parent in path.parents:
        if is_archive(parent):
            return parent, path.parent.relative_to(parent).as_posix(), path.name
    return None
