"""A file of labels, whatever wrote it: CSV, Label Studio's exports JSON and JSON-MIN, or doccano's JSON lines."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import msgspec

from al_bench.errors import InputError, plain_line
from al_bench.labelling.batch_file import FilledRow, label_of, read_rows
from al_bench.labelling.exchange.label_studio_export import read_export
from al_bench.labelling.folder import LIMIT
from al_bench.storage.files import read_regular


def read_labels(path: Path, content: bytes | None = None) -> list[FilledRow]:
    """The rows of a file of labels; what it is is seen by its first character.

    Args:
        path: The file, or how messages call it.
        content: Its bytes, where they are there already.

    Raises:
        InputError: it cannot be read; the message names the line or the entry.
    """
    if content is None:
        try:
            content = read_regular(path, LIMIT)
        except OSError as error:
            raise InputError(f"{path} cannot be read: {error.strerror or error}") from error
    start = content.removeprefix(b"\xef\xbb\xbf").lstrip()[:1]
    if start == b"[":
        entries = _decoded(str(path), content.removeprefix(b"\xef\xbb\xbf"))
        return read_export(str(path), entries)
    if start == b"{":
        return _read_lines(str(path), content)
    return read_rows(path, content)


def _decoded(where: str, content: bytes) -> Any:
    try:
        return msgspec.json.decode(content)
    except (msgspec.MsgspecError, RecursionError, UnicodeDecodeError) as error:
        raise InputError(f"{where} is no whole JSON ({plain_line(str(error))}); export it again") from error


def _read_lines(source: str, content: bytes) -> list[FilledRow]:
    """The rows of JSON lines such as doccano exports: `item`, and `label`, a list of at most one class."""
    rows = []
    for number, line in enumerate(content.removeprefix(b"\xef\xbb\xbf").split(b"\n"), 1):
        if not line.strip():
            continue
        where = f"{source}, line {number}"
        entry = _decoded(where, line)
        if not isinstance(entry, dict):
            raise InputError(f'{where} is no entry of JSON lines; each line is such as {{"item": "row-1"}}')
        meta: dict[str, Any] = next(
            (entry[key] for key in ("meta", "metadata") if isinstance(entry.get(key), dict)), {}
        )
        item = entry.get("item", meta.get("item"))
        if not isinstance(item, str) or not item:
            raise InputError(f"{where} has no item; import the lines that al-bench query writes (--tasks doccano)")
        given = entry.get("label", entry.get("labels", []))
        labels = [given] if isinstance(given, str) else given
        if not isinstance(labels, list) or not all(isinstance(label, str) for label in labels):
            raise InputError(f"{where}: {item} has a label that is no class; export a project of text classification")
        if len(labels) > 1:
            raise InputError(f"{where}: {item} has the labels {' and '.join(map(repr, labels[:3]))}; leave one of them")
        annotator = entry.get("annotator", "")
        label = label_of(labels[0]) if labels else ""
        rows.append(FilledRow(number, item, label, annotator if isinstance(annotator, str) else ""))
    return rows
