"""What a labelling tool shows of an item: an image, a text, the columns of a table."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from al_bench.data.files import find_file
from al_bench.data.text_data import TextDataset
from al_bench.data.texts import Texts
from al_bench.errors import InputError
from al_bench.labelling.pictures import Rendered, picture_of, rendered, shows_pictures
from al_bench.labelling.pool import LabellingPool

LARGEST_SIDE = 1024
"""Pixels of the longer side of an image within a file of tasks."""


@dataclass(frozen=True)
class Shown:
    """What a task shows of its item.

    Args:
        image: An address or a data URI; "" for none.
        text: A text; None for none.
        columns: The user's columns.
    """

    image: str = ""
    text: str | None = None
    columns: Mapping[str, str] = field(default_factory=dict)

    @property
    def data(self) -> dict[str, Any]:
        """As the data of a task."""
        image = {"image": self.image} if self.image else {}
        text = {} if self.text is None else {"text": self.text}
        return image | text | ({"columns": dict(self.columns)} if self.columns else {})


def shown_of(pool: LabellingPool, item: str, image: str = "") -> Shown | None:
    """What a task shows of an item.

    Args:
        pool: The items.
        item: One of them.
        image: The address of its image, where it is one; "" to put it into the task itself.

    Returns:
        None where it is an image that cannot be read any more.

    Raises:
        InputError: items of this kind have nothing to show.
    """
    if shows_pictures(pool):
        if not image:
            if (small := image_of(pool, item)) is None:
                return None
            image = small.uri
        return Shown(image=image)
    names, cells = pool.columns
    columns = dict(zip(names, cells.get(item, []), strict=False))
    texts = pool.dataset.inputs
    if isinstance(texts, Texts):
        component = pool.component
        own = component.text_columns if isinstance(component, TextDataset) else []
        rest = {} if len(columns) == 1 else {name: cell for name, cell in columns.items() if name not in own}
        return Shown(text=texts.values[pool.index[item]], columns=rest)
    if not columns:
        raise InputError("items of arrays have no columns to show in a labelling tool; fill the batch's CSV file")
    return Shown(columns=columns)


def image_of(pool: LabellingPool, item: str) -> Rendered | None:
    """The image of an item as bytes that every browser shows; None where it cannot be read."""
    return rendered(picture_of(pool, item), LARGEST_SIDE)


def file_of(pool: LabellingPool, item: str, tool: str) -> Path:
    """The file that an item is.

    Args:
        pool: The items.
        item: One of them.
        tool: What `--tasks` names, for the message.

    Raises:
        InputError: the items are no files.
    """
    component = pool.component
    if (file := pool.image_file(item)) is not None:
        return file
    if isinstance(component, TextDataset) and component.is_folder:
        folder = find_file(str(component.path), "dataset.path", component.root, folders=True)
        assert pool.dataset.origins is not None
        return folder / str(pool.dataset.origins[pool.index[item]])
    raise InputError(f"--tasks {tool} lists the items' files, and these items are no files; choose label-studio")
