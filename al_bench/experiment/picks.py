"""What a run picked, as a table joined to the user's own file: round, rank, row, label, score, the original columns."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import numpy as np

from al_bench.data.csv_table import CsvDataset
from al_bench.data.text_data import TextDataset
from al_bench.data.user_data import UserData, load_as_recorded
from al_bench.errors import InputError

if TYPE_CHECKING:
    import pandas as pd

    from al_bench.data.parquet_pool import ParquetPool
    from al_bench.data.table import Table
    from al_bench.storage.runs import Run


def picks(run: Run, component: Any) -> pd.DataFrame:
    """One row a point labelled: round ("start" for the initial set), rank, item, label, score, and the file's columns.

    Args:
        run: The record.
        component: Its dataset's configuration.

    Raises:
        InputError: The record names points by index alone, and the file cannot say what they are.
    """
    import pandas as pd

    entries = list(_entries(run))
    shards = component.shards() if isinstance(component, CsvDataset) else None
    if any(entry["item"] is None for entry in entries):
        items = _items(run, component)
        for entry in entries:
            entry["item"] = items[entry["index"]]
    for entry in entries:
        del entry["index"]
    frame = pd.DataFrame(entries, columns=["round", "rank", "item", "label", "score"])
    name = component.item_name if isinstance(component, UserData) else "row"
    frame = frame.rename(columns={"item": name})
    if shards is not None:
        table: Table | None = _picked(shards, component.id, frame[name].tolist())
    else:
        table = component.read() if has_table(component) else None
    return frame if table is None else _joined(frame, table, component)


def _picked(shards: ParquetPool, id: str | None, items: list[int | str]) -> Table:
    """The cells of some items of a pool in Parquet files, of which the others are not read."""
    if id is None:
        return shards.cells(np.array(items, dtype=np.int64))
    shards.require([id], "dataset.id")
    wanted = set(items)
    return shards.cells(np.array([row for row, text in enumerate(shards.texts(id)) if text in wanted], dtype=np.int64))


def has_table(component: Any) -> bool:
    """Whether a data set is read from a table, whose columns can stand beside its rows."""
    if isinstance(component, TextDataset):
        return not component.is_folder
    return isinstance(component, CsvDataset)


def _entries(run: Run) -> Iterator[dict[str, Any]]:
    names = run.header.class_names
    start = run.header.initial or []
    for rank, index in enumerate(start):
        item = run.header.initial_items[rank] if run.header.initial_items else None
        yield {"round": "start", "rank": rank, "index": index, "item": item, "label": None, "score": None}
    for record in run.rounds:
        for rank, index in enumerate(record.acquired or ()):
            label = record.acquired_labels[rank] if record.acquired_labels else None
            yield {
                "round": record.round,
                "rank": rank,
                "index": index,
                "item": record.acquired_items[rank] if record.acquired_items else None,
                "label": names[label] if label is not None and label < len(names) else label,
                "score": record.scores[rank] if record.scores else None,
            }


def _items(run: Run, component: Any) -> list[int | str]:
    """Index to item for a record of before items were recorded: from the data set itself, where it is the same."""
    dataset = load_as_recorded(component, run.header.identity)
    if dataset.fingerprint() != run.header.fingerprint:
        raise InputError(
            f"{run.folder} records indices alone, and the {run.dataset} found here is not its data (another "
            "fingerprint), so that they cannot be mapped to rows"
        )
    items: list[int | str] = dataset.items(np.arange(dataset.size))
    return items


def _joined(frame: pd.DataFrame, table: Table, component: CsvDataset | TextDataset) -> pd.DataFrame:
    """Picks beside the cells of their rows; a column that has a name of the picks gets a stroke after it."""
    if component.id is None:
        position = {int(row): number for number, row in enumerate(table.rows)}
    else:
        table.require([component.id], "dataset.id")
        position = {text: number for number, text in enumerate(table.texts(component.id))}
    unknown = [item for item in frame.iloc[:, 2] if item not in position]
    if unknown:
        raise InputError(f"{table.path} has no row {unknown[0]!r} any more, which the run picked; give the file it had")
    cells = table.cells.iloc[[position[item] for item in frame.iloc[:, 2]]].reset_index(drop=True)
    cells.columns = [f"{name}_" if name in frame.columns else name for name in cells.columns]
    return frame.join(cells)
