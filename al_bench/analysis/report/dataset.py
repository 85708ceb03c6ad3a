"""The data set of a recorded run, loaded again on this machine: never downloaded, and checked by its fingerprint."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

from al_bench.data.files import one_line
from al_bench.errors import InputError

if TYPE_CHECKING:
    from al_bench.data.dataset import Dataset
    from al_bench.storage.runs import Run


def find_dataset(run: Run) -> Dataset:
    """Load the data set that the run was run on.

    A recorded `dataset.root` that is not here gives way to AL_BENCH_DATA and the user's cache folder.

    Raises:
        InputError: Its configuration was not recorded or is unknown here, its files are not on this machine or
            cannot be read, or they are other data than the run's (another fingerprint).
    """
    from al_bench.data.download import offline

    component = recorded(run)
    if (root := getattr(component, "root", None)) and not Path(root).expanduser().is_dir():
        component.root = None
    try:
        with offline():
            dataset = cast("Dataset", component.load())
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


def recorded(run: Run) -> Any:
    """The dataset's dataclass, filled as config.yaml says."""
    from al_bench.config.recorded import recorded_component

    choice = run.header.choices.get("dataset")
    component = None if choice is None else recorded_component(run.folder, "dataset", choice)
    if component is None:
        raise InputError(f"how {run.dataset} was configured is not on record in {run.folder}")
    return component
