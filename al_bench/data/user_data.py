"""What the data sets that users bring have in common: how they are loaded, and what a run may ask beside their keys."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from al_bench.errors import InputError

if TYPE_CHECKING:
    from al_bench.data.dataset import Dataset

VALIDATION_FILE = "file"
"""The value of the key `validation` that takes the validation part of the data set itself."""


class UserData:
    """A data set read from a user's own files."""

    @property
    def item_name(self) -> str:
        """What an origin is called as a column: `row`, or `item` where the user named a column of names, or `file`."""
        return "row" if getattr(self, "id", None) is None else "item"

    def load(
        self, initial_rows: Sequence[int | str] = (), validation: bool = False, cache: str | None = "auto"
    ) -> Dataset:
        """Read and check the files, and split a test part off where there is none.

        Args:
            initial_rows: Rows, or what the user calls them, that a test part split off leaves alone.
            validation: Whether the validation part that the files name is read, at the end of the training part.
            cache: The value of a run's key `cache`, for data sets whose files take long to read.

        Raises:
            InputError: A file is missing or malformed; the message names it, what is wrong and what is expected.
        """
        raise NotImplementedError


def check_validation(given: str | None, wanted: bool) -> None:
    """Refuse a validation part that is named and not wanted, or wanted and not named.

    Args:
        given: The value of `dataset.validation`.
        wanted: Whether `validation=file`.

    Raises:
        InputError: naming what to add or to leave out.
    """
    if given and not wanted:
        raise InputError(
            f"dataset.validation names {given}, which is read with validation=file only; add that, or leave "
            "dataset.validation out"
        )
    if wanted and not given:
        raise InputError(
            "validation is file, and no file names a validation part: give dataset.validation=FILE, or a number of "
            "points to hold out, such as validation=100"
        )


def load_as_recorded(component: Any, identity: dict[str, Any] | None) -> Dataset:
    """A data set as a run with the recorded identity loaded it.

    Args:
        component: The dataset's configuration.
        identity: The run's resolved keys, flat, such as `initial.rows` and `validation`.
    """
    recorded = identity or {}
    if isinstance(component, UserData):
        return component.load(recorded.get("initial.rows") or (), recorded.get("validation") == VALIDATION_FILE)
    loaded: Dataset = component.load()
    return loaded
