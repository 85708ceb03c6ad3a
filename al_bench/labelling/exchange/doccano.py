"""doccano's lines: a batch of texts as JSON lines, and its exports JSONL and JSON read as labels.

doccano stores the fields of a line that it does not know as the text's metadata and exports them beside the text, so
that `item` comes back. A batch holds no predictions: doccano has one place for labels, and they would come back as
people's.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from al_bench.errors import InputError
from al_bench.labelling.answers import SKIP
from al_bench.labelling.filled_file import FilledRow, label_of


def lines_of(texts: Mapping[str, str], study: str) -> bytes:
    """A batch as JSON lines.

    Args:
        texts: Item to its text, in the order shown.
        study: The study's name.
    """
    entries = ({"text": text, "label": [], "item": item, "study": study} for item, text in texts.items())
    lines = [json.dumps(entry, ensure_ascii=False) for entry in entries]
    return "".join(f"{line}\n" for line in lines).encode("utf-8", "backslashreplace")


def labels_of(classes: Sequence[str]) -> bytes:
    """The classes and `skip` as the file that doccano's page Labels imports."""
    return json.dumps([{"text": name} for name in [*classes, SKIP]], ensure_ascii=False, indent=1).encode()


def read_entries(source: str, entries: Iterable[tuple[str, int, Any]]) -> list[FilledRow]:
    """The rows of an export: `item`, or the file of an image, and `label`, a list of at most one class.

    Args:
        source: What messages call the export.
        entries: What messages call each, its line (0 for none), and its decoded JSON.

    Raises:
        InputError: an entry is none of one class for one item.
    """
    rows = []
    for name, line, entry in entries:
        where = f"{source}, {name}"
        if not isinstance(entry, dict):
            raise InputError(f'{where} is no entry of JSON lines; each line is such as {{"item": "row-1"}}')
        meta: dict[str, Any] = next(
            (entry[key] for key in ("meta", "metadata") if isinstance(entry.get(key), dict)), {}
        )
        item, file = entry.get("item", meta.get("item")), entry.get("filename")
        is_file = not item and isinstance(file, str)
        item = file if is_file else item
        if not isinstance(item, str) or not item:
            raise InputError(f"{where} has no item; import the lines that al-bench query writes (--tasks doccano)")
        given = entry.get("label", entry.get("labels", []))
        labels = [given] if isinstance(given, str) else given
        if not isinstance(labels, list) or not all(isinstance(label, str) for label in labels):
            raise InputError(f"{where}: {item} has a label that is no class; export a project of text classification")
        if len(labels) > 1:
            raise InputError(f"{where}: {item} has the labels {' and '.join(map(repr, labels[:3]))}; leave one of them")
        who, study = entry.get("annotator", ""), entry.get("study", meta.get("study"))
        rows.append(
            FilledRow(
                line,
                item,
                label_of(labels[0]) if labels else "",
                who if isinstance(who, str) else "",
                "" if line else name,
                study if isinstance(study, str) else "",
                is_file,
            )
        )
    return rows
