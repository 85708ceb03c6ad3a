"""A batch in the formats of labelling tools, written beside its CSV file, once and from the record.

label-studio-NNN.json, .xml          tasks with pre-annotations, and the labelling configuration
doccano-NNN.jsonl, -labels.json      texts, a JSON line each, and the classes
cvat-NNN.txt, -labels.json           the images' files, one a line, and the classes as tags
files-NNN.txt                        the items' files, one a line, for other tools
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from al_bench.errors import InputError
from al_bench.labelling.batch import COLD, AskedItem, BatchRecord
from al_bench.labelling.exchange import cvat, doccano
from al_bench.labelling.exchange.label_studio import labelling_config, tasks_file
from al_bench.labelling.exchange.shown import Shown, file_of, shown_of
from al_bench.labelling.folder import LabellingFolder
from al_bench.labelling.pictures import shows_pictures
from al_bench.labelling.pool import LabellingPool


@dataclass(frozen=True)
class Batch:
    """A batch with what its tasks need.

    Args:
        record: Of the batch.
        pool: The items.
        classes: The classes known, in their order.
        study: The study's name.
    """

    record: BatchRecord
    pool: LabellingPool
    classes: Sequence[str]
    study: str

    @property
    def items(self) -> list[str]:
        """The items that are still in the pool, in the order shown."""
        return [item for item in self.record.items if item in self.pool.index]

    def shown(self, image: str = "") -> dict[str, Shown]:
        """Item to what a tool shows of it, without those that cannot be shown.

        Args:
            image: The address of every image; "" to put the images into the tasks themselves.
        """
        all_of = {item: shown_of(self.pool, item, image) for item in self.items}
        return {item: shown for item, shown in all_of.items() if shown is not None}


def _label_studio(batch: Batch) -> dict[str, bytes]:
    shown = batch.shown()
    number = f"{batch.record.number:03d}"
    first = next(iter(shown.values()), Shown())
    return {
        f"label-studio-{number}.xml": labelling_config(first, batch.classes).encode(),
        f"label-studio-{number}.json": tasks_file(batch.record, shown, batch.study),
    }


def _doccano(batch: Batch) -> dict[str, bytes]:
    texts = {item: shown.text for item, shown in batch.shown("none").items()}
    if any(text is None for text in texts.values()):
        raise InputError("--tasks doccano writes texts, and these items are none; choose label-studio")
    name = f"doccano-{batch.record.number:03d}"
    lines = doccano.lines_of({item: text or "" for item, text in texts.items()}, batch.study)
    labels = {f"{name}-labels.json": doccano.labels_of(batch.classes)} if batch.classes else {}
    return {f"{name}.jsonl": lines} | labels


def _files(batch: Batch) -> dict[str, bytes]:
    return {f"files-{batch.record.number:03d}.txt": _list(batch, "files")}


def _cvat(batch: Batch) -> dict[str, bytes]:
    if not shows_pictures(batch.pool):
        raise InputError("--tasks cvat lists files of images, and these items are none; choose label-studio")
    if not batch.classes:
        raise InputError(
            "CVAT shows the classes to choose among, and none is known yet: name them, such as "
            "dataset.classes=[cat,dog]"
        )
    name = f"cvat-{batch.record.number:03d}"
    return {f"{name}.txt": _list(batch, "cvat"), f"{name}-labels.json": cvat.labels_of(batch.classes)}


def _list(batch: Batch, tool: str) -> bytes:
    """The items' files, one a line."""
    files = [str(file_of(batch.pool, item, tool)) for item in batch.items]
    if broken := [file for file in files if "\n" in file or "\r" in file]:
        raise InputError(
            f"--tasks {tool} writes a file a line, and {broken[0]!r} has a line end in its name; rename it"
        )
    return "".join(f"{file}\n" for file in files).encode("utf-8", "surrogateescape")


FORMATS: dict[str, Callable[[Batch], dict[str, bytes]]] = {
    "label-studio": _label_studio,
    "doccano": _doccano,
    "cvat": _cvat,
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
        FORMATS[name](Batch(first, pool, classes, ""))


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
