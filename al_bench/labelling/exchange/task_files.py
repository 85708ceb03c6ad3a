"""A batch in the formats of labelling tools, written beside its CSV file, once and from the record.

label-studio-NNN.json, .xml   tasks with pre-annotations, and the labelling configuration
doccano-NNN.jsonl             texts, a JSON line each
files-NNN.txt                 the items' files, one a line, for CVAT and others
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from al_bench.errors import InputError
from al_bench.labelling.batch import COLD, AskedItem, BatchRecord
from al_bench.labelling.exchange.label_studio import labelling_config, tasks_file
from al_bench.labelling.exchange.shown import Shown, file_of, shown_of
from al_bench.labelling.folder import LabellingFolder
from al_bench.labelling.pool import LabellingPool


@dataclass(frozen=True)
class Batch:
    """A batch with what its tasks need.

    Args:
        record: Of the batch.
        pool: The items.
        classes: The classes known, in their order.
    """

    record: BatchRecord
    pool: LabellingPool
    classes: Sequence[str]

    @property
    def items(self) -> list[str]:
        """The items that are still in the pool, in the order shown."""
        return [item for item in self.record.items if item in self.pool.index]


def _label_studio(batch: Batch) -> dict[str, bytes]:
    shown = {item: shown_of(batch.pool, item) for item in batch.items}
    number = f"{batch.record.number:03d}"
    first = shown[batch.items[0]] if batch.items else Shown()
    return {
        f"label-studio-{number}.xml": labelling_config(first, batch.classes).encode(),
        f"label-studio-{number}.json": tasks_file(batch.record, shown),
    }


def _doccano(batch: Batch) -> dict[str, bytes]:
    lines = []
    for item in batch.items:
        text = shown_of(batch.pool, item, "none").text
        if text is None:
            raise InputError("--tasks doccano writes texts, and these items are none; choose label-studio")
        lines.append(json.dumps({"item": item, "text": text, "label": []}, ensure_ascii=False))
    text = "".join(f"{line}\n" for line in lines)
    return {f"doccano-{batch.record.number:03d}.jsonl": text.encode("utf-8", "backslashreplace")}


def _files(batch: Batch) -> dict[str, bytes]:
    files = [str(file_of(batch.pool, item)) for item in batch.items]
    if broken := [file for file in files if "\n" in file or "\r" in file]:
        raise InputError(f"--tasks files writes a file a line, and {broken[0]!r} has a line end in its name; rename it")
    text = "".join(f"{file}\n" for file in files)
    return {f"files-{batch.record.number:03d}.txt": text.encode("utf-8", "surrogateescape")}


FORMATS: dict[str, Callable[[Batch], dict[str, bytes]]] = {
    "label-studio": _label_studio,
    "doccano": _doccano,
    "files": _files,
}
"""Format, as `--tasks` calls it, to what gives its files: name to content."""


def check_formats(formats: Iterable[str], pool: LabellingPool, classes: Sequence[str]) -> None:
    """Refuse formats that these items cannot be written in, before a batch is chosen.

    Raises:
        InputError: naming the format and what to do.
    """
    first = BatchRecord(
        number=0, kind=COLD, round=0, method="", asked=[AskedItem(item=pool.items[0], rank=1)], labels={}
    )
    for name in formats:
        FORMATS[name](Batch(first, pool, classes))


def write_tasks(folder: LabellingFolder, formats: Iterable[str], batch: Batch) -> list[Path]:
    """Write a batch in further formats, each file unless it is there; returns those written.

    Args:
        folder: Of the study.
        formats: Of `FORMATS`.
        batch: What is written.
    """
    written = []
    for name in formats:
        for file, content in FORMATS[name](batch).items():
            path = folder.path / file
            if not path.exists():
                folder.write_new(path, content)
                written.append(path)
    return written
