"""The choices that a user has where a table's meaning is not certain: values of keys of `dataset`."""

from __future__ import annotations

from enum import Enum


class Decimal(Enum):
    """Whether a point or a comma stands before the decimals; `auto` decides by the cells of the whole table."""

    auto = "auto"
    point = "point"
    comma = "comma"


class Missing(Enum):
    """What becomes of a feature without a value."""

    refuse = "refuse"
    median = "median"
    indicator = "indicator"


MissingLabels = Enum("MissingLabels", {"refuse": "refuse", "drop": "drop", "class": "class"})
"""What becomes of a row without a label: it is refused, left out, or of a class of its own."""


class SimilarLabels(Enum):
    """What becomes of labels that differ in case, quotes, blanks or Unicode form only."""

    refuse = "refuse"
    merge = "merge"
    keep = "keep"


class Nested(Enum):
    """Which class an image has that lies in a folder of a class's folder: of the upper one, of its own, or refused.

    `ignore`, for `al-bench query`: folders say nothing of labels.
    """

    refuse = "refuse"
    top = "top"
    leaf = "leaf"
    ignore = "ignore"


class Resize(Enum):
    """How an image of another aspect ratio is brought to a size.

    `crop` brings its shorter side to the size and keeps the centre, `pad` its longer side and adds black, `stretch`
    both sides, whatever the ratio.
    """

    crop = "crop"
    pad = "pad"
    stretch = "stretch"


class Mode(Enum):
    """Grey (`L`) or colour (`RGB`); `auto` takes grey where all files are."""

    auto = "auto"
    L = "L"
    RGB = "RGB"


class Damaged(Enum):
    """What becomes of a file that cannot be read: it is refused, or left out."""

    refuse = "refuse"
    skip = "skip"


class EmptyTexts(Enum):
    """What becomes of a row whose text is empty: it is refused, left out, or stays as an empty text."""

    refuse = "refuse"
    drop = "drop"
    keep = "keep"
