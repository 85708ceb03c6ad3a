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

    @property
    def class_order(self) -> list[str] | None:
        """The classes that `classes` names, as class names are written; None where the key is not given."""
        from al_bench.data.labels import canonical  # which imports NumPy

        classes: Sequence[str] | None = getattr(self, "classes", None)
        return None if classes is None else [canonical(name) for name in classes]

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

    def load_pool(self, cache: str | None = "auto") -> Dataset:
        """Read the files as a pool that people label: every item, with its label where it has one.

        No test part is split off; one that `test_path` names is read. Inputs, their order and their scaling are those
        that `load` gives where the same items have labels and `test_path` is the same.

        Args:
            cache: As in `load`.

        Returns:
            A data set whose hidden label is −1 where an item has none; its test part may have no row, and there may be
            fewer than two classes.

        Raises:
            InputError: As `load`; or no label can be told from the other columns or folders.
        """
        raise NotImplementedError


def check_classes_key(classes: Sequence[str] | None) -> None:
    """Refuse a key `dataset.classes` that names no classes.

    Raises:
        InputError: A name is empty or there twice, or there are fewer than two.
    """
    if classes is None:
        return
    names = [str(name).strip() for name in classes]
    if len(set(names)) != len(names) or "" in names or len(names) < 2:
        raise InputError(
            f"dataset.classes is {list(classes)}; name two classes or more, each once: dataset.classes=[cat,dog]"
        )


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
