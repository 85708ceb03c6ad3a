"""The files of a batch, written from its record: when it is chosen, and again where they are missing."""

from __future__ import annotations

from al_bench.labelling.batch import BatchRecord
from al_bench.labelling.batch_file import write_rows
from al_bench.labelling.exchange.label_files import read_labels
from al_bench.labelling.folder import LabellingFolder
from al_bench.labelling.page import batch_page
from al_bench.labelling.pool import LabellingPool
from al_bench.labelling.shard_cells import ShardCells


def restore(folder: LabellingFolder, pool: LabellingPool, study: str) -> int | None:
    """Write the files of batches that have a record and no file; return the last such batch."""
    last = None
    for record in folder.records:
        if folder.batch_path(record.number).exists():
            continue
        known = folder.records[-1].labels | folder.records[-1].audit_labels
        imported = {row.item for _, _, path in folder.imports() for row in read_labels(path) if row.label}
        filled = {item: label for item, label in known.items() if item not in imported}  # these lie in their files
        write_files(folder, record, pool, study, filled)
        last = record.number
    return last


def write_files(
    folder: LabellingFolder, record: BatchRecord, pool: LabellingPool, study: str, labels: dict[str, str] | None = None
) -> None:
    """Write the page and the file of a batch, each unless it is there."""
    names, cells = pool.columns
    if isinstance(cells, ShardCells):
        cells.prefetch(asked.item for asked in record.asked if asked.item in pool.index)
    file, page = folder.batch_path(record.number), folder.page_path(record.number)
    if not page.exists():
        folder.write_new(page, batch_page(record, pool, study, file.name))
    if not file.exists():
        folder.write_new(file, write_rows(record.asked, names, cells, labels))
