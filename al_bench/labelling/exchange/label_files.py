"""A file of labels, whatever wrote it: CSV, an export of Label Studio, doccano or CVAT, or an archive of such files."""

from __future__ import annotations

import io
import zipfile
import zlib
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path, PurePosixPath
from typing import Any

import msgspec

from al_bench.errors import InputError, plain_line
from al_bench.labelling.exchange.cvat import read_annotations
from al_bench.labelling.exchange.doccano import read_entries
from al_bench.labelling.exchange.label_studio_export import read_export
from al_bench.labelling.filled_file import FilledRow, read_rows
from al_bench.labelling.folder import LIMIT
from al_bench.storage.files import read_regular

MARK = b"\xef\xbb\xbf"
ENDINGS = (".json", ".jsonl", ".xml", ".csv")
"""Endings of an archive's files that are read."""
NOBODY = ("all", "unknown")
"""Names of doccano's exports that name no annotator."""
MOST_FILES = 1_000
"""Files of an archive that are read."""


def read_labels(path: Path | str, content: bytes | None = None, study: str = "") -> list[FilledRow]:
    """The rows of a file of labels; what it is is seen by its first character.

    Args:
        path: The file, or how messages call it.
        content: Its bytes, where they are there already.
        study: The study that is labelled; "" for any.

    Raises:
        InputError: it cannot be read, or is of another study; the message names the line or the entry.
    """
    if content is None:
        try:
            content = read_regular(Path(path), LIMIT)
        except OSError as error:
            raise InputError(f"{path} cannot be read: {error.strerror or error}") from error
    rows = _archived(str(path), content) if content.startswith(b"PK\x03\x04") else _rows(str(path), content)
    for row in rows:
        if study and row.study and row.study != study and row.label:
            raise InputError(
                f"{row.where(str(path))} is of the study {row.study!r}, and this is {study!r}: {row.item!r} may be "
                "another item there; where it is the same, give the labels as CSV with the columns item and label"
            )
    return rows


def _rows(source: str, content: bytes) -> list[FilledRow]:
    """The rows of a file that is no archive."""
    bare = content.removeprefix(MARK)
    start = bare.lstrip()[:1]
    if start == b"<":
        return read_annotations(source, bare.lstrip())
    if start == b"[":
        return _listed(source, _decoded(source, bare))
    if start == b"{":
        lines = enumerate(bare.split(b"\n"), 1)
        decoded = (
            (f"line {number}", number, _decoded(f"{source}, line {number}", line))
            for number, line in lines
            if line.strip()
        )
        return read_entries(source, decoded)
    return read_rows(Path(source), content)


def _listed(source: str, entries: Sequence[Any]) -> list[FilledRow]:
    """The rows of a JSON list: Label Studio's export, or doccano's."""
    first = entries[0] if entries else None
    if isinstance(first, dict) and not {"annotations", "completions", "annotation_id", "data"} & first.keys():
        numbered = ((f"entry {number}", 0, entry) for number, entry in enumerate(entries, 1))
        return read_entries(source, numbered)
    return read_export(source, entries)


def _decoded(where: str, content: bytes) -> Any:
    try:
        return msgspec.json.decode(content)
    except (msgspec.MsgspecError, RecursionError, UnicodeDecodeError) as error:
        raise InputError(f"{where} is no whole JSON ({plain_line(str(error))}); export it again") from error


def _archived(source: str, content: bytes) -> list[FilledRow]:
    """The rows of an archive's files, read in memory; nothing is written where their names point."""
    rows: list[FilledRow] = []
    left = LIMIT
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            names = [name for name in archive.namelist() if name.casefold().endswith(ENDINGS)]
            if not names or "[Content_Types].xml" in archive.namelist():
                raise InputError(
                    f"{source} is a workbook, or an archive without {', '.join(ENDINGS)}; save it as CSV, or give an "
                    "export of Label Studio, doccano or CVAT"
                )
            if len(names) > MOST_FILES:
                raise InputError(f"{source} has {len(names):,} files of labels, and {MOST_FILES:,} are the limit")
            for name in names:
                with archive.open(name) as file:
                    part = file.read(left + 1)
                left -= len(part)
                if left < 0:
                    raise InputError(f"{source} has more than {LIMIT:,} bytes, which are the limit")
                rows += _of_archive(source, name, part)
    except (zipfile.BadZipFile, zlib.error, NotImplementedError, RuntimeError, OSError, EOFError) as error:
        raise InputError(f"{source} is no whole archive ({plain_line(str(error))}); export it again") from error
    return rows


def _of_archive(source: str, name: str, content: bytes) -> list[FilledRow]:
    """The rows of one file of an archive. doccano writes one for each annotator, under his name."""
    if not content.strip():
        return []
    path = PurePosixPath(name)
    who = "" if path.stem in NOBODY or path.suffix == ".xml" else path.stem
    return [
        replace(row, annotator=row.annotator or who, entry=f"{name}, {row.entry or f'line {row.line}'}")
        for row in _rows(f"{source}, {name}", content)
    ]
