"""What the items of a user's data are called in files that people fill: names that no spreadsheet takes for a number.

A spreadsheet makes 12 of 012, a date of 1-2, and runs a cell that begins with =. So a row of a file is called `row-12`
(counted from 0 without the header), a value of the column `dataset.id` `id-012`, and a file by its name, with `file-`
before it where a spreadsheet may read the name as something else. `initial.rows` takes these names, too.
"""

from __future__ import annotations

import re
from typing import Any

import numpy as np

PLAIN_FILE = re.compile(r"(?=.*[A-Za-z])[A-Za-z0-9_][^\x00-\x1f]*\.[A-Za-z][A-Za-z0-9]{1,4}")
"""A file's name with an ending of letters, which is read as text; its first character is no sign."""


def item_names(origins: np.ndarray, component: Any) -> list[str]:
    """[N] the name of every item, each another one.

    Args:
        origins: [N] rows of the file (int64), values of the column that names them, or files' names.
        component: The data set's configuration, whose `item_name` says which of these they are.
    """
    if origins.dtype != object:
        return [f"row-{row}" for row in origins.tolist()]
    if component.item_name != "file":
        return [f"id-{text}" for text in origins.tolist()]
    return [text if PLAIN_FILE.fullmatch(text) else f"file-{text}" for text in map(str, origins.tolist())]
