"""The data set of a recorded run, loaded again on this machine: never downloaded, and checked by its fingerprint."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from al_bench.data.files import one_line
from al_bench.data.user_data import load_as_recorded
from al_bench.errors import InputError

if TYPE_CHECKING:
    from al_bench.data.dataset import Dataset
    from al_bench.storage.runs import Run


MOST_GENERATED = 10**9
"""Bytes of a data set that is generated anew for the pictures of a report."""


def find_dataset(run: Run, trust: bool = False) -> Dataset:
    """Load the data set that the run was run on, as `recorded` configures it.

    Args:
        run: The run.
        trust: Whether a class that is not al-bench's own is imported as the record names it.

    Raises:
        InputError: Its configuration was not recorded or is unknown here, its files are not on this machine or
            cannot be read, or they are other data than the run's (another fingerprint).
    """
    from al_bench.data.download import offline

    component = recorded(run, trust)
    size = getattr(component, "generated_bytes", 0)  # whoever wrote the record may have asked for terabytes
    if size > MOST_GENERATED:
        raise InputError(
            f"{run.dataset} takes {size / 1e9:,.1f} GB to generate again, and a report generates "
            f"{MOST_GENERATED / 1e9:.0f} GB at most"
        )
    try:
        with offline():
            dataset = load_as_recorded(component, run.header.identity)
            fingerprint = dataset.fingerprint()
    except InputError:
        raise
    except Exception as error:  # a user's own class, or files damaged in a way its reader does not foresee
        raise InputError(f"{run.dataset} cannot be read ({type(error).__name__}: {one_line(error)})") from error
    if fingerprint != run.header.fingerprint:
        raise InputError(
            f"the {run.dataset} found here is not the data of these runs: its fingerprint is {fingerprint}, "
            f"theirs {run.header.fingerprint or 'not recorded'}"
        )
    return dataset


@dataclass(frozen=True)
class OriginalCells:
    """The cells of a user's table, as they stand in the file.

    Args:
        names: The columns that are inputs.
        rows: What the user calls a row, to its cells under `names`.
    """

    names: tuple[str, ...]
    rows: Mapping[int | str, tuple[str, ...]]

    def row(self, item: int | str) -> tuple[str, ...]:
        """The cells of a row."""
        return self.rows[item]


def original_cells(run: Run, dataset: Dataset) -> OriginalCells | None:
    """The cells of the table that a run's data set was read from; None where it is no table of the user's.

    Args:
        run: The record.
        dataset: As `find_dataset` gives it.
    """
    from al_bench.data.csv_table import CsvDataset

    try:
        component = recorded(run)
    except InputError:  # a class of the user's own, which find_dataset was trusted to load
        return None
    if not isinstance(component, CsvDataset) or dataset.origins is None or dataset.reading is None:
        return None
    if component.shards() is not None:  # rows that stay on disk, whose inputs are numbers as they are
        return None
    table = component.read()
    inputs = {name for names in dataset.reading.kinds.values() for name in names}
    names = tuple(name for name in table.names if name in inputs)
    items = table.rows.tolist() if component.id is None else table.texts(component.id).tolist()
    columns = [[str(value) for value in table.texts(name)] for name in names]
    return OriginalCells(names, dict(zip(items, zip(*columns, strict=True), strict=True)))


def recorded(run: Run, trust: bool = False) -> Any:
    """The dataset's dataclass, filled as config.yaml says.

    A recorded `dataset.root` that is not here gives way to AL_BENCH_DATA and the user's cache folder.

    Args:
        run: The run.
        trust: Whether a class that is not al-bench's own is imported as the record names it.

    Raises:
        InputError: Its configuration was not recorded or is unknown here.
    """
    from al_bench.config.recorded import recorded_component

    choice = run.header.choices.get("dataset")
    component = None if choice is None else recorded_component(run.folder, "dataset", str(choice), trust)
    if component is None:
        raise InputError(f"how {run.dataset} was configured is not on record in {run.folder}")
    if (root := getattr(component, "root", None)) and not Path(root).expanduser().is_dir():
        component.root = None
    return component
